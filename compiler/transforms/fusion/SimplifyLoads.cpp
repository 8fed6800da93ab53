// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "compiler/analysis/DispatchForm.h"
#include "compiler/transforms/fusion/Fuse.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace visir;

/// The value that all elements of a constant have, as a payload attribute.
static TypedAttr splatValue(Value tensor, Type scalar) {
  ElementsAttr constant = constantOf(tensor);
  if (!constant)
    return {};
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getNumElements() == 0)
    return {};
  SmallVector<char> storage;
  ArrayRef<char> bytes = constantBytes(constant, storage);
  size_t size = elementBytes(type.getElementType());
  for (size_t i = size; i < bytes.size(); i += size)
    if (memcmp(bytes.data(), bytes.data() + i, size) != 0)
      return {};
  if (auto floatType = dyn_cast<FloatType>(scalar))
    return FloatAttr::get(floatType, elementAsDouble(
                                         bytes, type.getElementType(), 0));
  APInt value(scalar.getIntOrFloatBitWidth(),
              elementAsInt(bytes, type.getElementType(), 0),
              /*isSigned=*/true, /*implicitTrunc=*/true);
  return IntegerAttr::get(scalar, value);
}

/// Which loads give indices of other accesses.
static SmallVector<bool> indexLoads(const DispatchForm &form) {
  SmallVector<bool> isIndex(form.loads.size(), false);
  for (const LoadForm &load : form.loads)
    for (int64_t index : load.indexLoads)
      isIndex[index] = true;
  for (const StoreForm &store : form.stores)
    for (int64_t index : store.indexLoads)
      isIndex[index] = true;
  return isIndex;
}

DispatchOp visir::simplifyLoads(RewriterBase &rewriter, DispatchOp op) {
  auto form = DispatchForm::of(op);
  if (!form || op.getKind() == RootKind::GridSample)
    return {};
  unsigned count = form->loads.size(), roots = op.getRootResultCount();
  Block &prologue = op.getPrologueBlock(), &epilogue = op.getEpilogueBlock();
  SmallVector<bool> isIndex = indexLoads(*form);
  SmallVector<TypedAttr> splats(count);
  SmallVector<int64_t> same(count, -1);
  SmallVector<bool> keep(count, true);
  bool changed = false;
  for (unsigned i = 0; i < count; ++i) {
    if (isIndex[i] || form->isTied(i))
      continue;
    bool used = !prologue.getArgument(i).use_empty() ||
                !epilogue.getArgument(roots + i).use_empty();
    // The operands of a contraction or attention stay loads.
    bool operand = op.getKind() == RootKind::Contract ||
                   op.getKind() == RootKind::Attention;
    if (used && form->loads[i].isPlain() &&
        !(operand && !prologue.getArgument(i).use_empty()))
      splats[i] = splatValue(form->loads[i].tensor,
                             prologue.getArgument(i).getType());
    for (unsigned j = 0; j < i && same[i] < 0; ++j)
      if (keep[j] && form->loads[j] == form->loads[i] && !form->isTied(j))
        same[i] = j;
    keep[i] = used && !splats[i] && same[i] < 0;
    changed |= !keep[i];
  }
  if (!changed)
    return {};
  SmallVector<int64_t> numbers(count, -1);
  std::vector<LoadForm> loads;
  for (unsigned i = 0; i < count; ++i)
    if (keep[i]) {
      numbers[i] = loads.size();
      loads.push_back(form->loads[i]);
    }
  for (LoadForm &load : loads)
    for (int64_t &index : load.indexLoads)
      index = numbers[index];
  for (StoreForm &store : form->stores) {
    for (int64_t &index : store.indexLoads)
      index = numbers[index];
    if (store.tie >= 0)
      store.tie = numbers[store.tie];
  }
  form->loads = loads;
  rewriter.setInsertionPoint(op);
  DispatchOp result = form->create(rewriter, op.getLoc(), rootTypesOf(op));
  auto transfer = [&](Block &source, Block &target, unsigned skip) {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToEnd(&target);
    IRMapping mapping;
    for (unsigned i = 0; i < skip; ++i)
      mapping.map(source.getArgument(i), target.getArgument(i));
    for (unsigned i = 0; i < count; ++i) {
      Value value;
      unsigned from = same[i] >= 0 ? same[i] : i;
      if (splats[from])
        value = arith::ConstantOp::create(rewriter, op.getLoc(),
                                          splats[from]);
      else if (numbers[from] >= 0)
        value = target.getArgument(skip + numbers[from]);
      if (value)
        mapping.map(source.getArgument(skip + i), value);
    }
    for (Operation &inner : source)
      rewriter.clone(inner, mapping);
  };
  transfer(prologue, result.getPrologueBlock(), 0);
  transfer(epilogue, result.getEpilogueBlock(), roots);
  rewriter.replaceOp(op, result);
  return result;
}
