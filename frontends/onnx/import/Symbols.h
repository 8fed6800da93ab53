// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bounded dimensions while an entry point is imported.
//
// A tensor with a bounded dimension has the type of its largest size; what the
// size is when the entry runs is an affine expression of the entry's symbols,
// kept as the attribute `visir.dims` of the op that makes the value. The
// elements beyond the run-time size (the dead ones) may be anything: ops that
// would mix them into live ones get masked operands (see BoundedOps.h). So the
// graph is correct as it stands, as one of static shapes.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_SYMBOLS_H
#define VISIR_FRONTENDS_ONNX_IMPORT_SYMBOLS_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <optional>
#include <string>

namespace visir::onnx {

/// The attribute of an op with the sizes of its result.
inline constexpr llvm::StringLiteral kDimsAttr = "visir.dims";

struct Symbol {
  std::string name;
  int64_t min, max;
  /// The length of a state, which never grows beyond `max`.
  bool isState;
};

class Symbols {
public:
  explicit Symbols(mlir::MLIRContext &context) : context_(context) {}

  bool empty() const { return symbols_.empty(); }
  /// To be called before any dims are set.
  mlir::AffineExpr add(Symbol symbol);
  std::optional<mlir::AffineExpr> find(llvm::StringRef name) const;
  mlir::AffineExpr constant(int64_t value) const;

  /// The one form that equal expressions share; they are equal iff these are.
  /// Null when the expression is not affine in the symbols.
  mlir::AffineExpr simplify(mlir::AffineExpr expr) const;
  struct Range {
    int64_t min, max;
  };
  /// The values that an affine expression can have. What a state's length is
  /// added to stays within the state.
  Range range(mlir::AffineExpr expr) const;
  static std::optional<int64_t> constantOf(mlir::AffineExpr expr);
  /// "P + N", "T - 1".
  std::string text(mlir::AffineExpr expr) const;

  // Sizes of values; dims that are not bounded are constants.
  mlir::AffineExpr dim(mlir::Value value, unsigned i) const;
  llvm::SmallVector<mlir::AffineExpr> dims(mlir::Value value) const;
  bool isBounded(mlir::Value value) const { return bool(mapOf(value)); }
  bool isBounded(mlir::Value value, unsigned i) const;
  void setDims(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> dims);
  /// "dimension 1 is T <= 128" for the first bounded dimension at or after
  /// `from`.
  std::string describe(mlir::Value value, unsigned from = 0) const;

  /// The value of an expression as a rank-0 si64 tensor: a hidden argument of
  /// the entry, or a constant.
  mlir::Value length(mlir::OpBuilder &builder, mlir::AffineExpr expr);
  /// The expression that a value made by `length` has, or null.
  mlir::AffineExpr lengthOf(mlir::Value value) const;

  // What a finished entry says of itself.

  const llvm::MapVector<mlir::AffineExpr, mlir::Value> &lengths() const {
    return lengths_;
  }
  /// The attribute `visir.dims` of an argument or result, or null.
  mlir::AffineMapAttr dimsAttr(mlir::Value value);
  /// The attribute `visir.length` of a hidden argument.
  mlir::AffineMapAttr lengthAttr(mlir::AffineExpr expr);
  /// The attribute `visir.symbols`: the symbols, then the expressions that
  /// dims and lengths use.
  mlir::ArrayAttr symbolsAttr() const;

  /// While it lives, the ops of an import are taken as of static shape: for
  /// what masks and moves dead elements itself and sets the dims at the end.
  class Raw {
  public:
    explicit Raw(Symbols &symbols) : symbols_(symbols) { ++symbols_.raw_; }
    ~Raw() { --symbols_.raw_; }

  private:
    Symbols &symbols_;
  };
  bool isRaw() const { return raw_ != 0; }

private:
  struct Linear {
    llvm::SmallVector<int64_t> factors;
    int64_t offset = 0;
  };
  std::optional<Linear> linear(mlir::AffineExpr expr) const;
  mlir::AffineMap mapOf(mlir::Value value) const;
  void use(mlir::AffineExpr expr);
  mlir::AffineMapAttr mapAttr(mlir::AffineExpr expr) const;

  mlir::MLIRContext &context_;
  llvm::SmallVector<Symbol> symbols_;
  llvm::DenseMap<mlir::Value, mlir::AffineMap> arguments_;
  llvm::MapVector<mlir::AffineExpr, mlir::Value> lengths_;
  llvm::SetVector<mlir::AffineExpr> used_;
  int raw_ = 0;
};

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_SYMBOLS_H
