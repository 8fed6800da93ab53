# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ends a stage that is left out as a whole.

    python -m scripts.lib.skip STAGE

`stage.STAGE` must be listed in test/skips.txt, with the reason, else it counts
as failed.
"""

import fnmatch
import sys

from scripts.lib.count import SKIPS, listed_skips


def is_listed(name):
    patterns = listed_skips(SKIPS.read_text())
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def main():
    name = f"stage.{sys.argv[1]}"
    listed = is_listed(name)
    if not listed:
        print(f"skipped, but not listed in test/skips.txt: {name}")
    print(f"0 passed, {int(not listed)} failed, {int(listed)} skipped")
    return int(not listed)


if __name__ == "__main__":
    sys.exit(main())
