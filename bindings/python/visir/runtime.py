# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The runtime's C interface, include/visir/runtime.h, for ctypes."""

from __future__ import annotations

import ctypes
import functools
from ctypes import (
    POINTER,
    Structure,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)

from visir import locate

MAX_RANK = 8
OK = 0
NOT_FOUND = 2
# Of visir_module_flags_t.
COPY_CONSTANTS = 4
SELF_TESTS = {"first": 0, "always": 16, "never": 32}


class Status(Structure):
    _fields_ = [("code", c_int32), ("message", c_char * 252)]


class ContextOptions(Structure):
    _fields_ = [
        ("struct_bytes", c_size_t),
        ("thread_count", c_uint32),
        ("memory_limit", c_uint64),
        ("allocator", c_void_p),
        ("logger", c_void_p),
        ("thread_pool", c_void_p),
    ]


class ModuleOptions(Structure):
    _fields_ = [
        ("struct_bytes", c_size_t),
        ("flags", c_uint32),
        ("target", c_char_p),
        ("device", c_char_p),
    ]


class ModuleInfo(Structure):
    _fields_ = [
        ("producer", c_char_p),
        ("options", c_char_p),
        ("target", c_char_p),
        ("schema_version", c_uint32),
        ("program_count", c_uint32),
        ("entry_count", c_uint32),
        ("function_count", c_uint32),
        ("state_count", c_uint32),
        ("manifest_bytes", c_uint64),
        ("code_bytes", c_uint64),
        ("constant_bytes", c_uint64),
    ]


class EntryInfo(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("input_count", c_uint32),
        ("output_count", c_uint32),
        ("command_count", c_uint32),
        ("arena_bytes", c_uint64),
        ("flops", c_double),
    ]


class TensorInfo(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("dtype", c_int32),
        ("rank", c_uint32),
        ("dims", c_int64 * MAX_RANK),
        ("dim_symbols", c_char_p * MAX_RANK),
        ("bytes", c_uint64),
    ]


class StateInfo(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("bytes", c_uint64),
        ("symbol", c_char_p),
        ("max_length", c_uint64),
    ]


class SessionOptions(Structure):
    _fields_ = [("struct_bytes", c_size_t), ("profile", c_uint32)]


class GeneratorOptions(Structure):
    _fields_ = [
        ("struct_bytes", c_size_t),
        ("prefill", c_char_p),
        ("step", c_char_p),
        ("beams", c_uint32),
        ("max_length", c_uint32),
        ("min_length", c_uint32),
        ("length_penalty", c_float),
        ("repetition_penalty", c_float),
        ("early_stopping", c_uint32),
        ("end_token", c_int64),
    ]


class TensorView(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("dtype", c_int32),
        ("rank", c_uint32),
        ("dims", POINTER(c_int64)),
        ("strides", POINTER(c_int64)),
    ]


class RuntimeFailure(RuntimeError):
    """A call of the runtime failed; `code` is a visir_status_code_t."""

    code: int
    """A visir_status_code_t, 5 for an artifact that cannot be trusted, say."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


# Name, result, arguments. Handles are void pointers.
FUNCTIONS = [
    ("visir_runtime_version", c_char_p, []),
    (
        "visir_context_create",
        Status,
        [POINTER(ContextOptions), POINTER(c_void_p)],
    ),
    ("visir_context_release", None, [c_void_p]),
    ("visir_context_thread_count", c_uint32, [c_void_p]),
    (
        "visir_module_open_file",
        Status,
        [c_void_p, c_char_p, POINTER(ModuleOptions), POINTER(c_void_p)],
    ),
    (
        "visir_module_open_memory",
        Status,
        [
            c_void_p,
            c_void_p,
            c_size_t,
            POINTER(ModuleOptions),
            POINTER(c_void_p),
        ],
    ),
    ("visir_module_release", None, [c_void_p]),
    ("visir_module_device", c_char_p, [c_void_p]),
    ("visir_module_info", None, [c_void_p, POINTER(ModuleInfo)]),
    (
        "visir_module_find_entry",
        Status,
        [c_void_p, c_char_p, POINTER(c_uint32)],
    ),
    (
        "visir_module_entry_info",
        Status,
        [c_void_p, c_uint32, POINTER(EntryInfo)],
    ),
    (
        "visir_module_input_info",
        Status,
        [c_void_p, c_uint32, c_uint32, POINTER(TensorInfo)],
    ),
    (
        "visir_module_output_info",
        Status,
        [c_void_p, c_uint32, c_uint32, POINTER(TensorInfo)],
    ),
    (
        "visir_session_create",
        Status,
        [c_void_p, POINTER(SessionOptions), POINTER(c_void_p)],
    ),
    ("visir_session_release", None, [c_void_p]),
    (
        "visir_run",
        Status,
        [
            c_void_p,
            c_uint32,
            POINTER(TensorView),
            c_uint32,
            POINTER(TensorView),
            c_uint32,
        ],
    ),
    (
        "visir_session_enqueue",
        Status,
        [
            c_void_p,
            c_uint32,
            POINTER(TensorView),
            c_uint32,
            POINTER(TensorView),
            c_uint32,
            c_void_p,
        ],
    ),
    ("visir_session_wait", Status, [c_void_p]),
    (
        "visir_session_output_dims",
        Status,
        [
            c_void_p,
            c_uint32,
            POINTER(TensorView),
            c_uint32,
            c_uint32,
            POINTER(c_int64),
        ],
    ),
    (
        "visir_module_state_info",
        Status,
        [c_void_p, c_uint32, POINTER(StateInfo)],
    ),
    (
        "visir_session_state_length",
        Status,
        [c_void_p, c_char_p, POINTER(c_uint64)],
    ),
    (
        "visir_session_set_state_length",
        Status,
        [c_void_p, c_char_p, c_uint64],
    ),
    (
        "visir_generator_create",
        Status,
        [c_void_p, POINTER(GeneratorOptions), POINTER(c_void_p)],
    ),
    ("visir_generator_release", None, [c_void_p]),
    (
        "visir_generator_run",
        Status,
        [
            c_void_p,
            POINTER(c_int64),
            c_uint32,
            POINTER(c_int64),
            POINTER(c_uint32),
            POINTER(c_float),
        ],
    ),
    ("visir_session_warmup", None, [c_void_p]),
    ("visir_session_reset", None, [c_void_p]),
    ("visir_session_memory_bytes", c_uint64, [c_void_p]),
]


@functools.cache
def library() -> ctypes.CDLL:
    """The loaded library, its functions declared."""
    loaded = ctypes.CDLL(locate.runtime_library())
    for name, result, arguments in FUNCTIONS:
        function = getattr(loaded, name)
        function.restype = result
        function.argtypes = arguments
    return loaded


def check(status: Status) -> None:
    """Raises RuntimeFailure unless the status is ok."""
    if status.code != OK:
        message = status.message.decode(errors="replace")
        raise RuntimeFailure(status.code, message)


def runtime_version() -> str:
    """The version of the runtime library, such as '0.1.0'."""
    return library().visir_runtime_version().decode()
