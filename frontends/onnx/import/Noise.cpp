// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Noise.h"

#include "compiler/support/Constants.h"
#include "dialects/visir/Random.h"
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Scope.h"
#include "frontends/onnx/import/Tensor.h"

#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Adds an input to the entry, behind those of the model.
static Value addInput(Node &node, StringRef name, RankedTensorType type) {
  Noise &noise = node.scope().entry().noise;
  std::string unique = name.str();
  for (unsigned i = 1; !noise.taken.insert(unique).second; ++i)
    unique = (name + "_" + Twine(i)).str();
  Block *block = node.builder().getInsertionBlock();
  Value value = block->insertArgument(noise.inputs + noise.arguments.size(),
                                      type, node.loc());
  noise.arguments.push_back(value);
  noise.names.push_back(unique);
  return value;
}

static Value seedOf(Node &node) {
  Noise &noise = node.scope().entry().noise;
  auto type = RankedTensorType::get({}, si64(node));
  if (noise.source == NoiseSource::Frozen)
    return node.constant(makeConstant(type, ArrayRef<int64_t>(noise.seed)));
  if (!noise.seedInput)
    noise.seedInput = addInput(node, "seed", type);
  return noise.seedInput;
}

Value visir::onnx::drawNoise(Node &node, Draw draw, ArrayRef<int64_t> shape) {
  Noise &noise = node.scope().entry().noise;
  if (node.refused() || failed(checkElements(node, shape)))
    return Value();
  // Nodes with a seed of their own draw other numbers than those without.
  auto own = llvm::bit_cast<uint32_t>(float(node.floatAttr("seed", 0)));
  if (noise.source == NoiseSource::None) {
    (void)node.refuse("--noise is not given, expected frozen, input or "
                      "counter");
    return Value();
  }
  if (noise.source == NoiseSource::Input)
    return addInput(node, node.proto().output(0),
                    RankedTensorType::get(shape, f32(node)));
  uint64_t stream = uint64_t(own) << 32 | uint32_t(noise.draws++);
  return node.create<RandomOp>(
      seedOf(node), draw == Draw::Normal ? "normal" : "uniform", shape,
      stream);
}

Type visir::onnx::noiseType(Node &node, Type fallback) {
  if (!node.hasAttr("dtype"))
    return fallback;
  int64_t dtype = node.intAttr("dtype", 1);
  Type element = elementTypeOf(node.context(), dtype);
  if (element && isFloat(element))
    return element;
  (void)node.refuse("dtype", dataTypeName(dtype), "a float");
  return fallback;
}

/// first + noise * scale, in f32.
static LogicalResult setScaled(Node &node, Value noise, double first,
                               double scale, Type type) {
  if (!noise)
    return failure();
  if (scale != 1)
    noise = binary(node, BinaryKind::Mul, noise,
                   scalarLike(node, noise, scale));
  if (first != 0)
    noise = binary(node, BinaryKind::Add, noise,
                   scalarLike(node, noise, first));
  return node.setOutput(0, cast(node, noise, type));
}

LogicalResult visir::onnx::setUniform(Node &node, ArrayRef<int64_t> shape,
                                      Type type) {
  double low = node.floatAttr("low", 0), high = node.floatAttr("high", 1);
  return setScaled(node, drawNoise(node, Draw::Uniform, shape), low,
                   high - low, type);
}

LogicalResult visir::onnx::setNormal(Node &node, ArrayRef<int64_t> shape,
                                     Type type) {
  double mean = node.floatAttr("mean", 0), scale = node.floatAttr("scale", 1);
  return setScaled(node, drawNoise(node, Draw::Normal, shape), mean, scale,
                   type);
}
