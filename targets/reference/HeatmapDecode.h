// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The peak of one heatmap, for the op and the root of that name.
#ifndef VISIR_TARGETS_REFERENCE_HEATMAPDECODE_H
#define VISIR_TARGETS_REFERENCE_HEATMAPDECODE_H

#include "dialects/visir/Heatmap.h"
#include "targets/reference/Ops.h"

namespace visir::reference {

struct Peak {
  double x, y, score;
};

/// A map of `height` x `width` and how its peak is refined.
struct HeatmapDecoder {
  mlir::DictionaryAttr params; ///< the attributes of the decode
  int64_t height, width;

  /// `keys` are what decides about the peak, `heatmap` gives the score and
  /// `values` are read around the peak; all row-major.
  Peak decode(const double *keys, const double *heatmap,
              const double *values) const;

private:
  double number(llvm::StringRef name) const;
  int64_t whole(llvm::StringRef name) const;
  double cell(const double *values, int64_t x, int64_t y) const;
  void refineByStep(const double *values, int64_t u, int64_t v,
                    Peak &peak) const;
  void refineBySoftmax(const double *values, int64_t u, int64_t v,
                       Peak &peak) const;
  void refineByTaylor(const double *values, int64_t u, int64_t v,
                      Peak &peak) const;
};

Evaluated evaluateHeatmapDecode(HeatmapDecodeOp op,
                                llvm::ArrayRef<Tensor> operands);

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_HEATMAPDECODE_H
