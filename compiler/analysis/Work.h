// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How much ops read, write and multiply, whatever computes them.
#ifndef VISIR_COMPILER_ANALYSIS_WORK_H
#define VISIR_COMPILER_ANALYSIS_WORK_H

#include "dialects/visir/Visir.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace visir {

/// Multiply-accumulates of a product or an attention, as its formula takes
/// them; 0 for other graph ops.
double macsOf(mlir::Operation *op);

struct Work {
  int64_t ops = 0;    ///< that compute or move something
  int64_t passes = 0; ///< tensors that are read or written, constants aside
  double bytes = 0;   ///< of these tensors
  double macs = 0;    ///< multiply-accumulates
  double signs = 0;   ///< products of signs, by words

  void operator+=(const Work &other);
};

/// Of one graph op or dispatch; nothing for constants, and for reshapes, which
/// move nothing.
Work workOf(mlir::Operation *op);

/// Of all ops of an entry point.
Work workOf(mlir::func::FuncOp func);

} // namespace visir

#endif // VISIR_COMPILER_ANALYSIS_WORK_H
