# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models that the compiler must run, and their export to ONNX."""
