// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/math/MathLowering.h"

#include "targets/common/math/Activations.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace visir;

std::optional<double> visir::splatConstant(Value value) {
  if (auto broadcast = value.getDefiningOp<vector::BroadcastOp>())
    value = broadcast.getSource();
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  if (auto splat = dyn_cast<SplatElementsAttr>(attr))
    attr = splat.getSplatValue<Attribute>();
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValueAsDouble();
  return std::nullopt;
}

/// Powers that need no logarithm: small integers and square roots.
static Value expandPower(const FloatBuilder &f, Value x, Value y) {
  std::optional<double> exponent = splatConstant(y);
  double magnitude = exponent ? std::abs(*exponent) : 0;
  if (!exponent || magnitude > 8 || magnitude * 2 != std::floor(magnitude * 2))
    return emitPow(f, x, y);
  bool half = magnitude != std::floor(magnitude);
  if (half && magnitude != 0.5)
    return emitPow(f, x, y);
  // sqrt differs from pow at -infinity and -0 only, where adding 0 and abs
  // of the infinite give pow's values.
  if (half) {
    Value infinite = f.equal(f.abs(x), f.c(INFINITY));
    Value root = f.sqrt(f.add(f.select(infinite, f.abs(x), x), f.c(0)));
    return *exponent < 0 ? f.div(f.c(1), root) : root;
  }
  Value result, square = x;
  for (int rest = int(magnitude); rest > 0; rest /= 2) {
    if (rest % 2)
      result = result ? f.mul(result, square) : square;
    if (rest > 1)
      square = f.mul(square, square);
  }
  if (!result)
    return f.c(1);
  return *exponent < 0 ? f.div(f.c(1), result) : result;
}

/// The expansion of a math op on f32 or f64, or null when LLVM has code for
/// it itself.
static Value expandMath(Operation *op, const FloatBuilder &f) {
  Value x = op->getOperand(0);
  using Result = Value;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](math::ExpOp) { return emitExp(f, x); })
      .Case([&](math::Exp2Op) { return emitExp2(f, x); })
      .Case([&](math::ExpM1Op) { return emitExpM1(f, x); })
      .Case([&](math::LogOp) { return emitLog(f, x); })
      .Case([&](math::Log1pOp) { return emitLog1p(f, x); })
      .Case([&](math::Log2Op) {
        return f.mul(emitLog(f, x), f.c(1 / M_LN2));
      })
      .Case([&](math::Log10Op) {
        return f.mul(emitLog(f, x), f.c(1 / M_LN10));
      })
      .Case([&](math::TanhOp) { return emitTanh(f, x); })
      .Case([&](math::SinhOp) { return emitSinh(f, x); })
      .Case([&](math::CoshOp) { return emitCosh(f, x); })
      .Case([&](math::AsinhOp) { return emitAsinh(f, x); })
      .Case([&](math::AcoshOp) { return emitAcosh(f, x); })
      .Case([&](math::AtanhOp) { return emitAtanh(f, x); })
      .Case([&](math::ErfOp) { return emitErf(f, x); })
      .Case([&](math::SinOp) { return emitSin(f, x); })
      .Case([&](math::CosOp) { return emitCos(f, x); })
      .Case([&](math::TanOp) { return emitTan(f, x); })
      .Case([&](math::AsinOp) { return emitAsin(f, x); })
      .Case([&](math::AcosOp) { return emitAcos(f, x); })
      .Case([&](math::AtanOp) { return emitAtan(f, x); })
      .Case([&](math::RsqrtOp) { return f.div(f.c(1), f.sqrt(x)); })
      .Case([&](math::PowFOp) {
        return expandPower(f, x, op->getOperand(1));
      })
      .Case([&](arith::RemFOp) {
        return emitRemainder(f, x, op->getOperand(1));
      })
      .Case([&](math::RoundOp) {
        // Half away from zero; the constant is the float below 0.5.
        double half = std::nextafter(0.5, 0);
        if (!f.isDouble())
          half = std::nextafterf(0.5f, 0);
        return f.make<math::TruncOp>(f.add(x, f.copySign(f.c(half), x)));
      })
      .Default([](Operation *) { return Result(); });
}

namespace {

struct MathLowering
    : PassWrapper<MathLowering, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MathLowering)
  explicit MathLowering(const MathTraits &traits) : traits(traits) {}

  StringRef getArgument() const override { return "visir-expand-math"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, math::MathDialect, scf::SCFDialect,
                    vector::VectorDialect, LLVM::LLVMDialect>();
  }

  static Type withElement(Type type, Type element) {
    if (auto vector = dyn_cast<VectorType>(type))
      return vector.clone(element);
    return element;
  }

  /// The same conversion from `value` to `type`.
  static Value convert(Operation *op, const FloatBuilder &f, Type type,
                       Value value) {
    return llvm::TypeSwitch<Operation *, Value>(op)
        .Case<arith::SIToFPOp, arith::UIToFPOp, arith::FPToSIOp,
              arith::FPToUIOp>([&](auto conversion) -> Value {
          return f.make<decltype(conversion)>(type, value);
        });
  }

  Value expand(Operation *op, OpBuilder &b) {
    Type type = op->getResult(0).getType();
    auto wide = [&](Type of) {
      return FloatBuilder(b, op->getLoc(), of, traits);
    };
    Type operand = op->getOperand(0).getType();
    auto isNarrow = [](Type of) {
      Type element = getElementTypeOrSelf(of);
      return element.isF16() || element.isBF16();
    };
    if (isa<arith::ExtFOp>(op))
      return isNarrow(operand) ? emitExtend(wide(type), op->getOperand(0))
                               : Value();
    if (isa<arith::TruncFOp>(op))
      return isNarrow(type)
                 ? emitTruncate(wide(operand), op->getOperand(0), type)
                 : Value();
    if (isa<arith::SIToFPOp, arith::UIToFPOp>(op) && isNarrow(type)) {
      // f64 holds what decides the rounding.
      FloatBuilder f = wide(withElement(type, b.getF64Type()));
      Value exact = convert(op, f, f.type, op->getOperand(0));
      return emitTruncate(f, exact, type);
    }
    if (isa<arith::FPToSIOp, arith::FPToUIOp>(op) && isNarrow(operand)) {
      FloatBuilder f = wide(withElement(operand, b.getF32Type()));
      Value extended = emitExtend(f, op->getOperand(0));
      if (!extended)
        extended = f.make<arith::ExtFOp>(f.type, op->getOperand(0));
      return convert(op, f, type, extended);
    }
    if (isa<math::FmaOp, vector::FMAOp>(op)) {
      if (traits.fma)
        return Value();
      return wide(type).fma(op->getOperand(0), op->getOperand(1),
                            op->getOperand(2));
    }
    Type element = getElementTypeOrSelf(type);
    if (!element.isF32() && !element.isF64())
      return Value();
    return expandMath(op, wide(type));
  }

  /// Puts whole activations in place of their last products; what they were
  /// made of is gone where nothing else reads it.
  void expandActivations() {
    SmallVector<arith::MulFOp> products;
    getOperation()->walk([&](arith::MulFOp op) { products.push_back(op); });
    for (arith::MulFOp op : products) {
      OpBuilder b(op);
      Value value = expandActivation(
          op, FloatBuilder(b, op.getLoc(), op.getType(), traits));
      if (value)
        op.replaceAllUsesWith(value);
    }
    // Users come behind what they use.
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : llvm::reverse(ops))
      if (isOpTriviallyDead(op))
        op->erase();
  }

  void runOnOperation() override {
    if (traits.tables)
      expandActivations();
    SmallVector<Operation *> worklist;
    getOperation()->walk([&](Operation *op) {
      if (op->getNumResults() == 1 && op->getNumOperands() > 0 &&
          isa<arith::ArithDialect, math::MathDialect, vector::VectorDialect>(
              op->getDialect()))
        worklist.push_back(op);
    });
    for (Operation *op : worklist) {
      OpBuilder b(op);
      if (Value value = expand(op, b)) {
        op->replaceAllUsesWith(ValueRange{value});
        op->erase();
      }
    }
  }

  MathTraits traits;
};

} // namespace

std::unique_ptr<Pass> visir::createMathLoweringPass(const MathTraits &traits) {
  return std::make_unique<MathLowering>(traits);
}
