# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""TfIdfVectorizer."""

import numpy
import pytest

# One sequence twice, which counts for its last place, and two at one place.
POOL = {
    "ngram_counts": [0, 3, 11],
    "pool_int64s": [2, 3, 5, 4, 5, 6, 7, 8, 6, 4, 5, 1, 2, 3],
    "ngram_indexes": [0, 1, 1, 2, 5, 3, 6, 4],
}


def draw_items(*shape):
    return numpy.random.default_rng(3).integers(1, 9, shape)


@pytest.mark.parametrize("mode", ["TF", "IDF", "TFIDF"])
@pytest.mark.parametrize("lengths", [(1, 1), (1, 3), (2, 2), (3, 3)])
@pytest.mark.parametrize("skips", [0, 4])
def test_counts(judge, mode, lengths, skips):
    weights = {} if mode == "TF" else {"weights": [1, 2, 0.5, 4, 3, 8, 0.25]}
    judge.check(
        "TfIdfVectorizer",
        [draw_items(2, 40).astype(numpy.int32)],
        opset=9,
        mode=mode,
        min_gram_length=lengths[0],
        max_gram_length=lengths[1],
        max_skip_count=skips,
        **weights,
        **POOL,
    )


@pytest.mark.parametrize("count", [1, 5])
def test_short_rows(judge, count):
    judge.check(
        "TfIdfVectorizer",
        [draw_items(count)],
        opset=9,
        mode="TF",
        min_gram_length=1,
        max_gram_length=3,
        max_skip_count=2,
        **POOL,
    )


@pytest.mark.parametrize(
    "change, text",
    [
        ({"mode": "none"}, "mode is none, expected TF, IDF or TFIDF"),
        ({"weights": [1.0]}, "number of weights is 1, expected 7"),
        ({"ngram_indexes": [0, 1]}, "number of ngram_indexes is 2, expected"),
        ({"ngram_indexes": [0, 1, 2, 3, -1, 5, 6, 7]}, "out of range"),
        ({"ngram_counts": [0, 2, 11]}, "ngram_counts do not fit"),
        ({"max_skip_count": 5000}, "lengths of sequences or skips"),
    ],
)
def test_refuses(judge, change, text):
    attributes = {
        "mode": "TF",
        "min_gram_length": 1,
        "max_gram_length": 3,
        "max_skip_count": 0,
        **POOL,
        **change,
    }
    reason = judge.reason(
        "TfIdfVectorizer", [draw_items(9)], opset=9, **attributes
    )
    assert text in reason


def test_refuses_floats(judge, draw):
    reason = judge.reason(
        "TfIdfVectorizer",
        [draw(9)],
        opset=9,
        mode="TF",
        min_gram_length=1,
        max_gram_length=3,
        max_skip_count=0,
        **POOL,
    )
    assert "one or two dimensions of integers" in reason
