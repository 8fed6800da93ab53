# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""No two classes of one namespace share a name: the linker would take either's
members for both (the one-definition rule), and no compiler sees it.

Scopes are followed by their braces; classes without a body, and those in
unnamed namespaces, functions and other classes, do not count.
"""

import collections
import re

from tools.lint.tree import read, tracked_files

TOKEN = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | R"(\w*)\(.*?\)\1" | "(?:\\.|[^"\\\n])*"
    | '(?:\\.|[^'\\\n])+' | \#(?:\\\n|[^\n])*
    | (?P<space>\b(?:inline\s+)?namespace\b\s*(?P<path>[\w:]*)\s*\{)
    | (?<!enum\s)\b(?:struct|class|union)\s+(?P<name>\w+)
      (?:\s+final)?\s*(?:\:[^;{(]*)?(?P<body>\{)
    | [{}]""",
    re.VERBOSE | re.DOTALL,
)


def classes(text):
    """(line, qualified name) of each class with a body at namespace scope."""
    scopes = []  # a namespace's name, or None for any other brace
    for match in TOKEN.finditer(text):
        if match["space"]:
            scopes.append(match["path"] or None)
        elif match["name"]:
            if None not in scopes:
                line = text.count("\n", 0, match.start()) + 1
                yield line, "::".join([*scopes, match["name"]])
            scopes.append(None)
        elif match[0] == "{":
            scopes.append(None)
        elif match[0] == "}" and scopes:
            scopes.pop()


def duplicates(files):
    """files: {path: text}. Problems, one per class that was seen before."""
    seen = {}
    for path, text in files.items():
        for line, name in classes(text):
            first = seen.setdefault(name, path)
            if first != path:
                yield f"{path}:{line}: {name} is a class of {first}, too"


def check():
    programs = collections.defaultdict(dict)
    for path in tracked_files():
        if path.suffix in (".h", ".hpp", ".cpp", ".cc"):
            # Programs of examples and tests are linked one by one.
            alone = path.parts[0] in ("examples", "test")
            programs[path if alone else None][path] = read(path)
    for files in programs.values():
        yield from duplicates(files)
