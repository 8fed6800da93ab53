# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The caption of a photograph.

    python caption.py MODEL.visir photo.jpg [--visir PROGRAM]

Prints the ids of its tokens, the prompt's first, or its words.
"""

import argparse
import subprocess
import sys

from visir import locate

# "a picture of"; the small variant has tokens of its own.
PROMPT, END = "30522,1037,3861,1997", "102"
SMALL_PROMPT, SMALL_END = "95,7,8,9", "11"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model")
    parser.add_argument("picture")
    parser.add_argument("--visir", help="the program")
    parser.add_argument("--vocabulary", help="words, one per line")
    parser.add_argument("--small", action="store_true", help="small_picture")
    given = parser.parse_args()
    command = [
        given.visir or locate.tool(), "generate", given.model,
        "--input", f"frames={given.picture}",
        "--prompt", SMALL_PROMPT if given.small else PROMPT,
        "--end", SMALL_END if given.small else END,
        "--beams", "3", "--max-length", "20", "--min-length", "5",
    ]  # fmt: skip
    if given.vocabulary:
        command += ["--vocabulary", given.vocabulary]
    return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main())
