// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect `visir`: graph ops, dispatches and their attributes.
#ifndef VISIR_DIALECTS_VISIR_VISIR_H
#define VISIR_DIALECTS_VISIR_VISIR_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/visir/VisirDialect.h.inc"
#include "dialects/visir/VisirEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/visir/VisirAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/visir/VisirOps.h.inc"

#endif // VISIR_DIALECTS_VISIR_VISIR_H
