# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import numpy
import onnx
import pytest
import visir


def test_same_model_same_bytes(affine_model, affine_artifact):
    assert visir.compile(affine_model) == affine_artifact


def test_takes_paths_and_bytes(affine_model, affine_artifact, tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(affine_model, path)
    assert visir.compile(path) == affine_artifact
    assert visir.compile(path.read_bytes()) == affine_artifact


def test_binds_inputs(reshape_model):
    shape = numpy.array([3, 2], numpy.int64)
    module = visir.load(visir.compile(reshape_model, bind={"shape": shape}))
    assert [tensor.name for tensor in module.inputs] == ["x"]
    x = numpy.arange(-3, 3, dtype=numpy.float32).reshape(2, 3)
    result = module.run({"x": x})["y"]
    numpy.testing.assert_array_equal(result, numpy.maximum(x, 0).reshape(3, 2))


def test_lists_all_refusals(unknown_model):
    with pytest.raises(visir.UnsupportedError) as caught:
        visir.compile(unknown_model)
    text = str(caught.value)
    for word in ("first", "Frobnicate", "second", "Defenestrate"):
        assert word in text
    assert len(caught.value.refusals) >= 2


def test_names_a_bad_model(tmp_path):
    path = tmp_path / "bad.onnx"
    path.write_bytes(b"\xff" * 100)
    with pytest.raises(visir.CompileError, match="bad.onnx"):
        visir.compile(path)


def test_evaluates_in_float64(affine_model, affine_inputs):
    result = visir.evaluate(affine_model, affine_inputs)["y"]
    wide = {n: a.astype(numpy.float64) for n, a in affine_inputs.items()}
    numpy.testing.assert_allclose(
        result, wide["x"] * wide["scale"] + 1, rtol=1e-12
    )
