# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Words that must not be in the tree: paths of one machine, notes of work
left undone, addresses that are not documents."""

import re

from tools.lint.tree import read, tracked_files

FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.])/(work|home|root)/\w"),
    "a note of work left undone": re.compile(r"\b(TODO|FIXME|XXX)\b"),
}
# Addresses of documents that comments and pages may cite.
CITED = re.compile(
    r"https?://(?!(www\.)?(arxiv|llvm|mlir\.llvm|onnx|creativecommons|w3"
    r"|khronos|apache|json-schema)\.(org|ai)|github\.com|www\.flickr\.com"
    r"|onnx\.ai|localhost|127\.0\.0\.1)"
)


def check():
    for path in tracked_files():
        if path.parts[:2] == ("tools", "lint"):
            continue
        for number, line in enumerate((read(path) or "").splitlines(), 1):
            for what, pattern in FORBIDDEN.items():
                if pattern.search(line):
                    yield f"{path}:{number}: {what}: {line.strip()[:60]}"
            if CITED.search(line):
                yield f"{path}:{number}: an address that is no document"
