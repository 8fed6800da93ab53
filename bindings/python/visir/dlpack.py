# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors of other libraries as NumPy arrays and back, without copies.

DLPack is the protocol. NumPy speaks it for its own types; here bfloat16 is
added, which NumPy knows through the package ml_dtypes only.
"""

from __future__ import annotations

import ctypes
from typing import Any, Protocol, runtime_checkable

import numpy

# Of dlpack.h: device types whose memory the processor reads, names of others,
# type codes, and the place of the type code in a DLTensor.
CPU_DEVICES = (1, 3, 11)  # kDLCPU, kDLCUDAHost, kDLROCMHost
DEVICE_NAMES = {2: "CUDA", 4: "OpenCL", 7: "Vulkan", 8: "Metal", 10: "ROCm"}
UINT, BFLOAT = 1, 4
TYPE_OFFSET = 20
# A DLManagedTensor begins with its tensor; a versioned one has the version,
# two pointers and the flags in front.
TENSOR_OFFSETS = {b"dltensor": 0, b"dltensor_versioned": 32}

_name_of = ctypes.pythonapi.PyCapsule_GetName
_name_of.restype = ctypes.c_char_p
_name_of.argtypes = [ctypes.py_object]
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype = ctypes.c_void_p
_pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]


@runtime_checkable
class SupportsDLPack(Protocol):
    """Anything that hands out its memory as a DLPack capsule."""

    def __dlpack__(self, **options: Any) -> Any: ...

    def __dlpack_device__(self) -> tuple[int, int]: ...


def retype(capsule: Any, old: int, new: int) -> bool:
    """Changes the type code of a capsule nobody has taken yet; tells whether
    it was `old`. Both types have elements of the same size."""
    name = _name_of(capsule)
    tensor = _pointer_of(capsule, name) + TENSOR_OFFSETS[name]
    code = ctypes.c_uint8.from_address(tensor + TYPE_OFFSET)
    if code.value != old:
        return False
    code.value = new
    return True


class _Bits:
    """A tensor whose bfloat16 looks like uint16."""

    def __init__(self, value: SupportsDLPack) -> None:
        self.value = value
        self.is_bfloat = False

    def __dlpack__(self, **options: Any) -> Any:
        capsule = self.value.__dlpack__(**options)
        self.is_bfloat = retype(capsule, BFLOAT, UINT)
        return capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.value.__dlpack_device__()


def to_array(value: SupportsDLPack) -> numpy.ndarray:
    """A NumPy array on the memory of `value`, which lives as long as the
    array. ValueError for memory that the processor does not read."""
    device = int(value.__dlpack_device__()[0])
    if device not in CPU_DEVICES:
        name = DEVICE_NAMES.get(device, f"number {device}")
        raise ValueError(f"device is {name}, expected the CPU")
    bits = _Bits(value)
    array = numpy.from_dlpack(bits)
    if bits.is_bfloat:
        import ml_dtypes

        array = array.view(ml_dtypes.bfloat16)
    return array


class Bfloat16Array(numpy.ndarray):
    """A NumPy array of bfloat16 that speaks DLPack."""

    def __dlpack__(self, **options: Any) -> Any:
        capsule = self.view(numpy.ndarray).view("u2").__dlpack__(**options)
        retype(capsule, UINT, BFLOAT)
        return capsule
