# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""visir_dtype_t and NumPy's types."""

from __future__ import annotations

import functools

import numpy

# In the order of visir_dtype_t, which starts with invalid.
NAMES = (
    None,
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "bool",
)


def to_numpy(code: int) -> numpy.dtype:
    """NumPy's dtype of a visir_dtype_t."""
    name = NAMES[code]
    if name is None:
        raise ValueError(f"dtype is {code}, expected 1 .. {len(NAMES) - 1}")
    if name == "bfloat16":
        # Only models that use the type need the package.
        import ml_dtypes

        return numpy.dtype(ml_dtypes.bfloat16)
    return numpy.dtype(name)


@functools.cache
def from_numpy(dtype: numpy.dtype) -> int:
    """The visir_dtype_t of a NumPy dtype; TypeError if there is none."""
    if dtype.name not in NAMES:
        raise TypeError(f"dtype is {dtype}, expected one of {NAMES[1:]}")
    return NAMES.index(dtype.name)
