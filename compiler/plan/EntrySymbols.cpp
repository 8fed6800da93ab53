// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/plan/EntrySymbols.h"

using namespace mlir;
using namespace visir;

EntrySymbols::EntrySymbols(func::FuncOp func)
    : symbols(func->getAttrOfType<ArrayAttr>("visir.symbols")) {
  if (!symbols)
    symbols = ArrayAttr::get(func.getContext(), {});
}

std::optional<int64_t> EntrySymbols::indexOfValue(AffineExpr expr) const {
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbol.getPosition();
  for (auto [i, attr] : llvm::enumerate(symbols)) {
    auto value = cast<DictionaryAttr>(attr).getAs<AffineMapAttr>("value");
    if (value && value.getValue().getResult(0) == expr)
      return i;
  }
  return std::nullopt;
}

std::optional<int64_t> EntrySymbols::indexOf(AffineExpr expr) const {
  return isa<AffineConstantExpr>(expr) ? std::nullopt : indexOfValue(expr);
}

SmallVector<int64_t> EntrySymbols::ofDims(AffineMapAttr dims,
                                          int64_t rank) const {
  SmallVector<int64_t> result(rank, -1);
  if (dims)
    for (auto [i, expr] : llvm::enumerate(dims.getValue().getResults()))
      result[i] = indexOf(expr).value_or(-1);
  return result;
}
