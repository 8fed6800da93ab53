# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tokenizer of `visir compile --classes` is CLIP's."""

import pathlib
import sys

from models.lasp.model import FOLDER, read_classes, tokens_of

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bindings/python"))

from visir import classes  # noqa: E402


def test_known_ids():
    texts = classes.fill_prompts("a photo of a {}.", ["dog"])
    ids = classes.token_ids(texts, classes.clip_tokenizer())[0].tolist()
    assert ids[:5] == [49406, 320, 1125, 539, 320]
    assert ids[6:8] == [269, 49407] and not any(ids[8:])


def test_lists_of_the_models():
    for name in ("voc20.txt", "food101.txt"):
        names = classes.read_classes(FOLDER / name)
        texts = classes.fill_prompts("a photo of a {}.", names)
        ids = classes.token_ids(texts, classes.clip_tokenizer())
        expected = tokens_of(read_classes(FOLDER / name)).numpy()
        assert (ids == expected).all()
