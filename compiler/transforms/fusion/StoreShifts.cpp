// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A shift of what a dispatch makes becomes its store. Each group of
// channels is stored at places of its own: what would leave the tensor goes to
// a place where zeros come in, as zero, so that every element is written once.
// Two constant tables of a moved axis give the place, and whether the value
// stays, by coordinate and channel.
#include "compiler/support/Constants.h"
#include "compiler/transforms/fusion/ChannelShift.h"
#include "compiler/transforms/fusion/Fuse.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace visir;

namespace {

/// Tensors that copies of boxes make of one source, and what else reads it.
struct Shifted {
  std::vector<std::pair<DispatchOp, ShiftPieces>> tensors; ///< by last write
  SmallVector<OpOperand *> others;
};

/// How a store is shifted.
struct ShiftedStore {
  ChannelShift shift;
  int channelDim = -1;
  SmallVector<int> axisDims;
};

} // namespace

/// Whether the op writes into what it uses here.
static bool writesInto(OpOperand &use) {
  auto op = dyn_cast<DispatchOp>(use.getOwner());
  return op &&
         llvm::is_contained(op.getTies(), int64_t(use.getOperandNumber()));
}

/// A copy of a box into a tensor that others write into, too.
static bool copiesBox(Operation *op) {
  auto copy = dyn_cast<DispatchOp>(op);
  return copy && isCopy(copy) && copy.getTies().front() >= 0;
}

/// The last write of the tensor that `op` writes into; where that is only
/// copied into another one, of this.
static DispatchOp lastWrite(DispatchOp op) {
  while (true) {
    auto users = op.getResult(0).getUsers();
    Operation *next = nullptr;
    for (OpOperand &use : op.getResult(0).getUses())
      if (writesInto(use))
        next = use.getOwner();
    if (!next && !users.empty() && llvm::all_of(users, copiesBox))
      next = *users.begin();
    if (!next)
      return op;
    op = cast<DispatchOp>(next);
  }
}

/// All that reads the source of what `last` ends.
static std::optional<Shifted> collect(DispatchOp last) {
  auto pieces = ShiftPieces::of(last.getResult(0));
  if (!pieces)
    return std::nullopt;
  Shifted result;
  Value source = pieces->source;
  result.tensors.push_back({last, std::move(*pieces)});
  for (OpOperand &use : source.getUses()) {
    Operation *user = use.getOwner();
    if (llvm::any_of(result.tensors, [&](const auto &tensor) {
          return llvm::any_of(tensor.second.copies,
                              [&](DispatchOp copy) { return copy == user; });
        }))
      continue;
    auto more = std::optional<ShiftPieces>();
    DispatchOp end;
    if (copiesBox(user) && !writesInto(use)) {
      end = lastWrite(cast<DispatchOp>(user));
      more = ShiftPieces::of(end.getResult(0));
    }
    if (more && more->source == source)
      result.tensors.push_back({end, std::move(*more)});
    else
      result.others.push_back(&use);
  }
  return result;
}

/// Whether the use reads channels only that stay where they are.
static bool readsUnmoved(OpOperand &use, const ChannelShift &shift,
                         unsigned channels) {
  auto op = dyn_cast<DispatchOp>(use.getOwner());
  auto form = op ? DispatchForm::of(op) : std::optional<DispatchForm>();
  if (!form)
    return false;
  const LoadForm &load = form->loads[use.getOperandNumber()];
  if (!load.isPlain() || writesInto(use))
    return false;
  auto [low, high] = load.access.range(channels, form->extents);
  for (int64_t c = low; c <= high; ++c)
    if (shift.moves(c))
      return false;
  return true;
}

static std::optional<ShiftedStore> shiftedStore(const Shifted &shifted,
                                                const DispatchForm &form,
                                                const StoreForm &store) {
  SmallVector<ShiftPiece> pieces;
  SmallVector<TensorBox> zeros;
  for (const auto &[last, tensor] : shifted.tensors) {
    pieces.append(tensor.pieces);
    zeros.append(tensor.zeros);
  }
  Value source = shifted.tensors.front().second.source;
  for (unsigned c = 0; c < store.access.rank(); ++c) {
    auto shift = ChannelShift::of(source, pieces, zeros, c);
    if (!shift || !llvm::all_of(shifted.others, [&](OpOperand *use) {
          return readsUnmoved(*use, *shift, c);
        }))
      continue;
    ShiftedStore result{*shift, dimOf(form, store.access, c), {}};
    for (unsigned axis : shift->axes)
      result.axisDims.push_back(dimOf(form, store.access, axis));
    auto isWhole = [&](int dim, unsigned axis) {
      return dim >= 0 && form.extents[dim] == store.type.getDimSize(axis);
    };
    bool whole = isWhole(result.channelDim, c);
    for (auto [dim, axis] : llvm::zip_equal(result.axisDims, shift->axes))
      whole = whole && isWhole(dim, axis);
    if (whole)
      return result;
  }
  return std::nullopt;
}

/// A load of a constant table by coordinate of the axis and by channel.
static LoadForm tableLoad(OpBuilder &builder, Location loc,
                          const DispatchForm &form, int axisDim, int channelDim,
                          Type element, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get(
      {form.extents[axisDim], form.extents[channelDim]}, element);
  LoadForm table;
  table.tensor =
      ConstantOp::create(builder, loc, type, makeConstant(type, values));
  table.access = LinearAccess::zero(2, form.extents.size());
  table.access.coefficients[0][axisDim] = 1;
  table.access.coefficients[1][channelDim] = 1;
  return table;
}

/// Where each element of an axis goes for one channel: to the place that it is
/// the source of; those that are lost go to places of zeros, in order.
static SmallVector<int64_t> placesOf(ArrayRef<int64_t> sources, int64_t size,
                                     int64_t channels, int64_t channel,
                                     SmallVectorImpl<bool> &stays) {
  SmallVector<int64_t> places(size, -1), zeros;
  for (int64_t p = 0; p < size; ++p) {
    int64_t from = sources[p * channels + channel];
    if (from >= 0)
      places[from] = p;
    else
      zeros.push_back(p);
  }
  stays.clear();
  auto *next = zeros.begin();
  for (int64_t &place : places) {
    stays.push_back(place >= 0);
    if (place < 0)
      place = *next++;
  }
  return places;
}

/// Indexes the store along the axes of the shift; returns the loads that tell
/// which values stay, if not all do.
static SmallVector<unsigned> indexStore(OpBuilder &builder, Location loc,
                                        DispatchForm &form, StoreForm &store,
                                        const ShiftedStore &at) {
  SmallVector<unsigned> masks;
  int64_t channels = form.extents[at.channelDim];
  for (auto [axis, dim, sources] :
       llvm::zip_equal(at.shift.axes, at.axisDims, at.shift.sources)) {
    int64_t size = form.extents[dim];
    SmallVector<int64_t> distances(size * channels), stays(size * channels);
    for (int64_t c = 0; c < channels; ++c) {
      SmallVector<bool> kept;
      auto places = placesOf(sources, size, channels, c, kept);
      for (int64_t from = 0; from < size; ++from) {
        stays[from * channels + c] = kept[from];
        // Indices are not negative: those count from the tensor's end.
        distances[from * channels + c] = places[from] - from + size;
      }
    }
    store.access.offsets[axis] -= size;
    store.indexAxes.push_back(axis);
    store.indexLoads.push_back(form.loads.size());
    form.loads.push_back(tableLoad(builder, loc, form, dim, at.channelDim,
                                   builder.getIntegerType(64, true),
                                   distances));
    if (llvm::is_contained(stays, 0)) {
      masks.push_back(form.loads.size());
      form.loads.push_back(tableLoad(builder, loc, form, dim, at.channelDim,
                                     builder.getI1Type(), stays));
    }
  }
  return masks;
}

/// The payloads of `from`; result `number` is zero unless all masks hold.
static void clonePayloads(RewriterBase &rewriter, DispatchOp from,
                          DispatchOp to, unsigned number,
                          ArrayRef<unsigned> masks) {
  OpBuilder::InsertionGuard guard(rewriter);
  auto clone = [&](Block &source, Block &target) {
    IRMapping mapping;
    for (auto [a, b] :
         llvm::zip_first(source.getArguments(), target.getArguments()))
      mapping.map(a, b);
    rewriter.setInsertionPointToEnd(&target);
    return clonePayloadOps(rewriter, source, mapping);
  };
  auto operands = clone(from.getPrologueBlock(), to.getPrologueBlock());
  YieldOp::create(rewriter, to.getLoc(), operands);
  auto values = clone(from.getEpilogueBlock(), to.getEpilogueBlock());
  Value zero = arith::ConstantOp::create(
      rewriter, to.getLoc(), rewriter.getZeroAttr(values[number].getType()));
  unsigned roots = to.getRootResultCount();
  for (unsigned mask : masks)
    values[number] = arith::SelectOp::create(
        rewriter, to.getLoc(), to.getEpilogueBlock().getArgument(roots + mask),
        values[number], zero);
  YieldOp::create(rewriter, to.getLoc(), values);
}

/// Roots whose kernels store value by value.
static bool storesValues(RootKind kind) {
  return kind == RootKind::Contract || kind == RootKind::Map ||
         kind == RootKind::Reduce || kind == RootKind::Norm ||
         kind == RootKind::Softmax;
}

/// Puts what the dispatch stores now in the tensors' places.
static void replaceTensors(RewriterBase &rewriter, const Shifted &shifted,
                           Value stored) {
  for (const auto &[last, pieces] : shifted.tensors) {
    Value tensor = last->getResult(0);
    if (pieces.isWhole() && tensor.getType() == stored.getType()) {
      rewriter.replaceAllUsesWith(tensor, stored);
      continue;
    }
    DispatchForm form;
    form.root =
        RootAttr::get(last->getContext(), RootKind::Map, DictionaryAttr());
    auto type = cast<RankedTensorType>(tensor.getType());
    form.extents.assign(type.getShape().begin(), type.getShape().end());
    form.parallelRank = type.getRank();
    LoadForm load;
    load.tensor = stored;
    load.access = pieces.view;
    form.loads.push_back(load);
    StoreForm store;
    store.type = type;
    store.access = LinearAccess::identity(type.getRank());
    form.stores.push_back(store);
    rewriter.setInsertionPoint(last);
    DispatchOp view = form.create(rewriter, last->getLoc(), TypeRange());
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToEnd(&view.getPrologueBlock());
    YieldOp::create(rewriter, view.getLoc(), ValueRange());
    rewriter.setInsertionPointToEnd(&view.getEpilogueBlock());
    YieldOp::create(rewriter, view.getLoc(),
                    ValueRange(view.getEpilogueBlock().getArgument(0)));
    rewriter.replaceAllUsesWith(tensor, view.getResult(0));
  }
}

DispatchOp visir::storeShift(RewriterBase &rewriter, DispatchOp last,
                             bool productsOnly, StringRef &why) {
  if (last.getNumResults() != 1 || last.getTies().front() < 0 ||
      lastWrite(last) != last)
    return {};
  auto shifted = collect(last);
  if (!shifted)
    return {};
  auto result = dyn_cast<OpResult>(shifted->tensors.front().second.source);
  auto producer = result ? result.getDefiningOp<DispatchOp>() : DispatchOp();
  if (!producer || (productsOnly && producer.getKind() != RootKind::Contract))
    return {};
  if (!storesValues(producer.getKind()))
    return refuse(why, "the root's kernels do not store value by value");
  auto form = DispatchForm::of(producer);
  if (!form)
    return {};
  unsigned number = result.getResultNumber();
  StoreForm &store = form->stores[number];
  if (store.tie >= 0 || !store.indexAxes.empty() || store.sum)
    return refuse(why, "the store is tied, indexed or a sum");
  auto at = shiftedStore(*shifted, *form, store);
  if (!at)
    return refuse(why, "what is copied is no shift by groups of channels, "
                       "others read what is moved, too, or an axis is no "
                       "dimension of the domain");
  unsigned more = 2 * at->shift.axes.size();
  if (form->loads.size() + form->stores.size() + more > kMaxBindings)
    return refuse(why, "there would be more than 16 bindings");
  rewriter.setInsertionPoint(producer);
  SmallVector<unsigned> masks =
      indexStore(rewriter, last.getLoc(), *form, store, *at);
  DispatchOp fused =
      form->create(rewriter, fuseLocations(producer.getLoc(), last.getLoc()),
                   rootTypesOf(producer));
  clonePayloads(rewriter, producer, fused, number, masks);
  replaceTensors(rewriter, *shifted, fused.getResult(number));
  rewriter.replaceOp(producer, fused.getResults());
  return fused;
}
