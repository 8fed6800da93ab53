// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/ops/Shape.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace visir;

static LogicalResult resultLike(Value input, ArrayRef<int64_t> shape,
                                SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get(shape, elementOf(input)));
  return success();
}

LogicalResult ReshapeOp::inferReturnTypes(MLIRContext *context,
                                          std::optional<Location> loc,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  Shape shape(adaptor.getShape());
  int64_t known = 1, unknown = -1;
  for (auto [i, dim] : llvm::enumerate(shape)) {
    if (dim == -1) {
      if (unknown >= 0)
        // movement_c1
        return emitOptionalError(loc, "shape has more than one -1");
      unknown = i;
    } else {
      known *= dim;
    }
  }
  auto in = cast<RankedTensorType>(adaptor.getInput().getType());
  if (unknown >= 0)
    shape[unknown] = in.hasStaticShape() && known != 0
                         ? in.getNumElements() / known
                         : ShapedType::kDynamic;
  if (in.hasStaticShape() && !ShapedType::isDynamicShape(shape)) {
    int64_t count = ShapedType::getNumElements(shape);
    if (count != in.getNumElements())
      // movement_c2
      return mismatch(loc, "number of elements", count,
                      Twine(in.getNumElements()));
  }
  return resultLike(adaptor.getInput(), shape, types);
}

LogicalResult ReshapeOp::verify() { return success(); }

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> loc,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> in = shapeOf(adaptor.getInput());
  ArrayRef<int64_t> permutation = adaptor.getPermutation();
  if (permutation.size() != in.size())
    // movement_c3
    return mismatch(loc, "length of permutation", permutation.size(),
                    Twine(in.size()));
  Shape out;
  llvm::SmallBitVector seen(in.size());
  for (int64_t dim : permutation) {
    if (dim < 0 || dim >= int64_t(in.size()) || seen[dim])
      // movement_c4
      return emitOptionalError(loc, "permutation is not one");
    seen.set(dim);
    out.push_back(in[dim]);
  }
  return resultLike(adaptor.getInput(), out, types);
}

LogicalResult TransposeOp::verify() { return success(); }

LogicalResult SliceOp::inferReturnTypes(MLIRContext *context,
                                        std::optional<Location> loc,
                                        Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  return resultLike(adaptor.getInput(), adaptor.getSizes(), types);
}

LogicalResult SliceOp::verify() {
  ArrayRef<int64_t> in = shapeOf(getInput());
  if (getOffsets().size() != in.size() || getSizes().size() != in.size() ||
      getStrides().size() != in.size())
    // movement_c5
    return emitOpError("offsets, sizes and strides must have one entry for "
                       "each of the ")
           << in.size() << " dimensions";
  for (auto [i, dim] : llvm::enumerate(in)) {
    int64_t first = getOffsets()[i], size = getSizes()[i];
    if (ShapedType::isDynamic(dim) || size == 0)
      continue;
    int64_t last = first + (size - 1) * getStrides()[i];
    if (size < 0 || std::min(first, last) < 0 || std::max(first, last) >= dim)
      // movement_c6
      return emitOpError("slice of dimension ")
             << i << " covers " << std::min(first, last) << " .. "
             << std::max(first, last) << ", expected within 0 .. " << dim - 1;
  }
  return success();
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *context,
                                      std::optional<Location> loc,
                                      Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  Shape out(shapeOf(adaptor.getInput()));
  if (adaptor.getLow().size() != out.size() ||
      adaptor.getHigh().size() != out.size())
    // movement_c7
    return mismatch(loc, "length of the paddings", adaptor.getLow().size(),
                    Twine(out.size()));
  for (auto [dim, low, high] :
       llvm::zip_equal(out, adaptor.getLow(), adaptor.getHigh()))
    if (!ShapedType::isDynamic(dim))
      dim += low + high;
  return resultLike(adaptor.getInput(), out, types);
}

LogicalResult PadOp::verify() {
  for (int64_t amount : llvm::concat<const int64_t>(getLow(), getHigh()))
    if (amount < 0)
      // movement_c8
      return emitOpError("padding is ") << amount << ", expected >= 0";
  return success();
}

LogicalResult ExpandOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  return resultLike(adaptor.getInput(), adaptor.getShape(), types);
}

LogicalResult ExpandOp::verify() {
  Shape merged;
  if (failed(broadcastShapes(shapeOf(getInput()), getShape(), merged)) ||
      ArrayRef<int64_t>(merged) != getShape())
    // movement_c9
    return emitOpError("operand ")
           << getInput().getType() << " does not broadcast to the shape";
  return success();
}

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (adaptor.getInputs().empty())
    // movement_c10
    return emitOptionalError(loc, "concat has no operands");
  Value first = adaptor.getInputs().front();
  Shape out(shapeOf(first));
  size_t axis = adaptor.getAxis();
  if (axis >= out.size())
    // movement_c11
    return mismatch(loc, "axis", axis, "less than " + Twine(out.size()));
  for (Value input : adaptor.getInputs().drop_front()) {
    ArrayRef<int64_t> shape = shapeOf(input);
    if (shape.size() != out.size())
      // movement_c12
      return mismatch(loc, "rank of an operand", shape.size(),
                      Twine(out.size()));
    if (elementOf(input) != elementOf(first))
      // movement_c13
      return emitOptionalError(loc, "element type of an operand is ",
                               elementOf(input), ", expected ",
                               elementOf(first));
    for (size_t i = 0; i < out.size(); ++i) {
      if (i == axis)
        out[i] =
            ShapedType::isDynamic(out[i]) || ShapedType::isDynamic(shape[i])
                ? ShapedType::kDynamic
                : out[i] + shape[i];
      else if (!dimsMatch(out[i], shape[i]))
        // movement_c14
        return mismatch(loc, "dimension " + Twine(i) + " of an operand",
                        shape[i], Twine(out[i]));
    }
  }
  return resultLike(first, out, types);
}

/// Checks that a box's map has the rank of `shape` and stays inside of it.
static LogicalResult verifyBoxMap(MoveOp op, ArrayRef<int64_t> sizes,
                                  AffineMap map, ArrayRef<int64_t> shape,
                                  StringRef what) {
  if (map.getNumDims() != sizes.size() || map.getNumResults() != shape.size())
    // movement_c15
    return op.emitOpError("map of ")
           << what << " is " << AffineMapAttr::get(map) << ", expected "
           << sizes.size() << " dimensions and " << shape.size() << " results";
  for (auto [expr, extent] : llvm::zip_equal(map.getResults(), shape)) {
    SmallVector<int64_t> flat;
    if (failed(getFlattenedAffineExpr(expr, sizes.size(), 0, &flat)) ||
        flat.size() != sizes.size() + 1)
      // movement_c16
      return op.emitOpError("map of ")
             << what << " is not linear: " << AffineMapAttr::get(map);
    int64_t low = flat.back(), high = flat.back();
    for (size_t i = 0; i < sizes.size(); ++i)
      (flat[i] < 0 ? low : high) += flat[i] * (sizes[i] - 1);
    if (low < 0 || high >= extent)
      // movement_c17
      return op.emitOpError("box covers ")
             << low << " .. " << high << " of " << what
             << ", expected within 0 .. " << extent - 1;
  }
  return success();
}

LogicalResult MoveOp::verify() {
  for (BoxAttr box : getMap().getBoxes()) {
    if (llvm::is_contained(box.getSizes(), 0))
      continue;
    if (failed(verifyBoxMap(*this, box.getSizes(), box.getDst(),
                            shapeOf(getResult()), "the result")))
      return failure();
    if (box.getSource() < 0)
      continue;
    if (box.getSource() >= int64_t(getInputs().size()))
      // movement_c18
      return emitOpError("source of a box is ")
             << box.getSource() << ", expected less than "
             << getInputs().size();
    if (failed(verifyBoxMap(*this, box.getSizes(), box.getSrc(),
                            shapeOf(getInputs()[box.getSource()]),
                            "the source")))
      return failure();
  }
  return success();
}
