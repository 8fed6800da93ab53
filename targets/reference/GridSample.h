// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sampling at real coordinates, for the op and the root of that name.
#ifndef VISIR_TARGETS_REFERENCE_GRIDSAMPLE_H
#define VISIR_TARGETS_REFERENCE_GRIDSAMPLE_H

#include "dialects/visir/Visir.h"

namespace visir::reference {

/// How a sample is taken.
struct Sampler {
  SampleMode mode;
  BorderMode border;
  bool alignCorners;

  /// The sample of a row-major plane of shape `extents`; `grid` has one
  /// coordinate in -1 .. 1 per dimension, the last dimension's first.
  double sample(const double *plane, llvm::ArrayRef<int64_t> extents,
                llvm::ArrayRef<double> grid) const;
};

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_GRIDSAMPLE_H
