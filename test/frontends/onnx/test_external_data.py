# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights beside the model, and models that reach for other files."""

import os

import numpy
import pytest

from test.frontends.onnx.importing import (
    FLOAT, TensorProto, helper, model_of, run, save, value,
)  # fmt: skip

DATA = numpy.arange(6, dtype=numpy.float32)


@pytest.fixture
def folder(tmp_path):
    """A folder with w.bin, inside a folder with secret.bin."""
    (tmp_path / "secret.bin").write_bytes(DATA.tobytes())
    inner = tmp_path / "model"
    (inner / "sub").mkdir(parents=True)
    (inner / "w.bin").write_bytes(DATA.tobytes())
    (inner / "sub" / "w.bin").write_bytes(DATA.tobytes())
    return inner


def model_with(**keys):
    """y = x + w, where w has two floats in a file."""
    node = helper.make_node("Add", ["x", "w"], ["y"])
    model = model_of([node], [value("x", [2])], [value("y", [2])])
    tensor = model.graph.initializer.add(name="w", data_type=FLOAT, dims=[2])
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in keys.items():
        tensor.external_data.add(key=key, value=str(text))
    return model


def error(folder, **keys):
    result = run(save(model_with(**keys), folder))
    assert result.code == 1
    assert result.ir == ""
    return result.messages[0].split("error: tensor 'w': ")[1]


@pytest.mark.parametrize("location", ["w.bin", "./w.bin", "sub/w.bin"])
def test_files_beside_the_model(folder, location):
    result = run(save(model_with(location=location, offset=8, length=8), folder))
    assert DATA[2:4].tobytes().hex().upper() in result.ir


def test_offset_and_length_may_be_absent(folder):
    result = run(save(model_with(location="w.bin"), folder))
    assert DATA[:2].tobytes().hex().upper() in result.ir


def test_model_given_by_its_bare_name(folder, monkeypatch):
    save(model_with(location="w.bin"), folder)
    monkeypatch.chdir(folder)
    assert run("model.onnx").code == 0


@pytest.mark.parametrize(
    "location, text",
    [
        ("../secret.bin", "leaves the folder of the model"),
        ("sub/../../secret.bin", "leaves the folder of the model"),
        ("/etc/passwd", "is not a relative path"),
        ("..\\secret.bin", "is not a relative path"),
        ("sub", "is not a regular file"),
        ("none.bin", "cannot be read: No such file or directory"),
        ("w.bin/x", "passes through a symbolic link or a file, expected folders"),
    ],
)
def test_locations_that_are_refused(folder, location, text):
    assert error(folder, location=location) == f"external data '{location}' {text}"


def test_location_is_missing(folder):
    assert error(folder) == "external data '' is empty, expected a file name"


def test_symbolic_link(folder):
    (folder / "link.bin").symlink_to("../secret.bin")
    assert error(folder, location="link.bin") == (
        "external data 'link.bin' passes through a symbolic link or a file, "
        "expected folders"
    )


def test_symbolic_link_of_a_folder(folder):
    (folder / "up").symlink_to("..")
    assert error(folder, location="up/secret.bin") == (
        "external data 'up/secret.bin' passes through a symbolic link or a "
        "file, expected folders"
    )


def test_hard_link(folder):
    os.link(folder.parent / "secret.bin", folder / "hard.bin")
    assert error(folder, location="hard.bin") == (
        "external data 'hard.bin' has 2 hard links, expected 1"
    )


def test_pipe_does_not_stall(folder):
    os.mkfifo(folder / "pipe")
    assert error(folder, location="pipe") == (
        "external data 'pipe' is not a regular file"
    )


@pytest.mark.parametrize("offset", [20, 2**63, 2**64 - 4])
def test_data_beyond_the_end(folder, offset):
    assert error(folder, location="w.bin", offset=offset) == (
        f"external data 'w.bin' has 24 bytes, expected at least {offset} + 8"
    )


@pytest.mark.parametrize(
    "keys, text",
    [
        ({"offset": "-4"}, "offset is '-4', expected a number"),
        ({"offset": "1e3"}, "offset is '1e3', expected a number"),
        ({"length": "x"}, "length is 'x', expected a number"),
        ({"length": 12}, "length is 12, expected 8"),
    ],
)
def test_keys_that_do_not_fit(folder, keys, text):
    assert error(folder, location="w.bin", **keys) == text


def test_huge_tensor_allocates_nothing(folder):
    model = model_with(location="w.bin")
    model.graph.initializer[0].dims[:] = [2**39]
    result = run(save(model, folder))
    assert result.code == 1
    assert "has 24 bytes, expected at least 0 + 2199023255552" in result.messages[0]
