// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Reduce.h"

#include "compiler/driver/Evaluate.h"

#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace visir;
using visir::reference::Tensor;

using Ops = SmallVector<Operation *>;

Ops visir::backwardSlice(ArrayRef<Operation *> ops) {
  llvm::DenseSet<Operation *> needed{ops.back()};
  for (Operation *op : llvm::reverse(ops))
    if (needed.contains(op))
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp())
          needed.insert(producer);
  Ops slice;
  llvm::copy_if(ops, std::back_inserter(slice),
                [&](Operation *op) { return needed.contains(op); });
  return slice;
}

/// The shortest end of `ops` whose length is a power of two and that shows
/// the fault, or all of them.
static FailureOr<Ops> shortEnd(ArrayRef<Operation *> ops,
                               const FaultTest &test) {
  for (size_t length = 1; length < ops.size(); length *= 2) {
    FailureOr<bool> shows = test(ops.take_back(length));
    if (failed(shows))
      return failure();
    if (*shows)
      return Ops(ops.take_back(length));
  }
  return Ops(ops);
}

/// `ops` without the `count` ops from `begin` on.
static Ops without(ArrayRef<Operation *> ops, size_t begin, size_t count) {
  Ops rest(ops.take_front(begin));
  rest.append(ops.begin() + begin + count, ops.end());
  return rest;
}

FailureOr<Ops> visir::reduceOps(ArrayRef<Operation *> ops,
                                const FaultTest &test) {
  // The fault of the last op alone is the usual case; only what it depends on
  // can matter, unless the fault is in how unrelated ops are fused.
  Ops slice = backwardSlice(ops);
  FailureOr<bool> sliceShows = test(slice);
  if (failed(sliceShows))
    return failure();
  FailureOr<Ops> current = shortEnd(*sliceShows ? slice : Ops(ops), test);
  if (failed(current))
    return failure();
  for (size_t chunk = current->size() / 2; chunk > 0; chunk /= 2)
    for (size_t begin = 0; begin + 1 < current->size();) {
      size_t count = std::min(chunk, current->size() - 1 - begin);
      Ops fewer = without(*current, begin, count);
      FailureOr<bool> shows = test(fewer);
      if (failed(shows))
        return failure();
      if (*shows)
        *current = fewer;
      else
        begin += count;
    }
  return current;
}

static LogicalResult writeArrays(func::FuncOp function, StringRef folder,
                                 StringRef file, ArrayRef<NpyArray> arrays) {
  SmallString<128> path(folder);
  llvm::sys::path::append(path, file);
  if (llvm::Error error = writeNpz(path, arrays))
    return function.emitError(llvm::toString(std::move(error)));
  return success();
}

LogicalResult visir::writeReproducer(func::FuncOp function,
                                     ArrayRef<Tensor> inputs,
                                     ArrayRef<Operation *> ops,
                                     StringRef folder) {
  if (std::error_code code = llvm::sys::fs::create_directories(folder))
    return function.emitError("folder ")
           << folder << " cannot be made: " << code.message();
  Subgraph part = extractSubgraph(function, ops);
  auto fed = referenceValues(function, inputs, part.arguments);
  if (failed(fed))
    return failure();
  auto expected = reference::evaluate(part.function(), *fed);
  if (failed(expected))
    return failure();
  SmallString<128> path(folder);
  llvm::sys::path::append(path, "model.mlir");
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  if (code)
    return function.emitError("file ")
           << path << " cannot be written: " << code.message();
  part.module->print(os, OpPrintingFlags().enableDebugInfo(true, false));
  std::vector<NpyArray> given, wanted;
  for (auto [i, tensor] : llvm::enumerate(*fed))
    given.push_back(toArray(argumentName(part.function(), i), tensor, false));
  for (auto [i, tensor] : llvm::enumerate(*expected))
    wanted.push_back(toArray(resultName(part.function(), i), tensor, true));
  return failure(failed(writeArrays(function, folder, "inputs.npz", given)) ||
                 failed(writeArrays(function, folder, "expected.npz", wanted)));
}
