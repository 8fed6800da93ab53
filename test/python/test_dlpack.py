# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors of other libraries, without copies."""

import ctypes

import ml_dtypes
import numpy
import pytest
import visir
from conftest import model_of, tensor
from onnx import TensorProto, helper
from visir import dlpack


class Holder:
    """Somebody else's tensor; `device` is what it says to be on."""

    def __init__(self, array, device=(1, 0)):
        self.array = array
        self.device = device

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.device


class OldHolder(Holder):
    """One from before the protocol had versions."""

    def __dlpack__(self):
        return self.array.__dlpack__()


def pointer(array):
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize("holder", [Holder, OldHolder])
@pytest.mark.parametrize(
    "dtype", ["f4", "f8", "f2", "i1", "u8", "?", ml_dtypes.bfloat16]
)
def test_there_and_back(holder, dtype):
    data = visir.module.empty_aligned(numpy.dtype(dtype), (2, 3))
    data[...] = [[0, 1, 2], [3, 4, 5]]
    array = dlpack.to_array(holder(data))
    assert array.dtype == data.dtype and pointer(array) == pointer(data)
    numpy.testing.assert_array_equal(array, data)
    # What was lent changes no more than the view of it.
    assert data.dtype == numpy.dtype(dtype)


def test_keeps_the_strides_and_the_memory():
    data = numpy.arange(12, dtype=numpy.float32).reshape(3, 4)[:, ::2].T
    array = dlpack.to_array(Holder(data))
    assert array.strides == data.strides and pointer(array) == pointer(data)
    want = data.copy()
    del data
    numpy.testing.assert_array_equal(array, want)


def test_aligned_input_is_not_copied(affine_artifact, affine_inputs):
    """What changes in the holder's memory changes the next result."""
    x = visir.module.empty_aligned(numpy.dtype("f4"), (2, 3))
    holder = Holder(x)
    module = visir.load(affine_artifact)
    for value in (1, 2):
        x[...] = value
        result = module.run({**affine_inputs, "x": holder})["y"]
        want = value * affine_inputs["scale"] + numpy.ones((2, 1))
        numpy.testing.assert_array_equal(result, want)


def test_output_of_another_library(affine_artifact, affine_inputs):
    memory = numpy.zeros((2, 3), numpy.float32)
    out = Holder(memory)
    result = visir.load(affine_artifact).run(affine_inputs, out={"y": out})
    assert result["y"] is out
    numpy.testing.assert_array_equal(
        memory, affine_inputs["x"] * affine_inputs["scale"] + 1
    )


def test_other_devices_are_refused(affine_artifact, affine_inputs):
    module = visir.load(affine_artifact)
    for device, name in [((2, 0), "CUDA"), ((99, 0), "number 99")]:
        x = Holder(affine_inputs["x"], device)
        text = f"input x: device is {name}, expected the CPU"
        with pytest.raises(ValueError, match=text):
            module.run({**affine_inputs, "x": x})


def test_error_of_the_holder_names_the_input(affine_artifact, affine_inputs):
    class Unwilling(Holder):
        def __dlpack__(self, **options):
            raise BufferError("it needs a gradient")

    x = Unwilling(affine_inputs["x"])
    with pytest.raises(BufferError, match="input x: it needs a gradient"):
        visir.load(affine_artifact).run({**affine_inputs, "x": x})


@pytest.fixture(scope="module")
def bfloat_module():
    """y = -x of bfloat16."""
    kind = TensorProto.BFLOAT16
    node = helper.make_node("Neg", ["x"], ["y"])
    model = model_of([node], [tensor("x", (2, 3), kind)],
                     [tensor("y", (2, 3), kind)])  # fmt: skip
    return visir.load(visir.compile(model))


def test_bfloat16_result_speaks_dlpack(bfloat_module):
    x = numpy.arange(6).reshape(2, 3).astype(ml_dtypes.bfloat16)
    y = bfloat_module.run({"x": x})["y"]
    again = bfloat_module.run({"x": Holder(y)})["y"]
    assert y.dtype == again.dtype == ml_dtypes.bfloat16
    numpy.testing.assert_array_equal(again, x)
    numpy.testing.assert_array_equal(y, -x)


def test_type_code_of_bfloat16(bfloat_module):
    x = numpy.ones((2, 3), ml_dtypes.bfloat16)
    capsule = bfloat_module.run({"x": x})["y"].__dlpack__()
    address = dlpack._pointer_of(capsule, b"dltensor") + dlpack.TYPE_OFFSET
    code, bits = (ctypes.c_uint8 * 2).from_address(address)
    assert (code, bits) == (4, 16)
