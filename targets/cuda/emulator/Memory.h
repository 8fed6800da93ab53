// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory of an emulated kernel that knows who touches it.
#ifndef VISIR_TARGETS_CUDA_EMULATOR_MEMORY_H
#define VISIR_TARGETS_CUDA_EMULATOR_MEMORY_H

#include "mlir/IR/Operation.h"

#include <vector>

namespace visir::cuda {

class Memory {
public:
  /// Global memory: what the caller gives. `watched`: threads must not meet.
  Memory(llvm::MutableArrayRef<char> bytes, unsigned elementBytes,
         bool watched);
  /// Shared memory of a block, which nobody has written yet.
  Memory(int64_t elements, unsigned elementBytes);

  /// What thread `thread` reads or writes; `epoch` counts barriers. Errors are
  /// reported at `op`.
  mlir::FailureOr<uint64_t> read(mlir::Operation *op, int64_t element,
                                 int64_t thread, int64_t epoch);
  mlir::LogicalResult write(mlir::Operation *op, int64_t element,
                            uint64_t value, int64_t thread, int64_t epoch);
  /// A thread begins to copy to an element of shared memory: until `write`
  /// nobody may touch it.
  mlir::LogicalResult beginCopy(mlir::Operation *op, int64_t element,
                                int64_t thread, int64_t epoch);
  /// The copy has arrived: `write` comes next.
  void endCopy(int64_t element) { touches[element].copied = false; }

  unsigned bytesOfElement() const { return elementBytes; }

private:
  /// Who has touched an element last, and when.
  struct Touch {
    int64_t writer = -1, writeEpoch = -1;
    int64_t reader = -1, readEpoch = -1;
    bool manyReaders = false;
    bool copied = false; ///< a copy is on its way
  };

  /// The thread is the element's writer now.
  mlir::LogicalResult claim(mlir::Operation *op, int64_t element,
                            int64_t thread, int64_t epoch);
  mlir::LogicalResult meetCopy(mlir::Operation *op, int64_t element) const;
  mlir::LogicalResult check(mlir::Operation *op, int64_t element) const;
  mlir::LogicalResult meet(mlir::Operation *op, int64_t element, int64_t one,
                           int64_t other, const char *what) const;

  std::vector<char> own;
  llvm::MutableArrayRef<char> bytes;
  unsigned elementBytes;
  bool shared;
  std::vector<Touch> touches; ///< empty when not watched
};

} // namespace visir::cuda

#endif // VISIR_TARGETS_CUDA_EMULATOR_MEMORY_H
