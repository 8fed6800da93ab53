// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/emulator/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace visir::cuda;

unsigned visir::cuda::bitsOf(Type type) {
  return type.isIndex() ? 32 : type.getIntOrFloatBitWidth();
}

int64_t visir::cuda::signExtend(uint64_t bits, unsigned width) {
  return llvm::SignExtend64(bits, width);
}

static uint64_t truncate(uint64_t bits, unsigned width) {
  return width == 64 ? bits : bits & ((uint64_t(1) << width) - 1);
}

double visir::cuda::toNumber(uint64_t bits, Type type) {
  if (type.isF64())
    return llvm::bit_cast<double>(bits);
  if (type.isF32())
    return llvm::bit_cast<float>(uint32_t(bits));
  auto floating = cast<FloatType>(type);
  APFloat value(floating.getFloatSemantics(),
                APInt(floating.getWidth(), bits));
  bool lost;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
  return value.convertToDouble();
}

uint64_t visir::cuda::fromNumber(double number, Type type) {
  if (type.isF64())
    return llvm::bit_cast<uint64_t>(number);
  if (type.isF32())
    return llvm::bit_cast<uint32_t>(float(number));
  APFloat value(number);
  bool lost;
  value.convert(cast<FloatType>(type).getFloatSemantics(),
                APFloat::rmNearestTiesToEven, &lost);
  return value.bitcastToAPInt().getZExtValue();
}

using Unary = double (*)(double);
using Binary = double (*)(double, double);
using Integer = uint64_t (*)(uint64_t, uint64_t, unsigned);

static Unary unaryOf(Operation *op) {
  return TypeSwitch<Operation *, Unary>(op)
      .Case([](arith::NegFOp) { return [](double x) { return -x; }; })
      .Case([](math::AbsFOp) -> Unary { return std::fabs; })
      .Case([](math::CeilOp) -> Unary { return std::ceil; })
      .Case([](math::FloorOp) -> Unary { return std::floor; })
      .Case([](math::RoundEvenOp) -> Unary { return std::nearbyint; })
      .Case([](math::RoundOp) -> Unary { return std::round; })
      .Case([](math::TruncOp) -> Unary { return std::trunc; })
      .Case([](math::SqrtOp) -> Unary { return std::sqrt; })
      .Case<arith::ExtFOp, arith::TruncFOp>(
          [](auto) { return [](double x) { return x; }; })
      .Default([](Operation *) { return nullptr; });
}

static double maximum(double x, double y) {
  return std::isnan(x) || std::isnan(y) ? std::nan("") : std::fmax(x, y);
}

static double minimum(double x, double y) {
  return std::isnan(x) || std::isnan(y) ? std::nan("") : std::fmin(x, y);
}

// Two roundings, to f64 and to f32, are one for these on f32.
static Binary binaryOf(Operation *op) {
  return TypeSwitch<Operation *, Binary>(op)
      .Case([](arith::AddFOp) {
        return [](double x, double y) { return x + y; };
      })
      .Case([](arith::SubFOp) {
        return [](double x, double y) { return x - y; };
      })
      .Case([](arith::MulFOp) {
        return [](double x, double y) { return x * y; };
      })
      .Case([](arith::DivFOp) {
        return [](double x, double y) { return x / y; };
      })
      .Case([](arith::RemFOp) -> Binary { return std::fmod; })
      .Case([](arith::MaximumFOp) -> Binary { return maximum; })
      .Case([](arith::MinimumFOp) -> Binary { return minimum; })
      .Case([](arith::MaxNumFOp) -> Binary { return std::fmax; })
      .Case([](arith::MinNumFOp) -> Binary { return std::fmin; })
      .Case([](math::CopySignOp) -> Binary { return std::copysign; })
      .Default([](Operation *) { return nullptr; });
}

/// Of zero-extended operands; a division by zero gives ones as on the device.
static Integer integerOf(Operation *op) {
  using U = uint64_t;
  using W = unsigned;
  return TypeSwitch<Operation *, Integer>(op)
      .Case([](arith::AddIOp) { return [](U x, U y, W) { return x + y; }; })
      .Case([](arith::SubIOp) { return [](U x, U y, W) { return x - y; }; })
      .Case([](arith::MulIOp) { return [](U x, U y, W) { return x * y; }; })
      .Case([](arith::AndIOp) { return [](U x, U y, W) { return x & y; }; })
      .Case([](arith::OrIOp) { return [](U x, U y, W) { return x | y; }; })
      .Case([](arith::XOrIOp) { return [](U x, U y, W) { return x ^ y; }; })
      .Case([](arith::ShLIOp) {
        return [](U x, U y, W w) { return y >= w ? 0 : x << y; };
      })
      .Case([](arith::ShRUIOp) {
        return [](U x, U y, W w) { return y >= w ? 0 : x >> y; };
      })
      .Case([](arith::ShRSIOp) {
        return [](U x, U y, W w) {
          return U(signExtend(x, w) >> std::min<U>(y, w - 1));
        };
      })
      .Case([](arith::DivUIOp) {
        return [](U x, U y, W) { return y ? x / y : ~U(0); };
      })
      .Case([](arith::RemUIOp) {
        return [](U x, U y, W) { return y ? x % y : x; };
      })
      .Case([](arith::DivSIOp) {
        return [](U x, U y, W w) {
          int64_t a = signExtend(x, w), b = signExtend(y, w);
          return b == 0 ? ~U(0) : b == -1 ? U(0) - U(a) : U(a / b);
        };
      })
      .Case([](arith::RemSIOp) {
        return [](U x, U y, W w) {
          int64_t a = signExtend(x, w), b = signExtend(y, w);
          return b == 0 ? x : b == -1 ? U(0) : U(a % b);
        };
      })
      .Case([](arith::FloorDivSIOp) {
        return [](U x, U y, W w) {
          int64_t a = signExtend(x, w), b = signExtend(y, w);
          if (b == 0 || b == -1)
            return b == 0 ? ~U(0) : U(0) - U(a);
          return U(a / b - (a % b != 0 && (a < 0) != (b < 0)));
        };
      })
      .Case([](arith::MaxUIOp) {
        return [](U x, U y, W) { return std::max(x, y); };
      })
      .Case([](arith::MinUIOp) {
        return [](U x, U y, W) { return std::min(x, y); };
      })
      .Case([](arith::MaxSIOp) {
        return [](U x, U y, W w) {
          return signExtend(x, w) < signExtend(y, w) ? y : x;
        };
      })
      .Case([](arith::MinSIOp) {
        return [](U x, U y, W w) {
          return signExtend(x, w) < signExtend(y, w) ? x : y;
        };
      })
      .Default([](Operation *) { return nullptr; });
}

static ScalarFn comparison(Operation *op) {
  Type type = op->getOperand(0).getType();
  if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
    unsigned width = bitsOf(type);
    return [predicate = compare.getPredicate(), width](const uint64_t *x) {
      return uint64_t(arith::applyCmpPredicate(
          predicate, APInt(width, x[0]), APInt(width, x[1])));
    };
  }
  auto compare = dyn_cast<arith::CmpFOp>(op);
  if (!compare)
    return {};
  return [predicate = compare.getPredicate(), type](const uint64_t *x) {
    return uint64_t(arith::applyCmpPredicate(predicate,
                                             APFloat(toNumber(x[0], type)),
                                             APFloat(toNumber(x[1], type))));
  };
}

/// A number as an integer, the nearest one that there is, as cvt does.
static uint64_t toInteger(double x, unsigned width, bool isUnsigned) {
  if (std::isnan(x))
    return 0;
  double low = isUnsigned ? 0 : -std::ldexp(1.0, width - 1);
  double high = std::ldexp(1.0, isUnsigned ? width : width - 1);
  x = std::trunc(x);
  if (x < low)
    return truncate(uint64_t(int64_t(low)), width);
  if (x >= high)
    return truncate(isUnsigned ? ~uint64_t(0)
                               : (uint64_t(1) << (width - 1)) - 1,
                    width);
  return truncate(isUnsigned ? uint64_t(x) : uint64_t(int64_t(x)), width);
}

static ScalarFn conversion(Operation *op) {
  Type from = op->getOperand(0).getType(), to = op->getResult(0).getType();
  if (isa<arith::BitcastOp>(op))
    return [](const uint64_t *x) { return x[0]; };
  if (isa<arith::ExtUIOp, arith::IndexCastUIOp, arith::TruncIOp>(op))
    return [width = bitsOf(to)](const uint64_t *x) {
      return truncate(x[0], width);
    };
  if (isa<arith::ExtSIOp, arith::IndexCastOp>(op))
    return [before = bitsOf(from), after = bitsOf(to)](const uint64_t *x) {
      return truncate(uint64_t(signExtend(x[0], before)), after);
    };
  if (isa<arith::SIToFPOp>(op))
    return [width = bitsOf(from), to](const uint64_t *x) {
      return fromNumber(double(signExtend(x[0], width)), to);
    };
  if (isa<arith::UIToFPOp>(op))
    return [to](const uint64_t *x) { return fromNumber(double(x[0]), to); };
  if (isa<arith::FPToSIOp, arith::FPToUIOp>(op))
    return [from, width = bitsOf(to),
            isUnsigned = isa<arith::FPToUIOp>(op)](const uint64_t *x) {
      return toInteger(toNumber(x[0], from), width, isUnsigned);
    };
  return {};
}

static ScalarFn multiplyAdd(Type type) {
  if (!type.isF32())
    return [type](const uint64_t *x) {
      return fromNumber(std::fma(toNumber(x[0], type), toNumber(x[1], type),
                                 toNumber(x[2], type)),
                        type);
    };
  return [type](const uint64_t *x) {
    return fromNumber(std::fma(float(toNumber(x[0], type)),
                               float(toNumber(x[1], type)),
                               float(toNumber(x[2], type))),
                      type);
  };
}

static ScalarFn otherFunction(Operation *op) {
  Type type = op->getResult(0).getType();
  if (isa<arith::SelectOp>(op))
    return [](const uint64_t *x) { return x[0] ? x[1] : x[2]; };
  if (isa<math::FmaOp>(op))
    return multiplyAdd(type);
  if (isa<math::AbsIOp>(op))
    return [width = bitsOf(type)](const uint64_t *x) {
      int64_t value = signExtend(x[0], width);
      return truncate(value < 0 ? 0 - x[0] : x[0], width);
    };
  if (isa<math::CountLeadingZerosOp>(op))
    return [width = bitsOf(type)](const uint64_t *x) {
      return uint64_t(APInt(width, x[0]).countl_zero());
    };
  if (isa<math::CtPopOp>(op))
    return [](const uint64_t *x) { return uint64_t(llvm::popcount(x[0])); };
  auto constant = dyn_cast<arith::ConstantOp>(op);
  if (!constant)
    return {};
  uint64_t bits = 0;
  if (auto value = dyn_cast<FloatAttr>(constant.getValue()))
    bits = value.getValue().bitcastToAPInt().getZExtValue();
  else if (auto value = dyn_cast<IntegerAttr>(constant.getValue()))
    bits = truncate(value.getValue().getZExtValue(), bitsOf(type));
  else
    return {};
  return [bits](const uint64_t *) { return bits; };
}

ScalarFn visir::cuda::scalarFunction(Operation *op) {
  if (op->getNumResults() != 1 ||
      !op->getResult(0).getType().isIntOrIndexOrFloat())
    return {};
  Type type = op->getResult(0).getType();
  if (Unary unary = unaryOf(op))
    return [unary, from = op->getOperand(0).getType(),
            type](const uint64_t *x) {
      return fromNumber(unary(toNumber(x[0], from)), type);
    };
  if (Binary binary = binaryOf(op))
    return [binary, type](const uint64_t *x) {
      return fromNumber(binary(toNumber(x[0], type), toNumber(x[1], type)),
                        type);
    };
  if (Integer integer = integerOf(op))
    return [integer, width = bitsOf(type)](const uint64_t *x) {
      return truncate(integer(x[0], x[1], width), width);
    };
  if (isa<arith::CmpIOp, arith::CmpFOp>(op))
    return comparison(op);
  if (ScalarFn fn = op->getNumOperands() == 1 ? conversion(op) : ScalarFn())
    return fn;
  return otherFunction(op);
}
