# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Token ids of the prompts of a list of classes, by CLIP's tokenizer.

Started by `visir compile --classes`. The tokenizer, and with it CLIP's merges,
is that of the package open_clip.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

import numpy

LENGTH = 77  # tokens of CLIP's texts, the start and the end among them


class ClassesError(ValueError):
    """The list cannot be used; the text says why."""


def read_classes(path: str) -> list[str]:
    """The names of a file, one a line; '_' stands for a space."""
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ClassesError(f"{path} cannot be read: {error}") from error
    names = [line.replace("_", " ").strip() for line in text.splitlines()]
    if not names:
        raise ClassesError(f"{path} is empty, expected one class a line")
    lines: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if not name:
            raise ClassesError(f"{path}:{number}: line is empty, expected a class")
        first = lines.setdefault(name.lower(), number)
        if first != number:
            raise ClassesError(
                f"{path}:{number}: class is '{name}', which line {first} has"
            )
    return names


def fill_prompts(prompt: str, names: Sequence[str]) -> list[str]:
    if prompt.count("{}") != 1:
        raise ClassesError(
            f"--prompt is '{prompt}', expected a text with {{}} for the class"
        )
    return [prompt.replace("{}", name) for name in names]


def token_ids(
    texts: Sequence[str], tokenizer: Any, length: int = LENGTH
) -> numpy.ndarray:
    """(texts, length): start, tokens and end of each text, then zeros.

    tokenizer: has `encode(text)`, `sot_token_id` and `eot_token_id`.
    """
    ids = numpy.zeros((len(texts), length), numpy.int64)
    for number, (row, text) in enumerate(zip(ids, texts), 1):
        tokens = tokenizer.encode(text)
        if len(tokens) + 2 > length:
            raise ClassesError(
                f"line {number}: '{text}' has {len(tokens)} tokens, expected "
                f"at most {length - 2}"
            )
        row[: len(tokens) + 2] = [
            tokenizer.sot_token_id, *tokens, tokenizer.eot_token_id
        ]  # fmt: skip
    return ids


def clip_tokenizer() -> Any:
    try:
        from open_clip.tokenizer import SimpleTokenizer
    except ImportError as error:
        raise ClassesError(
            f"{error}; expected Python with the package open_clip_torch "
            "(VISIR_PYTHON names another one)"
        ) from error
    return SimpleTokenizer()


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="visir.classes")
    parser.add_argument("classes")
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args(words)
    try:
        texts = fill_prompts(arguments.prompt, read_classes(arguments.classes))
        numpy.save(arguments.out, token_ids(texts, clip_tokenizer()))
    except ClassesError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
