// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A window that slides over rows reads some of them for the first time at
// each step. Where the tensor does not stay in the second-level cache, each
// register tile fetches what the tile one step later reads anew.
#ifndef VISIR_TARGETS_CPU_CODEGEN_NEST_ROWSAHEAD_H
#define VISIR_TARGETS_CPU_CODEGEN_NEST_ROWSAHEAD_H

#include "targets/cpu/codegen/nest/Columns.h"

namespace visir::cpu {

class RowsAhead {
public:
  /// For tiles along `rowLoop` within steps of one of the `outer` loops;
  /// fetches nothing where `load` is no such window or stays in the cache.
  RowsAhead(KernelBuilder &kb, const FlatNest &nest, unsigned load,
            int rowLoop, llvm::ArrayRef<unsigned> outer);

  /// For a tile of `rows` rows and of `columns`, along which the load moves by
  /// `columnStride`, at `position`.
  void fetch(const Position &position, unsigned rows,
             llvm::ArrayRef<Column> columns, int64_t columnStride) const;

private:
  llvm::SmallVector<int64_t>
  linesOf(unsigned rows, llvm::ArrayRef<Column> columns,
          int64_t columnStride) const;

  KernelBuilder &kb;
  const FlatNest &nest;
  unsigned load;
  int rowLoop;
  int windowLoop = -1;    ///< the window's rows
  int64_t nextStep = 0;   ///< elements from a step of the window to the next
  int64_t newRows = 0;    ///< rows that a step reads anew, the last ones
  llvm::SmallVector<unsigned, 2> otherLoops; ///< of the reduction
};

/// Asks for the cache line of the element at `at`, to write it or to read it.
void fetchLine(KernelBuilder &kb, mlir::Value memory, Offset at,
               bool isWrite = false);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_NEST_ROWSAHEAD_H
