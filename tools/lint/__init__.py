# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks of the source tree that need no build: python -m tools.lint."""
