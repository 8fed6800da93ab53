// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/ConvNumbers.h"

#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;

/// Channels that a vector holds, about: a few more cost as many.
static constexpr int64_t kLanes = 16;
/// What a window of three by three steps costs where filters are minimal.
static constexpr double kFiltered = 0.5;
/// What a product of a depthwise window costs, for want of reuse.
static constexpr double kDepthwise = 4;
/// Products that reading or writing an element is worth.
static constexpr double kElement = 3;

static int64_t elementsOf(ArrayRef<int64_t> shape) {
  return ShapedType::getNumElements(shape);
}

int64_t ConvNumbers::taps() const { return elementsOf(kernel); }

ConvNumbers ConvNumbers::of(ConvOp op) {
  ConvNumbers conv;
  conv.in = llvm::to_vector(shapeOfValue(op.getInput()));
  conv.out = llvm::to_vector(shapeOfValue(op.getResult()));
  conv.kernel =
      llvm::to_vector(shapeOfValue(op.getWeight()).drop_front(2));
  conv.strides = llvm::to_vector(op.getStrides());
  ArrayRef<int64_t> pads = op.getPads();
  conv.low = llvm::to_vector(pads.take_front(conv.spatial()));
  conv.high = llvm::to_vector(pads.take_back(conv.spatial()));
  conv.groups = op.getGroups();
  SmallVector<char> storage;
  ElementsAttr constant = constantOf(op.getWeight());
  ArrayRef<char> bytes = constantBytes(constant, storage);
  for (int64_t i = 0; i < constant.getNumElements(); ++i)
    conv.weights.push_back(
        elementAsDouble(bytes, constant.getElementType(), i));
  return conv;
}

double ConvNumbers::cost() const {
  double traffic = kElement * double(elementsOf(in) + elementsOf(out));
  int64_t points = elementsOf(out) / outChannels();
  if (isDepthwise())
    return kDepthwise * double(elementsOf(out) * taps()) + traffic;
  double products = double(points) * double(taps() * inner()) *
                    double(groups * llvm::alignTo(outChannels() / groups,
                                                  kLanes));
  bool filtered =
      groups == 1 && inChannels() >= kLanes && outChannels() >= kLanes &&
      llvm::count(kernel, 3) == 2 &&
      llvm::all_of(kernel, [](int64_t k) { return k == 1 || k == 3; }) &&
      llvm::all_of(strides, [](int64_t s) { return s == 1; });
  return products * (filtered ? kFiltered : 1) + traffic;
}

Value ConvNumbers::create(PatternRewriter &rewriter, Location loc, Value input,
                          Value bias, Type type) const {
  SmallVector<int64_t> shape{outChannels(), inner()};
  llvm::append_range(shape, kernel);
  Value weight = createConstant(
      rewriter, loc, RankedTensorType::get(shape, elementTypeOf(input)),
      weights);
  SmallVector<int64_t> pads(low), dilations(spatial(), 1);
  llvm::append_range(pads, high);
  return ConvOp::create(rewriter, loc, type, input, weight, bias, strides,
                        pads, dilations, groups);
}

bool visir::isPlainConv(ConvOp op) {
  return op && constantOf(op.getWeight()) &&
         isa<FloatType>(elementTypeOf(op.getResult())) &&
         elementsOf(shapeOfValue(op.getResult())) > 0 &&
         llvm::all_of(op.getDilations(), [](int64_t d) { return d == 1; });
}
