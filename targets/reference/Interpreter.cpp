// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Interpreter.h"

#include "compiler/support/Constants.h"
#include "targets/reference/BinaryConv.h"
#include "targets/reference/Bitcast.h"
#include "targets/reference/HeatmapDecode.h"
#include "targets/reference/Ops.h"
#include "targets/reference/Random.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::reference;

static Tensor constantTensor(ConstantOp op) {
  SmallVector<char> storage;
  return Tensor::fromBytes(resultType(op),
                           constantBytes(op.getValue(), storage));
}

/// Elements that no op may read: NaN shows where one does.
static Tensor unwrittenTensor(EmptyOp op) {
  Tensor result(resultType(op));
  if (result.isFloat())
    std::fill_n(result.data<double>(), result.size(), std::nan(""));
  return result;
}

static Evaluated refuse(Operation *op) {
  if (auto opaque = dyn_cast<OpaqueOp>(op))
    return op->emitError("operator ")
           << opaque.getOpType() << " of opset " << opaque.getOpset()
           << " is opaque: " << opaque.getReason();
  return op->emitError("the reference has no meaning for this op");
}

static Evaluated evaluateGraphOp(Operation *op, ArrayRef<Tensor> in) {
  return TypeSwitch<Operation *, Evaluated>(op)
      .Case([&](UnaryOp op) { return evaluateUnary(op, in); })
      .Case([&](BinaryOp op) { return evaluateBinary(op, in); })
      .Case([&](CompareOp op) { return evaluateCompare(op, in); })
      .Case([&](SelectOp op) { return evaluateSelect(op, in); })
      .Case([&](CastOp op) { return evaluateCast(op, in); })
      .Case([&](BitcastOp op) { return evaluateBitcast(op, in); })
      .Case([&](ReshapeOp op) { return evaluateReshape(op, in); })
      .Case([&](TransposeOp op) { return evaluateTranspose(op, in); })
      .Case([&](SliceOp op) { return evaluateSlice(op, in); })
      .Case([&](PadOp op) { return evaluatePad(op, in); })
      .Case([&](ExpandOp op) { return evaluateExpand(op, in); })
      .Case([&](ConcatOp op) { return evaluateConcat(op, in); })
      .Case([&](MoveOp op) { return evaluateMove(op, in); })
      .Case([&](MatMulOp op) { return evaluateMatMul(op, in); })
      .Case([&](ConvOp op) { return evaluateConv(op, in); })
      .Case([&](BinaryConvOp op) { return evaluateBinaryConv(op, in); })
      .Case([&](ConvTransposeOp op) { return evaluateConvTranspose(op, in); })
      .Case([&](AttentionOp op) { return evaluateAttention(op, in); })
      .Case([&](ReduceOp op) { return evaluateReduce(op, in); })
      .Case([&](ArgReduceOp op) { return evaluateArgReduce(op, in); })
      .Case([&](CumSumOp op) { return evaluateCumSum(op, in); })
      .Case([&](SoftmaxOp op) { return evaluateSoftmax(op, in); })
      .Case([&](TopKOp op) { return evaluateTopK(op, in); })
      .Case([&](HeatmapDecodeOp op) { return evaluateHeatmapDecode(op, in); })
      .Case([&](RandomOp op) { return evaluateRandom(op, in); })
      .Case([&](LayerNormOp op) { return evaluateLayerNorm(op, in); })
      .Case([&](GroupNormOp op) { return evaluateGroupNorm(op, in); })
      .Case([&](BatchNormOp op) { return evaluateBatchNorm(op, in); })
      .Case([&](LrnOp op) { return evaluateLrn(op, in); })
      .Case([&](MaxPoolOp op) { return evaluateMaxPool(op, in); })
      .Case([&](AvgPoolOp op) { return evaluateAvgPool(op, in); })
      .Case([&](ResizeOp op) { return evaluateResize(op, in); })
      .Case([&](GridSampleOp op) { return evaluateGridSample(op, in); })
      .Case([&](GatherOp op) { return evaluateGather(op, in); })
      .Case([&](GatherElementsOp op) { return evaluateGatherElements(op, in); })
      .Case([&](GatherNDOp op) { return evaluateGatherND(op, in); })
      .Case(
          [&](ScatterElementsOp op) { return evaluateScatterElements(op, in); })
      .Case([&](ScatterNDOp op) { return evaluateScatterND(op, in); })
      .Case([&](DispatchOp op) { return evaluateDispatch(op, in); })
      .Case([&](ConstantOp op) { return Tensors{constantTensor(op)}; })
      .Case([&](EmptyOp op) { return Tensors{unwrittenTensor(op)}; })
      .Case([&](RelayoutOp op) {
        return Tensors{in[0].withType(resultType(op))};
      })
      .Default([](Operation *op) { return refuse(op); });
}

/// Whether all of the op's operands and results have static ranked types.
static LogicalResult checkTypes(Operation *op) {
  for (Type type : llvm::concat<Type>(SmallVector<Type>(op->getOperandTypes()),
                                      SmallVector<Type>(op->getResultTypes())))
    if (auto ranked = dyn_cast<RankedTensorType>(type);
        !ranked || !ranked.hasStaticShape())
      return op->emitError("type of a value is ")
             << type << ", expected a tensor of static shape";
  return success();
}

FailureOr<SmallVector<Tensor>>
visir::reference::evaluateOp(Operation *op, ArrayRef<Tensor> operands) {
  if (isa<OpaqueOp>(op))
    return refuse(op);
  if (failed(checkTypes(op)))
    return failure();
  Evaluated results = evaluateGraphOp(op, operands);
  if (failed(results))
    return failure();
  // Movement keeps its operand's elements, which are rounded already.
  if (!isa<ConstantOp, RelayoutOp, ReshapeOp, TransposeOp, SliceOp, ExpandOp,
           ConcatOp, EmptyOp>(op))
    for (Tensor &result : *results)
      result.finish();
  return results;
}

namespace {
/// The live tensors of one evaluation.
class Evaluation {
public:
  Evaluation(func::FuncOp function, ResultCallback callback)
      : callback(callback) {
    for (Operation &op : function.front())
      for (Value operand : op.getOperands())
        lastUse[operand] = &op;
  }

  void bind(Value value, Tensor tensor) { live[value] = std::move(tensor); }

  /// Constants are read where they are used, so that the memory of all of
  /// them is never held at once.
  Tensor lookup(Value value) {
    if (auto constant = value.getDefiningOp<ConstantOp>())
      return constantTensor(constant);
    return live.lookup(value);
  }

  LogicalResult run(Operation &op) {
    if (isa<ConstantOp>(op))
      return success();
    Tensors operands;
    for (Value operand : op.getOperands())
      operands.push_back(lookup(operand));
    for (Value operand : op.getOperands())
      if (lastUse.lookup(operand) == &op)
        live.erase(operand);
    Evaluated results = evaluateOp(&op, operands);
    if (failed(results))
      return failure();
    for (auto [value, tensor] : llvm::zip_equal(op.getResults(), *results)) {
      if (callback && failed(callback(value, tensor)))
        return failure();
      if (!value.use_empty())
        bind(value, std::move(tensor));
    }
    return success();
  }

private:
  ResultCallback callback;
  llvm::DenseMap<Value, Operation *> lastUse;
  llvm::DenseMap<Value, Tensor> live;
};
} // namespace

FailureOr<SmallVector<Tensor>>
visir::reference::evaluate(func::FuncOp function, ArrayRef<Tensor> arguments,
                           ResultCallback callback) {
  if (function.getNumArguments() != arguments.size())
    return function.emitError("number of inputs is ")
           << arguments.size() << ", expected " << function.getNumArguments();
  Evaluation evaluation(function, callback);
  for (auto [value, tensor] :
       llvm::zip_equal(function.getArguments(), arguments)) {
    if (value.getType() != tensor.type())
      return function.emitError("type of input ")
             << value.getArgNumber() << " is " << tensor.type() << ", expected "
             << value.getType();
    evaluation.bind(value, tensor);
  }
  Block &body = function.front();
  for (Operation &op : body.without_terminator())
    if (failed(evaluation.run(op)))
      return failure();
  SmallVector<Tensor> results;
  for (Value value : body.getTerminator()->getOperands())
    results.push_back(evaluation.lookup(value));
  return results;
}
