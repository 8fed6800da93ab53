# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of shifts by groups of channels behind what makes the tensor, which
then stores it so, and of what looks like one."""

from test.e2e.ops.case import ir_type
from test.e2e.ops.fusion import CONV, box, case, line

NORM = (
    "layer_norm %p {{axis = 1 : i64, epsilon = 1.0e-5 : f64, "
    "operandSegmentSizes = array<i32: 1, 0, 0>}}"
)


def named(sizes, source, starts):
    """A box at `starts`, (of the source, of the result) by dimension."""

    def at(which):
        return ", ".join(
            f"d{i} + {start[which]}" if start[which] else f"d{i}"
            for i, start in enumerate(starts)
        )

    if source >= 0:
        return box(sizes, source, at(0), at(1))
    dims = ", ".join(f"d{i}" for i in range(len(sizes)))
    return (
        f"#visir.box<sizes = {list(sizes)}, source = -1, src = () -> (), "
        f"dst = ({dims}) -> ({at(1)})>"
    )


def boxes(shape, groups, border="zero"):
    """(first, last, axis, offset) for all channels in order, axis 2 or 3 of
    (n, c, h, w); the border is zero, keeps what lies there, or is what leaves
    at the other end."""
    result = []
    for first, last, axis, offset in groups:
        sizes = [shape[0], last - first, *shape[2:]]
        starts = [(0, 0), (first, first), (0, 0), (0, 0)]
        count = min(abs(offset), shape[axis])
        if count:
            rim, rim_starts = list(sizes), list(starts)
            rim[axis] = count
            place = shape[axis] - count if offset > 0 else 0
            other = shape[axis] - count - place
            source = place if border == "keep" else other
            rim_starts[axis] = (source, place)
            result.append(
                named(rim, -1 if border == "zero" else 0, rim_starts)
            )
        sizes[axis] -= count
        starts[axis] = (max(offset, 0), max(-offset, 0))
        if sizes[axis]:
            result.append(named(sizes, 0, starts))
    return f"move {{{{map = #visir.map<[{', '.join(result)}]>}}}}"


def ways(channels, part):
    """Four groups of `part` channels along both axes, the rest unmoved."""
    moves = [(3, 1), (3, -1), (2, 1), (2, -1)]
    groups = [
        (i * part, (i + 1) * part, *move) for i, move in enumerate(moves)
    ]
    return [*groups, (4 * part, channels, 2, 0)]


def chunks(channels, width, axis):
    """Chunks of `width` channels by -2, -1, 0, 1, 2 along one axis."""
    return [
        (j * width, min((j + 1) * width, channels), axis, j - 2)
        for j in range(5)
    ]


def behind(name, producer, x, groups, border="zero"):
    """A shift of what `producer` makes of (n, 8, h, w) or of its own shape."""
    shape, lines, inputs = x, [], [x]
    if producer == "conv":
        inputs = [(x[0], 8, *x[2:]), (x[1], 8, 1, 1)]
        operands = [("{0}", inputs[0]), ("{1}", inputs[1])]
        conv = CONV.replace("{{", "{").replace("}}", "}")
        lines.append(line("%q", f"conv {conv}", operands, shape))
    else:
        lines.append(line("%p", "unary gelu", [("{0}", x)], x))
        text = NORM if producer == "norm" else "unary relu %p"
        lines.append(
            f"%q = visir.{text} : ({ir_type('f32', x)}) -> "
            f"{ir_type('f32', x)}"
        )
    move = boxes(shape, groups, border)
    op, _, attributes = move.partition(" ")
    last = f"visir.{op} %q {attributes}"
    return case(f"shift_{name}", inputs, lines, (last, [shape]), shape)


def cases():
    for c, h, w, part in [(40, 10, 10, 3), (96, 14, 9, 8), (20, 1, 7, 3)]:
        yield behind(
            f"stored_{c}x{h}x{w}", "conv", (2, c, h, w), ways(c, part)
        )
    for axis in (2, 3):
        yield behind(
            f"stored_chunks_{axis}", "conv", (1, 24, 6, 9), chunks(24, 5, axis)
        )
    for producer in ("map", "norm"):
        yield behind(
            f"stored_{producer}", producer, (1, 36, 7, 5), ways(36, 5)
        )
    for producer in ("conv", "map", "norm"):
        yield behind(
            f"rolled_{producer}", producer, (1, 36, 7, 5), ways(36, 5), "wrap"
        )
    yield behind("kept_border", "conv", (1, 24, 6, 5), ways(24, 4), "keep")
