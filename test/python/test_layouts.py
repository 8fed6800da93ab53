# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `visir inspect` counts of commands that compute nothing."""

import json
import subprocess

import numpy
import visir
from conftest import model_of, tensor
from onnx import helper

AXIS = {"axis": numpy.array(1, numpy.int64)}


def scan(source, target):
    return helper.make_node("CumSum", [source, "axis"], [target], target)


def entry_of(folder, nodes, outputs):
    given = [tensor("x", (1, 40, 50))]
    path = folder / "model.visir"
    visir.compile(model_of(nodes, given, outputs, AXIS), output=path)
    command = [str(visir.locate.tool()), "inspect", str(path), "--json"]
    done = subprocess.run(command, capture_output=True, check=True)
    return json.loads(done.stdout)["entries"][0]


def test_order_of_an_input_is_not_inside(tmp_path):
    nodes = [helper.make_node("Transpose", ["x"], ["y"], perm=[0, 2, 1])]
    entry = entry_of(tmp_path, nodes, [tensor("y", (1, 50, 40))])
    assert entry["kinds"] == {"relayout": 1}
    assert entry["interior_relayouts"] == entry["interior_moves"] == 0


def test_transposition_between_scans_is_a_layout(tmp_path):
    nodes = [
        scan("x", "a"),
        helper.make_node("Transpose", ["a"], ["b"], perm=[0, 2, 1]),
        scan("b", "y"),
    ]
    entry = entry_of(tmp_path, nodes, [tensor("y", (1, 50, 40))])
    assert entry["kinds"] == {"scan": 2}


def test_parts_that_move_inside_are_counted(tmp_path):
    """One tensor in two concatenations is in its place in one of them only."""
    nodes = [
        scan("x", "a"),
        scan("a", "b"),
        helper.make_node("Concat", ["a", "b"], ["c"], axis=1),
        helper.make_node("Concat", ["b", "a"], ["d"], axis=1),
        helper.make_node("Concat", ["c", "d"], ["e"], axis=2),
        scan("e", "f"),
        helper.make_node("Concat", ["f", "c"], ["g"], axis=2),
        scan("g", "y"),
    ]
    entry = entry_of(tmp_path, nodes, [tensor("y", (1, 80, 150))])
    assert entry["interior_moves"] == entry["kinds"]["move"] >= 1
    assert entry["interior_relayouts"] == 0
