# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of several ops that become one dispatch: prologues, epilogues, sums
beside a store, stores into a part of a tensor, shifted loads."""

from test.e2e.ops.case import SUMMED, Case, Tensor, ir_type, normal, tolerance
from test.e2e.ops.movement import array


def line(name, op, operands, result):
    """One op; operands: [(name, shape)], the first of names that words
    precede; result: shape."""
    values = " ".join(value for value, _ in operands)
    if "layer_norm" not in op:
        values = values.replace(" ", ", ")
    types = ", ".join(ir_type("f32", shape) for _, shape in operands)
    op, _, attributes = op.partition(" {")
    attributes = f" {{{{{attributes}}}" if attributes else ""
    return (
        f"{name} = visir.{op} {values}{attributes} : ({types}) -> "
        f"{ir_type('f32', result)}"
    )


def case(name, inputs, lines, body, result):
    """body: (the last op without its types, the shapes of its operands)."""
    text, operands = body
    return Case(
        name,
        text,
        tuple(Tensor("f32", shape, normal) for shape in inputs),
        (("f32", result),),
        tolerance(SUMMED, "f32"),
        tuple(lines),
        tuple(ir_type("f32", shape) for shape in operands),
    )


NORM = (
    "layer_norm {{axis = {axis} : i64, epsilon = 1.0e-5 : f64{rms}, "
    "operandSegmentSizes = array<i32: 1, {scale}, {bias}>}}"
)


def norm_cases():
    """norm(x) @ w; the last weights are cut by columns."""
    for rows, k, n, scale, bias, rms in [
        (49, 36, 144, 1, 1, False),
        (196, 144, 48, 1, 1, False),
        (5, 17, 33, 1, 0, False),
        (64, 300, 32, 1, 0, True),
        (13, 256, 8, 0, 0, False),
        (3, 256, 640, 1, 1, False),
    ]:
        x, w = (1, rows, k), (k, n)
        inputs = [x, w] + [(k,)] * (scale + bias)
        operands = [("{0}", x)]
        operands += [
            (f"{word} {{{i + 2}}}", (k,))
            for i, word in enumerate(["scale", "bias"][: scale + bias])
        ]
        text = NORM.format(
            axis=2, rms=", rms" if rms else "", scale=scale, bias=bias
        )
        kind = "rms" if rms else "layer"
        yield case(
            f"fused_{kind}_norm_{rows}x{k}x{n}",
            inputs,
            [line("%n", text, operands, x)],
            ("visir.matmul %n, {1}", [x, w]),
            (1, rows, n),
        )


def gate_cases():
    """A pointwise convolution of x * gate, a gate per channel."""
    for size, ci, co in [(7, 24, 40), (14, 96, 24), (1, 32, 8)]:
        x, gate, w = (1, ci, size, size), (1, ci, 1, 1), (co, ci, 1, 1)
        yield case(
            f"fused_gate_{size}x{ci}x{co}",
            [x, gate, w],
            [line("%g", "binary mul", [("{0}", x), ("{1}", gate)], x)],
            (f"visir.conv %g, {{2}} {CONV}", [x, w]),
            (1, co, size, size),
        )


CONV = (
    "{{strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, "
    "dilations = array<i64: 1, 1>, groups = 1 : i64}}"
)


def conv_line(name, x, w, pad, groups, operands, stride=1):
    out = [
        (size + 2 * pad - w[2]) // stride + 1 for size in x[2:]
    ]
    result = (x[0], w[0], *out)
    text = (
        f"conv {{strides = array<i64: {stride}, {stride}>, pads = "
        f"array<i64: {pad}, {pad}, {pad}, {pad}>, dilations = "
        f"array<i64: 1, 1>, groups = {groups} : i64}}"
    )
    return line(name, text, list(zip(operands, (x, w))), result), result


def chain_cases():
    """Convolutions with nothing between them, which are merged where their
    weights are constants and that costs less, or may not be."""
    one, rows, columns = ((1, 1), (0, 0)), ((3, 1), (1, 0)), ((1, 3), (0, 1))
    square, bare = ((3, 3), (1, 1)), ((3, 3), (0, 0))
    for name, channels, groups, steps, stride in [
        ("pointwise", (40, 64, 24), (1, 1), (one, one), 1),
        ("tucker", (24, 22, 23, 40), (1, 1, 1), (one, square, one), 1),
        ("tucker_stride", (24, 22, 23, 40), (1, 1, 1), (one, square, one), 2),
        ("cp", (16, 70, 70, 70, 32), (1, 70, 70, 1), (one, rows, columns, one), 1),
        ("tt", (16, 48, 8, 48, 32), (1,) * 4, (one, rows, columns, one), 1),
        ("depthwise", (12, 12, 12), (12, 12), (rows, columns), 1),
        ("grouped", (12, 24, 16), (3, 4), (one, bare), 1),
        # Padding a padded result is not padding the input.
        ("padded_twice", (16, 32, 16), (1, 1), (square, square), 1),
    ]:
        x = (1, channels[0], 12, 11)
        inputs, lines, value, shape = [x], [], "{0}", x
        for i, (group, (kernel, pads)) in enumerate(zip(groups, steps)):
            w = (channels[i + 1], channels[i] // group, *kernel)
            step = stride if kernel == (3, 3) else 1
            result = (1, w[0]) + tuple(
                (size + 2 * pad - k) // step + 1
                for size, pad, k in zip(shape[2:], pads, kernel)
            )
            text = (
                f"conv {{strides = {array((step, step))}, pads = "
                f"{array(pads + pads)}, dilations = {array((1, 1))}, "
                f"groups = {group} : i64}}"
            )
            inputs.append(w)
            operands = [(value, shape), (f"{{{len(inputs) - 1}}}", w)]
            lines.append(line(f"%step{i}", text, operands, result))
            value, shape = f"%step{i}", result
        yield case(
            f"fused_chain_{name}",
            inputs,
            lines,
            ("visir.unary abs " + value, [shape]),
            shape,
        )


def sum_cases():
    """The mean over positions of an activated convolution, alone and together
    with its result."""
    for text, x, w, pad, groups, stride in [
        ("depthwise", (1, 40, 14, 14), (40, 1, 3, 3), 1, 40, 1),
        ("depthwise_stride", (2, 19, 15, 13), (19, 1, 5, 5), 2, 19, 2),
        ("pointwise", (1, 24, 7, 7), (72, 24, 1, 1), 0, 1, 1),
        ("window", (1, 8, 9, 20), (16, 8, 3, 3), 1, 1, 1),
    ]:
        first, shape = conv_line("%c", x, w, pad, groups, ("{0}", "{1}"), stride)
        mean = (*shape[:2], 1, 1)
        lines = [first, line("%a", "unary silu", [("%c", shape)], shape)]
        reduce = f"reduce mean %a {{{{axes = {array((2, 3))}, "
        reduce += "keepdims = true}}"
        yield case(
            f"fused_mean_{text}",
            [x, w],
            lines,
            (f"visir.{reduce}", [shape]),
            mean,
        )
        lines.append(
            f"%m = visir.{reduce} : ({ir_type('f32', shape)}) -> "
            f"{ir_type('f32', mean)}"
        )
        yield case(
            f"fused_gate_of_mean_{text}",
            [x, w],
            lines,
            ("visir.binary mul %a, %m", [shape, mean]),
            shape,
        )


def large_window_cases():
    """Depthwise windows that are not written out, channels last: fewer and
    more windows than taps, strides, borders beyond the tensor."""
    for c, height, width, kernel, pad, stride in [
        (19, 9, 40, 31, 15, 1),
        (16, 7, 12, 21, 10, 1),
        (8, 20, 45, 17, 8, 2),
        (5, 33, 36, 19, 0, 1),
        (4, 6, 6, 17, 20, 3),
    ]:
        x, w = (1, c, height, width), (c, 1, kernel, kernel)
        last = (1, height, width, c)
        first = f"transpose {{permutation = {array((0, 3, 1, 2))}}}"
        back = f"transpose %c {{{{permutation = {array((0, 2, 3, 1))}}}}}"
        conv, out = conv_line("%c", x, w, pad, c, ("%x", "{1}"), stride)
        yield case(
            f"fused_window_{kernel}_of_{c}x{height}x{width}",
            [last, w],
            [line("%x", first, [("{0}", last)], x), conv],
            (f"visir.{back}", [out]),
            (1, out[2], out[3], c),
        )


def box(sizes, source, src, dst):
    dims = ", ".join(f"d{i}" for i in range(len(sizes)))
    return (
        f"#visir.box<sizes = {list(sizes)}, source = {source}, "
        f"src = ({dims}) -> ({src}), dst = ({dims}) -> ({dst})>"
    )


def shift_cases():
    """A temporal shift in front of a pointwise convolution: some channels
    come from the frame before, some from the one behind, zeros at the ends."""
    for t, c, size, co, kernel in [(4, 16, 6, 24, 1), (8, 64, 7, 32, 1),
                                   (3, 12, 9, 20, 3)]:  # fmt: skip
        yield shift_case(t, c, size, co, kernel)


def shift_case(t, c, size, co, kernel):
    x, w, part = (t, c, size, size), (co, c, kernel, kernel), c // 4
    rest = "d2, d3"
    boxes = [
        box((t - 1, part, size, size), 0, f"d0 + 1, d1, {rest}",
            f"d0, d1, {rest}"),
        f"#visir.box<sizes = {[1, part, size, size]}, source = -1, "
        f"src = () -> (), dst = (d0, d1, d2, d3) -> ({t - 1}, d1, {rest})>",
        f"#visir.box<sizes = {[1, part, size, size]}, source = -1, "
        f"src = () -> (), dst = (d0, d1, d2, d3) -> (0, d1 + {part}, {rest})>",
        box((t - 1, part, size, size), 0, f"d0, d1 + {part}, {rest}",
            f"d0 + 1, d1 + {part}, {rest}"),
        box((t, c - 2 * part, size, size), 0, f"d0, d1 + {2 * part}, {rest}",
            f"d0, d1 + {2 * part}, {rest}"),
    ]  # fmt: skip
    move = f"move {{map = #visir.map<[{', '.join(boxes)}]>}}"
    pads = ", ".join([str(kernel // 2)] * 4)
    return case(
        f"fused_temporal_shift_{t}x{c}x{size}x{kernel}",
        [x, w],
        [line("%s", move, [("{0}", x)], x)],
        (f"visir.conv %s, {{1}} {CONV.replace('0, 0, 0, 0', pads)}", [x, w]),
        (t, co, size, size),
    )


def epilogue_cases():
    """GELU and a residual behind a product; two products that make the halves
    of one tensor."""
    x, w, r = (49, 36), (36, 80), (49, 80)
    yield case(
        "fused_gelu_residual",
        [x, w, r],
        [
            line("%p", "matmul", [("{0}", x), ("{1}", w)], r),
            line("%g", "unary gelu", [("%p", r)], r),
        ],
        ("visir.binary add %g, {2}", [r, r]),
        r,
    )
    both = (49, 160)
    boxes = [
        box(r, i, "d0, d1", f"d0, d1 + {80 * i}" if i else "d0, d1")
        for i in range(2)
    ]
    yield case(
        "fused_concat",
        [x, w, w],
        [
            line("%p", "matmul", [("{0}", x), ("{1}", w)], r),
            line("%q", "matmul", [("{0}", x), ("{2}", w)], r),
        ],
        (f"visir.move %p, %q {{{{map = #visir.map<[{', '.join(boxes)}]>}}}}",
         [r, r]),
        both,
    )  # fmt: skip


def attention_cases():
    """Heads of queries that share heads of keys and values."""
    for causal in ("", ", causal"):
        keys, shared = (2, 3, 1, 7, 8), (2, 3, 3, 7, 8)
        heads = (2, 9, 7, 8)
        expand, merge = (
            f"{op} {{shape = array<i64: {', '.join(map(str, to))}>}}"
            for op, to in (("expand", shared), ("reshape", heads))
        )
        yield case(
            f"fused_attention_shared{causal and '_causal'}",
            [heads, keys, keys],
            [
                line("%k", expand, [("{1}", keys)], shared),
                line("%v", expand, [("{2}", keys)], shared),
                line("%x", merge, [("%k", shared)], heads),
                line("%y", merge, [("%v", shared)], heads),
            ],
            (f"visir.attention {{0}}, %x, %y {{{{scale = 0.35 : f64{causal}}}}}",
             [heads] * 3),
            heads,
        )  # fmt: skip


def cases():
    yield from attention_cases()
    yield from norm_cases()
    yield from gate_cases()
    yield from chain_cases()
    yield from sum_cases()
    yield from large_window_cases()
    yield from shift_cases()
    yield from epilogue_cases()
