# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shifts by groups of channels between two products, at random shapes and in
the ways that exporters spell them: right, the same with the rewrite off, and
without a copy left; what only looks like one is right, too."""

import re
import subprocess

import numpy
import onnx
import pytest
import visir
from conftest import model_of, tensor
from onnx import helper
from test_recognition import TOOL

CHANNELS = 1


class Graph:
    """Nodes with names of their own and constants."""

    def __init__(self):
        self.nodes, self.weights = [], {}

    def add(self, kind, inputs, **attributes):
        names = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        result = f"v{len(self.nodes)}"
        node = helper.make_node(kind, names, [result], **attributes)
        self.nodes.append(node)
        return result

    def constant(self, array):
        name = f"c{len(self.weights)}"
        self.weights[name] = numpy.asarray(array)
        return name

    def slice(self, x, axis, first, last):
        return self.add("Slice", [x, [first], [last], [axis]])


def window(size, offset):
    """(places of the result, places of the source)."""
    first, last = max(0, -offset), min(size, size - offset)
    return (first, last), (first + offset, last + offset)


def pieces(graph, x, shape, groups):
    """Each group cut out, moved and padded, all joined."""
    parts = []
    for first, last, axis, offset in groups:
        part = graph.slice(x, CHANNELS, first, last)
        (low, high), (start, end) = window(shape[axis], offset)
        part = graph.slice(part, axis, start, end)
        pads = [0] * 2 * len(shape)
        pads[axis], pads[len(shape) + axis] = low, shape[axis] - high
        parts.append(graph.add("Pad", [part, pads]))
    return graph.add("Concat", parts, axis=CHANNELS)


def rolled(graph, x, shape, groups):
    """Each group cut out and rolled, all joined."""
    parts = []
    for first, last, axis, offset in groups:
        part = graph.slice(x, CHANNELS, first, last)
        at = offset % shape[axis]
        ends = [(at, shape[axis]), (0, at)] if at else [(0, shape[axis])]
        ends = [graph.slice(part, axis, *end) for end in ends]
        parts.append(graph.add("Concat", ends, axis=axis))
    return graph.add("Concat", parts, axis=CHANNELS)


def segments(graph, x, shape, groups):
    """Two halves of the first axis, each shifted by itself."""
    halves = (2, shape[0] // 2, *shape[1:])
    x = graph.add("Reshape", [x, halves])
    inner = [(first, last, axis + 1, by) for first, last, axis, by in groups]
    made = vectors(graph, x, halves, inner, CHANNELS + 1)
    return graph.add("Reshape", [made, shape])


def vectors(graph, x, shape, groups, channels=CHANNELS):
    """Zeros to which slices are assigned by an index vector per element."""
    out = graph.constant(numpy.zeros(shape, numpy.float32))
    for first, last, axis, offset in groups:
        to = [range(size) for size in shape]
        start = graph.slice(x, channels, first, last)
        (low, high), source = window(shape[axis], offset)
        to[channels], to[axis] = range(first, last), range(low, high)
        indices = numpy.stack(numpy.meshgrid(*to, indexing="ij"), axis=-1)
        part = graph.slice(start, axis, *source)
        out = graph.add("ScatterND", [out, indices.astype("i8"), part])
    return out


def nested(graph, x, shape, groups):
    """The same by rows: into the places along the axis of a slice of the
    channels, then that into all channels."""
    out = graph.constant(numpy.zeros(shape, numpy.float32))

    def scatter(into, axis, first, last, part):
        order = [axis, *(i for i in range(len(shape)) if i != axis)]
        back = [order.index(i) for i in range(len(shape))]
        into = graph.add("Transpose", [into], perm=order)
        part = graph.add("Transpose", [part], perm=order)
        rows = numpy.arange(first, last).reshape(-1, 1)
        made = graph.add("ScatterND", [into, rows, part])
        return graph.add("Transpose", [made], perm=back)

    for first, last, axis, offset in groups:
        (low, high), source = window(shape[axis], offset)
        part = graph.slice(x, CHANNELS, first, last)
        part = graph.slice(part, axis, *source)
        rows = graph.slice(out, axis, low, high)
        rows = scatter(rows, CHANNELS, first, last, part)
        out = scatter(out, axis, low, high, rows)
    return out


SPELLINGS = {"pieces": pieces, "vectors": vectors, "nested": nested}


def shifted(x, groups):
    out = numpy.zeros_like(x)
    for first, last, axis, offset in groups:
        to, start = [slice(None)] * x.ndim, [slice(None)] * x.ndim
        to[CHANNELS] = start[CHANNELS] = slice(first, last)
        places, source = window(x.shape[axis], offset)
        to[axis], start[axis] = slice(*places), slice(*source)
        out[tuple(to)] = x[tuple(start)]
    return out


def weights_of(random, outputs, inputs):
    return random.standard_normal((outputs, inputs, 1, 1), numpy.float32)


def product(w, x):
    return numpy.einsum("oi,nihw->nohw", w[:, :, 0, 0], x)


def roll(x, groups):
    parts = [
        numpy.roll(x[:, first:last], -offset, axis)
        for first, last, axis, offset in groups
    ]
    return numpy.concatenate(parts, axis=CHANNELS)


def in_halves(x, groups):
    halves = numpy.split(x, 2)
    return numpy.concatenate([shifted(half, groups) for half in halves])


class Net:
    """product -> shift -> product; with `beside`, what is shifted is a second
    output, too."""

    def __init__(self, random, spell, shape, groups, beside):
        self.first = weights_of(random, shape[CHANNELS], 5)
        self.second = weights_of(random, 7, shape[CHANNELS])
        self.shape, self.groups, self.beside = shape, groups, beside
        inputs = (shape[0], 5, *shape[2:])
        outputs = (shape[0], 7, *shape[2:])
        self.x = random.standard_normal(inputs, numpy.float32)
        graph = Graph()
        made = graph.add("Conv", ["x", self.first])
        moved = spell(graph, made, shape, groups)
        graph.nodes.append(
            helper.make_node("Conv", [moved, graph.constant(self.second)], ["y"])
        )
        results = [tensor("y", outputs)]
        if beside:
            graph.nodes.append(helper.make_node("Identity", [made], ["z"]))
            results.append(tensor("z", shape))
        self.model = model_of(
            graph.nodes, [tensor("x", inputs)], results, graph.weights
        )

    def run(self, *options):
        return visir.load(visir.compile(self.model, options=options)).run(
            {"x": self.x}
        )

    def expected(self, shift=shifted):
        made = product(self.first, self.x)
        results = {"y": product(self.second, shift(made, self.groups))}
        if self.beside:
            results["z"] = made
        return results

    def copies(self, folder):
        """Dispatches that are no products."""
        onnx.save(self.model, folder / "net.onnx")
        done = subprocess.run(
            [TOOL, "compile", folder / "net.onnx", "--to", "fused", "-q"]
            + ["-o", folder / "net.mlir"],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        kinds = re.findall(
            r"visir\.dispatch *<(\w+)", (folder / "net.mlir").read_text()
        )
        return len(kinds) - kinds.count("contract")


def random_groups(random, shape, axes):
    """Groups of random widths, one axis and offset each, that cover all
    channels; the last stays where it is."""
    cuts = sorted(random.choice(numpy.arange(1, shape[1]), 3, replace=False))
    groups = []
    for first, last in zip([0, *cuts], [*cuts, shape[1]]):
        axis = int(random.choice(axes))
        offset = int(random.integers(-2, 3)) or 1
        offset = max(-shape[axis] + 1, min(shape[axis] - 1, offset))
        groups.append((int(first), int(last), axis, offset))
    first, last, axis, _ = groups[-1]
    return [*groups[:-1], (first, last, axis, 0)]


def close(actual, expected):
    assert actual.keys() == expected.keys()
    for name, values in expected.items():
        largest = numpy.abs(values).max()
        numpy.testing.assert_allclose(
            actual[name], values, rtol=0, atol=4e-6 * largest
        )


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("beside", [False, True])
def test_shifts_are_not_copied(spelling, beside, tmp_path):
    random = numpy.random.default_rng(11 + beside)
    for _ in range(2):
        shape = (
            int(random.integers(2, 5)),
            int(random.integers(5, 40)),
            *(int(size) for size in random.integers(2, 7, 2)),
        )
        # A load is shifted along one axis, a store along any.
        axes = [int(random.choice([0, 2, 3]))] if beside else [0, 2, 3]
        groups = random_groups(random, shape, axes)
        net = Net(random, SPELLINGS[spelling], shape, groups, beside)
        expected = net.expected()
        close(net.run(), expected)
        close(net.run("--disable", "fuse-shifts"), expected)
        assert net.copies(tmp_path) == 0, (shape, groups)


@pytest.mark.parametrize("spell, shift", [(rolled, roll), (segments, in_halves)])
def test_other_borders_are_not_copied(spell, shift, tmp_path):
    """Places that go round, and shifts within halves of the frames."""
    random = numpy.random.default_rng(23)
    for channels in (9, 34):
        shape = (6, channels, 4, 5)
        axes = [0] if spell is segments else [0, 2, 3]
        groups = random_groups(random, (3, *shape[1:]), axes)
        net = Net(random, spell, shape, groups, False)
        expected = net.expected(shift)
        close(net.run(), expected)
        close(net.run("--disable", "fuse-shifts"), expected)
        assert net.copies(tmp_path) == 0, (shape, groups)


def test_written_over_and_lost_channels(tmp_path):
    """The second group begins within the first, and the last is never written:
    right, but no shift."""
    random = numpy.random.default_rng(5)
    shape, groups = (3, 12, 4, 4), [(0, 5, 0, 1), (3, 8, 0, -1)]
    net = Net(random, vectors, shape, groups, False)
    made = product(net.first, net.x)
    out = shifted(made, groups[:1])
    out[:, 3:8] = numpy.where(
        (numpy.arange(3) > 0)[:, None, None, None],
        shifted(made, groups[1:])[:, 3:8],
        out[:, 3:8],
    )
    close(net.run(), {"y": product(net.second, out)})
