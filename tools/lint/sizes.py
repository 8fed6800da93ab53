# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of at most 800 lines, functions of at most 80.

What is longer today is listed in sizes.txt with its length, as
'<file>[:<function>] <lines>'; a listed length may only shrink.
"""

import ast
import pathlib
import re

from tools.lint.tree import CXX, read, tracked_files

FILE_LIMITS = {".td": 500, ".mlir": 300}
FILE_LIMIT = 800
FUNCTION_LIMIT = 80
LIST = pathlib.Path(__file__).with_name("sizes.txt")

# LLVM's format puts a definition's first line and its closing brace at the
# same column, and never ends a control statement's head with another's name.
NOT_FUNCTIONS = re.compile(
    r"\s*(namespace|class|struct|union|enum|extern|if|else|for|while|switch|do"
    r"|try|return|case|default|#|//|\}|static_assert)\b|\s*[})#]"
)
OPENS = re.compile(r"(?P<indent> {0,2})\S.*\)[^;=]*\{$")
NAME = re.compile(r"([~\w:]+)\s*\(")


def cxx_functions(lines):
    """Yields (name, number of lines) of function bodies."""
    index = 0
    while index < len(lines):
        match = OPENS.match(lines[index])
        if not match or NOT_FUNCTIONS.match(lines[index]):
            index += 1
            continue
        end = index + 1
        close = match["indent"] + "}"
        while end < len(lines) and not lines[end].startswith(close):
            end += 1
        name = NAME.search(lines[index])
        yield (name[1] if name else f"line {index + 1}"), end - index + 1
        index = end


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.end_lineno - node.lineno + 1


def lengths():
    """Yields (what, lines, limit) for all files and functions."""
    for path in tracked_files():
        text = read(path)
        if text is None:
            continue
        lines = text.splitlines()
        limit = FILE_LIMITS.get(path.suffix, FILE_LIMIT)
        if path.suffix in (*CXX, ".py", ".td", ".mlir", ".fbs"):
            yield str(path), len(lines), limit
        functions = ()
        if path.suffix in CXX:
            functions = cxx_functions(lines)
        elif path.suffix == ".py":
            functions = python_functions(text)
        for name, length in functions:
            yield f"{path}:{name}", length, FUNCTION_LIMIT


def listed():
    entries = {}
    for line in LIST.read_text().splitlines():
        if line and not line.startswith("#"):
            what, _, length = line.rpartition(" ")
            entries[what] = int(length)
    return entries


def check():
    allowed = listed()
    seen = set()
    for what, length, limit in lengths():
        if length <= limit:
            continue
        seen.add(what)
        if what not in allowed:
            yield f"{what}: length is {length} lines, expected at most {limit}"
        elif length > allowed[what]:
            yield f"{what}: length is {length} lines, listed as {allowed[what]}"
    for what in sorted(set(allowed) - seen):
        yield f"{what}: is short enough now, take it out of {LIST.name}"
