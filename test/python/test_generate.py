# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Texts of a small model whose next token depends on all before, compared with
a search in NumPy that keeps no state."""

import itertools
import json
import subprocess

import numpy
import onnx
import pytest
import visir
from conftest import model_of, tensor
from onnx import TensorProto, helper
from visir import locate

ROWS, WORDS, LONGEST, PROMPT = 3, 13, 12, [4, 2, 7]
INT = TensorProto.INT64
random = numpy.random.default_rng(3)
TABLE = random.normal(0, 1.5, (WORDS, WORDS)).astype("f4")
WAVE = random.normal(0, 1, (LONGEST, WORDS)).astype("f4")


def prefill_model():
    """memory = the last token's row, for all beams."""
    node = helper.make_node
    return model_of(
        [
            node("Gather", ["tokens", "last"], ["token"], axis=1),
            node("Squeeze", ["token", "zero"], ["flat"]),
            node("Gather", ["TABLE", "flat"], ["row"]),
            node("Expand", ["row", "shape"], ["filled"]),
            node("Add", ["row", "wave"], ["logits"]),
        ],
        [tensor("tokens", (1, len(PROMPT)), INT)],
        [tensor("logits", (1, WORDS)), tensor("filled", (ROWS, WORDS))],
        {
            "TABLE": TABLE,
            "wave": WAVE[len(PROMPT) - 1],
            "last": numpy.array([len(PROMPT) - 1]),
            "zero": numpy.array([0]),
            "shape": numpy.array([ROWS, WORDS]),
        },
    )


def step_model():
    node = helper.make_node
    return model_of(
        [
            node("Gather", ["memory", "parents"], ["old"]),
            node("Mul", ["old", "half"], ["faded"]),
            node("Gather", ["TABLE", "tokens"], ["rows"]),
            node("Add", ["faded", "rows"], ["next"]),
            node("Gather", ["WAVE", "position"], ["wave"]),
            node("Add", ["next", "wave"], ["logits"]),
        ],
        [
            tensor("tokens", (ROWS,), INT),
            tensor("parents", (ROWS,), INT),
            tensor("position", (1,), INT),
            tensor("memory", (ROWS, WORDS)),
        ],
        [tensor("logits", (ROWS, WORDS)), tensor("next", (ROWS, WORDS))],
        {"TABLE": TABLE, "WAVE": WAVE, "half": numpy.array(0.5, "f4")},
    )


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generate")
    for name, model in (("prefill", prefill_model()), ("step", step_model())):
        onnx.save(model, folder / f"{name}.onnx")
    paths = [folder / "prefill.onnx", folder / "step.onnx"]
    options = ["--state", "memory=filled", "--state", "memory=next"]
    return visir.compile(paths, output=folder / "m.visir", options=options)


def logits_behind(tokens):
    memory = TABLE[tokens[len(PROMPT) - 1]].astype("f8")
    for token in tokens[len(PROMPT) :]:
        memory = 0.5 * memory + TABLE[token]
    return memory + WAVE[len(tokens) - 1]


def scores_behind(tokens, rules, as_logarithms):
    logits = logits_behind(tokens)
    shift = numpy.log(numpy.exp(logits).sum())
    scores = logits - shift if as_logarithms else logits
    for token in set(tokens):
        factor = rules["repetition_penalty"]
        scores[token] *= factor if scores[token] < 0 else 1 / factor
    if len(tokens) < rules["min_length"]:
        scores[rules["end"]] = -numpy.inf
    return scores, logits_behind(tokens) - shift


def greedy(rules):
    tokens, total = list(PROMPT), 0.0
    while len(tokens) < LONGEST:
        scores, likely = scores_behind(tokens, rules, False)
        tokens.append(int(scores.argmax()))
        total += likely[tokens[-1]]
        if tokens[-1] == rules["end"]:
            break
    return tokens, total


def beam_search(rules):
    beams, end, power = rules["beams"], rules["end"], rules["length_penalty"]
    alive, ended = [(0.0, list(PROMPT))], []

    def finish(score, tokens):
        ended.append((score / len(tokens) ** power, tokens))
        ended.sort(key=lambda pair: -pair[0])
        del ended[beams:]

    while True:
        found = []
        for score, tokens in alive:
            scores = scores_behind(tokens, rules, True)[0]
            found += [(score + s, [*tokens, i]) for i, s in enumerate(scores)]
        found = sorted(found, key=lambda pair: -pair[0])[: 2 * beams]
        length, alive = len(alive[0][1]), []
        for rank, (score, tokens) in enumerate(found):
            if len(alive) == beams:
                break
            if tokens[-1] != end:
                alive.append((score, tokens))
            elif rank < beams:
                finish(score, tokens[:-1])
        if len(ended) == beams and (
            rules["early_stopping"]
            or ended[-1][0] >= found[0][0] / length**power
        ):
            break
        if length + 1 == LONGEST:
            for score, tokens in alive:
                finish(score, tokens)
            break
    score, tokens = ended[0]
    return tokens + [end] * (len(tokens) < LONGEST), score


def test_texts_are_those_of_a_plain_search(artifact):
    """All rules in all combinations, on ends that come soon and late."""
    module = visir.load(artifact, threads=1)
    lengths = set()
    for beams, end, least, power, factor, early in itertools.product(
        (1, 2, 3), range(WORDS), (0, 7), (0.0, 1.0, 2.0), (1.0, 1.3), (0, 1)
    ):
        rules = {
            "beams": beams,
            "end": end,
            "min_length": least,
            "length_penalty": power,
            "repetition_penalty": factor,
            "early_stopping": bool(early),
        }
        expected, score = greedy(rules) if beams == 1 else beam_search(rules)
        got = visir.generate(module, PROMPT, max_length=LONGEST, **rules)
        assert got.tokens == expected, rules
        assert got.score == pytest.approx(score, rel=1e-5), rules
        lengths.add(len(expected))
    assert len(lengths) > 5


def test_without_an_end_texts_are_as_long_as_can_be(artifact):
    module = visir.load(artifact)
    text = visir.generate(module, PROMPT, max_length=9, beams=3)
    assert len(text.tokens) == 9
    assert text.text is None


class Letters:
    """A tokenizer: letters are numbers."""

    class Encoding:
        def __init__(self, ids):
            self.ids = ids

    def encode(self, text, add_special_tokens):
        assert not add_special_tokens
        return self.Encoding([ord(letter) - ord("a") for letter in text])

    def decode(self, ids):
        return "".join(chr(ord("a") + token) for token in ids)


def test_a_tokenizer_takes_and_gives_words(artifact):
    module = visir.load(artifact)
    ids = visir.generate(module, PROMPT, max_length=9, beams=2)
    words = visir.generate(
        module, "ech", max_length=9, beams=2, tokenizer=Letters()
    )
    assert words.tokens == ids.tokens
    assert words.text == Letters().decode(ids.tokens)
    with pytest.raises(TypeError, match="a text without a tokenizer"):
        visir.generate(module, "ech", max_length=9)


@pytest.mark.parametrize(
    "prompt, options, message",
    [
        (PROMPT, {"max_length": 0}, r"max_length is 0, expected 1\.\."),
        (PROMPT, {"max_length": 3}, "prompt length is 3, expected 1 or more"),
        ([], {"max_length": 3}, "prompt length is 0, expected 1 or more"),
        ([1, 2], {"max_length": 9}, 'dimension 1 of .*is 2, expected 3|"tokens"'),
        (PROMPT, {"max_length": 9, "beams": 4}, r"beams is 4, expected 1\.\.3"),
        ([1, 2, 99], {"max_length": 9}, "returned 1, expected 0"),
    ],
)
def test_refusals(artifact, prompt, options, message):
    module = visir.load(artifact)
    with pytest.raises(visir.RuntimeFailure, match=message):
        visir.generate(module, prompt, **options)


def test_entries_must_be_those_of_a_text(artifact, affine_model):
    module = visir.load(artifact)
    with pytest.raises(KeyError, match="entry is other, expected one of"):
        visir.generate(module, PROMPT, max_length=9, step="other")
    # prefill does not take a step's tokens.
    with pytest.raises(visir.RuntimeFailure, match="has no input parents|beams"):
        visir.generate(module, PROMPT, max_length=9, step="prefill", beams=2)
    other = visir.load(visir.compile(affine_model))
    name = other.entries[0].name
    with pytest.raises(visir.RuntimeFailure, match='is "x", expected tokens'):
        visir.generate(other, PROMPT, max_length=9, prefill=name, step=name)


def test_infinite_logits_are_an_error(tmp_path):
    node = helper.make_node
    for name, rows in (("prefill", 1), ("step", 1)):
        model = model_of(
            [node("Gather", ["table", "tokens"], ["logits"])],
            [tensor("tokens", (rows,), INT)],
            [tensor("logits", (rows, 2))],
            {"table": numpy.full((4, 2), numpy.nan, "f4")},
        )
        onnx.save(model, tmp_path / f"{name}.onnx")
    paths = [tmp_path / "prefill.onnx", tmp_path / "step.onnx"]
    module = visir.load(visir.compile(paths))
    with pytest.raises(visir.RuntimeFailure, match="token 1 are not finite"):
        visir.generate(module, [1], max_length=4)


def command(*words):
    return subprocess.run(
        [locate.tool(), "generate", *map(str, words)],
        capture_output=True,
        text=True,
    )


def test_the_command_writes_the_same_text(artifact, tmp_path):
    words = [f"w{i}" for i in range(WORDS)]
    words[TABLE[0].argmax()] = "##end"
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text("\n".join(words) + "\n")
    module = visir.load(artifact)
    expected = visir.generate(
        module, PROMPT, max_length=LONGEST, beams=3, end=5, min_length=4
    )
    options = ["--beams", 3, "--end", 5, "--min-length", 4]
    options += ["--max-length", LONGEST, "--prompt", "4,2,7"]
    done = command(artifact, *options)
    ids = ",".join(map(str, expected.tokens))
    assert (done.returncode, done.stdout) == (0, ids + "\n"), done.stderr
    done = command(artifact, *options, "--json", "--vocabulary", vocabulary)
    answer = json.loads(done.stdout)
    assert answer["tokens"] == expected.tokens
    assert answer["score"] == pytest.approx(expected.score, rel=1e-6)
    text = " ".join(words[token] for token in expected.tokens)
    assert answer["text"] == text.replace(" ##", "")


def test_wrong_command_lines(artifact, tmp_path):
    def check(code, message, *options):
        done = command(artifact, *options)
        assert (done.returncode, message in done.stderr) == (code, True), done

    check(64, "--prompt is missing, expected the ids of its tokens")
    check(64, 'value of --prompt is "x"', "--prompt", "4,x")
    prompt = ["--prompt", "4,2,7", "--max-length", "9"]
    check(64, 'value of --length-penalty is "-1"', *prompt,
          "--length-penalty", "-1")  # fmt: skip
    check(1, "cannot be read", *prompt, "--vocabulary", tmp_path / "none")
    (tmp_path / "few").write_text("a\nb\n")
    check(1, "number of words is 2, expected more than token 4", *prompt,
          "--vocabulary", tmp_path / "few")  # fmt: skip
