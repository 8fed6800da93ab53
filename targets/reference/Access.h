// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The accesses of a dispatch, prepared for many points at once.
#ifndef VISIR_TARGETS_REFERENCE_ACCESS_H
#define VISIR_TARGETS_REFERENCE_ACCESS_H

#include "dialects/visir/Visir.h"
#include "targets/reference/Tensor.h"
#include "targets/reference/Walk.h"

#include <vector>

namespace visir::reference {

/// Up to chunkPoints points of a domain; a topk's stores have the position
/// as one more dimension.
struct Points {
  std::vector<std::vector<int64_t>> coordinates;
  int64_t count = 0;
};

/// An access as integers: coordinate a of the tensor is constants[a] + sum
/// over d of factors[a][d] * (coordinate d of the point).
struct Access {
  Access(AccessAttr attribute, llvm::ArrayRef<int64_t> shape);

  bool indexed() const { return !indexAxes.empty(); }
  bool dependsOn(unsigned dim) const;
  /// Coordinate `axis` at each point, without index loads.
  void coordinates(unsigned axis, const Points &points, int64_t *out) const;

  Dims shape;
  Dims constants;
  llvm::SmallVector<Dims> factors;
  bool padded;
  double fill;
  Dims indexAxes, indexLoads;
};

/// A tensor in which an access without index loads is one linear offset:
/// base + sum over d of strides[d] * (coordinate d). Padding is made real.
struct LinearOperand {
  Tensor tensor;
  int64_t base;
  Dims strides;
};
LinearOperand makeLinear(const Access &access, const Tensor &tensor,
                         llvm::ArrayRef<int64_t> extents);

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_ACCESS_H
