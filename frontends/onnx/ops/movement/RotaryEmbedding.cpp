// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// A cache as 1 or N x steps x 1 x half, by the given positions.
static Value cacheRows(Node &node, unsigned i, int64_t batch, int64_t steps) {
  Value cache = node.input(i);
  if (node.hasInput(3))
    cache = node.create<GatherOp>(cache, node.input(3), int64_t(0));
  if (!cache)
    return cache;
  int64_t half = shapeOf(cache).back();
  int64_t rows = ShapedType::getNumElements(shapeOf(cache)) /
                 std::max<int64_t>(half * steps, 1);
  if (rows != 1 && rows != batch) {
    (void)node.refuse("shape of a cache", shapeName(shapeOf(cache)),
                      shapeName({batch, steps, half}));
    return {};
  }
  return reshape(node, cache, {rows, steps, 1, half});
}

namespace {
/// The rotated part of the heads, split into what is multiplied as the real
/// and as the imaginary part.
struct Halves {
  Value real, imaginary;
};
} // namespace

static Halves split(Node &node, Value x, ArrayRef<int64_t> shape,
                    int64_t rotated, bool interleaved) {
  int64_t half = rotated / 2;
  if (!interleaved)
    return {sliceAxis(node, x, 3, 0, half), sliceAxis(node, x, 3, half, half)};
  Shape sizes(shape), steps{1, 1, 1, 2};
  sizes[3] = half;
  return {slice(node, x, {0, 0, 0, 0}, sizes, steps),
          slice(node, x, {0, 0, 0, 1}, sizes, steps)};
}

static Value join(Node &node, Halves halves, ArrayRef<int64_t> shape,
                  int64_t rotated, bool interleaved) {
  if (!interleaved)
    return concat(node, {halves.real, halves.imaginary}, 3);
  Shape paired(shape), merged(shape);
  paired[3] = rotated / 2;
  paired.push_back(1);
  merged[3] = rotated;
  Value x = concat(node, {reshape(node, halves.real, paired),
                          reshape(node, halves.imaginary, paired)},
                   4);
  return reshape(node, x, merged);
}

/// Rotates `x`: batch x steps x heads x size.
static Value rotated(Node &node, Value x, ArrayRef<int64_t> shape) {
  bool interleaved = node.intAttr("interleaved", 0);
  int64_t size = node.intAttr("rotary_embedding_dim", 0);
  if (size == 0)
    size = shape[3];
  if (size < 2 || size % 2 != 0 || size > shape[3]) {
    (void)node.refuse("rotary_embedding_dim", Twine(size),
                      "an even number up to " + Twine(shape[3]));
    return {};
  }
  Value cosine = cacheRows(node, 1, shape[0], shape[1]);
  Value sine = cacheRows(node, 2, shape[0], shape[1]);
  if (!cosine || !sine)
    return {};
  if (shapeOf(cosine).back() != size / 2) {
    (void)node.refuse("last dimension of a cache",
                      Twine(shapeOf(cosine).back()), Twine(size / 2));
    return {};
  }
  Halves in = split(node, x, shape, size, interleaved);
  auto mul = [&](Value a, Value b) {
    return binary(node, BinaryKind::Mul, a, b);
  };
  Halves out{binary(node, BinaryKind::Sub, mul(cosine, in.real),
                    mul(sine, in.imaginary)),
             binary(node, BinaryKind::Add, mul(sine, in.real),
                    mul(cosine, in.imaginary))};
  Value result = join(node, out, shape, size, interleaved);
  if (size == shape[3])
    return result;
  Value rest = sliceAxis(node, x, 3, size, shape[3] - size);
  return concat(node, {result, rest}, 3);
}

static LogicalResult importRotaryEmbedding(Node &node) {
  int64_t heads = node.intAttr("num_heads", 0);
  ArrayRef<int64_t> in = node.shape(0);
  if (in.size() == 4) { // batch x heads x steps x size
    Value x = transpose(node, node.input(0), {0, 2, 1, 3});
    x = rotated(node, x, {in[0], in[2], in[1], in[3]});
    return node.setOutput(0, transpose(node, x, {0, 2, 1, 3}));
  }
  if (in.size() != 3)
    return node.refuse("rank of the input", Twine(in.size()), "3 or 4");
  if (heads < 1 || in[2] % heads != 0)
    return node.refuse("num_heads", Twine(heads),
                       "a divisor of " + Twine(in[2]));
  Shape shape{in[0], in[1], heads, in[2] / heads};
  Value x = rotated(node, reshape(node, node.input(0), shape), shape);
  return node.setOutput(0, reshape(node, x, in));
}

VISIR_ONNX_OP(RotaryEmbedding, 23, 3, importRotaryEmbedding)
