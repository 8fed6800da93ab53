# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random nodes under --noise."""

import numpy
import onnx.parser
import pytest
import visir

# From the authors' known-answer tests of Philox4x32-10: key 0, counter 0.
KNOWN = (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)


def parse(body, inputs="float[4,8] x", outputs="float[4,8] y"):
    return onnx.parser.parse_model(
        f'<ir_version: 9, opset_import: ["" : 22]> g ({inputs}) => ({outputs}) '
        f"{{ {body} }}"
    )


def run(model, noise, inputs, **keywords):
    artifact = visir.compile(model, options=["--noise", noise])
    with visir.load(artifact, **keywords) as module:
        return module.run(inputs)


X = numpy.zeros((4, 8), "f4")
UNIFORM = "y = RandomUniformLike (x)"
NORMAL = "y = RandomNormalLike (x)"
DROPOUT = """
  ratio = Constant <value_float = 0.25> ()
  training = Constant <value = bool {1}> ()
  y, m = Dropout (x, ratio, training)
"""


def seed(value):
    return numpy.array(value, "i8")


def test_known_answers():
    y = run(parse(UNIFORM), "counter", {"x": X, "seed": seed(0)})["y"]
    expected = [(word >> 8) / 2**24 for word in KNOWN]
    assert y.ravel()[:4].tolist() == expected


def test_box_muller():
    y = run(parse(NORMAL), "counter", {"x": X, "seed": seed(0)})["y"]
    a, p = (numpy.array(KNOWN[i::2], "f8") / 2**32 for i in (0, 1))
    size = numpy.sqrt(-2 * numpy.log(a))
    angle = 2 * numpy.pi * p
    expected = [size * numpy.cos(angle), size * numpy.sin(angle)]
    expected = numpy.stack(expected, axis=1).ravel()
    assert numpy.abs(y.ravel()[:4] - expected).max() < 2**-20


def test_distributions():
    model = parse(
        "y = RandomNormalLike <mean = 3.0, scale = 2.0> (x)\n"
        "z = RandomUniformLike <low = -1.0, high = 5.0> (x)",
        "float[1000,1000] x",
        "float[1000,1000] y, float[1000,1000] z",
    )
    inputs = {"x": numpy.zeros((1000, 1000), "f4"), "seed": seed(11)}
    both = run(model, "counter", inputs)
    y, z = both["y"].astype("f8"), both["z"].astype("f8")
    # Six standard errors.
    assert abs(y.mean() - 3) < 0.012 and abs(y.std() - 2) < 0.009
    assert abs(z.mean() - 2) < 0.011 and z.min() >= -1 and z.max() < 5
    assert abs(numpy.corrcoef(y.ravel(), z.ravel())[0, 1]) < 0.006
    # By the normal distribution 0.27 % lie beyond three deviations.
    assert abs((abs(y - 3) > 6).mean() - 0.0027) < 0.0004


def test_frozen_is_the_counter_s_numbers():
    for body in (UNIFORM, NORMAL):
        frozen = run(parse(body), "frozen:42", {"x": X})["y"]
        counter = run(parse(body), "counter", {"x": X, "seed": seed(42)})["y"]
        assert numpy.array_equal(frozen, counter)
        default = run(parse(body), "frozen", {"x": X})["y"]
        assert not numpy.array_equal(frozen, default)


def test_threads_give_the_same_bits():
    shape = (64, 4096)
    model = parse(NORMAL, "float[64,4096] x", "float[64,4096] y")
    inputs = {"x": numpy.zeros(shape, "f4"), "seed": seed(-3)}
    one, two = (run(model, "counter", inputs, threads=n)["y"] for n in (1, 2))
    assert numpy.array_equal(one, two)


def test_nodes_draw_different_numbers():
    model = parse(
        "y = RandomUniformLike (x)\nz = RandomUniformLike (x)\n"
        "a = RandomUniformLike <seed = 1.0> (x)",
        outputs="float[4,8] y, float[4,8] z, float[4,8] a",
    )
    y, z, a = run(model, "counter", {"x": X, "seed": seed(1)}).values()
    assert not (y == z).any() and not (z == a).any() and not (y == a).any()


def test_input_takes_the_numbers():
    model = parse("y = RandomNormalLike <mean = 1.0, scale = 2.0> (x)")
    noise = numpy.arange(32, dtype="f4").reshape(4, 8)
    artifact = visir.compile(model, options=["--noise", "input"])
    with visir.load(artifact) as module:
        assert [t.name for t in module.inputs] == ["x", "y"]
        y = module.run({"x": X, "y": noise})["y"]
    assert numpy.array_equal(y, 1 + 2 * noise)


def test_input_names_are_unique():
    model = parse("y = RandomUniformLike (seed)", "float[4,8] seed")
    artifact = visir.compile(model, options=["--noise", "counter"])
    with visir.load(artifact) as module:
        assert [t.name for t in module.inputs] == ["seed", "seed_1"]


def test_shapes_and_types():
    model = parse(
        "y = RandomUniform <shape = [2, 3], dtype = 11> ()\n"
        "z = RandomNormal <shape = [5], dtype = 10> ()",
        "",
        "double[2,3] y, float16[5] z",
    )
    both = run(model, "frozen", {})
    assert both["y"].dtype == "f8" and both["z"].dtype == "f2"
    assert ((0 <= both["y"]) & (both["y"] < 1)).all()


def test_bernoulli():
    chances = numpy.linspace(0, 1, 10001, dtype="f4")
    model = parse("y = Bernoulli (x)", "float[10001] x", "float[10001] y")
    y = run(model, "counter", {"x": chances, "seed": seed(5)})["y"]
    assert set(y.tolist()) == {0, 1}
    assert y[0] == 0 and y[-1] == 1
    assert abs((y - chances).mean()) < 0.025


def test_dropout():
    model = parse(DROPOUT, outputs="float[4,8] y, bool[4,8] m")
    x = 1 + numpy.arange(32, dtype="f4").reshape(4, 8)
    both = run(model, "counter", {"x": x, "seed": seed(9)})
    y, m = both["y"], both["m"]
    assert 0 < m.sum() < 32
    assert numpy.allclose(y, numpy.where(m, x / 0.75, 0), rtol=1e-6, atol=0)


def test_dropout_in_inference_needs_no_noise():
    body = DROPOUT.replace("{1}", "{0}")
    model = parse(body, outputs="float[4,8] y, bool[4,8] m")
    with visir.load(visir.compile(model)) as module:
        assert numpy.array_equal(module.run({"x": X + 3})["y"], X + 3)


@pytest.mark.parametrize("body", [UNIFORM, NORMAL, "y = Bernoulli (x)"])
def test_without_noise(body):
    with pytest.raises(visir.UnsupportedError) as caught:
        visir.compile(parse(body))
    text = "--noise is not given, expected frozen, input or counter"
    assert text in str(caught.value)


@pytest.mark.parametrize("text", ["", "cold", "counter:3", "frozen:x"])
def test_wrong_source(text):
    with pytest.raises(visir.CompileError) as caught:
        visir.compile(parse(UNIFORM), options=["--noise", text])
    wanted = f"--noise is '{text}', expected frozen, frozen:SEED, input or counter"
    assert wanted in str(caught.value)


def test_wrong_ratio():
    model = parse(DROPOUT.replace("0.25", "1.5"), outputs="float[4,8] y")
    with pytest.raises(visir.UnsupportedError) as caught:
        visir.compile(model, options=["--noise", "frozen"])
    assert "ratio is not one number from 0 to below 1" in str(caught.value)


def test_wrong_type():
    model = parse(
        "y = RandomUniform <shape = [2], dtype = 6> ()", "", "int32[2] y"
    )
    with pytest.raises(visir.UnsupportedError) as caught:
        visir.compile(model, options=["--noise", "frozen"])
    assert "dtype is INT32, expected a float" in str(caught.value)
