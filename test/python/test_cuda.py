# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""CUDA from Python, on a stand-in for the GPU that carries out PTX here."""

import ctypes
import pathlib

import numpy
import onnx
import pytest
import visir
from onnx import TensorProto, helper

from visir import locate

LIBRARY = pathlib.Path(locate.runtime_library()).with_name(
    "libvisir_null_cuda.so"
)
pytestmark = pytest.mark.skipif(
    not LIBRARY.exists(), reason="the stand-in for CUDA is missing"
)


@pytest.fixture(autouse=True)
def device(monkeypatch):
    monkeypatch.setenv("VISIR_CUDA_LIBRARY", str(LIBRARY))
    monkeypatch.setenv("VISIR_NULL_CUDA", "sm=90")


def save_model(path, size, axis=-1):
    graph = helper.make_graph(
        [
            helper.make_node("Softmax", ["x"], ["s"], axis=axis),
            helper.make_node("Mul", ["s", "x"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, size)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, size)],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


@pytest.fixture
def artifact(tmp_path):
    source = tmp_path / "m.onnx"
    save_model(source, [4, 16])
    path = tmp_path / "m.visir"
    visir.compile(source, "cuda:sm_80,sm_90", output=path)
    return path


def expected(x, axis=-1):
    e = numpy.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True) * x


def random():
    return numpy.random.default_rng(3).normal(size=(4, 16)).astype("f4")


def test_runs(artifact):
    module = visir.load(artifact, device="cuda")
    assert module.target == "cuda:sm_90"
    assert "Null GPU A (sm_90)" in module.device
    x = random()
    y = module.run({"x": x})["y"]
    numpy.testing.assert_allclose(y, expected(x), rtol=1e-5, atol=1e-6)


def test_wrong_architecture_lists_those_inside(artifact, monkeypatch):
    monkeypatch.setenv("VISIR_NULL_CUDA", "sm=75")
    with pytest.raises(visir.RuntimeFailure) as failure:
        visir.load(artifact, device="cuda")
    assert (
        'cuda:sm_80, cuda:sm_90 (device "Null GPU A" is sm_75)'
        in str(failure.value)
    )


class DeviceArray:
    """A tensor in the stand-in's memory that speaks DLPack."""

    device = 2

    def __init__(self, values):
        self.driver = ctypes.CDLL(str(LIBRARY))
        self.shape = values.shape
        self.bytes = values.nbytes
        self.address = ctypes.c_uint64()
        size = ctypes.c_size_t(self.bytes)
        assert self.driver.cuCtxPushCurrent_v2(None) == 0
        assert (
            self.driver.cuMemAlloc_v2(ctypes.byref(self.address), size) == 0
        )
        ctypes.memmove(self.address.value, values.ctypes.data, self.bytes)
        self.streams = []

    def upload(self):
        data = self.numpy()
        assert (
            self.driver.cuMemcpyHtoD_v2(
                self.address,
                data.ctypes.data_as(ctypes.c_void_p),
                ctypes.c_size_t(self.bytes),
            )
            == 0
        )
        return self

    def numpy(self):
        flat = (ctypes.c_float * (self.bytes // 4)).from_address(
            self.address.value
        )
        return numpy.array(flat, "f4").reshape(self.shape)

    def __dlpack_device__(self):
        return self.device, 0

    def __dlpack__(self, *, stream):
        self.streams.append(stream)
        dims = (ctypes.c_int64 * len(self.shape))(*self.shape)
        tensor = visir.dlpack._Tensor(
            data=self.address.value,
            device_type=2,
            ndim=len(self.shape),
            code=2,
            bits=32,
            lanes=1,
            shape=dims,
        )
        self.keep = tensor, dims
        new = ctypes.pythonapi.PyCapsule_New
        new.restype = ctypes.py_object
        new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return new(ctypes.addressof(tensor), b"dltensor", None)


def test_tensors_in_device_memory(artifact):
    x = random()
    module = visir.load(artifact, device="cuda")
    source = DeviceArray(x).upload()
    result = DeviceArray(numpy.zeros_like(x))
    module.enqueue({"x": source}, {"y": result})
    module.wait()
    numpy.testing.assert_allclose(
        result.numpy(), expected(x), rtol=1e-5, atol=1e-6
    )
    assert source.streams == [1]


def test_tensors_of_enqueue_are_checked(artifact):
    x = random()
    module = visir.load(artifact, device="cuda")
    source, result = DeviceArray(x).upload(), DeviceArray(x)
    with pytest.raises(KeyError, match="inputs are"):
        module.enqueue({"z": source}, {"y": result})
    with pytest.raises(visir.RuntimeFailure, match="dimension 0 is 2"):
        module.enqueue({"x": DeviceArray(x[:2]).upload()}, {"y": result})
    host = DeviceArray(x)
    host.device = 1
    with pytest.raises(ValueError, match="input x: device is the CPU, expected"):
        module.enqueue({"x": host}, {"y": result})


def test_bounded_dimensions_stay_with_the_host(tmp_path):
    source = tmp_path / "m.onnx"
    save_model(source, ["n", 16], axis=0)
    artifact = visir.compile(
        source, "cuda:sm_90", options=["--shape", "x=n<=4x16"]
    )
    module = visir.load(artifact, device="cuda")
    x = random()
    for size in (4, 1, 3):
        y = module.run({"x": x[:size]})["y"]
        numpy.testing.assert_allclose(
            y, expected(x[:size], 0), rtol=1e-5, atol=1e-6
        )
    with pytest.raises(
        visir.RuntimeFailure, match='entry "main" has bounded dimensions, expected'
    ):
        module.enqueue({"x": DeviceArray(x).upload()}, {"y": DeviceArray(x)})
