// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/codegen/MatrixUnits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace visir;
using namespace visir::cuda;

using Values = MatrixUnits::Values;

Value MatrixUnits::number(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value MatrixUnits::plus(Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(loc, x, y);
}

Value MatrixUnits::times(Value x, int64_t factor) {
  return b.createOrFold<arith::MulIOp>(loc, x, number(factor));
}

Value MatrixUnits::integer(int64_t value) {
  return arith::ConstantIntOp::create(b, loc, value, 32);
}

Value MatrixUnits::toInteger(Value index) {
  return arith::IndexCastOp::create(b, loc, b.getI32Type(), index);
}

/// Of the memref's descriptor, whose form conversions give to memrefs with
/// indices of 32 bits.
Value MatrixUnits::pointerOf(Value memory) {
  auto type = cast<MemRefType>(memory.getType());
  MLIRContext *context = b.getContext();
  auto pointer =
      LLVM::LLVMPointerType::get(context, type.getMemorySpaceAsInt());
  Type i32 = b.getI32Type(), one = LLVM::LLVMArrayType::get(i32, 1);
  auto form = LLVM::LLVMStructType::getLiteral(
      context, {pointer, pointer, i32, one, one});
  Value descriptor = UnrealizedConversionCastOp::create(
                         b, loc, TypeRange(form), ValueRange(memory))
                         .getResult(0);
  return LLVM::ExtractValueOp::create(b, loc, descriptor, 1);
}

Value MatrixUnits::element(Value pointer, Value number) {
  return LLVM::GEPOp::create(b, loc, pointer.getType(), b.getI16Type(),
                             pointer, ValueRange{toInteger(number)});
}

Value MatrixUnits::placeOf(const MatrixSide &shape, Value line, Value chunk) {
  Value turned = chunk;
  if (shape.mask() > 0) {
    Value high =
        arith::ShRUIOp::create(b, loc, line, number(shape.shift()));
    Value turn = arith::AndIOp::create(b, loc, high, number(shape.mask()));
    turned = arith::XOrIOp::create(b, loc, chunk, turn);
  }
  return plus(times(line, shape.chunks * kChunk), times(turned, kChunk));
}

Values MatrixUnits::readFragment(const Tile &tile, Value lane, Value place,
                                 int64_t deep, bool placesFirst) {
  auto split = [&](Value x, int64_t divisor) -> std::pair<Value, Value> {
    return {arith::DivUIOp::create(b, loc, x, number(divisor)),
            arith::RemUIOp::create(b, loc, x, number(divisor))};
  };
  auto [matrix, line] = split(lane, kChunk);
  auto [high, low] = split(matrix, 2);
  Value placeHalf = placesFirst ? low : high;
  Value deepHalf = placesFirst ? high : low;
  Value lines, chunk;
  if (tile.deepFast) {
    lines = plus(plus(place, times(placeHalf, kChunk)), line);
    chunk = plus(number(deep / kChunk), deepHalf);
  } else {
    lines = plus(plus(number(deep), times(deepHalf, kChunk)), line);
    chunk = plus(arith::DivUIOp::create(b, loc, place, number(kChunk)),
                 placeHalf);
  }
  Value from = plus(tile.first, placeOf(tile.shape, lines, chunk));
  auto type = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(4, b.getI32Type()));
  auto read = NVVM::LdMatrixOp::create(
      b, loc, type, element(tile.memory, from), /*num=*/4,
      tile.deepFast ? NVVM::MMALayout::row : NVVM::MMALayout::col,
      NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8),
      NVVM::LdStMatrixEltType::B16);
  Values registers;
  for (int64_t i = 0; i < 4; ++i)
    registers.push_back(
        LLVM::ExtractValueOp::create(b, loc, read.getRes(), i));
  return registers;
}

Values MatrixUnits::multiply(ArrayRef<Value> x, ArrayRef<Value> y,
                             ArrayRef<Value> sums) {
  bool half = narrow.isF16();
  auto pairs = [&](ArrayRef<Value> registers) {
    Values made;
    for (Value value : registers)
      made.push_back(
          half ? LLVM::BitcastOp::create(b, loc, VectorType::get(2, narrow),
                                         value)
                     .getResult()
               : value);
    return made;
  };
  auto type = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(4, b.getF32Type()));
  NVVM::MMATypes of = half ? NVVM::MMATypes::f16 : NVVM::MMATypes::bf16;
  auto product = NVVM::MmaOp::create(
      b, loc, type, pairs(x), pairs(y), sums, /*shape=*/{16, 8, 16},
      /*b1Op=*/std::nullopt, /*intOverflow=*/std::nullopt, std::array{of, of},
      std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  Values results;
  for (int64_t i = 0; i < 4; ++i)
    results.push_back(
        LLVM::ExtractValueOp::create(b, loc, product.getRes(), i));
  return results;
}
