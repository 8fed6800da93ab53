# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pathlib

import pytest

from tools.lint import (
    cmake,
    constraints,
    filecheck,
    layers,
    names,
    sizes,
    words,
)

LAW = """
| folder | may include |
|---|---|
| base | |
| targets/cpu/abi, targets/cuda/abi | |
| targets/cpu | base, targets/cpu/abi |
| targets/cpu/driver | base |
| left, right | each other |
| top | all of the above |
"""
ROOTS = {"base", "targets", "left", "right", "top"}


def layer_problems(path, text):
    law = layers.read_law(LAW)
    return [p for _, p in layers.violations(law, path, text, ROOTS)]


@pytest.mark.parametrize(
    "path, include",
    [
        ("base/a.h", "base/b.h"),
        ("base/a.h", "vector"),
        ("targets/cpu/a.h", "targets/cpu/codegen/b.h"),
        ("targets/cpu/a.h", "targets/cpu/abi/b.h"),
        ("targets/cpu/driver/a.h", "base/b.h"),
        ("left/a.h", "right/b.h"),
        ("top/a.h", "targets/cpu/driver/b.h"),
    ],
)
def test_layer_law_permits(path, include):
    assert layer_problems(path, f'#include "{include}"\n') == []


@pytest.mark.parametrize(
    "path, include",
    [
        ("base/a.h", "targets/cpu/b.h"),
        ("targets/cpu/a.h", "targets/cuda/abi/b.h"),
        ("targets/cpu/driver/a.h", "targets/cpu/abi/b.h"),
        ("left/a.h", "top/b.h"),
    ],
)
def test_layer_law_forbids(path, include):
    (problem,) = layer_problems(path, f'#include "{include}"\n')
    assert problem.endswith(f"includes {include}, the layer law forbids")


def test_layer_law_covers_every_folder():
    (problem,) = layer_problems("other/a.h", '#include "base/b.h"\n')
    assert problem == "other/a.h is in no folder of the layer law"


def test_layer_law_must_exist():
    with pytest.raises(ValueError, match="has no table"):
        layers.read_law("# Architecture\n")


@pytest.mark.parametrize(
    "line, problem",
    [
        ("// CHECK: x", None),
        ("// CHECK-NEXT: x", None),
        ("// CHECK-DAG x", "CHECK has no colon and checks nothing"),
        ("// CHECK x", "CHECK has no colon and checks nothing"),
        ("// OTHERCHECK: x", "no RUN line has the prefix OTHERCHECK"),
        ("// Plain words: x", None),
    ],
)
def test_dead_directives(line, problem):
    lines = ["// RUN: tool %s | FileCheck %s", line]
    found = [p for _, p in filecheck.dead_directives(lines)]
    assert found == ([problem] if problem else [])


def test_prefixes_of_run_lines():
    lines = [
        "// RUN: a | FileCheck %s --check-prefix=A",
        "// RUN: b | FileCheck %s -check-prefixes=B,C",
    ]
    assert filecheck.active_prefixes(lines) == {"A", "B", "C"}


def test_function_lengths():
    body = "\n".join("  x();" for _ in range(5))
    text = f"namespace a {{\nvoid f(int x) {{\n{body}\n}}\n}} // namespace a\n"
    assert list(sizes.cxx_functions(text.splitlines())) == [("f", 7)]
    assert list(sizes.python_functions("def g():\n    pass\n")) == [("g", 2)]


@pytest.mark.parametrize(
    "text", ["/ho" + "me/x", "// TO" + "DO: x", "// FIX" + "ME x"]
)
def test_forbidden_words(text):
    assert any(p.search(text) for p in words.FORBIDDEN.values())


@pytest.mark.parametrize("text", ["a/work/x", "TODOS", "/usr/bin/python3"])
def test_permitted_words(text):
    assert not any(p.search(text) for p in words.FORBIDDEN.values())


@pytest.mark.parametrize(
    "text, built",
    [
        ("add_library(a x.cpp)", True),
        ("visir_pass(x)", True),
        ("file(GLOB files *.cpp)", True),
        ("add_library(a xx.cpp)", False),
        ("add_library(a x-y.cpp)", False),
    ],
)
def test_sources_are_built(text, built):
    path = pathlib.PurePosixPath("a/b/x.cpp")
    assert cmake.is_built(path, {path.parents[1]: text}, []) == built


@pytest.mark.parametrize(
    "line, labelled",
    [
        ('return emitOpError("axis is ")', False),
        ('return op->emitOpError("axis is ")', False),
        ('return mismatch(loc, "axis", axis, "1")', False),
        ('return emitError() << "order"', False),
        ("return success();", True),
    ],
)
def test_constraints_carry_labels(line, labelled):
    found = list(constraints.unlabelled(["if (bad)", f"  {line}"]))
    assert found == ([] if labelled else [2])
    assert not list(constraints.unlabelled(["// norm_c1", f"  {line}"]))


def test_labels_are_given_once():
    assert constraints.labels(["// norm_c1", "", "// norm_c2"]) == {
        "norm_c1": 1,
        "norm_c2": 3,
    }
    with pytest.raises(ValueError, match="norm_c1 is given twice"):
        constraints.labels(["// norm_c1", "// norm_c1"])


SAME = [
    ("namespace a { struct B {}; }", "namespace a {\nclass B final : C {};\n}"),
    ("struct B { int x; };", "// namespace {\nstruct B { char y; };"),
    ("namespace a::b { struct C {}; }", 'namespace a::b { union C {}; }'),
]
DIFFERENT = [
    ("namespace a { struct B {}; }", "namespace b { struct B {}; }"),
    ("namespace a { struct B {}; }", "namespace a { struct B; }"),
    ("namespace a { struct B {}; }", "namespace a { namespace { struct B {}; } }"),
    ("struct B {};", "void f() { struct B {}; }"),
    ("struct B {};", "struct A { struct B {}; };"),
    ("struct B {};", "enum class B { x };"),
    ("struct B {};", 'const char *text = "struct B {};";'),
]


@pytest.mark.parametrize("left, right", SAME)
def test_classes_of_one_name(left, right):
    (problem,) = names.duplicates({"l.h": left, "r.cpp": right})
    assert problem.endswith("is a class of l.h, too")


@pytest.mark.parametrize("left, right", DIFFERENT)
def test_classes_of_different_names(left, right):
    assert list(names.duplicates({"l.h": left, "r.cpp": right})) == []
