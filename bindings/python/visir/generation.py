# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Texts, token by token, by greedy or beam search."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple

from visir import runtime
from visir.module import Module


class Text(NamedTuple):
    """What `generate` returns."""

    tokens: list[int]
    """The prompt, what follows it, and the end where it was reached."""
    score: float
    """The sum of the logarithms of the tokens' probabilities; of beams, over
    the length to the power of the length penalty."""
    text: str | None
    """The tokens in words, where there is a tokenizer."""


def prompt_ids(prompt: str | Sequence[int], tokenizer: Any) -> list[int]:
    if not isinstance(prompt, str):
        return [int(token) for token in prompt]
    if tokenizer is None:
        raise TypeError("prompt is a text without a tokenizer, expected ids")
    return list(tokenizer.encode(prompt, add_special_tokens=False).ids)


def generate(
    module: Module,
    prompt: str | Sequence[int],
    *,
    max_length: int,
    end: int | None = None,
    beams: int = 1,
    min_length: int = 0,
    length_penalty: float = 1.0,
    repetition_penalty: float = 1.0,
    early_stopping: bool = False,
    tokenizer: Any = None,
    prefill: str = "prefill",
    step: str = "step",
) -> Text:
    """Writes the text that follows a prompt, with two entries of a module
    whose states keep the past (docs/howto/generate.md says what they take).

    prompt: token ids; or a text, with a tokenizer.
    max_length: most tokens, the prompt and the end included.
    end: the token that ends a text.
    beams: texts that are followed at once; 1 takes the likeliest token always.
    min_length: the end does not come before so many tokens.
    tokenizer: of the package `tokenizers`, or any object with
        `encode(text, add_special_tokens=False).ids` and `decode(ids)`.
    prefill, step: names of the entries.

    Raises KeyError for no such entry, TypeError for a text without tokenizer,
    RuntimeFailure for what the runtime refuses.
    """
    for name in (prefill, step):
        module.entry(name)
    ids = prompt_ids(prompt, tokenizer)
    options = runtime.GeneratorOptions(
        prefill=prefill.encode(),
        step=step.encode(),
        beams=beams,
        max_length=max_length,
        min_length=min_length,
        length_penalty=length_penalty,
        repetition_penalty=repetition_penalty,
        early_stopping=early_stopping,
        end_token=-1 if end is None else end,
    )
    options.struct_bytes = ctypes.sizeof(options)
    tokens, score = module._generate(options, ids)
    text = tokenizer.decode(tokens) if tokenizer is not None else None
    return Text(tokens, score, text)
