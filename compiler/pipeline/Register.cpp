// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/Register.h"

#include "compiler/conversion/GraphToDispatch/GraphToDispatch.h"
#include "compiler/transforms/precision/NarrowTensors.h"
#include "compiler/transforms/FactorConvs.h"
#include "compiler/transforms/recognise/BinaryConv.h"
#include "compiler/transforms/recognise/HeatmapDecode.h"
#include "compiler/transforms/rows/DistinctRows.h"
#include "dialects/visir/Visir.h"
#include "dialects/visir_exec/VisirExec.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void visir::registerDialects(DialectRegistry &registry) {
  registry.insert<VisirDialect, exec::VisirExecDialect, affine::AffineDialect, arith::ArithDialect,
                  func::FuncDialect, LLVM::LLVMDialect, math::MathDialect,
                  memref::MemRefDialect, scf::SCFDialect,
                  vector::VectorDialect>();
}

void visir::registerPasses() {
  registerTransformsPasses();
  visir::registerVisirTransformsPasses();
  visir::registerVisirBinaryConvPasses();
  visir::registerVisirFactorConvsPasses();
  visir::registerVisirHeatmapDecodePasses();
  visir::registerVisirDistinctRowsPasses();
  visir::registerVisirPrecisionPasses();
  registerPass(createGraphToDispatchPass);
}
