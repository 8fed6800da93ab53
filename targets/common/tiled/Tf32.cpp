// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/tiled/Tf32.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

std::pair<Value, Value> visir::tiled::splitTf32(OpBuilder &b, Location loc,
                                                Value x) {
  constexpr int64_t kHalf = 0x1000, kKept = ~int64_t(0x1fff);
  Type i32 = b.getI32Type();
  auto bits = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(b, loc, int32_t(value), 32);
  };
  Value raw = arith::BitcastOp::create(b, loc, i32, x);
  Value rounded = arith::AndIOp::create(
      b, loc, arith::AddIOp::create(b, loc, raw, bits(kHalf)), bits(kKept));
  Value large = arith::BitcastOp::create(b, loc, x.getType(), rounded);
  return {large, arith::SubFOp::create(b, loc, x, large)};
}
