# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Decodes of heatmaps, found or not, give the same points."""

import numpy
import onnx
import pytest
import visir
from test_recognition import compile_to, count_ops

OFF = ("--disable", "recognise-heatmap-decode")
STEP = """
<ir_version: 9, opset_import: ["" : 17]>
step (float[{n},{k},{h},{w}] maps) => (float[{n},{k}] x, float[{n},{k}] y) {{
  shape = Constant <value_ints = [{n}, {k}, -1]> ()
  zero = Constant <value_int = 0> ()
  one = Constant <value_int = 1> ()
  last = Constant <value_int = {last}> ()
  width = Constant <value_int = {w}> ()
  right = Constant <value_int = {right}> ()
  bottom = Constant <value_int = {bottom}> ()
  two = Constant <value_ints = [2]> ()
  quarter = Constant <value_float = 0.25> ()
  flat = Reshape (maps, shape)
  index = ArgMax <axis = 2, keepdims = 0> (flat)
  u = Mod (index, width)
  v = Div (index, width)
  a = Greater (u, zero)
  b = Less (u, right)
  c = Greater (v, zero)
  d = Less (v, bottom)
  ab = And (a, b)
  cd = And (c, d)
  inside = And (ab, cd)
  at = Unsqueeze (index, two)
  {neighbours}
  fu = Cast <to = 1> (u)
  fv = Cast <to = 1> (v)
  mx = Add (fu, qx)
  my = Add (fv, qy)
  x = Where (inside, mx, fu)
  y = Where (inside, my, fv)
}}
"""
NEIGHBOUR = """
  {s}p0 = Add (at, {by})
  {s}p = Min ({s}p0, last)
  {s}m0 = Sub (at, {by})
  {s}m = Max ({s}m0, zero)
  {s}cp = GatherElements <axis = 2> (flat, {s}p)
  {s}cm = GatherElements <axis = 2> (flat, {s}m)
  {s}d = Sub ({s}cp, {s}cm)
  {s}e = Squeeze ({s}d, two)
  {s}f = Sign ({s}e)
  q{s} = Mul ({s}f, quarter)
"""
SOFTMAX = """
<ir_version: 9, opset_import: ["" : 17]>
softmax (float[{n},{k},{h},{w}] maps) => (float[{n},{k}] x, float[{n},{k}] y) {{
  shape = Constant <value_ints = [{n}, {k}, -1]> ()
  width = Constant <value_float = {w}.0> ()
  ones = Constant <value_ints = [0, 0, 1, 1, 0, 0, 1, 1]> ()
  tau = Constant <value_float = 6.0> ()
  last = Constant <value_ints = [2, 3]> ()
  end = Constant <value_ints = [2]> ()
  index_end = Constant <value_ints = [3]> ()
  grid = Constant <value = int64[9, 2] {{{grid}}}> ()
  offsets = Constant <value = float[9, 2] {{{offsets}}}> ()
  flat = Reshape (maps, shape)
  index = ArgMax <axis = 2, keepdims = 0> (flat)
  float_index = Cast <to = 1> (index)
  quotient = Div (float_index, width)
  fv = Floor (quotient)
  before = Mul (fv, width)
  fu = Sub (float_index, before)
  u0 = Cast <to = 7> (fu)
  v0 = Cast <to = 7> (fv)
  u1 = Unsqueeze (u0, last)
  v1 = Unsqueeze (v0, last)
  vu = Concat <axis = 3> (v1, u1)
  places = Add (vu, grid)
  padded = Pad (maps, ones)
  {patch}
  scaled = Mul (patch, tau)
  weights = Exp (scaled)
  total = ReduceSum <keepdims = 1> (weights, end)
  shares = Div (weights, total)
  sums = MatMul (shares, offsets)
  dy, dx = Split <axis = 2> (sums)
  sy = Squeeze (dy, end)
  sx = Squeeze (dx, end)
  x = Add (fu, sx)
  y = Add (fv, sy)
}}
"""


BY_INDEX = "patch = GatherND <batch_dims = 2> (padded, places)"
# What exporters make of unfold: all squares, of which one is taken.
UNFOLDED = """
  rows = Constant <value = int64[3, {h}] {{{rows}}}> ()
  columns = Constant <value = int64[3, {w}] {{{columns}}}> ()
  by_rows = Gather <axis = 2> (padded, rows)
  by_columns = Gather <axis = 4> (by_rows, columns)
  all = Transpose <perm = [0, 1, 2, 4, 3, 5]> (by_columns)
  nine = Constant <value_ints = [{n}, {k}, 9, -1]> ()
  squares = Reshape (all, nine)
  index1 = Unsqueeze (index, last)
  many = Constant <value_ints = [{n}, {k}, 9, 1]> ()
  index9 = Expand (index1, many)
  taken = GatherElements <axis = 3> (squares, index9)
  patch = Squeeze (taken, index_end)
"""


def step(**sizes):
    neighbours = "".join(
        NEIGHBOUR.format(s=s, by=by) for s, by in (("x", "one"), ("y", "width"))
    )
    return STEP.format(
        **sizes,
        neighbours=neighbours,
        last=sizes["h"] * sizes["w"] - 1,
        right=sizes["w"] - 1,
        bottom=sizes["h"] - 1,
    )


def softmax(patch=BY_INDEX, **sizes):
    grid = [(j, i) for j in range(3) for i in range(3)]
    numbers = [c for pair in grid for c in pair]
    return SOFTMAX.format(
        **sizes,
        patch=patch,
        grid=", ".join(map(str, numbers)),
        offsets=", ".join(str(float(c - 1)) for c in numbers),
    )


def unfolded(**sizes):
    tables = {
        name: ", ".join(str(i + j) for j in range(3) for i in range(sizes[size]))
        for name, size in (("rows", "h"), ("columns", "w"))
    }
    return softmax(UNFOLDED.format(**tables, **sizes), **sizes)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "write, kind",
    [(step, "step"), (softmax, "softmax"), (unfolded, "softmax")],
)
def test_found_or_not(write, kind, seed, tmp_path):
    rng = numpy.random.default_rng(seed)
    drawn = rng.integers((1, 1, 3, 3), (3, 9, 24, 40))
    sizes = dict(zip("nkhw", map(int, drawn)))
    path = tmp_path / "decode.onnx"
    onnx.save(onnx.parser.parse_model(write(**sizes)), path)
    found = compile_to("recognised", path, tmp_path / "a.mlir")
    kept = compile_to("recognised", path, tmp_path / "b.mlir", *OFF)
    assert count_ops(kept)["heatmap_decode"] == 0
    assert f'kind = "{kind}"' in found
    assert "arg_reduce" not in found and "gather" not in found
    maps = rng.random(tuple(sizes.values()), dtype="float32")
    expected = visir.evaluate(path, {"maps": maps})
    for options in ((), OFF):
        artifact = visir.compile(path, options=options)
        with visir.load(artifact) as module:
            results = module.run({"maps": maps})
        for name in ("x", "y"):
            assert numpy.allclose(
                results[name], expected[name], rtol=0, atol=1e-4
            )
