# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs that store and multiply what products read in narrow types."""

import pathlib
import re

import numpy
import onnx
import pytest
import visir
from onnx import TensorProto, helper, numpy_helper

from visir import locate

LIBRARY = pathlib.Path(locate.runtime_library()).with_name(
    "libvisir_null_cuda.so"
)
# Half the distance of neighbours, relative to a number; of TF32 too, whose
# range is f32's.
UNIT = {"fp32": 2.0**-24, "tf32": 2.0**-11, "fp16": 2.0**-11, "bf16": 2.0**-8}
ROWS, INNER, COLUMNS = 65, 96, 70


@pytest.fixture(scope="module")
def weights():
    return numpy.random.default_rng(1).normal(size=(INNER, COLUMNS))


@pytest.fixture(scope="module")
def model(weights, tmp_path_factory):
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["h"], "first"),
            helper.make_node("MatMul", ["h", "v"], ["y"], "second"),
        ],
        "g",
        [
            helper.make_tensor_value_info(
                "x", TensorProto.FLOAT, [ROWS, INNER]
            )
        ],
        [
            helper.make_tensor_value_info(
                "y", TensorProto.FLOAT, [ROWS, INNER]
            )
        ],
        [
            numpy_helper.from_array(weights.astype("f4"), "w"),
            numpy_helper.from_array(weights.T.astype("f4"), "v"),
        ],
    )
    opset = [helper.make_opsetid("", 17)]
    path = tmp_path_factory.mktemp("precision") / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def judge(result, x, weights, precision):
    """Each factor is rounded once: the second product's is off by what the
    first one is, and its own rounding."""
    w = weights.astype("f4").astype("f8")
    x = x.astype("f8")
    unit = UNIT[precision]
    # 1e-6 of the size is what sums of f32 lose.
    first = (2 * unit + unit**2 + 1e-6) * (abs(x) @ abs(w))
    size = abs(x @ w) + first
    bound = (first + (2 * unit + unit**2 + 1e-6) * size) @ abs(w.T)
    error = abs(result.astype("f8") - x @ w @ w.T)
    assert result.dtype == numpy.float32
    assert (error <= bound).all()
    return (error / (abs(x) @ abs(w) @ abs(w.T))).max()


def random():
    return numpy.random.default_rng(2).normal(size=(ROWS, INNER)).astype("f4")


def run(model, target, precision, device=None):
    made = visir.compile(model, target, options=["--precision", precision])
    module = visir.load(made, device=device)
    return module.run({"x": random()})["y"]


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_plain_kernels_round_what_products_read(model, weights, precision):
    error = judge(run(model, "plain", precision), random(), weights, precision)
    # It is not computed in f32 after all.
    assert error > UNIT[precision] / 64


@pytest.mark.skipif(not LIBRARY.exists(), reason="the stand-in is missing")
@pytest.mark.parametrize("precision", ["fp32", "tf32", "fp16", "bf16"])
def test_matrix_units(model, weights, precision, monkeypatch):
    monkeypatch.setenv("VISIR_CUDA_LIBRARY", str(LIBRARY))
    monkeypatch.setenv("VISIR_NULL_CUDA", "sm=90")
    result = run(model, "cuda:sm_90", precision, device="cuda")
    error = judge(result, random(), weights, precision)
    # TF32 is permitted; small products are as fast without.
    assert precision in ("fp32", "tf32") or error > UNIT[precision] / 64


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_cores_multiply_halves(model, precision, tmp_path):
    path = tmp_path / "m.s"
    options = ["--precision", precision, "--emit", "asm"]
    visir.compile(model, "aarch64+fp16", output=path, options=options)
    types = re.findall(r"fmla\s+v\d+\.\d([a-z])", path.read_text())
    assert set(types) == {"h" if precision == "fp16" else "s"}


@pytest.mark.parametrize(
    ("target", "precision", "text"),
    [
        (
            "x86-64-v3",
            "fp16",
            "precision is fp16, expected fp32 for the target x86-64-v3: its "
            "kernels multiply f32 only",
        ),
        (
            "aarch64:cortex-a53",
            "fp16",
            "precision is fp16, expected fp32 for the target "
            "aarch64:cortex-a53: its core may have no fp16 arithmetic, which "
            "aarch64:cortex-a53+fp16 asks for and cores of ARMv8.2 have",
        ),
        (
            "aarch64:cortex-a76",
            "bf16",
            "precision is bf16, expected fp32 for the target "
            "aarch64:cortex-a76: its kernels multiply f32 and f16 only",
        ),
        (
            "cuda:sm_75",
            "tf32",
            "precision is tf32, expected fp32 for the target cuda:sm_75: "
            "sm_75 has no matrix units for TF32",
        ),
        (
            "vulkan",
            "tf32",
            "precision is tf32, expected fp32 for the target vulkan: it has "
            "no type TF32",
        ),
    ],
)
def test_refusals(model, target, precision, text):
    with pytest.raises(visir.CompileError) as failure:
        visir.compile(model, target, options=["--precision", precision])
    assert text in str(failure.value)


def test_names_of_precisions(model):
    with pytest.raises(visir.CompileError) as failure:
        visir.compile(model, options=["--precision", "fp8"])
    assert (
        "precision is fp8, expected fp32, tf32, fp16 or bf16"
        in str(failure.value)
    )


@pytest.mark.skipif(not LIBRARY.exists(), reason="the stand-in is missing")
@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_long_sums_are_split(precision, tmp_path, monkeypatch):
    monkeypatch.setenv("VISIR_CUDA_LIBRARY", str(LIBRARY))
    monkeypatch.setenv("VISIR_NULL_CUDA", "sm=90")
    generator = numpy.random.default_rng(5)
    x = generator.normal(size=(16, 2048)).astype("f4")
    w = generator.normal(size=(2048, 64)).astype("f4")
    bias = generator.normal(size=64).astype("f4")
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w", "b"], ["h"]),
            helper.make_node("Relu", ["h"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [16, 64])],
        [
            numpy_helper.from_array(w, "w"),
            numpy_helper.from_array(bias, "b"),
        ],
    )
    opset = [helper.make_opsetid("", 17)]
    path = tmp_path / "long.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    made = visir.compile(
        path, "cuda:sm_90", options=["--precision", precision]
    )
    # The parts, and what adds them up with the bias.
    assert b"k0_contract" in made and b"k1_reduce" in made
    result = visir.load(made, device="cuda").run({"x": x})["y"]
    wide = [array.astype("f8") for array in (x, w, bias)]
    expected = numpy.maximum(wide[0] @ wide[1] + wide[2], 0)
    unit = 2 * UNIT[precision] + 1e-6
    bound = unit * (abs(wide[0]) @ abs(wide[1])) + 1e-6
    assert (abs(result - expected) <= bound).all()
