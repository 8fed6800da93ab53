# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors of other libraries as NumPy arrays and back, without copies.

DLPack is the protocol. NumPy speaks it for its own types; here bfloat16 is
added, which NumPy knows through the package ml_dtypes only.
"""

from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Protocol, runtime_checkable

import numpy

# Of dlpack.h: device types whose memory the processor reads, names of others,
# type codes, and the place of the type code in a DLTensor.
CPU_DEVICES = (1, 3, 11)  # kDLCPU, kDLCUDAHost, kDLROCMHost
DEVICE_NAMES = {2: "CUDA", 4: "OpenCL", 7: "Vulkan", 8: "Metal", 10: "ROCm"}
UINT, BFLOAT = 1, 4
CUDA_DEVICE = 2
# Of dlpack.h: type codes as NumPy's names, by code and bits.
KINDS = {0: "int", 1: "uint", 2: "float", 4: "bfloat", 6: "bool"}
# A consumer's stream in the protocol: CUDA's default one.
DEFAULT_STREAM = 1
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


class _Tensor(ctypes.Structure):
    """DLTensor of dlpack.h."""

    _fields_ = [
        ("data", ctypes.c_uint64),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


@dataclasses.dataclass(frozen=True)
class DeviceTensor:
    """Where a tensor lies in a CUDA device's memory; strides in elements."""

    address: int
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None


def to_device(value: SupportsDLPack, stream: int) -> DeviceTensor:
    """Looks at the memory of `value`, which must outlive all use. What its
    library does with it in streams of its own comes before what `stream` does
    from now on. ValueError for memory that is not CUDA's."""
    device = int(value.__dlpack_device__()[0])
    if device != CUDA_DEVICE:
        name = DEVICE_NAMES.get(device, "the CPU")
        raise ValueError(f"device is {name}, expected CUDA")
    capsule = value.__dlpack__(stream=stream or DEFAULT_STREAM)
    name = _name_of(capsule)
    tensor = _Tensor.from_address(
        _pointer_of(capsule, name) + TENSOR_OFFSETS[name]
    )
    kind = KINDS.get(tensor.code, f"code{tensor.code}_")
    bits = "" if kind == "bool" else str(tensor.bits)
    return DeviceTensor(
        tensor.data + tensor.byte_offset,
        kind + bits,
        tuple(tensor.shape[: tensor.ndim]),
        tuple(tensor.strides[: tensor.ndim]) if tensor.strides else None,
    )


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
