// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which products leave most cores of a GPU idle while few compute long sums,
// though a block's threads may share the depth of scalar tiles.
#include "targets/cuda/codegen/LongSums.h"

#include "targets/common/SplitDepth.h"
#include "targets/common/tiled/Window.h"
#include "targets/cuda/codegen/MatrixPlan.h"

using namespace mlir;
using namespace visir;
using namespace visir::cuda;

/// How many parts fill the cores and still have steps enough each, so that the
/// second launch pays.
static int64_t wantedParts(const tiled::ProductPlan &plan,
                           const tiled::GroupLimits &limits) {
  constexpr int64_t kLeastSteps = 8;
  int64_t parts = 1;
  while (2 * parts * plan.groups() <= limits.processors &&
         plan.steps() >= 2 * parts * kLeastSteps)
    parts *= 2;
  return parts;
}

void cuda::splitLongSums(func::FuncOp func, const Arch &arch) {
  IRRewriter rewriter(func.getContext());
  for (DispatchOp op : llvm::to_vector(func.getOps<DispatchOp>())) {
    tiled::GroupLimits limits = limitsOf(arch, op);
    int64_t wanted = 1;
    if (auto matrices = planMatrices(op, limits); succeeded(matrices))
      wanted = wantedParts(matrices->product, limits);
    else if (succeeded(tiled::planWindow(op, limits)))
      continue;
    else if (auto product = tiled::planProduct(op, limits);
             succeeded(product) && product->element.isF32())
      wanted = wantedParts(*product, limits);
    if (int64_t parts = depthParts(op, wanted); parts > 1)
      splitDepth(rewriter, op, parts);
  }
}
