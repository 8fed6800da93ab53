// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/Matching.h"

#include "compiler/support/Constants.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

#include <cmath>

using namespace mlir;
using namespace visir;

ArrayRef<int64_t> visir::shapeOfValue(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

Type visir::elementTypeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

std::optional<double> visir::splatOf(Value value) {
  ElementsAttr constant = value ? constantOf(value) : ElementsAttr();
  if (!constant)
    return std::nullopt;
  auto type = cast<RankedTensorType>(constant.getShapedType());
  int64_t count = type.getNumElements();
  if (count == 0)
    return std::nullopt;
  SmallVector<char> storage;
  ArrayRef<char> bytes = constantBytes(constant, storage);
  unsigned size = elementBytes(type.getElementType());
  ArrayRef<char> first = bytes.take_front(size);
  for (int64_t i = 1; i < count; ++i)
    if (bytes.slice(i * size, size) != first)
      return std::nullopt;
  return elementAsDouble(bytes, type.getElementType(), 0);
}

bool visir::isSplat(Value value, double expected, double tolerance) {
  std::optional<double> splat = splatOf(value);
  return splat && (*splat == expected || std::abs(*splat - expected) <=
                                             tolerance * std::abs(expected));
}

UnaryOp visir::unaryOf(Value value, UnaryKind kind) {
  auto op = value.getDefiningOp<UnaryOp>();
  return op && op.getKind() == kind ? op : UnaryOp();
}

BinaryOp visir::binaryOf(Value value, BinaryKind kind) {
  auto op = value.getDefiningOp<BinaryOp>();
  return op && op.getKind() == kind ? op : BinaryOp();
}

ReduceOp visir::reduceOf(Value value, ReduceKind kind) {
  auto op = value.getDefiningOp<ReduceOp>();
  return op && op.getKind() == kind ? op : ReduceOp();
}

Value visir::otherOperand(BinaryOp op, Value one) {
  if (op.getLhs() == one)
    return op.getRhs();
  return op.getRhs() == one ? op.getLhs() : Value();
}

std::optional<Scaled> visir::matchScaled(Value value) {
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op || !isa<FloatType>(elementTypeOf(value)))
    return std::nullopt;
  if (op.getKind() == BinaryKind::Div) {
    std::optional<double> divisor = splatOf(op.getRhs());
    if (!divisor || *divisor == 0 || op.getLhs().getType() != value.getType())
      return std::nullopt;
    return Scaled{op.getLhs(), 1.0 / *divisor};
  }
  if (op.getKind() != BinaryKind::Mul)
    return std::nullopt;
  for (auto [x, c] : {std::make_pair(op.getLhs(), op.getRhs()),
                      std::make_pair(op.getRhs(), op.getLhs())})
    if (std::optional<double> factor = splatOf(c);
        factor && x.getType() == value.getType())
      return Scaled{x, *factor};
  return std::nullopt;
}

std::optional<Scaled> visir::matchShifted(Value value) {
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op || !isa<FloatType>(elementTypeOf(value)))
    return std::nullopt;
  if (op.getKind() == BinaryKind::Sub) {
    std::optional<double> amount = splatOf(op.getRhs());
    if (!amount || op.getLhs().getType() != value.getType())
      return std::nullopt;
    return Scaled{op.getLhs(), -*amount};
  }
  if (op.getKind() != BinaryKind::Add)
    return std::nullopt;
  for (auto [x, c] : {std::make_pair(op.getLhs(), op.getRhs()),
                      std::make_pair(op.getRhs(), op.getLhs())})
    if (std::optional<double> amount = splatOf(c);
        amount && x.getType() == value.getType())
      return Scaled{x, *amount};
  return std::nullopt;
}

/// One bound of a clip: the value under a max or min with a splat.
static std::optional<Scaled> matchBound(Value value, BinaryKind kind) {
  BinaryOp op = binaryOf(value, kind);
  if (!op)
    return std::nullopt;
  for (auto [x, c] : {std::make_pair(op.getLhs(), op.getRhs()),
                      std::make_pair(op.getRhs(), op.getLhs())})
    if (std::optional<double> bound = splatOf(c);
        bound && x.getType() == value.getType())
      return Scaled{x, *bound};
  return std::nullopt;
}

std::optional<Clip> visir::matchClip(Value value) {
  Clip clip{value, {}, {}};
  for (int i = 0; i < 2; ++i) {
    std::optional<Scaled> bound;
    if (UnaryOp relu = unaryOf(clip.value, UnaryKind::Relu);
        relu && !clip.low) {
      clip.low = 0.0;
      clip.value = relu.getInput();
    } else if (!clip.low && (bound = matchBound(clip.value, BinaryKind::Max))) {
      clip.low = bound->factor;
      clip.value = bound->value;
    } else if (!clip.high &&
               (bound = matchBound(clip.value, BinaryKind::Min))) {
      clip.high = bound->factor;
      clip.value = bound->value;
    }
  }
  if (!clip.low && !clip.high)
    return std::nullopt;
  return clip;
}

Value visir::createConstant(OpBuilder &builder, Location loc,
                            RankedTensorType type, ArrayRef<double> values) {
  return ConstantOp::create(builder, loc, makeConstant(type, values));
}

Value visir::createSplat(OpBuilder &builder, Location loc,
                         RankedTensorType type, double value) {
  return ConstantOp::create(builder, loc, makeSplat(type, value));
}

Value visir::createBinary(OpBuilder &builder, Location loc, BinaryKind kind,
                          Value lhs, Value rhs) {
  return BinaryOp::create(builder, loc, kind, lhs, rhs);
}

Value visir::createReshape(OpBuilder &builder, Location loc, Value value,
                           ArrayRef<int64_t> shape) {
  if (shapeOfValue(value) == shape)
    return value;
  return ReshapeOp::create(builder, loc, value, shape);
}

Value visir::createTranspose(OpBuilder &builder, Location loc, Value value,
                             ArrayRef<int64_t> permutation) {
  return TransposeOp::create(builder, loc, value, permutation);
}

Location visir::fuseLocations(ArrayRef<Operation *> ops) {
  SmallVector<Location> locations;
  for (Operation *op : ops)
    if (!isa<ConstantOp>(op) && !llvm::is_contained(locations, op->getLoc()))
      locations.push_back(op->getLoc());
  return FusedLoc::get(ops.front()->getContext(), locations);
}

void visir::remarkRecognised(Operation *op, StringRef name, const Twine &what) {
  remark::passed(op->getLoc(),
                 remark::RemarkOpts::name(name).category("recognised"))
      << what.str();
}

void visir::remarkMissed(Operation *op, StringRef name, const Twine &reason) {
  remark::missed(op->getLoc(),
                 remark::RemarkOpts::name(name).category("recognised"))
      << reason.str();
}
