# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pathlib
import threading
import typing

import numpy
import pytest
import visir
from conftest import model_of, tensor
from onnx import helper


def expected(inputs):
    return inputs["x"] * inputs["scale"] + 1


def test_refuses_what_is_no_artifact(tmp_path):
    path = tmp_path / "junk.visir"
    path.write_bytes(b"junk" * 4096)
    with pytest.raises(visir.RuntimeFailure) as from_file:
        visir.load(path)
    with pytest.raises(visir.RuntimeFailure) as from_memory:
        visir.load(b"junk" * 4096)
    assert from_file.value.code == from_memory.value.code == 5
    assert "magic" in str(from_memory.value)


def test_names_a_missing_file(tmp_path):
    with pytest.raises(visir.RuntimeFailure, match="absent.visir"):
        visir.load(tmp_path / "absent.visir")


def test_version():
    assert visir.runtime_version().count(".") == 2


def test_describes_the_entry_point(affine_artifact):
    module = visir.load(affine_artifact)
    f32 = numpy.dtype("float32")
    assert set(module.inputs) == {
        visir.Tensor("x", f32, (2, 3)),
        visir.Tensor("scale", f32, (3,)),
    }
    assert module.outputs == (visir.Tensor("y", f32, (2, 3)),)


@pytest.mark.parametrize("threads", [1, 2])
def test_runs(affine_artifact, affine_inputs, threads):
    module = visir.load(affine_artifact, threads=threads)
    assert module.threads == threads
    result = module.run(affine_inputs)
    numpy.testing.assert_array_equal(result["y"], expected(affine_inputs))


def test_runs_from_a_file(affine_model, affine_inputs, tmp_path):
    path = visir.compile(affine_model, output=tmp_path / "affine.visir")
    result = visir.load(path).run(affine_inputs)
    numpy.testing.assert_array_equal(result["y"], expected(affine_inputs))


def test_copies_constants(affine_model, affine_inputs, tmp_path):
    path = visir.compile(affine_model, output=tmp_path / "affine.visir")
    module = visir.load(path, copy_constants=True)
    numpy.testing.assert_array_equal(
        module.run(affine_inputs)["y"], expected(affine_inputs)
    )


def test_takes_any_strides(affine_artifact, affine_inputs):
    wide = numpy.repeat(affine_inputs["x"], 2, axis=1)
    turned = numpy.asfortranarray(affine_inputs["x"])
    module = visir.load(affine_artifact)
    for x in (wide[:, ::2], turned):
        result = module.run({**affine_inputs, "x": x})
        numpy.testing.assert_array_equal(result["y"], expected(affine_inputs))


def test_takes_dlpack(affine_artifact, affine_inputs):
    class Holder:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **options):
            return self.array.__dlpack__(**options)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    held = {name: Holder(array) for name, array in affine_inputs.items()}
    result = visir.load(affine_artifact).run(held)
    numpy.testing.assert_array_equal(
        numpy.from_dlpack(result["y"]), expected(affine_inputs)
    )


def test_results_outlive_the_module(affine_artifact, affine_inputs):
    module = visir.load(affine_artifact)
    first = module.run(affine_inputs)["y"]
    second = module.run({**affine_inputs, "x": affine_inputs["x"] + 1})["y"]
    del module
    numpy.testing.assert_array_equal(first, expected(affine_inputs))
    assert not numpy.array_equal(first, second)


def test_threads_take_turns(affine_artifact, affine_inputs):
    module = visir.load(affine_artifact, threads=2)
    wrong = []

    def work(offset):
        inputs = {**affine_inputs, "x": affine_inputs["x"] + offset}
        for _ in range(50):
            result = module.run(inputs)["y"]
            if not numpy.array_equal(result, expected(inputs)):
                wrong.append(offset)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "change, error, text",
    [
        ({"x": None}, KeyError, "inputs are"),
        ({"z": numpy.zeros(1)}, KeyError, "inputs are"),
        ({"x": numpy.zeros((2, 3))}, TypeError, "float64, expected float32"),
        (
            {"x": numpy.zeros((3, 2), numpy.float32)},
            ValueError,
            r"shape of input x is \(3, 2\), expected \(2, 3\)",
        ),
    ],
)
def test_refuses_wrong_inputs(
    affine_artifact, affine_inputs, change, error, text
):
    inputs = {**affine_inputs, **change}
    inputs = {
        name: array for name, array in inputs.items() if array is not None
    }
    with pytest.raises(error, match=text):
        visir.load(affine_artifact).run(inputs)


def test_names_the_entry_points(affine_artifact, affine_inputs):
    with pytest.raises(KeyError, match="entry is absent, expected one of"):
        visir.load(affine_artifact).run(affine_inputs, entry="absent")


def test_is_a_context_manager(affine_artifact, affine_inputs):
    with visir.load(affine_artifact) as module:
        result = module.run(affine_inputs)["y"]
    numpy.testing.assert_array_equal(result, expected(affine_inputs))
    module.close()  # again, which does nothing
    with pytest.raises(ValueError, match="module is closed, expected an open"):
        module.run(affine_inputs)
    with pytest.raises(ValueError, match="module is closed"):
        module.threads


def test_writes_into_the_callers_memory(affine_artifact, affine_inputs):
    module = visir.load(affine_artifact)
    plain = numpy.empty((2, 3), numpy.float32)
    strided = numpy.empty((3, 2), numpy.float32).T
    for y in (plain, strided):
        assert module.run(affine_inputs, out={"y": y})["y"] is y
        numpy.testing.assert_array_equal(y, expected(affine_inputs))


def read_only():
    array = numpy.empty((2, 3), numpy.float32)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "out, error, text",
    [
        ({"z": read_only()}, KeyError, r"outputs are \['z'\], expected some"),
        ({"y": read_only()}, ValueError, "memory of output y is read-only"),
        ({"y": numpy.empty((2, 3))}, TypeError, "dtype of output y is float64"),
        (
            {"y": numpy.empty((3, 2), numpy.float32)},
            ValueError,
            r"shape of output y is \(3, 2\), expected \(2, 3\)",
        ),
        ({"y": [[0.0] * 3] * 2}, TypeError, "output y is a list, expected"),
    ],
)
def test_refuses_wrong_outputs(
    affine_artifact, affine_inputs, out, error, text
):
    with pytest.raises(error, match=text):
        visir.load(affine_artifact).run(affine_inputs, out=out)


def test_other_threads_go_on_during_a_run():
    """A run that takes long does not hold Python's global lock."""
    size = 512
    weights = numpy.zeros((size, size), numpy.float32)
    nodes = [
        helper.make_node("MatMul", [f"x{i}", "w"], [f"x{i + 1}"])
        for i in range(16)
    ]
    model = model_of(
        nodes,
        [tensor("x0", (size, size))],
        [tensor("x16", (size, size))],
        {"w": weights},
    )
    module = visir.load(visir.compile(model), threads=1)
    during = threading.Event()
    turns = 0

    def work():
        during.set()
        module.run({"x0": weights})
        during.clear()

    thread = threading.Thread(target=work)
    thread.start()
    during.wait()
    while during.is_set():
        turns += 1
    thread.join()
    assert turns > 1000


def test_is_typed():
    folder = pathlib.Path(visir.__file__).parent
    assert (folder / "py.typed").exists()
    for function in (visir.compile, visir.load, visir.Module.run):
        assert typing.get_type_hints(function)["return"]
