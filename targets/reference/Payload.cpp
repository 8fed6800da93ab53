// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Payload.h"

#include "compiler/support/Constants.h"
#include "targets/reference/Tensor.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <optional>

using namespace mlir;
using namespace visir::reference;

using Registers = Payload::Registers;
using UnaryFn = double (*)(double);
using BinaryFn = double (*)(double, double);
using IntFn = uint64_t (*)(uint64_t, uint64_t);

Registers Payload::makeRegisters() const {
  Registers registers(types.size());
  for (auto [lanes, type] : llvm::zip_equal(registers, types)) {
    if (isa<FloatType>(type))
      lanes.floats.resize(chunkPoints);
    else
      lanes.ints.resize(chunkPoints);
  }
  return registers;
}

Lanes &Payload::argument(Registers &registers, unsigned i) const {
  return registers[i];
}

const Lanes &Payload::yielded(Registers &registers, unsigned i) const {
  return registers[yields[i]];
}

bool Payload::run(Registers &registers, int64_t count) const {
  for (const Step &step : steps)
    if (!step(registers, count))
      return false;
  return true;
}

/// The value's low `width` bits as an unsigned number.
static uint64_t zeroExtend(uint64_t value, unsigned width) {
  return width == 64 ? value : value & ((uint64_t(1) << width) - 1);
}

static double maximum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? std::nan("") : std::fmax(a, b);
}

static double minimum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? std::nan("") : std::fmin(a, b);
}

static UnaryFn unaryFunction(Operation *op) {
  return TypeSwitch<Operation *, UnaryFn>(op)
      .Case([](arith::NegFOp) { return [](double x) { return -x; }; })
      .Case([](math::AbsFOp) -> UnaryFn { return std::fabs; })
      .Case([](math::CeilOp) -> UnaryFn { return std::ceil; })
      .Case([](math::FloorOp) -> UnaryFn { return std::floor; })
      .Case([](math::RoundEvenOp) -> UnaryFn { return std::nearbyint; })
      .Case([](math::RoundOp) -> UnaryFn { return std::round; })
      .Case([](math::TruncOp) -> UnaryFn { return std::trunc; })
      .Case([](math::ExpOp) -> UnaryFn { return std::exp; })
      .Case([](math::Exp2Op) -> UnaryFn { return std::exp2; })
      .Case([](math::ExpM1Op) -> UnaryFn { return std::expm1; })
      .Case([](math::LogOp) -> UnaryFn { return std::log; })
      .Case([](math::Log2Op) -> UnaryFn { return std::log2; })
      .Case([](math::Log10Op) -> UnaryFn { return std::log10; })
      .Case([](math::Log1pOp) -> UnaryFn { return std::log1p; })
      .Case([](math::SqrtOp) -> UnaryFn { return std::sqrt; })
      .Case([](math::RsqrtOp) {
        return [](double x) { return 1 / std::sqrt(x); };
      })
      .Case([](math::CbrtOp) -> UnaryFn { return std::cbrt; })
      .Case([](math::SinOp) -> UnaryFn { return std::sin; })
      .Case([](math::CosOp) -> UnaryFn { return std::cos; })
      .Case([](math::TanOp) -> UnaryFn { return std::tan; })
      .Case([](math::AsinOp) -> UnaryFn { return std::asin; })
      .Case([](math::AcosOp) -> UnaryFn { return std::acos; })
      .Case([](math::AtanOp) -> UnaryFn { return std::atan; })
      .Case([](math::SinhOp) -> UnaryFn { return std::sinh; })
      .Case([](math::CoshOp) -> UnaryFn { return std::cosh; })
      .Case([](math::TanhOp) -> UnaryFn { return std::tanh; })
      .Case([](math::AsinhOp) -> UnaryFn { return std::asinh; })
      .Case([](math::AcoshOp) -> UnaryFn { return std::acosh; })
      .Case([](math::AtanhOp) -> UnaryFn { return std::atanh; })
      .Case([](math::ErfOp) -> UnaryFn { return std::erf; })
      .Case([](math::ErfcOp) -> UnaryFn { return std::erfc; })
      .Case<arith::ExtFOp, arith::TruncFOp>(
          [](auto) { return [](double x) { return x; }; })
      .Default([](Operation *) { return nullptr; });
}

static BinaryFn binaryFunction(Operation *op) {
  return TypeSwitch<Operation *, BinaryFn>(op)
      .Case([](arith::AddFOp) {
        return [](double a, double b) { return a + b; };
      })
      .Case([](arith::SubFOp) {
        return [](double a, double b) { return a - b; };
      })
      .Case([](arith::MulFOp) {
        return [](double a, double b) { return a * b; };
      })
      .Case([](arith::DivFOp) {
        return [](double a, double b) { return a / b; };
      })
      .Case([](arith::RemFOp) -> BinaryFn { return std::fmod; })
      .Case([](arith::MaximumFOp) -> BinaryFn { return maximum; })
      .Case([](arith::MinimumFOp) -> BinaryFn { return minimum; })
      .Case([](arith::MaxNumFOp) -> BinaryFn { return std::fmax; })
      .Case([](arith::MinNumFOp) -> BinaryFn { return std::fmin; })
      .Case([](math::PowFOp) -> BinaryFn { return std::pow; })
      .Case([](math::Atan2Op) -> BinaryFn { return std::atan2; })
      .Case([](math::CopySignOp) -> BinaryFn { return std::copysign; })
      .Default([](Operation *) { return nullptr; });
}

static uint64_t wrappingPower(uint64_t a, uint64_t exponent) {
  int64_t b = int64_t(exponent);
  if (b < 0)
    return a == 1 ? 1 : a == ~uint64_t(0) ? (b & 1 ? a : 1) : 0;
  uint64_t result = 1;
  for (; b; b >>= 1, a *= a)
    if (b & 1)
      result *= a;
  return result;
}

/// Functions whose low bits depend only on the operands' low bits, and signed
/// ones; operands are sign-extended.
static IntFn intFunction(Operation *op) {
  using U = uint64_t;
  using S = int64_t;
  return TypeSwitch<Operation *, IntFn>(op)
      .Case([](arith::AddIOp) { return [](U a, U b) { return a + b; }; })
      .Case([](arith::SubIOp) { return [](U a, U b) { return a - b; }; })
      .Case([](arith::MulIOp) { return [](U a, U b) { return a * b; }; })
      .Case([](arith::AndIOp) { return [](U a, U b) { return a & b; }; })
      .Case([](arith::OrIOp) { return [](U a, U b) { return a | b; }; })
      .Case([](arith::XOrIOp) { return [](U a, U b) { return a ^ b; }; })
      .Case([](arith::MaxSIOp) {
        return [](U a, U b) { return S(a) < S(b) ? b : a; };
      })
      .Case([](arith::MinSIOp) {
        return [](U a, U b) { return S(a) < S(b) ? a : b; };
      })
      .Case([](arith::DivSIOp) {
        return [](U a, U b) { return S(b) == -1 ? 0 - a : U(S(a) / S(b)); };
      })
      .Case([](arith::RemSIOp) {
        return [](U a, U b) { return S(b) == -1 ? 0 : U(S(a) % S(b)); };
      })
      .Case([](arith::FloorDivSIOp) {
        return [](U a, U b) {
          S quotient = S(b) == -1 ? S(0 - a) : S(a) / S(b);
          S rest = S(b) == -1 ? 0 : S(a) % S(b);
          return U(rest != 0 && (rest < 0) != (S(b) < 0) ? quotient - 1
                                                         : quotient);
        };
      })
      .Case([](math::IPowIOp) -> IntFn { return wrappingPower; })
      .Default([](Operation *) { return nullptr; });
}

/// Functions of zero-extended operands. Shifts by the width or more are left
/// to the caller.
static IntFn unsignedFunction(Operation *op) {
  using U = uint64_t;
  return TypeSwitch<Operation *, IntFn>(op)
      .Case(
          [](arith::MaxUIOp) { return [](U a, U b) { return a < b ? b : a; }; })
      .Case(
          [](arith::MinUIOp) { return [](U a, U b) { return a < b ? a : b; }; })
      .Case([](arith::DivUIOp) { return [](U a, U b) { return a / b; }; })
      .Case([](arith::RemUIOp) { return [](U a, U b) { return a % b; }; })
      .Case([](arith::ShLIOp) {
        return [](U a, U b) { return b > 63 ? 0 : a << b; };
      })
      .Case([](arith::ShRUIOp) {
        return [](U a, U b) { return b > 63 ? 0 : a >> b; };
      })
      .Case([](math::CtPopOp) {
        return [](U a, U) { return U(llvm::popcount(a)); };
      })
      .Default([](Operation *) { return nullptr; });
}

static bool compareInts(arith::CmpIPredicate predicate, int64_t a, int64_t b,
                        unsigned width) {
  uint64_t ua = zeroExtend(a, width), ub = zeroExtend(b, width);
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return ua == ub;
  case arith::CmpIPredicate::ne:
    return ua != ub;
  case arith::CmpIPredicate::slt:
    return a < b;
  case arith::CmpIPredicate::sle:
    return a <= b;
  case arith::CmpIPredicate::sgt:
    return a > b;
  case arith::CmpIPredicate::sge:
    return a >= b;
  case arith::CmpIPredicate::ult:
    return ua < ub;
  case arith::CmpIPredicate::ule:
    return ua <= ub;
  case arith::CmpIPredicate::ugt:
    return ua > ub;
  case arith::CmpIPredicate::uge:
    return ua >= ub;
  }
  llvm_unreachable("all predicates are listed");
}

static bool compareFloats(arith::CmpFPredicate predicate, double a, double b) {
  // The bits of a predicate: equal, greater, less, unordered.
  unsigned relation = std::isnan(a) || std::isnan(b) ? 8
                      : a == b                       ? 1
                      : a > b                        ? 2
                                                     : 4;
  unsigned accepted = 0;
  switch (predicate) {
  case arith::CmpFPredicate::AlwaysFalse:
    accepted = 0;
    break;
  case arith::CmpFPredicate::OEQ:
    accepted = 1;
    break;
  case arith::CmpFPredicate::OGT:
    accepted = 2;
    break;
  case arith::CmpFPredicate::OGE:
    accepted = 3;
    break;
  case arith::CmpFPredicate::OLT:
    accepted = 4;
    break;
  case arith::CmpFPredicate::OLE:
    accepted = 5;
    break;
  case arith::CmpFPredicate::ONE:
    accepted = 6;
    break;
  case arith::CmpFPredicate::ORD:
    accepted = 7;
    break;
  case arith::CmpFPredicate::UEQ:
    accepted = 9;
    break;
  case arith::CmpFPredicate::UGT:
    accepted = 10;
    break;
  case arith::CmpFPredicate::UGE:
    accepted = 11;
    break;
  case arith::CmpFPredicate::ULT:
    accepted = 12;
    break;
  case arith::CmpFPredicate::ULE:
    accepted = 13;
    break;
  case arith::CmpFPredicate::UNE:
    accepted = 14;
    break;
  case arith::CmpFPredicate::UNO:
    accepted = 8;
    break;
  case arith::CmpFPredicate::AlwaysTrue:
    accepted = 15;
    break;
  }
  return accepted & relation;
}

/// A float as an integer: truncated, with the nearest end for what lies
/// beyond 64 bits and 0 for NaN.
static int64_t truncateToInt(double x, bool isUnsigned) {
  if (std::isnan(x))
    return 0;
  if (isUnsigned && x >= 0x1p63)
    return x < 0x1p64 ? int64_t(uint64_t(x)) : -1;
  if (x >= 0x1p63)
    return INT64_MAX;
  return x < -0x1p63 ? INT64_MIN : int64_t(x);
}

namespace visir::reference {
/// Turns each op of a block into a step.
class PayloadBuilder {
public:
  explicit PayloadBuilder(Payload &payload) : payload(payload) {}

  LogicalResult build(Block &block, ArrayRef<unsigned> yields) {
    SmallVector<Value> wanted;
    for (unsigned i : yields)
      wanted.push_back(block.getTerminator()->getOperand(i));
    llvm::DenseSet<Value> needed = closure(wanted);
    for (BlockArgument argument : block.getArguments()) {
      number(argument);
      if (needed.contains(argument))
        payload.needed.insert(argument.getArgNumber());
    }
    for (Operation &op : block.without_terminator()) {
      if (op.getNumResults() != 1 || !op.getResult(0).getType().isIntOrFloat())
        return refuse(&op);
      if (!needed.contains(op.getResult(0)))
        continue;
      Payload::Step step = makeStep(&op, number(op.getResult(0)));
      if (!step)
        return refuse(&op);
      payload.steps.push_back(std::move(step));
    }
    for (Value value : wanted)
      payload.yields.push_back(numbers.lookup(value));
    return success();
  }

private:
  using Step = Payload::Step;

  /// The values that `wanted` are computed from, and themselves.
  static llvm::DenseSet<Value> closure(SmallVector<Value> wanted) {
    llvm::DenseSet<Value> found;
    while (!wanted.empty()) {
      Value value = wanted.pop_back_val();
      if (!found.insert(value).second)
        continue;
      if (Operation *op = value.getDefiningOp())
        wanted.append(op->operand_begin(), op->operand_end());
    }
    return found;
  }

  LogicalResult refuse(Operation *op) {
    return op->emitError("payload op is ")
           << op->getName() << ", expected an elementwise scalar op";
  }

  unsigned number(Value value) {
    payload.types.push_back(value.getType());
    return numbers[value] = payload.types.size() - 1;
  }

  unsigned in(Operation *op, unsigned i) {
    return numbers.lookup(op->getOperand(i));
  }

  Step makeStep(Operation *op, unsigned to) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      return constantStep(constant, to);
    if (UnaryFn fn = unaryFunction(op))
      return unaryStep(op, fn, to);
    if (BinaryFn fn = binaryFunction(op))
      return binaryStep(op, fn, to);
    if (IntFn fn = intFunction(op))
      return intStep(op, fn, to, /*zeroExtends=*/false);
    if (IntFn fn = unsignedFunction(op))
      return intStep(op, fn, to, /*zeroExtends=*/true);
    if (isa<arith::BitcastOp>(op))
      return bitcastStep(op, to);
    if (Step step = conversionStep(op, to))
      return step;
    if (Step step = testStep(op, to))
      return step;
    return otherStep(op, to);
  }

  Step constantStep(arith::ConstantOp op, unsigned to) {
    if (auto value = dyn_cast<FloatAttr>(op.getValue())) {
      double x = value.getValueAsDouble();
      return [=](Registers &regs, int64_t n) {
        std::fill_n(regs[to].floats.begin(), n, x);
        return true;
      };
    }
    auto value = dyn_cast<IntegerAttr>(op.getValue());
    if (!value)
      return {};
    int64_t x = op.getType().isInteger(1) ? value.getValue().getZExtValue()
                                          : value.getValue().getSExtValue();
    return [=](Registers &regs, int64_t n) {
      std::fill_n(regs[to].ints.begin(), n, x);
      return true;
    };
  }

  /// Whether the op's value jumps with its operand.
  static bool jumps(Operation *op) {
    return isa<math::CeilOp, math::FloorOp, math::RoundEvenOp, math::RoundOp,
               math::TruncOp, arith::RemFOp>(op);
  }

  /// `x` as the payload type holds it.
  static double held(Type type, double x) { return roundToElement(type, x); }

  Step unaryStep(Operation *op, UnaryFn fn, unsigned to) {
    unsigned from = in(op, 0);
    Type type = op->getResult(0).getType();
    Type operand = op->getOperand(0).getType();
    // A conversion from f64 rounds to the type that it names.
    bool rounds = jumps(op) || isa<arith::TruncFOp>(op);
    if (isa<arith::TruncFOp>(op))
      operand = type;
    return [=](Registers &regs, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        double x = regs[from].floats[i];
        regs[to].floats[i] = fn(rounds ? held(operand, x) : x);
      }
      roundResults(type, regs[to].floats.data(), n);
      return true;
    };
  }

  Step binaryStep(Operation *op, BinaryFn fn, unsigned to) {
    unsigned a = in(op, 0), b = in(op, 1);
    Type type = op->getResult(0).getType();
    bool rounds = jumps(op);
    return [=](Registers &regs, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        double x = regs[a].floats[i], y = regs[b].floats[i];
        if (rounds) {
          x = held(type, x);
          y = held(type, y);
        }
        regs[to].floats[i] = fn(x, y);
      }
      roundResults(type, regs[to].floats.data(), n);
      return true;
    };
  }

  Step intStep(Operation *op, IntFn fn, unsigned to, bool zeroExtends) {
    unsigned a = in(op, 0), b = in(op, op->getNumOperands() - 1);
    Type type = op->getResult(0).getType();
    unsigned width = type.getIntOrFloatBitWidth();
    bool divides = isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp,
                       arith::RemUIOp, arith::FloorDivSIOp>(op);
    return [=](Registers &regs, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        uint64_t x = regs[a].ints[i], y = regs[b].ints[i];
        if (zeroExtends) {
          x = zeroExtend(x, width);
          y = zeroExtend(y, width);
        }
        if (divides && y == 0) {
          op->emitError("divides an integer by zero");
          return false;
        }
        regs[to].ints[i] = wrapToElement(type, int64_t(fn(x, y)));
      }
      return true;
    };
  }

  Step conversionStep(Operation *op, unsigned to) {
    if (!isa<arith::ExtSIOp, arith::ExtUIOp, arith::TruncIOp, arith::SIToFPOp,
             arith::UIToFPOp, arith::FPToSIOp, arith::FPToUIOp>(op))
      return {};
    unsigned from = in(op, 0);
    Type type = op->getResult(0).getType();
    Type operand = op->getOperand(0).getType();
    unsigned width = operand.getIntOrFloatBitWidth();
    bool isUnsigned = isa<arith::ExtUIOp, arith::UIToFPOp, arith::FPToUIOp>(op);
    // A boolean is held as 0 or 1 and is -1 as a signed number.
    bool negates = width == 1 && isa<arith::ExtSIOp, arith::SIToFPOp>(op);
    if (isa<FloatType>(operand))
      return [=](Registers &regs, int64_t n) {
        for (int64_t i = 0; i < n; ++i)
          regs[to].ints[i] = wrapToElement(
              type,
              truncateToInt(held(operand, regs[from].floats[i]), isUnsigned));
        return true;
      };
    auto read = [=](Registers &regs, int64_t i) {
      int64_t x = regs[from].ints[i];
      return isUnsigned ? int64_t(zeroExtend(x, width)) : negates ? -x : x;
    };
    if (isa<FloatType>(type))
      return [=](Registers &regs, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
          int64_t x = read(regs, i);
          double value = isUnsigned ? double(uint64_t(x)) : double(x);
          regs[to].floats[i] = roundToElement(type, value);
        }
        return true;
      };
    return [=](Registers &regs, int64_t n) {
      for (int64_t i = 0; i < n; ++i)
        regs[to].ints[i] = wrapToElement(type, read(regs, i));
      return true;
    };
  }

  Step bitcastStep(Operation *op, unsigned to) {
    unsigned from = in(op, 0);
    Type type = op->getResult(0).getType();
    Type operand = op->getOperand(0).getType();
    return [=](Registers &regs, int64_t n) {
      char bytes[8];
      for (int64_t i = 0; i < n; ++i) {
        if (isa<FloatType>(operand))
          storeDouble(bytes, operand, 0, regs[from].floats[i]);
        else
          storeInt(bytes, operand, 0, regs[from].ints[i]);
        if (isa<FloatType>(type))
          regs[to].floats[i] = elementAsDouble(bytes, type, 0);
        else
          regs[to].ints[i] = elementAsInt(bytes, type, 0);
      }
      return true;
    };
  }

  Step testStep(Operation *op, unsigned to) {
    if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
      unsigned a = in(op, 0), b = in(op, 1);
      unsigned width = compare.getLhs().getType().getIntOrFloatBitWidth();
      auto predicate = compare.getPredicate();
      return [=](Registers &regs, int64_t n) {
        for (int64_t i = 0; i < n; ++i)
          regs[to].ints[i] =
              compareInts(predicate, regs[a].ints[i], regs[b].ints[i], width);
        return true;
      };
    }
    if (auto compare = dyn_cast<arith::CmpFOp>(op)) {
      unsigned a = in(op, 0), b = in(op, 1);
      Type type = compare.getLhs().getType();
      auto predicate = compare.getPredicate();
      return [=](Registers &regs, int64_t n) {
        for (int64_t i = 0; i < n; ++i)
          regs[to].ints[i] =
              compareFloats(predicate, held(type, regs[a].floats[i]),
                            held(type, regs[b].floats[i]));
        return true;
      };
    }
    using Test = bool (*)(double);
    Test test = TypeSwitch<Operation *, Test>(op)
                    .Case([](math::IsNaNOp) {
                      return [](double x) { return bool(std::isnan(x)); };
                    })
                    .Case([](math::IsInfOp) {
                      return [](double x) { return bool(std::isinf(x)); };
                    })
                    .Case([](math::IsFiniteOp) {
                      return [](double x) { return bool(std::isfinite(x)); };
                    })
                    .Default([](Operation *) { return nullptr; });
    if (!test)
      return {};
    unsigned from = in(op, 0);
    return [=](Registers &regs, int64_t n) {
      for (int64_t i = 0; i < n; ++i)
        regs[to].ints[i] = test(regs[from].floats[i]);
      return true;
    };
  }

  Step otherStep(Operation *op, unsigned to) {
    Type type = op->getResult(0).getType();
    if (isa<arith::SelectOp>(op)) {
      unsigned c = in(op, 0), a = in(op, 1), b = in(op, 2);
      bool isFloat = isa<FloatType>(type);
      return [=](Registers &regs, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
          unsigned from = regs[c].ints[i] ? a : b;
          if (isFloat)
            regs[to].floats[i] = regs[from].floats[i];
          else
            regs[to].ints[i] = regs[from].ints[i];
        }
        return true;
      };
    }
    if (isa<math::FmaOp>(op)) {
      unsigned a = in(op, 0), b = in(op, 1), c = in(op, 2);
      return [=](Registers &regs, int64_t n) {
        for (int64_t i = 0; i < n; ++i)
          regs[to].floats[i] =
              std::fma(regs[a].floats[i], regs[b].floats[i], regs[c].floats[i]);
        roundResults(type, regs[to].floats.data(), n);
        return true;
      };
    }
    if (isa<arith::ShRSIOp>(op)) {
      unsigned a = in(op, 0), b = in(op, 1);
      return [=](Registers &regs, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
          uint64_t by = std::min<uint64_t>(regs[b].ints[i], 63);
          regs[to].ints[i] = regs[a].ints[i] >> by;
        }
        return true;
      };
    }
    if (isa<math::AbsIOp>(op)) {
      unsigned from = in(op, 0);
      return [=](Registers &regs, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
          int64_t x = regs[from].ints[i];
          regs[to].ints[i] =
              wrapToElement(type, x < 0 ? int64_t(0 - uint64_t(x)) : x);
        }
        return true;
      };
    }
    return {};
  }

  Payload &payload;
  llvm::DenseMap<Value, unsigned> numbers;
};
} // namespace visir::reference

FailureOr<Payload> Payload::prepare(Block &block, ArrayRef<unsigned> yields) {
  Payload payload;
  if (failed(PayloadBuilder(payload).build(block, yields)))
    return failure();
  return payload;
}
