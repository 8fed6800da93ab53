// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/ops/Shape.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;

int64_t visir::windowExtent(int64_t extent, int64_t kernel, int64_t stride,
                            int64_t low, int64_t high, int64_t dilation) {
  if (ShapedType::isDynamic(extent) || ShapedType::isDynamic(kernel))
    return ShapedType::kDynamic;
  int64_t room = extent + low + high - dilation * (kernel - 1) - 1;
  return room < 0 ? -1 : room / stride + 1;
}

LogicalResult visir::checkWindow(std::optional<Location> loc, size_t spatial,
                                 ArrayRef<int64_t> strides,
                                 ArrayRef<int64_t> pads,
                                 ArrayRef<int64_t> dilations) {
  if (strides.size() != spatial)
    // window_c1
    return mismatch(loc, "number of strides", strides.size(), Twine(spatial));
  if (dilations.size() != spatial)
    // window_c2
    return mismatch(loc, "number of dilations", dilations.size(),
                    Twine(spatial));
  if (pads.size() != 2 * spatial)
    // window_c3
    return mismatch(loc, "number of pads", pads.size(), Twine(2 * spatial));
  for (int64_t value : llvm::concat<const int64_t>(strides, dilations))
    if (value < 1)
      // window_c4
      return mismatch(loc, "a stride or dilation", value, "at least 1");
  return success();
}

static LogicalResult
inferPool(std::optional<Location> loc, Value input, ArrayRef<int64_t> kernel,
          ArrayRef<int64_t> strides, ArrayRef<int64_t> pads,
          ArrayRef<int64_t> dilations, SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> in = shapeOf(input);
  size_t spatial = kernel.size();
  if (in.size() != spatial + 2)
    // window_c5
    return mismatch(loc, "rank of the input", in.size(), Twine(spatial + 2));
  if (failed(checkWindow(loc, spatial, strides, pads, dilations)))
    return failure();
  Shape out(in.take_front(2));
  for (size_t i = 0; i < spatial; ++i) {
    out.push_back(windowExtent(in[i + 2], kernel[i], strides[i], pads[i],
                               pads[i + spatial], dilations[i]));
    if (!ShapedType::isDynamic(out.back()) && out.back() < 0)
      // window_c6
      return emitOptionalError(loc,
                               "kernel is larger than the padded input "
                               "in dimension ",
                               i + 2);
  }
  types.push_back(RankedTensorType::get(out, elementOf(input)));
  return success();
}

LogicalResult MaxPoolOp::inferReturnTypes(MLIRContext *context,
                                          std::optional<Location> loc,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferPool(loc, adaptor.getInput(), adaptor.getKernel(),
                   adaptor.getStrides(), adaptor.getPads(),
                   adaptor.getDilations(), types);
}

LogicalResult AvgPoolOp::inferReturnTypes(MLIRContext *context,
                                          std::optional<Location> loc,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferPool(loc, adaptor.getInput(), adaptor.getKernel(),
                   adaptor.getStrides(), adaptor.getPads(),
                   adaptor.getDilations(), types);
}

LogicalResult AvgPoolOp::verify() {
  if (std::optional<ArrayRef<int64_t>> counted = getCountedPads())
    if (counted->size() != getPads().size())
      // window_c7
      return emitOpError("number of counted pads is ")
             << counted->size() << ", expected " << getPads().size();
  return success();
}

LogicalResult ResizeOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  Shape out(shapeOf(adaptor.getInput()));
  ArrayRef<int64_t> table = shapeOf(adaptor.getIndices());
  size_t axis = adaptor.getAxis();
  if (axis >= out.size() || table.size() != 2)
    // window_c8
    return emitOptionalError(loc, "axis or table of resize is out of range");
  out[axis] = table[0];
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  return success();
}

LogicalResult ResizeOp::verify() {
  if (shapeOf(getIndices()) != shapeOf(getWeights()))
    // window_c9
    return emitOpError("shape of weights differs from that of indices");
  return success();
}

LogicalResult GridSampleOp::inferReturnTypes(MLIRContext *context,
                                             std::optional<Location> loc,
                                             Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> in = shapeOf(adaptor.getInput());
  ArrayRef<int64_t> grid = shapeOf(adaptor.getGrid());
  if (in.size() < 3 || grid.size() != in.size())
    // window_c10
    return mismatch(loc, "rank of the grid", grid.size(), Twine(in.size()));
  Shape out(in.take_front(2));
  out.append(grid.begin() + 1, grid.end() - 1);
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  return success();
}

LogicalResult GridSampleOp::verify() {
  int64_t spatial = shapeOf(getInput()).size() - 2;
  if (!dimsMatch(shapeOf(getGrid()).back(), spatial))
    // window_c11
    return emitOpError("last dimension of the grid is ")
           << shapeOf(getGrid()).back() << ", expected " << spatial;
  return success();
}
