// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/Tiled.h"

#include "targets/cpu/codegen/attention/Attention.h"
#include "targets/cpu/codegen/binary/BitProduct.h"
#include "targets/cpu/codegen/binary/SignPack.h"
#include "targets/cpu/codegen/contraction/Emit.h"
#include "targets/cpu/codegen/window/Window.h"
#include "targets/cpu/codegen/winograd/Winograd.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

DictionaryAttr cpu::tiledConfig(DispatchOp op, const CpuSpec &spec,
                                std::string &reason) {
  switch (op.getKind()) {
  case RootKind::Contract:
    return contractionConfig(op, spec, reason);
  case RootKind::Reduce:
    if (packsSigns(op))
      return signPackConfig(op, reason);
    if (isBitProduct(op))
      return bitProductConfig(op, spec, reason);
    return windowConfig(op, spec, reason);
  case RootKind::Attention:
    return attentionConfig(op, spec, reason);
  default:
    reason = "the root has none";
    return {};
  }
}

bool cpu::sumsInKernel(DispatchOp op, const CpuSpec &spec,
                       std::string &reason) {
  switch (op.getKind()) {
  case RootKind::Contract:
    return sumsInContraction(op, spec, reason);
  case RootKind::Reduce:
    return bool(isBitProduct(op) ? bitProductConfig(op, spec, reason)
                                 : windowConfig(op, spec, reason));
  default:
    reason = "the root has no kernel with rows";
    return false;
  }
}

FailureOr<KernelInfo> cpu::emitTiled(DispatchOp op, const CpuSpec &spec,
                                     ModuleOp kernels, StringRef symbol,
                                     std::string &reason) {
  DictionaryAttr config = op.getConfigAttr();
  auto kernel = config ? config.getAs<StringAttr>("kernel") : StringAttr();
  if (kernel && kernel.getValue() == "winograd")
    return emitWinograd(op, spec, kernels, symbol, reason);
  if (kernel && kernel.getValue() == "signs")
    return emitSignPack(op, spec, kernels, symbol, reason);
  if (kernel && kernel.getValue() == "bits")
    return emitBitProduct(op, spec, kernels, symbol, reason);
  switch (op.getKind()) {
  case RootKind::Contract:
    return emitContraction(op, spec, kernels, symbol, reason);
  case RootKind::Reduce:
    return emitWindow(op, spec, kernels, symbol, reason);
  case RootKind::Attention:
    return emitAttention(op, spec, kernels, symbol, reason);
  default:
    reason = "the root has none";
    return failure();
  }
}
