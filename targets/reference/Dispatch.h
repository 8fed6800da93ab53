// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The evaluation of one dispatch: its loads and payloads (Dispatch.cpp) and
// its roots (Roots.cpp).
#ifndef VISIR_TARGETS_REFERENCE_DISPATCH_H
#define VISIR_TARGETS_REFERENCE_DISPATCH_H

#include "targets/reference/Access.h"
#include "targets/reference/Ops.h"
#include "targets/reference/Payload.h"

#include <atomic>
#include <map>

namespace visir::reference {

/// A list of scalars: floats or ints, as the type says.
struct Scalars {
  Scalars(mlir::Type type, int64_t count) : type(type) {
    if (mlir::isa<mlir::FloatType>(type))
      lanes.floats.resize(count);
    else
      lanes.ints.resize(count);
  }

  bool isFloat() const { return mlir::isa<mlir::FloatType>(type); }
  template <class T> T *data() {
    if constexpr (std::is_floating_point_v<T>)
      return lanes.floats.data();
    else
      return lanes.ints.data();
  }

  mlir::Type type;
  Lanes lanes;
};

/// Makes values that are compared what their type holds.
void holdValues(Scalars &values);

using Unsigneds = llvm::SmallVector<unsigned>;

class DispatchEvaluation {
public:
  DispatchEvaluation(DispatchOp op, llvm::ArrayRef<Tensor> inputs);

  Evaluated run();

private:
  /// Calls `fn(first point, points)` for chunks of the points of the
  /// dimensions `dims`, row-major, on two threads unless `ordered`; the other
  /// dimensions are 0. A chunk starts at a multiple of `unit` points or is a
  /// part of such a group handled by one thread in order.
  using ChunkFn =
      llvm::function_ref<void(int64_t, const Points &, Payload::Registers &)>;
  void forEachChunk(llvm::ArrayRef<unsigned> dims, int64_t unit,
                    const Payload &payload, ChunkFn fn, bool ordered = false);
  int64_t points(llvm::ArrayRef<unsigned> dims) const;

  /// Fills the registers of the loads that `payload` uses; they start at its
  /// argument `firstArgument`.
  void readLoads(const Payload &payload, unsigned firstArgument,
                 const Points &points, Payload::Registers &registers);
  void readLoad(unsigned load, mlir::Type type, const Points &points,
                Lanes &lanes);
  /// Offset of each point in the tensor; -1 in the padding.
  std::vector<int64_t> offsets(const Access &access, const Points &points);
  std::vector<int64_t> readIndices(unsigned load, const Points &points);

  /// Dimensions that an operand of the root depends on.
  Unsigneds operandDims(unsigned operand);
  void addLoadDims(unsigned load, std::vector<bool> &depends);
  /// The root's operand over `dims`, row-major.
  Scalars operandOver(unsigned operand, llvm::ArrayRef<unsigned> dims);
  LinearOperand linearOperand(unsigned operand);

  /// Replaces tensors whose loads are normalised by what the loads give.
  void normaliseLoads();
  void evaluateRoot();
  void reduce();
  void contract();
  template <class T>
  void multiply(const LinearOperand &lhs, const LinearOperand &rhs,
                Scalars &sums);
  void rows();
  void argReduce();
  void topK();
  void attend();
  void sampleGrid();
  void decodeHeatmaps();
  mlir::Type operandType(unsigned operand);

  void store();
  void writeChunk(int64_t first, const Points &points, const Payload &payload,
                  Payload::Registers &registers);
  void writeStore(unsigned store, const Points &points, const Lanes &values);

  DispatchOp op;
  Tensors inputs;
  /// Extents of the domain and, for topk, the position.
  Dims extents;
  Unsigneds parallel, reduction;
  std::vector<Access> loads, stores;
  std::vector<Scalars> rootResults;
  Tensors results;
  std::atomic<bool> failed{false};
};

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_DISPATCH_H
