// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention over a bounded number of keys: the import masks those beyond the
// run-time size (docs/decisions/0004). Where that is seen, the kernel is told
// the size instead and reads the keys as they are.
#ifndef VISIR_COMPILER_PLAN_LIVEKEYS_H
#define VISIR_COMPILER_PLAN_LIVEKEYS_H

#include "targets/common/LiveKeys.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace visir {

/// Sets `visir.live_keys` on the attentions of an entry point, as far as
/// `takes` says that their kernels will honour it, and lets them read keys and
/// values in front of the masking where that is possible. Dispatches have no
/// config yet.
void markLiveKeys(mlir::func::FuncOp func,
                  llvm::function_ref<bool(DispatchOp)> takes);

/// The dimension of an attention's domain that counts keys, if it is one.
std::optional<unsigned> keyDim(DispatchOp op);

} // namespace visir

#endif // VISIR_COMPILER_PLAN_LIVEKEYS_H
