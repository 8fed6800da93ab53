// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect `visir_exec`: the program that the runtime runs.
#ifndef VISIR_DIALECTS_VISIR_EXEC_VISIREXEC_H
#define VISIR_DIALECTS_VISIR_EXEC_VISIREXEC_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"

#include "dialects/visir_exec/VisirExecDialect.h.inc"
#include "dialects/visir_exec/VisirExecEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/visir_exec/VisirExecAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/visir_exec/VisirExecOps.h.inc"

#endif // VISIR_DIALECTS_VISIR_EXEC_VISIREXEC_H
