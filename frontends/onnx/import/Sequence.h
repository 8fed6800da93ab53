// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sequences of tensors. Their lengths are known while importing, so that they
// vanish: a sequence is a list of values behind one value of a tuple type.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_SEQUENCE_H
#define VISIR_FRONTENDS_ONNX_IMPORT_SEQUENCE_H

#include "frontends/onnx/import/Node.h"

namespace visir::onnx {

/// Whether this input of an operator may be a sequence.
bool takesSequence(StringRef opType, unsigned input);

bool isSequence(Value value);

/// Null after a refusal.
Value makeSequence(Node &node, ArrayRef<Value> elements);

/// The elements of input `i`; refuses an input that is no sequence.
mlir::FailureOr<SmallVector<Value>> sequenceInput(Node &node, unsigned i);

/// The position that input `i` gives in a list of `length` places, negative
/// ones counting from the end; `fallback` when the input is absent.
mlir::FailureOr<int64_t> positionInput(Node &node, unsigned i, int64_t length,
                                       int64_t fallback);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_SEQUENCE_H
