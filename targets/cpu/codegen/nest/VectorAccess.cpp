// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/nest/VectorAccess.h"

#include "compiler/support/Constants.h"
#include "targets/common/Payload.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

static Value prefixMask(KernelBuilder &kb, LaneGroup lanes) {
  auto type = VectorType::get({int64_t(lanes.width)}, kb.b.getI1Type());
  return vector::ConstantMaskOp::create(kb.b, kb.loc, type,
                                        ArrayRef<int64_t>{lanes.valid});
}

/// Masked memory operations of 4- and 8-byte elements are one instruction.
static bool useMask(KernelBuilder &kb, Type memory, LaneGroup lanes) {
  return kb.spec.maskedMemory && memory.getIntOrFloatBitWidth() >= 32 &&
         llvm::popcount(lanes.valid) > 1;
}

Value cpu::loadElement(KernelBuilder &kb, Value memory, Offset at,
                       Type element) {
  Value value = memref::LoadOp::create(kb.b, kb.loc, memory,
                                       ValueRange{materialize(kb, at)});
  return fromMemory(kb.b, kb.loc, value, element);
}

/// Neighbouring elements: one load, a masked one, or pieces of halving size.
static Value loadUnit(KernelBuilder &kb, Value memory, Offset at, Type element,
                      LaneGroup lanes) {
  OpBuilder &b = kb.b;
  auto type = VectorType::get({int64_t(lanes.width)}, element);
  if (lanes.valid == lanes.width)
    return vector::LoadOp::create(b, kb.loc, type, memory,
                                  ValueRange{materialize(kb, at)});
  Value result = makeConstant(b, kb.loc, type, 0);
  if (useMask(kb, element, lanes))
    return vector::MaskedLoadOp::create(b, kb.loc, type, memory,
                                        ValueRange{materialize(kb, at)},
                                        prefixMask(kb, lanes), result);
  for (unsigned lane = 0; lane < lanes.valid;) {
    unsigned count = llvm::bit_floor(lanes.valid - lane);
    Value where = materialize(kb, at.plus(lane));
    if (count == 1) {
      Value one = memref::LoadOp::create(b, kb.loc, memory, ValueRange{where});
      result = vector::InsertOp::create(b, kb.loc, one, result, int64_t(lane));
    } else {
      auto part = VectorType::get({int64_t(count)}, element);
      Value piece =
          vector::LoadOp::create(b, kb.loc, part, memory, ValueRange{where});
      result = vector::InsertStridedSliceOp::create(b, kb.loc, piece, result,
                                                    ArrayRef<int64_t>{lane},
                                                    ArrayRef<int64_t>{1});
    }
    lane += count;
  }
  return result;
}

Value cpu::loadLanes(KernelBuilder &kb, Value memory, Offset at, int64_t stride,
                     Type element, LaneGroup lanes) {
  if (stride == 0)
    return loadElement(kb, memory, at, element);
  Type inMemory = memoryType(element);
  if (stride == 1)
    return fromMemory(kb.b, kb.loc, loadUnit(kb, memory, at, inMemory, lanes),
                      element);
  auto type = VectorType::get({int64_t(lanes.width)}, inMemory);
  Value result = makeConstant(kb.b, kb.loc, type, 0);
  for (unsigned lane = 0; lane < lanes.valid; ++lane) {
    Value where = materialize(kb, at.plus(lane * stride));
    Value one = memref::LoadOp::create(kb.b, kb.loc, memory, ValueRange{where});
    result = vector::InsertOp::create(kb.b, kb.loc, one, result, int64_t(lane));
  }
  return fromMemory(kb.b, kb.loc, result, element);
}

static void storeUnit(KernelBuilder &kb, Value memory, Offset at,
                      LaneGroup lanes, Value value) {
  OpBuilder &b = kb.b;
  Type element = getElementTypeOrSelf(value.getType());
  if (lanes.valid == lanes.width) {
    vector::StoreOp::create(b, kb.loc, value, memory,
                            ValueRange{materialize(kb, at)});
    return;
  }
  if (useMask(kb, element, lanes)) {
    vector::MaskedStoreOp::create(b, kb.loc, memory,
                                  ValueRange{materialize(kb, at)},
                                  prefixMask(kb, lanes), value);
    return;
  }
  for (unsigned lane = 0; lane < lanes.valid;) {
    unsigned count = llvm::bit_floor(lanes.valid - lane);
    Value where = materialize(kb, at.plus(lane));
    if (count == 1) {
      Value one = vector::ExtractOp::create(b, kb.loc, value, int64_t(lane));
      memref::StoreOp::create(b, kb.loc, one, memory, ValueRange{where});
    } else {
      Value piece = vector::ExtractStridedSliceOp::create(
          b, kb.loc, value, ArrayRef<int64_t>{lane}, ArrayRef<int64_t>{count},
          ArrayRef<int64_t>{1});
      vector::StoreOp::create(b, kb.loc, piece, memory, ValueRange{where});
    }
    lane += count;
  }
}

void cpu::storeLanes(KernelBuilder &kb, Value memory, Offset at, int64_t stride,
                     Type element, LaneGroup lanes, Value value) {
  value = toMemory(kb.b, kb.loc, toLanes(kb.b, kb.loc, value, lanes.width),
                   element);
  if (stride == 1)
    return storeUnit(kb, memory, at, lanes, value);
  for (unsigned lane = 0; lane < lanes.valid; ++lane) {
    Value one = vector::ExtractOp::create(kb.b, kb.loc, value, int64_t(lane));
    memref::StoreOp::create(
        kb.b, kb.loc, one, memory,
        ValueRange{materialize(kb, at.plus(lane * stride))});
  }
}

Value cpu::toElement(KernelBuilder &kb, Value value, Type element) {
  Type type = vectorOrScalar(element, lanesOf(value));
  if (value.getType() == type)
    return value;
  if (auto extension = value.getDefiningOp<arith::ExtFOp>())
    if (extension.getIn().getType() == type)
      return extension.getIn();
  if (element.getIntOrFloatBitWidth() <
      getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth())
    return arith::TruncFOp::create(kb.b, kb.loc, type, value);
  return arith::ExtFOp::create(kb.b, kb.loc, type, value);
}

bool cpu::isPlainLoad(Value value, Type element) {
  if (value.getType() != element)
    if (auto extension = value.getDefiningOp<arith::ExtFOp>())
      value = extension.getIn();
  return value.getType() == element && isa<BlockArgument>(value);
}

Type cpu::elementOfProducts(const CpuSpec &spec, ValueRange factors) {
  Type element = factors[0].getType();
  auto isHalf = [](Value factor) {
    auto extension = factor.getDefiningOp<arith::ExtFOp>();
    return extension && extension.getIn().getType().isF16();
  };
  if (spec.halfSums && element.isF32() && llvm::all_of(factors, isHalf))
    return Float16Type::get(element.getContext());
  return element;
}

unsigned cpu::scalarsPerLoad(const CpuSpec &spec, Type element) {
  bool taken = element.isF32() || (element.isF16() && spec.halfSums);
  return spec.laneFactors && taken ? spec.lanes(elementBytes(element)) : 1;
}

Value cpu::splatLane(KernelBuilder &kb, Value vector, unsigned lane,
                     unsigned width) {
  Value scalar =
      vector::ExtractOp::create(kb.b, kb.loc, vector, int64_t(lane));
  return toLanes(kb.b, kb.loc, scalar, width);
}

Value cpu::addLanes(KernelBuilder &kb, Value x, Value y) {
  if (isa<IntegerType>(getElementTypeOrSelf(x.getType())))
    return arith::AddIOp::create(kb.b, kb.loc, x, y);
  return arith::AddFOp::create(kb.b, kb.loc, x, y);
}

Value cpu::multiplyAdd(KernelBuilder &kb, Value x, Value y, Value sum) {
  bool integer = isa<IntegerType>(getElementTypeOrSelf(x.getType()));
  if (kb.spec.fma && !integer)
    return vector::FMAOp::create(kb.b, kb.loc, x, y, sum);
  Value product;
  if (integer)
    product = arith::MulIOp::create(kb.b, kb.loc, x, y);
  else
    product = arith::MulFOp::create(kb.b, kb.loc, x, y);
  return addLanes(kb, sum, product);
}
