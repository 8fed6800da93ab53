// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A shift along one axis by an offset per group of channels is written as
// copies of boxes into one tensor. In front of a product it becomes one padded
// load, whose coordinate along the axis a constant table gives per channel.
#include "compiler/support/Constants.h"
#include "compiler/transforms/fusion/ChannelShift.h"
#include "compiler/transforms/fusion/Fuse.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace visir;

/// The coordinate that the reduction moves through all of the tensor, alone.
static std::optional<unsigned> channelsOf(const DispatchForm &form,
                                          const LoadForm &load) {
  for (unsigned j = 0; j < load.access.rank(); ++j) {
    int dim = dimOf(form, load.access, j);
    if (dim >= form.parallelRank && form.extents[dim] == load.shape()[j])
      return j;
  }
  return std::nullopt;
}

DispatchOp visir::fuseShift(RewriterBase &rewriter, DispatchOp consumer,
                            unsigned load, StringRef &why) {
  Value tensor = consumer.getInputs()[load];
  auto last = tensor.getDefiningOp<DispatchOp>();
  if (!last || consumer.getKind() != RootKind::Contract ||
      last.getNumResults() != 1 || last.getTies().front() < 0)
    return {};
  auto pieces = tensor.hasOneUse() ? ShiftPieces::of(tensor)
                                   : std::optional<ShiftPieces>();
  if (!pieces || !pieces->isWhole() ||
      pieces->source.getType() != tensor.getType())
    return {};
  auto form = DispatchForm::of(consumer);
  if (!form)
    return {};
  LoadForm &target = form->loads[load];
  if (!target.indexAxes.empty() || target.norm || target.fillValue() != 0)
    return refuse(why, "the product's load is indexed, normalised or padded "
                       "with another value than zero");
  auto channels = channelsOf(*form, target);
  auto shift = channels ? ChannelShift::of(pieces->source, pieces->pieces,
                                           pieces->zeros, *channels)
                        : std::optional<ChannelShift>();
  auto along = shift && shift->axes.size() == 1
                   ? shift->offsets(0)
                   : std::optional<SmallVector<int64_t>>();
  if (!along)
    return refuse(why, "what is copied is no shift by groups of the channels "
                       "that the product sums over");
  unsigned axis = shift->axes.front();
  SmallVector<int64_t> &offsets = *along;
  int dim = dimOf(*form, target.access, axis);
  if (dim < 0 || dim >= form->parallelRank)
    return refuse(why, "the product slides along the axis of the shift");
  if (form->loads.size() + form->stores.size() >= kMaxBindings)
    return refuse(why, "there would be more than 16 bindings");
  // A negative index would count from the tensor's end.
  int64_t base = *llvm::min_element(offsets);
  for (int64_t &offset : offsets)
    offset -= base;
  auto type = RankedTensorType::get({int64_t(offsets.size())},
                                    rewriter.getIntegerType(64, true));
  rewriter.setInsertionPoint(consumer);
  LoadForm table;
  table.tensor = ConstantOp::create(
      rewriter, consumer.getLoc(), type,
      makeConstant(
          type, ArrayRef<char>(reinterpret_cast<const char *>(offsets.data()),
                               offsets.size() * sizeof(int64_t))));
  table.access = LinearAccess::zero(1, form->extents.size());
  table.access.coefficients[0] = target.access.coefficients[*channels];
  target.tensor = pieces->source;
  target.access.offsets[axis] += base;
  target.padded = true;
  target.indexAxes = {int64_t(axis)};
  target.indexLoads = {int64_t(form->loads.size())};
  form->loads.push_back(table);
  DispatchOp fused =
      form->create(rewriter, fuseLocations(last.getLoc(), consumer.getLoc()),
                   rootTypesOf(consumer));
  OpBuilder::InsertionGuard guard(rewriter);
  for (auto [from, to] :
       {std::pair(&consumer.getPrologueBlock(), &fused.getPrologueBlock()),
        std::pair(&consumer.getEpilogueBlock(), &fused.getEpilogueBlock())}) {
    IRMapping mapping;
    for (auto [a, b] : llvm::zip(from->getArguments(), to->getArguments()))
      mapping.map(a, b);
    rewriter.setInsertionPointToEnd(to);
    auto values = clonePayloadOps(rewriter, *from, mapping);
    YieldOp::create(rewriter, fused.getLoc(), values);
  }
  rewriter.replaceOp(consumer, fused);
  return fused;
}
