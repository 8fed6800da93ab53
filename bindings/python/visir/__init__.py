# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles ONNX models and runs them.

    artifact = visir.compile("model.onnx")
    module = visir.load(artifact, threads=2)
    outputs = module.run({"input": array})

`compile` needs Visir's compiler, `load` and `run` only its runtime library.
"""

from visir.compiler import CompileError, UnsupportedError, compile, evaluate
from visir.generation import Text, generate
from visir.module import Entry, Module, State, Tensor, load
from visir.runtime import RuntimeFailure, runtime_version

__all__ = [
    "CompileError",
    "Entry",
    "Module",
    "RuntimeFailure",
    "State",
    "Tensor",
    "Text",
    "UnsupportedError",
    "compile",
    "evaluate",
    "generate",
    "load",
    "runtime_version",
]
