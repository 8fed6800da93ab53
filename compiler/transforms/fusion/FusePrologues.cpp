// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/DispatchForm.h"
#include "compiler/transforms/fusion/Fuse.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace visir;

static bool movesWith(const LinearAccess &access, unsigned dim,
                      unsigned firstCoordinate, unsigned endCoordinate) {
  for (unsigned j = firstCoordinate; j < endCoordinate; ++j)
    if (access.coefficients[j][dim] != 0)
      return true;
  return false;
}

/// Whether a coordinate is moved by two dimensions: a window, or blocks.
static bool slides(ArrayRef<int64_t> extents, const LinearAccess &access) {
  for (unsigned j = 0; j < access.rank(); ++j) {
    unsigned moving = 0;
    for (unsigned d = 0; d < extents.size(); ++d)
      moving += extents[d] > 1 && access.coefficients[j][d] != 0;
    if (moving > 1)
      return true;
  }
  return false;
}

/// Whether the reduction of `product` runs exactly over the rows of the norm
/// whose domain `points` reaches.
static bool rowsMatch(const DispatchForm &product, const DispatchForm &norm,
                      const LinearAccess &points) {
  unsigned first = norm.parallelRank, end = norm.extents.size();
  for (unsigned d = 0; d < product.extents.size(); ++d) {
    if (product.extents[d] == 1)
      continue;
    bool reduction = int64_t(d) >= product.parallelRank;
    if (reduction ? movesWith(points, d, 0, first)
                  : movesWith(points, d, first, end))
      return false;
  }
  LinearAccess row;
  for (unsigned j = first; j < end; ++j) {
    row.offsets.push_back(points.offsets[j]);
    row.coefficients.emplace_back(ArrayRef<int64_t>(points.coefficients[j])
                                      .drop_front(product.parallelRank));
  }
  return bool(digitOrder(
      ArrayRef<int64_t>(product.extents).drop_front(product.parallelRank), row,
      ArrayRef<int64_t>(norm.extents).drop_front(first)));
}

/// The load that is normalised, if the norm's prologue is that load.
static std::optional<unsigned> normalisedLoad(DispatchOp norm) {
  Value x = norm.getPrologueBlock().getTerminator()->getOperand(0);
  auto argument = dyn_cast<BlockArgument>(x);
  if (!argument || !(x.getType().isF32() || x.getType().isF64()))
    return std::nullopt;
  return argument.getArgNumber();
}

/// The norm's parameters as those of a load.
static DictionaryAttr normOf(DispatchOp norm) {
  NamedAttrList params;
  params.append("epsilon", norm.getRootParam("epsilon"));
  if (Attribute rms = norm.getRootParam("rms"))
    params.append("rms", rms);
  return params.getDictionary(norm.getContext());
}

/// The product with what makes its load `load` in its prologue; `loads` are
/// the new numbers of the producer's loads, `normal` that of the normalised
/// one.
static DispatchOp inlinePrologue(RewriterBase &rewriter,
                                 const DispatchForm &form, DispatchOp consumer,
                                 DispatchOp producer, unsigned load,
                                 ArrayRef<int64_t> loads,
                                 std::optional<unsigned> normal) {
  rewriter.setInsertionPoint(consumer);
  DispatchOp fused =
      form.create(rewriter, fuseLocations(producer.getLoc(), consumer.getLoc()),
                  rootTypesOf(consumer));
  OpBuilder::InsertionGuard guard(rewriter);
  Block &prologue = fused.getPrologueBlock();
  rewriter.setInsertionPointToEnd(&prologue);
  IRMapping made, mapping;
  Block &payload = producer.getEpilogueBlock();
  unsigned roots = normal ? 1 : 0;
  if (normal)
    made.map(payload.getArgument(0), prologue.getArgument(*normal));
  for (auto [i, number] : llvm::enumerate(loads))
    made.map(payload.getArgument(roots + i), prologue.getArgument(number));
  Value value = clonePayloadOps(rewriter, payload, made).front();
  for (auto [i, argument] :
       llvm::enumerate(consumer.getPrologueBlock().getArguments()))
    mapping.map(argument, i == load ? value : prologue.getArgument(i));
  auto operands =
      clonePayloadOps(rewriter, consumer.getPrologueBlock(), mapping);
  YieldOp::create(rewriter, fused.getLoc(), operands);
  rewriter.setInsertionPointToEnd(&fused.getEpilogueBlock());
  IRMapping after;
  for (auto [i, argument] :
       llvm::enumerate(consumer.getEpilogueBlock().getArguments()))
    after.map(argument, fused.getEpilogueBlock().getArgument(i));
  auto values = clonePayloadOps(rewriter, consumer.getEpilogueBlock(), after);
  YieldOp::create(rewriter, fused.getLoc(), values);
  rewriter.replaceOp(consumer, fused);
  DispatchOp simplified = simplifyLoads(rewriter, fused);
  return simplified ? simplified : fused;
}

DispatchOp visir::fuseIntoPrologue(RewriterBase &rewriter, DispatchOp consumer,
                                   unsigned load, StringRef &why) {
  Value tensor = consumer.getInputs()[load];
  auto producer = tensor.getDefiningOp<DispatchOp>();
  if (!producer || consumer.getKind() != RootKind::Contract ||
      (producer.getKind() != RootKind::Norm &&
       producer.getKind() != RootKind::Map))
    return {};
  bool isNorm = producer.getKind() == RootKind::Norm;
  if (producer.getNumResults() != 1 || producer.getTies().front() >= 0)
    return refuse(why, "it has several results or writes into a tensor");
  unsigned inEpilogue = consumer.getRootResultCount() + load;
  if (!tensor.hasOneUse() ||
      !consumer.getEpilogueBlock().getArgument(inEpilogue).use_empty())
    return refuse(why, "others read its result, too");
  ValueRange operands =
      consumer.getPrologueBlock().getTerminator()->getOperands();
  if (llvm::is_contained(loadsBehind(operands[1]), load))
    return refuse(why, "it makes the product's second operand");
  auto form = DispatchForm::of(consumer), from = DispatchForm::of(producer);
  if (!form || !from)
    return {};
  if (!form->loads[load].isPlain() || form->isTied(load))
    return refuse(why, "the product's load is padded");
  Type element = from->stores.front().type.getElementType();
  if (!element.isF32() && !element.isF64())
    return refuse(why, "its elements are neither f32 nor f64");
  auto on = ontoDomain(form->extents, form->loads[load].access,
                       form->loads[load].shape(), from->extents,
                       from->stores.front().access);
  if (!on || llvm::any_of(on->factors, [](const auto &pieces) {
        return pieces.size() != 1;
      }))
    return refuse(why, "the product's loops would have to be split");
  if (slides(form->extents, on->points))
    return refuse(why, "one of its axes moves with two of the product's loops");
  std::optional<unsigned> source, normal;
  if (isNorm) {
    source = normalisedLoad(producer);
    if (!source || !from->loads[*source].isPlain())
      return refuse(why, "what is normalised is computed or no plain load");
    if (!rowsMatch(*form, *from, on->points))
      return refuse(why, "the norm's rows are not what the product sums over");
    if (llvm::any_of(form->loads,
                     [](const LoadForm &l) { return bool(l.norm); }))
      return refuse(why, "another load is normalised already");
  }
  SmallVector<int64_t> numbers = form->takeLoads(*from, on->points, {});
  if (source) {
    LoadForm x = from->loads[*source];
    x.access = composeAccess(x.access, on->points);
    x.norm = normOf(producer);
    normal = form->addLoad(x);
  }
  if (form->loads.size() + form->stores.size() > kMaxBindings)
    return refuse(why, "there would be more than 16 bindings");
  return inlinePrologue(rewriter, *form, consumer, producer, load, numbers,
                        normal);
}
