# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds what models.export has written."""

import fnmatch

EXPORTERS = ("torchscript", "dynamo")
NONE = "none"  # the pattern of those who want no models


def exports(folder, pattern):
    """{name: (ONNX file, golden)}"""
    found = {}
    for golden in sorted(folder.glob("*.npz")):
        for exporter in EXPORTERS:
            name = f"{golden.stem}.{exporter}"
            path = folder / f"{name}.onnx"
            if path.exists() and fnmatch.fnmatchcase(name, pattern):
                found[name] = path, golden
    return found


def find(folder, patterns):
    """(exports, outcomes) for patterns that commas separate. A pattern that
    no export matches is a test that failed: nothing was judged by it."""
    found, missing = {}, {}
    for pattern in patterns.split(","):
        if pattern == NONE:
            continue
        matches = exports(folder, pattern)
        found.update(matches)
        if not matches:
            reason = f"{folder} has no export of this name"
            missing[f"models/{pattern}"] = "failed", reason
    return found, missing
