// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shorthand for straight arithmetic on one float type, scalar or vector.
#ifndef VISIR_TARGETS_COMMON_MATH_FLOATBUILDER_H
#define VISIR_TARGETS_COMMON_MATH_FLOATBUILDER_H

#include "targets/common/Payload.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

namespace visir {

/// What math functions must know of a target.
struct MathTraits {
  bool fma = true;   ///< fused multiply-add is one instruction
  bool half = false; ///< conversions of f16 are instructions
  bool ldexp = false; ///< so is x * 2^n of f32
  /// Floats that one instruction looks up by each lane: 32 by 16 lanes
  /// (AVX-512), 8 by 8 (AVX2) or none.
  unsigned tables = 0;
};

struct FloatBuilder {
  using Value = mlir::Value;

  FloatBuilder(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type,
               const MathTraits &traits)
      : b(b), loc(loc), type(type), traits(traits) {}

  bool isDouble() const { return getElementTypeOrSelf(type).isF64(); }
  /// Explicit bits of the significand.
  int mantissa() const { return isDouble() ? 52 : 23; }
  int bias() const { return isDouble() ? 1023 : 127; }
  /// The integer type of the same shape and width.
  mlir::Type bitsType() const {
    return withElement(b.getIntegerType(isDouble() ? 64 : 32));
  }
  mlir::Type withElement(mlir::Type element) const {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type))
      return vector.clone(element);
    return element;
  }

  Value c(double value) const { return makeConstant(b, loc, type, value); }
  Value ints(int64_t value) const;

  template <typename Op, typename... Args> Value make(Args... args) const {
    return Op::create(b, loc, args...);
  }
  Value add(Value x, Value y) const {
    return make<mlir::arith::AddFOp>(x, y);
  }
  Value sub(Value x, Value y) const {
    return make<mlir::arith::SubFOp>(x, y);
  }
  Value mul(Value x, Value y) const {
    return make<mlir::arith::MulFOp>(x, y);
  }
  Value div(Value x, Value y) const {
    return make<mlir::arith::DivFOp>(x, y);
  }
  Value neg(Value x) const { return make<mlir::arith::NegFOp>(x); }
  Value abs(Value x) const { return make<mlir::math::AbsFOp>(x); }
  Value sqrt(Value x) const { return make<mlir::math::SqrtOp>(x); }
  /// x * y + z, with one rounding where the target can.
  Value fma(Value x, Value y, Value z) const {
    return traits.fma ? make<mlir::math::FmaOp>(x, y, z) : add(mul(x, y), z);
  }
  /// The magnitude of x with the sign of y.
  Value copySign(Value x, Value y) const {
    return make<mlir::math::CopySignOp>(x, y);
  }
  Value less(Value x, Value y) const {
    return make<mlir::arith::CmpFOp>(mlir::arith::CmpFPredicate::OLT, x, y);
  }
  Value equal(Value x, Value y) const {
    return make<mlir::arith::CmpFOp>(mlir::arith::CmpFPredicate::OEQ, x, y);
  }
  Value select(Value condition, Value x, Value y) const {
    return make<mlir::arith::SelectOp>(condition, x, y);
  }
  /// x within low .. high; NaN stays.
  Value clamp(Value x, double low, double high) const;

  Value bits(Value x) const {
    return make<mlir::arith::BitcastOp>(bitsType(), x);
  }
  Value fromBits(Value x) const {
    return make<mlir::arith::BitcastOp>(type, x);
  }
  Value iadd(Value x, Value y) const {
    return make<mlir::arith::AddIOp>(x, y);
  }
  Value isub(Value x, Value y) const {
    return make<mlir::arith::SubIOp>(x, y);
  }
  Value iand(Value x, Value y) const {
    return make<mlir::arith::AndIOp>(x, y);
  }
  Value shiftLeft(Value x, int64_t bits) const {
    return make<mlir::arith::ShLIOp>(x, ints(bits));
  }

  /// Horner's scheme; `coefficients` constant first.
  Value polynomial(Value x, llvm::ArrayRef<double> coefficients) const;

  /// x rounded to the nearest integer, as a float and as bits-wide integers;
  /// right for |x| < 2^(mantissa - 2).
  std::pair<Value, Value> round(Value x) const;
  /// x * y rounded likewise.
  std::pair<Value, Value> roundProduct(Value x, Value y) const;

  /// x * 2^n for integers n in -2 * bias .. 2 * bias.
  Value scale(Value x, Value n) const;

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type type;
  MathTraits traits;
};

/// Expansions; behind each the largest error in f32 that the tests find, in
/// units in the last place (f64 ones have no more). Arguments of sin, cos and
/// tan are reduced exactly up to 2^20 * pi/2; their errors are absolute.
mlir::Value emitExp(const FloatBuilder &f, mlir::Value x);   // 1
mlir::Value emitExp2(const FloatBuilder &f, mlir::Value x);  // 1
mlir::Value emitExpM1(const FloatBuilder &f, mlir::Value x); // 1.4
mlir::Value emitLog(const FloatBuilder &f, mlir::Value x);   // 0.8
mlir::Value emitLog1p(const FloatBuilder &f, mlir::Value x); // 2.3
mlir::Value emitPow(const FloatBuilder &f, mlir::Value x, mlir::Value y);
mlir::Value emitTanh(const FloatBuilder &f, mlir::Value x);  // 2.5
mlir::Value emitSinh(const FloatBuilder &f, mlir::Value x);  // 2.4
mlir::Value emitCosh(const FloatBuilder &f, mlir::Value x);  // 2.4
mlir::Value emitAsinh(const FloatBuilder &f, mlir::Value x); // 1.8
mlir::Value emitAcosh(const FloatBuilder &f, mlir::Value x); // 1.9
mlir::Value emitAtanh(const FloatBuilder &f, mlir::Value x); // 2.6
mlir::Value emitErf(const FloatBuilder &f, mlir::Value x);   // 6
mlir::Value emitSin(const FloatBuilder &f, mlir::Value x);   // 1.2e-7
mlir::Value emitCos(const FloatBuilder &f, mlir::Value x);   // 1.2e-7
mlir::Value emitTan(const FloatBuilder &f, mlir::Value x);
mlir::Value emitAsin(const FloatBuilder &f, mlir::Value x);  // 2.3
mlir::Value emitAcos(const FloatBuilder &f, mlir::Value x);  // 1.2
mlir::Value emitAtan(const FloatBuilder &f, mlir::Value x);  // 1.7
/// The remainder of x / y with the sign of x, exact.
mlir::Value emitRemainder(const FloatBuilder &f, mlir::Value x,
                          mlir::Value y);

/// f16 and bf16 to f32 or f64 and back; null when the target does it itself.
mlir::Value emitExtend(const FloatBuilder &wide, mlir::Value x);
mlir::Value emitTruncate(const FloatBuilder &wide, mlir::Value x,
                         mlir::Type to);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_MATH_FLOATBUILDER_H
