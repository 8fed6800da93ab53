# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bounded dimensions: one artifact for all sizes, judged by ONNX Runtime at
each of them, the same bits for any number of threads."""

import json
import pathlib
import subprocess

import numpy
import onnx.reference
import onnxruntime
import pytest
import visir
from conftest import model_of, tensor
from onnx import TensorProto, helper
from visir import compiler, locate

ROOT = pathlib.Path(__file__).parents[2]
NULL_CUDA = pathlib.Path(locate.runtime_library()).with_name(
    "libvisir_null_cuda.so"
)
INT64 = TensorProto.INT64
node = helper.make_node


def ints(*values):
    return numpy.array(values, numpy.int64)


def weight(*shape, seed=1):
    generator = numpy.random.default_rng(seed)
    return generator.standard_normal(shape, numpy.float32)


def given(name, shape, sizes, kind=TensorProto.FLOAT, high=8):
    """A random input; `sizes` has the values of symbols."""
    dims = [sizes[d] if isinstance(d, str) else d for d in shape]
    generator = numpy.random.default_rng(sum(map(ord, name)) + sum(dims))
    if kind == INT64:
        return generator.integers(0, high, dims)
    return generator.standard_normal(dims, numpy.float32)


# name: nodes, inputs (name, dims), weights.
CASES = {
    "elementwise": (
        [
            node("Relu", ["x"], ["r"]),
            node("Mul", ["r", "w"], ["m"]),
            node("Add", ["m", "x"], ["y"]),
        ],
        [("x", (2, "T", 6))],
        {"w": weight(6)},
    ),
    "softmax": (
        [node("Softmax", ["x"], ["y"], axis=1)],
        [("x", (2, "T", 6))],
        {},
    ),
    "log_softmax": (
        [node("LogSoftmax", ["x"], ["y"], axis=1)],
        [("x", (2, "T", 6))],
        {},
    ),
    "layer_norm": (
        [node("LayerNormalization", ["x", "w", "b"], ["y"], axis=-1)],
        [("x", (2, "T", 6))],
        {"w": weight(6), "b": weight(6, seed=2)},
    ),
    "matmul_rows": (
        [node("MatMul", ["x", "w"], ["y"])],
        [("x", (2, "T", 6))],
        {"w": weight(6, 20)},
    ),
    "matmul_depth": (
        [
            node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
            node("MatMul", ["t", "x"], ["y"]),
        ],
        [("x", (2, "T", 6))],
        {},
    ),
    "self_attention": (
        [
            node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
            node("MatMul", ["x", "t"], ["s"]),
            node("Softmax", ["s"], ["p"], axis=-1),
            node("MatMul", ["p", "x"], ["y"]),
        ],
        [("x", (2, "T", 6))],
        {},
    ),
    "cross_attention": (
        [
            node("Transpose", ["k"], ["t"], perm=[0, 2, 1]),
            node("MatMul", ["x", "t"], ["s"]),
            node("Softmax", ["s"], ["p"], axis=-1),
            node("MatMul", ["p", "k"], ["y"]),
        ],
        [("x", (2, "T", 8)), ("k", (2, "S", 8))],
        {},
    ),
    "dead_values_are_not_finite": (
        [
            # 1 / x - 1 / x is NaN where the memory of dead elements is 0.
            node("Reciprocal", ["x"], ["r"]),
            node("Sub", ["r", "x"], ["d"]),
            node("Transpose", ["d"], ["t"], perm=[0, 2, 1]),
            node("MatMul", ["d", "t"], ["s"]),
            node("Softmax", ["s"], ["p"], axis=-1),
            node("MatMul", ["p", "d"], ["y"]),
        ],
        [("x", (2, "T", 6))],
        {},
    ),
    "embedding": (
        [
            node("Gather", ["w", "i"], ["e"]),
            node("Shape", ["i"], ["n"], start=1, end=2),
            node("Slice", ["p", "zero", "n", "zero"], ["q"]),
            node("Add", ["e", "q"], ["y"]),
        ],
        [("i", (2, "T"))],
        {"w": weight(8, 6), "p": weight(40, 6), "zero": ints(0)},
    ),
    "positions": (
        [
            node("Shape", ["x"], ["n"], start=1, end=2),
            node("Squeeze", ["n"], ["m"]),
            node("Range", ["zero", "m", "one"], ["r"]),
            node("Gather", ["w", "r"], ["e"]),
            node("Add", ["x", "e"], ["y"]),
        ],
        [("x", (2, "T", 6))],
        {
            "w": weight(40, 6),
            "zero": numpy.array(0),
            "one": numpy.array(1),
        },
    ),
    "heads": (
        [
            node("Shape", ["x"], ["n"], start=0, end=2),
            node("Concat", ["n", "two", "rest"], ["s"], axis=0),
            node("Reshape", ["x", "s"], ["r"]),
            node("Transpose", ["r"], ["t"], perm=[0, 2, 1, 3]),
            node("Relu", ["t"], ["u"]),
            node("Transpose", ["u"], ["v"], perm=[0, 2, 1, 3]),
            node("Reshape", ["v", "back"], ["y"]),
        ],
        [("x", (2, "T", 6))],
        {"two": ints(2), "rest": ints(-1), "back": ints(0, 0, 6)},
    ),
    "flat_rows": (
        [
            node("Reshape", ["x", "s"], ["r"]),
            node("MatMul", ["r", "w"], ["y"]),
        ],
        [("x", (1, "T", 6))],
        {"s": ints(-1, 6), "w": weight(6, 5)},
    ),
    "concat_fixed": (
        [node("Concat", ["c", "x"], ["y"], axis=1)],
        [("x", (2, "T", 6))],
        {"c": weight(2, 3, 6)},
    ),
    "concat_behind": (
        [node("Concat", ["x", "c"], ["y"], axis=1)],
        [("x", (2, "T", 6))],
        {"c": weight(2, 3, 6)},
    ),
    "concat_two": (
        [node("Concat", ["x", "k", "x"], ["y"], axis=1)],
        [("x", (2, "T", 6)), ("k", (2, "S", 6))],
        {},
    ),
    "last": (
        [node("Gather", ["x", "last"], ["y"], axis=1)],
        [("x", (2, "T", 6))],
        {"last": numpy.array(-1)},
    ),
    "slice_tail": (
        [node("Slice", ["x", "one", "far", "one"], ["y"])],
        [("x", (2, "T", 6))],
        {"one": ints(1), "far": ints(2**62)},
    ),
    "slice_last": (
        [node("Slice", ["x", "back", "far", "one"], ["y"])],
        [("x", (2, "T", 6))],
        {"back": ints(-1), "far": ints(2**62), "one": ints(1)},
    ),
    "causal": (
        [
            node("Shape", ["x"], ["n"], start=1, end=2),
            node("Concat", ["n", "n"], ["nn"], axis=0),
            node("ConstantOfShape", ["nn"], ["zeros"]),
            node("Sub", ["zeros", "big"], ["all"]),
            node("Trilu", ["all", "k"], ["mask"], upper=1),
            node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
            node("MatMul", ["x", "t"], ["s"]),
            node("Add", ["s", "mask"], ["m"]),
            node("Softmax", ["m"], ["p"], axis=-1),
            node("MatMul", ["p", "x"], ["y"]),
        ],
        [("x", (2, "T", 6))],
        {"big": numpy.float32(1e9), "k": numpy.array(1)},
    ),
    "conv_batch": (
        [
            node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
            node("GlobalAveragePool", ["c"], ["y"]),
        ],
        [("x", ("T", 4, 6, 6))],
        {"w": weight(8, 4, 3, 3)},
    ),
    "expand": (
        [
            node("Shape", ["x"], ["n"]),
            node("Expand", ["w", "n"], ["e"]),
            node("Sub", ["x", "e"], ["y"]),
        ],
        [("x", (2, "T", 6))],
        {"w": weight(1, 1, 6)},
    ),
}
for kind in ("Sum", "Mean", "Max", "Min", "L2", "LogSumExp", "Prod"):
    axes = {"axes": ints(1)} if kind == "Sum" else {}
    CASES[f"reduce_{kind}"] = (
        [
            node("ReduceSum", ["x", "axes"], ["y"])
            if kind == "Sum"
            else node(f"Reduce{kind}", ["x"], ["y"], axes=[1])
        ],
        [("x", (2, "T", 6))],
        axes,
    )

BOUNDS = {"T": 37, "S": 19}
SIZES = [
    {"T": 1, "S": 1},
    {"T": 2, "S": 19},
    {"T": 16, "S": 7},
    {"T": 30, "S": 3},
    {"T": 37, "S": 19},
]


def kind_of(name):
    return INT64 if name == "i" else TensorProto.FLOAT


def model_for(case):
    nodes, inputs, weights = CASES[case]
    return model_of(
        nodes,
        [tensor(name, dims, kind_of(name)) for name, dims in inputs],
        [tensor("y", None)],
        weights,
    )


def shapes_of(inputs):
    """--shape for each: the bound where a symbol stands first."""
    seen, shapes = set(), {}
    for name, dims in inputs:
        shapes[name] = []
        for dim in dims:
            text = str(dim)
            if isinstance(dim, str) and dim not in seen:
                seen.add(dim)
                text = f"{dim}<={BOUNDS[dim]}"
            shapes[name].append(text)
    return shapes


@pytest.mark.parametrize("case", CASES)
def test_all_sizes(case):
    model, inputs = model_for(case), CASES[case][1]
    judge = onnxruntime.InferenceSession(model.SerializeToString())
    artifact = visir.compile(model, shapes=shapes_of(inputs))
    one, two = (visir.load(artifact, threads=n) for n in (1, 2))
    # Sizes go up and down: nothing of an earlier run may be left.
    for sizes in SIZES + SIZES[::-1]:
        arrays = {
            name: given(name, dims, sizes, kind_of(name))
            for name, dims in inputs
        }
        expected = judge.run(None, arrays)[0]
        actual = one.run(arrays)["y"]
        assert actual.shape == expected.shape
        numpy.testing.assert_allclose(
            actual, expected, rtol=2e-5, atol=2e-5 * abs(expected).max(initial=0)
        )
        assert two.run(arrays)["y"].tobytes() == actual.tobytes()


def test_equals_a_static_compile():
    model, inputs = model_for("self_attention"), CASES["self_attention"][1]
    bounded = visir.load(
        visir.compile(model, shapes=shapes_of(inputs)), threads=1
    )
    for size in (5, 37):
        x = given("x", (2, size, 6), {})
        fixed = visir.compile(model, shapes={"x": x.shape})
        expected = visir.load(fixed, threads=1).run({"x": x})["y"]
        actual = bounded.run({"x": x})["y"]
        numpy.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)


def test_describes_itself():
    inputs = CASES["concat_two"][1]
    artifact = visir.compile(
        model_for("concat_two"), shapes=shapes_of(inputs)
    )
    module = visir.load(artifact, threads=1)
    assert module.inputs[0].shape == (2, 37, 6)
    assert module.inputs[0].symbols == (None, "T", None)
    assert module.outputs[0].shape == (2, 2 * 37 + 19, 6)
    assert module.outputs[0].symbols == (None, "2 * T + S", None)


def test_refuses_sizes():
    inputs = CASES["cross_attention"][1]
    module = visir.load(
        visir.compile(model_for("cross_attention"), shapes=shapes_of(inputs)),
        threads=1,
    )
    x, k = numpy.zeros((2, 3, 8), "f4"), numpy.zeros((2, 20, 8), "f4")
    with pytest.raises(
        visir.RuntimeFailure, match=r'dimension 1 is 20, expected 1..19 \("S"\)'
    ):
        module.run({"x": x, "k": k})
    with pytest.raises(ValueError, match=r"expected \(2, 'T <= 37', 8\)"):
        module.run({"x": x[:1], "k": k[:, :3]})


needs_null_cuda = pytest.mark.skipif(
    not NULL_CUDA.exists(), reason="the stand-in for CUDA is missing"
)


@pytest.fixture
def null_cuda(monkeypatch):
    monkeypatch.setenv("VISIR_CUDA_LIBRARY", str(NULL_CUDA))
    monkeypatch.setenv("VISIR_NULL_CUDA", "sm=90")


def check_device(case, device, target):
    model, inputs = model_for(case), CASES[case][1]
    judge = onnxruntime.InferenceSession(model.SerializeToString())
    artifact = visir.compile(model, shapes=shapes_of(inputs), target=target)
    module = visir.load(artifact, device=device)
    for sizes in SIZES[::2] + SIZES[1::2]:
        arrays = {
            name: given(name, dims, sizes, kind_of(name))
            for name, dims in inputs
        }
        expected = judge.run(None, arrays)[0]
        actual = module.run(arrays)["y"]
        assert actual.shape == expected.shape
        numpy.testing.assert_allclose(
            actual, expected, rtol=2e-5, atol=2e-5 * abs(expected).max(initial=0)
        )


@needs_null_cuda
@pytest.mark.parametrize("case", CASES)
def test_all_sizes_on_cuda(case, null_cuda):
    check_device(case, "cuda", "cuda:sm_90")



def test_equal_symbols_agree():
    model = model_of(
        [node("Add", ["a", "b"], ["y"])],
        [tensor("a", ("n", 4)), tensor("b", ("n", 4))],
        [tensor("y", None)],
    )
    # The model's own name makes both bounded.
    module = visir.load(
        visir.compile(model, shapes={"a": ("T<=9", 4)}), threads=1
    )
    a = numpy.ones((3, 4), "f4")
    assert (module.run({"a": a, "b": a})["y"] == 2).all()
    with pytest.raises(
        visir.RuntimeFailure, match='is 4, expected 3 as elsewhere'
    ):
        module.run({"a": a, "b": numpy.ones((4, 4), "f4")})


REFUSED = [
    (
        [node("Conv", ["x", "w"], ["y"], name="conv")],
        {"w": weight(4, 37, 1)},
        "operator Conv .* dimension 1 is T <= 37, expected a static one",
    ),
    (
        [node("Flatten", ["x"], ["y"], name="flat")],
        {},
        "of input 'x' dimension 1 is T <= 37, expected a static one for this "
        "operator",
    ),
    (
        [node("LayerNormalization", ["x", "w"], ["y"], axis=1)],
        {"w": weight(6)},
        "dimension 1 is T <= 37, expected a static one",
    ),
    (
        [node("Reshape", ["x", "s"], ["y"])],
        {"s": ints(6, -1, 2)},
        r"shape is \[6, T, 2\], expected one that keeps the bounded dimensions",
    ),
    (
        [node("Add", ["x", "w"], ["y"])],
        {"w": weight(2, 37, 6)},
        "dimension 1 of an operand is 37, expected T",
    ),
    (
        [node("Slice", ["x", "three", "far", "one"], ["y"])],
        {"three": ints(3), "far": ints(2**62), "one": ints(1)},
        r"bounds of axis 1 is 3 .. \d+, expected ones within 0 .. T for every",
    ),
]


@pytest.mark.parametrize("nodes, weights, text", REFUSED)
def test_refuses_operators(nodes, weights, text):
    model = model_of(
        nodes, [tensor("x", (2, "T", 6))], [tensor("y", None)], weights
    )
    with pytest.raises(visir.UnsupportedError, match=text):
        visir.compile(model, shapes={"x": (2, "T<=37", 6)})


@pytest.mark.parametrize(
    "shape, text",
    [
        ("x=2xTx6", "symbol 'T' in --shape has no bound, expected T<=MAX"),
        ("x=2xT<=1x6", "bound of symbol 'T' in --shape is 1, expected 2"),
        ("x=2xT<=x6", "--shape is 'x=2xT<=x6', expected name="),
        ("x=2xP+1<=3x6", "expected name="),
        ("x=T<=4xT<=5x6", "bound of symbol 'T' in --shape is 5, expected 4"),
    ],
)
def test_refuses_options(shape, text):
    model = model_of(
        [node("Relu", ["x"], ["y"])],
        [tensor("x", ("a", "b", "c"))],
        [tensor("y", None)],
    )
    with pytest.raises(visir.CompileError, match=text):
        visir.compile(model, options=["--shape", shape])


def attention_model(new=(1, 2, "N", 8), past=(1, 2, "P", 8), **attributes):
    """The operator with a cache, as the newest opsets have it; causal where no
    attributes are given."""
    outputs = ["y", "present_k", "present_v"]
    attention = node(
        "Attention",
        ["q", "k", "v", "", "past_k", "past_v"],
        outputs,
        **(attributes or {"is_causal": 1}),
    )
    graph = helper.make_graph(
        [attention],
        "graph",
        [tensor(name, new) for name in "qkv"]
        + [tensor(name, past) for name in ("past_k", "past_v")],
        [tensor(name, None) for name in outputs],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10
    )


def test_attention_with_a_cache():
    model = attention_model()
    shapes = {name: (1, 2, "N", 8) for name in "qkv"}
    shapes["q"] = (1, 2, "N<=7", 8)
    shapes["past_k"] = (1, 2, "P<=20", 8)
    shapes["past_v"] = (1, 2, "P", 8)
    module = visir.load(visir.compile(model, shapes=shapes), threads=1)
    judge = onnx.reference.ReferenceEvaluator(model)
    for sizes in ({"N": 1, "P": 1}, {"N": 7, "P": 20}, {"N": 3, "P": 5}):
        arrays = {n: given(n, (1, 2, "N", 8), sizes) for n in "qkv"}
        arrays |= {
            n: given(n, (1, 2, "P", 8), sizes) for n in ("past_k", "past_v")
        }
        expected = judge.run(None, arrays)
        actual = module.run(arrays)
        for name, value in zip(("y", "present_k", "present_v"), expected):
            numpy.testing.assert_allclose(
                actual[name], value, rtol=1e-5, atol=1e-5
            )


def growing_model():
    """present = past and what is new; y = their sum."""
    nodes = [
        node("Concat", ["past", "new"], ["present"], axis=1),
        node("ReduceSum", ["present", "axis"], ["y"], keepdims=0),
    ]
    return model_of(
        nodes,
        [tensor("past", (1, "P", 4)), tensor("new", (1, "N", 4))],
        [tensor("y", None), tensor("present", None)],
        {"axis": ints(1)},
    )


GROWING = ["--shape", "past=1xP<=8x4,new=1xN<=3x4", "--state", "past=present"]


def test_states_grow():
    module = visir.load(
        visir.compile(growing_model(), options=GROWING), threads=1
    )
    assert module.states == (visir.State("past", 128, 8),)
    total = numpy.zeros((1, 4), "f4")
    for i, count in enumerate((1, 3, 2)):
        new = numpy.full((1, count, 4), i + 1, "f4")
        total += new.sum(1)
        answer = module.run({"new": new})
        assert list(answer) == ["y"]
        numpy.testing.assert_array_equal(answer["y"], total)
    assert module.state_length("past") == 6
    three = numpy.ones((1, 3, 4), "f4")
    with pytest.raises(
        visir.RuntimeFailure, match=r'size "P \+ N" is 9, expected 1..8'
    ):
        module.run({"new": three})
    # Back to after the first run.
    module.set_state_length("past", 1)
    assert (module.run({"new": three})["y"] == 4).all()
    module.reset()
    assert module.state_length("past") == 0
    assert (module.run({"new": three})["y"] == 3).all()


PROGRAM = r"""
#include "growing.h"
#include <stdio.h>

static int failed(visir_status_t status) {
  if (status.code != VISIR_OK)
    printf("%s\n", status.message);
  return status.code != VISIR_OK;
}

int main(void) {
  visir_context_t *context;
  visir_module_t *module;
  visir_session_t *session;
  if (failed(visir_context_create(NULL, &context)) ||
      failed(visir_module_open_memory(context, visir_artifact_growing,
                                      visir_artifact_growing_bytes, NULL,
                                      &module)) ||
      failed(visir_session_create(module, NULL, &session)))
    return 1;
  float new_rows[12], y[4];
  for (int i = 0; i < 12; ++i)
    new_rows[i] = 1;
  for (int64_t count = 3; count > 0; --count) {
    int64_t new_dims[] = {1, count, 4}, y_dims[] = {1, 4};
    visir_tensor_t in = {new_rows, VISIR_F32, 3, new_dims, NULL};
    visir_tensor_t out = {y, VISIR_F32, 2, y_dims, NULL};
    uint64_t length;
    if (failed(visir_run(session, 0, &in, 1, &out, 1)) ||
        failed(visir_session_state_length(session, "past", &length)))
      return 1;
    printf("%d %g\n", (int)length, y[3]);
  }
  visir_session_release(session);
  visir_module_release(module);
  visir_context_release(context);
  return 0;
}
"""


def test_static_library_with_a_state_that_grows(tmp_path):
    model = tmp_path / "growing.onnx"
    onnx.save(growing_model(), model)
    visir.compile(
        model,
        output=tmp_path / "libgrowing.a",
        options=[*GROWING, "--emit", "static-library"],
    )
    header = (tmp_path / "growing.h").read_text()
    assert "input new: f32 1x(N<=3)x4, 48 bytes" in header
    assert "state past, 128 bytes" in header
    source = tmp_path / "main.c"
    source.write_text(PROGRAM)
    include = tmp_path / "include"
    include.mkdir()
    (include / "visir").symlink_to(ROOT / "runtime/include/visir")
    subprocess.run(
        ["cc", source, "-o", tmp_path / "main", f"-I{tmp_path}"]
        + [f"-I{include}", tmp_path / "libgrowing.a"]
        + [f"-L{ROOT / 'build/lib'}", "-lvisir-runtime"]
        + [f"-Wl,-rpath,{ROOT / 'build/lib'}", "-lpthread", "-ldl"],
        check=True,
    )
    done = subprocess.run(
        [tmp_path / "main"], capture_output=True, text=True
    )
    assert done.stdout == "3 3\n5 5\n6 6\n"


def test_tools_know_sizes_and_states(tmp_path):
    path = visir.compile(
        growing_model(), output=tmp_path / "growing.visir", options=GROWING
    )
    text = compiler.run_tool("visir", ["inspect", path])
    assert "state  past 128 bytes, length P<=8" in text
    assert "input  new f32[1,N<=3,4]" in text
    sizes = ["--length", "N=2", "--length", "P=6", "--random", "1"]
    assert "y" in compiler.run_tool("visir", ["run", path, *sizes])
    with pytest.raises(visir.CompileError, match='"P . N" is 9, expected 1..8'):
        compiler.run_tool("visir", ["run", path, *sizes, "--length", "N=3"])
    for command in ("bench", "profile"):
        compiler.run_tool("visir", [command, path, *sizes, "--runs", "3"])


def step_model(heads=2, size=8):
    """One token attends to a cache and to itself; the cache grows by it."""
    new, past = (1, heads, 1, size), (1, heads, "P", size)
    return attention_model(new, past, scale=0.5)


def compiled_step(capacity, target="host"):
    return visir.compile(
        step_model(),
        target,
        shapes={
            "past_k": (1, 2, f"P<={capacity}", 8),
            "past_v": (1, 2, "P", 8),
        },
        options=["--state", "past_k=present_k", "--state", "past_v=present_v"],
    )


def attend(q, keys, values):
    scores = q @ numpy.concatenate(keys, 2).transpose(0, 1, 3, 2) * 0.5
    shares = numpy.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    return shares @ numpy.concatenate(values, 2)


def step_inputs(step):
    shape = (1, 2, 1, 8)
    return {name: given(f"{name}{step}", shape, {}) for name in "qkv"}


def grow(module, steps):
    """Answers of steps from an empty cache on, as bytes, each judged by all
    keys and values so far."""
    keys, values, answers = [], [], []
    for step in range(steps):
        inputs = step_inputs(step)
        keys.append(inputs["k"])
        values.append(inputs["v"])
        y = module.run(inputs)["y"]
        numpy.testing.assert_allclose(
            y, attend(inputs["q"], keys, values), rtol=1e-5, atol=1e-5
        )
        answers.append(y.tobytes())
    return answers


def test_a_step_reads_what_is_there():
    """Whatever lies beyond the length, and for any capacity, the bits are the
    same."""
    answers = []
    for capacity in (21, 37):
        module = visir.load(compiled_step(capacity), threads=1)
        # Not-a-numbers fill the cache, and are then beyond its length.
        dead = numpy.full((1, 2, 1, 8), numpy.nan, numpy.float32)
        for _ in range(20):
            module.run({"q": dead, "k": dead, "v": dead})
        for state in module.states:
            module.set_state_length(state.name, 0)
        answers += grow(module, 20)
    assert answers[:20] == answers[20:]


@needs_null_cuda
def test_states_grow_on_cuda(null_cuda):
    artifact = compiled_step(9, "cuda:sm_90")
    module = visir.load(artifact, device="cuda")
    for _ in range(2):
        module.reset()
        grow(module, 9)
        with pytest.raises(visir.RuntimeFailure, match="is 10, expected"):
            module.run(step_inputs(9))


def test_a_step_writes_what_is_new(tmp_path):
    """The cache is neither copied nor made anew: what a step needs beside the
    states is far smaller."""
    artifact = compiled_step(1000)
    path = tmp_path / "step.visir"
    path.write_bytes(artifact)
    done = subprocess.run(
        [ROOT / "build/bin/visir", "inspect", path, "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    result = json.loads(done.stdout)
    (entry,) = result["entries"]
    assert entry["kinds"]["scatter"] == 2 and "copy" not in entry["kinds"]
    assert entry["arena_bytes"] < result["states"][0]["bytes"] / 2
