// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_POOL_H
#define VISIR_FRONTENDS_ONNX_IMPORT_POOL_H

#include "frontends/onnx/import/Helpers.h"

namespace visir::onnx {

struct PoolWindow : Window {
  /// The paddings as the node gives them; `pads` may be larger after the
  /// input, where ceil_mode rounds the output extent up.
  Shape givenPads;
};

/// The window attributes of a pool over input 0 (N x C x spatial).
mlir::FailureOr<PoolWindow> poolWindow(Node &node);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_POOL_H
