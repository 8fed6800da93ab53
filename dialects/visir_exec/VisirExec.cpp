// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir_exec/VisirExec.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/visir_exec/VisirExecDialect.cpp.inc"
#include "dialects/visir_exec/VisirExecEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/visir_exec/VisirExecAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/visir_exec/VisirExecOps.cpp.inc"

void visir::exec::VisirExecDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/visir_exec/VisirExecAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/visir_exec/VisirExecOps.cpp.inc"
      >();
}
