// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/nest/Totals.h"

#include "compiler/support/Constants.h"
#include "targets/cpu/codegen/nest/VectorAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

static Value addressOf(KernelBuilder &kb, Value memory, Offset at,
                       Type element) {
  OpBuilder &b = kb.b;
  int64_t bytes = elementBytes(element);
  Value address =
      memref::ExtractAlignedPointerAsIndexOp::create(b, kb.loc, memory);
  Offset offset{address, at.fixed * bytes};
  if (at.dynamic)
    offset = advance(kb, offset, at.dynamic, bytes);
  address = arith::IndexCastOp::create(b, kb.loc, b.getI64Type(),
                                       materialize(kb, offset));
  return LLVM::IntToPtrOp::create(
      b, kb.loc, LLVM::LLVMPointerType::get(b.getContext()), address);
}

Value cpu::loadTotal(KernelBuilder &kb, Value memory, Offset at, Type element,
                     unsigned width) {
  auto type = VectorType::get({int64_t(width)}, element);
  return LLVM::LoadOp::create(kb.b, kb.loc, type,
                              addressOf(kb, memory, at, element),
                              /*alignment=*/elementBytes(element),
                              /*isVolatile=*/true);
}

void cpu::storeTotal(KernelBuilder &kb, Value memory, Offset at, Value value) {
  Type element = getElementTypeOrSelf(value.getType());
  LLVM::StoreOp::create(kb.b, kb.loc, value, addressOf(kb, memory, at, element),
                        /*alignment=*/elementBytes(element),
                        /*isVolatile=*/true);
}

void cpu::addTotal(KernelBuilder &kb, Value memory, Offset at, Value value) {
  auto type = cast<VectorType>(value.getType());
  Value total = loadTotal(kb, memory, at, type.getElementType(),
                          unsigned(type.getDimSize(0)));
  storeTotal(kb, memory, at, addLanes(kb, total, value));
}
