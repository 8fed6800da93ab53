// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scalar payloads of dispatches, evaluated for many points at once: floats
// as f64, integers exactly, sign-extended to 64 bits (`i1` as 0 or 1).
#ifndef VISIR_TARGETS_REFERENCE_PAYLOAD_H
#define VISIR_TARGETS_REFERENCE_PAYLOAD_H

#include "mlir/IR/Block.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/DenseSet.h"

#include <functional>
#include <vector>

namespace visir::reference {

/// Points that one run of a payload covers at most.
inline constexpr int64_t chunkPoints = 512;

/// The scalars of one SSA value at the points of a chunk.
struct Lanes {
  std::vector<double> floats;
  std::vector<int64_t> ints;
};

/// A block of arith and math ops, prepared for repeated runs.
class Payload {
public:
  /// Prepares what the yielded values number `yields` need. Fails, with an
  /// error at the op, on an op that is not elementwise.
  static mlir::FailureOr<Payload> prepare(mlir::Block &block,
                                          llvm::ArrayRef<unsigned> yields);

  /// Scalars of a thread: one entry for each value of the block.
  using Registers = std::vector<Lanes>;
  Registers makeRegisters() const;

  /// Whether argument `i` is needed.
  bool uses(unsigned argument) const { return needed.contains(argument); }
  /// The register of argument `i`, to be filled before a run.
  Lanes &argument(Registers &registers, unsigned i) const;
  /// The register of the i-th of `yields`, valid after a run.
  const Lanes &yielded(Registers &registers, unsigned i) const;

  /// Evaluates the first `count` points; false after an error, which has
  /// been reported.
  bool run(Registers &registers, int64_t count) const;

private:
  using Step = std::function<bool(Registers &, int64_t)>;
  friend class PayloadBuilder;

  std::vector<mlir::Type> types;
  llvm::DenseSet<unsigned> needed;
  llvm::SmallVector<unsigned> yields;
  std::vector<Step> steps;
};

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_PAYLOAD_H
