// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The run-time sizes of an entry: what its symbols are in one run.
#ifndef VISIR_RUNTIME_EXEC_LENGTHS_H
#define VISIR_RUNTIME_EXEC_LENGTHS_H

#include "runtime/base/allocator.h"
#include "runtime/exec/tensor.h"

namespace visir::runtime {

// Gives each symbol of a verified entry its value: from the first input with
// such a dimension, from a state's length, or from its expression. Refuses
// lengths of states and expressions that are out of their range. A symbol
// whose input has the wrong rank or a size out of range becomes -1;
// checkTensor refuses that input.
Status resolveSymbols(const schema::Program &program,
                      const schema::Entry &entry, const TensorView *inputs,
                      const Array<uint64_t> &stateLengths, int64_t *symbols);

// The size of a dimension under the values of the symbols.
int64_t sizeOfDim(const schema::Dim &dim, const int64_t *symbols);

} // namespace visir::runtime

#endif // VISIR_RUNTIME_EXEC_LENGTHS_H
