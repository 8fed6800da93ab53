// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Opt.h"

#include "compiler/pipeline/Register.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int visir::runOpt(int argc, char **argv) {
  mlir::DialectRegistry registry;
  visir::registerDialects(registry);
  visir::registerPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Visir's pass driver\n", registry));
}
