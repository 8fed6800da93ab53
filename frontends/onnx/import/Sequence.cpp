// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Sequence.h"

#include "frontends/onnx/import/Helpers.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

bool visir::onnx::takesSequence(StringRef opType, unsigned input) {
  // Values that a loop carries may be anything.
  if (opType == "Loop")
    return input >= 2;
  static constexpr StringRef names[] = {
      "ConcatFromSequence", "Identity",       "SequenceAt",
      "SequenceErase",      "SequenceInsert", "SequenceLength",
  };
  return input == 0 && llvm::is_contained(names, opType);
}

bool visir::onnx::isSequence(Value value) {
  return isa<TupleType>(value.getType());
}

Value visir::onnx::makeSequence(Node &node, ArrayRef<Value> elements) {
  if (node.refused() || llvm::is_contained(elements, Value()))
    return {};
  auto type = TupleType::get(
      node.context(), llvm::to_vector(ValueRange(elements).getTypes()));
  return UnrealizedConversionCastOp::create(node.builder(), node.loc(), type,
                                            elements)
      .getResult(0);
}

FailureOr<SmallVector<Value>> visir::onnx::sequenceInput(Node &node,
                                                         unsigned i) {
  Value value = node.input(i);
  auto list = value ? value.getDefiningOp<UnrealizedConversionCastOp>()
                    : UnrealizedConversionCastOp();
  if (!list || !isSequence(value))
    return node.refuse("input " + Twine(i) + " is not a sequence");
  return SmallVector<Value>(list.getInputs());
}

FailureOr<int64_t> visir::onnx::positionInput(Node &node, unsigned i,
                                              int64_t length,
                                              int64_t fallback) {
  if (!node.hasInput(i))
    return fallback;
  FailureOr<int64_t> position = node.requireInt(i, "position");
  if (failed(position))
    return failure();
  if (*position < -length || *position >= length)
    return node.refuse("position", Twine(*position),
                       Twine(-length) + " .. " + Twine(length - 1));
  return *position < 0 ? *position + length : *position;
}
