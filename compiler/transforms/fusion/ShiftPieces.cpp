// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/fusion/ChannelShift.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace visir;

/// Steps of loops that are taken one by one, at most.
static constexpr int64_t kMostSteps = 256;

bool TensorBox::meets(const TensorBox &other) const {
  for (size_t i = 0; i < first.size(); ++i)
    if (last[i] <= other.first[i] || other.last[i] <= first[i])
      return false;
  return true;
}

int64_t TensorBox::volume() const {
  int64_t count = 1;
  for (auto [a, b] : llvm::zip_equal(first, last))
    count *= std::max<int64_t>(b - a, 0);
  return count;
}

/// Whether a map writes zeros into the tensor that it is tied to.
static bool isZeroFill(DispatchOp op) {
  if (op.getKind() != RootKind::Map || op.getNumResults() != 1 ||
      op.getInputs().size() != 1 || op.getTies().front() != 0)
    return false;
  Value value = op.getEpilogueBlock().getTerminator()->getOperand(0);
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  auto number =
      constant ? dyn_cast<FloatAttr>(constant.getValue()) : FloatAttr();
  return number && number.getValue().isPosZero();
}

/// Whether a copy makes a tensor of another one with zeros around it.
static bool padsZeros(DispatchOp op) {
  if (!isCopy(op) || op.getNumResults() != 1 || op.getTies().front() >= 0)
    return false;
  auto form = DispatchForm::of(op);
  return form && form->loads.front().padded &&
         form->loads.front().fillValue() == 0;
}

namespace {

/// A box of the tensor as a map writes it.
struct WrittenBox {
  TensorBox region;
  /// The source's coordinates by those of the tensor, which count only where
  /// the region is more than one element wide; no rank for zeros.
  LinearAccess from;
  bool padded = false;
  DispatchOp copy;
};

/// What maps write into a tensor one after the other.
struct WrittenTensor {
  Value source;
  std::vector<WrittenBox> boxes;

  static std::optional<WrittenTensor> of(Value tensor);

private:
  Value take(DispatchOp op);
  bool addCopy(DispatchOp op, const DispatchForm &form, const LoadForm &load);
  bool addBoxes(DispatchOp op, const DispatchForm &form, const LoadForm *load);
  bool compose(size_t first, const WrittenTensor &inner);
  void keepUncovered(size_t first);
};

} // namespace

/// The loop that moves coordinate `j` alone, step by step, or -1.
static int loopOf(const LinearAccess &access, unsigned j,
                  ArrayRef<unsigned> fixed, unsigned rank) {
  int loop = -1;
  for (unsigned d = 0; d < rank; ++d)
    if (access.coefficients[j][d] != 0 && !llvm::is_contained(fixed, d))
      loop = int(d);
  return loop;
}

/// Loops that do not move one coordinate of the store by single steps; null if
/// two others move the same.
static std::optional<SmallVector<unsigned>>
fixedLoops(const DispatchForm &form, const LinearAccess &store) {
  SmallVector<unsigned> fixed;
  SmallVector<int> movedBy(store.rank(), -1);
  for (unsigned d = 0; d < form.extents.size(); ++d) {
    int moved = -1, count = 0;
    for (unsigned j = 0; j < store.rank(); ++j)
      if (store.coefficients[j][d] != 0) {
        moved = int(j);
        ++count;
      }
    if (count != 1 || store.coefficients[moved][d] != 1) {
      fixed.push_back(d);
      continue;
    }
    if (form.extents[d] == 1) {
      fixed.push_back(d);
      continue;
    }
    if (movedBy[moved] >= 0)
      return std::nullopt;
    movedBy[moved] = int(d);
  }
  return fixed;
}

/// Adds the boxes that a map writes: `load` is null for zeros.
bool WrittenTensor::addBoxes(DispatchOp op, const DispatchForm &form,
                             const LoadForm *load) {
  const LinearAccess &store = form.stores.front().access;
  auto fixed = fixedLoops(form, store);
  if (!fixed)
    return false;
  unsigned rank = form.extents.size();
  int64_t count = 1;
  for (unsigned d : *fixed)
    count *= form.extents[d];
  if (count > kMostSteps)
    return false;
  for (int64_t number = 0; number < count; ++number) {
    SmallVector<int64_t> steps(rank, 0);
    int64_t rest = number;
    for (unsigned d : *fixed) {
      steps[d] = rest % form.extents[d];
      rest /= form.extents[d];
    }
    auto offsetOf = [&](const LinearAccess &access, unsigned j) {
      int64_t at = access.offsets[j];
      for (unsigned d : *fixed)
        at += access.coefficients[j][d] * steps[d];
      return at;
    };
    WrittenBox box;
    box.copy = op;
    SmallVector<int> loops;
    for (unsigned j = 0; j < store.rank(); ++j) {
      loops.push_back(loopOf(store, j, *fixed, rank));
      int64_t first = offsetOf(store, j);
      box.region.first.push_back(first);
      box.region.last.push_back(first +
                                (loops[j] < 0 ? 1 : form.extents[loops[j]]));
    }
    if (load) {
      box.padded = load->padded;
      box.from = LinearAccess::zero(load->access.rank(), store.rank());
      for (unsigned i = 0; i < load->access.rank(); ++i) {
        box.from.offsets[i] = offsetOf(load->access, i);
        for (unsigned j = 0; j < store.rank(); ++j) {
          if (loops[j] < 0)
            continue;
          int64_t factor = load->access.coefficients[i][loops[j]];
          box.from.coefficients[i][j] = factor;
          box.from.offsets[i] -= factor * box.region.first[j];
        }
      }
    }
    boxes.push_back(std::move(box));
  }
  return true;
}

/// What `box` reads of `part` of the tensor that it copies from, if anything;
/// `by` tells for each coordinate of that tensor which one of the copy moves
/// it, or -1.
static std::optional<WrittenBox>
readThrough(const WrittenBox &box, const WrittenBox &part, ArrayRef<int> by) {
  WrittenBox joined = part;
  joined.region = box.region;
  if (part.from.rank() != 0)
    joined.from = LinearAccess::zero(part.from.rank(), box.region.first.size());
  for (unsigned j = 0; j < by.size(); ++j) {
    int64_t at = box.from.offsets[j];
    int64_t low = part.region.first[j] - at, high = part.region.last[j] - at;
    for (unsigned i = 0; i < part.from.rank(); ++i) {
      int64_t factor = part.from.coefficients[i][j];
      joined.from.offsets[i] += factor * at;
      if (by[j] >= 0)
        joined.from.coefficients[i][by[j]] = factor;
    }
    if (by[j] < 0) {
      if (low > 0 || high <= 0)
        return std::nullopt;
      continue;
    }
    int64_t &first = joined.region.first[by[j]];
    int64_t &last = joined.region.last[by[j]];
    first = std::max(first, low);
    last = std::min(last, high);
  }
  for (unsigned i = 0; i < part.from.rank(); ++i)
    joined.from.offsets[i] += part.from.offsets[i];
  if (joined.region.volume() <= 0)
    return std::nullopt;
  return joined;
}

/// The boxes from `first` on read a tensor that is written piece by piece, too:
/// they read its source instead. Each of its coordinates is fixed or moves with
/// one of theirs, step by step.
bool WrittenTensor::compose(size_t first, const WrittenTensor &inner) {
  std::vector<WrittenBox> outer(boxes.begin() + first, boxes.end());
  boxes.resize(first);
  for (const WrittenBox &box : outer) {
    unsigned rank = box.region.first.size();
    if (box.padded)
      return false;
    SmallVector<int> by(box.from.rank(), -1);
    SmallVector<bool> used(rank, false);
    for (unsigned j = 0; j < by.size(); ++j)
      for (unsigned k = 0; k < rank; ++k) {
        if (box.from.coefficients[j][k] == 0)
          continue;
        if (box.from.coefficients[j][k] != 1 || by[j] >= 0 || used[k])
          return false;
        by[j] = int(k);
        used[k] = true;
      }
    for (const WrittenBox &part : inner.boxes)
      if (auto joined = readThrough(box, part, by))
        boxes.push_back(std::move(*joined));
  }
  return true;
}

/// Adds what a copy writes, from the source of what it reads if that is written
/// piece by piece, too, or padded.
bool WrittenTensor::addCopy(DispatchOp op, const DispatchForm &form,
                            const LoadForm &load) {
  size_t first = boxes.size();
  if (!load.indexAxes.empty() || load.norm || load.fillValue() != 0 ||
      !addBoxes(op, form, &load))
    return false;
  Value from = load.tensor;
  auto before = from.getDefiningOp<DispatchOp>();
  if (before && (before.getTies().front() >= 0 || padsZeros(before))) {
    auto inner = of(from);
    if (!inner || !compose(first, *inner))
      return false;
    from = inner->source;
  }
  if (source && source != from)
    return false;
  source = from;
  return true;
}

/// Appends what of `box` lies outside of `cover`.
static void subtract(WrittenBox box, const TensorBox &cover,
                     std::vector<WrittenBox> &rest) {
  if (!box.region.meets(cover)) {
    rest.push_back(std::move(box));
    return;
  }
  for (unsigned j = 0; j < cover.first.size(); ++j) {
    WrittenBox before = box, behind = box;
    int64_t &first = box.region.first[j], &last = box.region.last[j];
    before.region.last[j] = first = std::max(first, cover.first[j]);
    behind.region.first[j] = last = std::min(last, cover.last[j]);
    for (WrittenBox *part : {&before, &behind})
      if (part->region.volume() > 0)
        rest.push_back(std::move(*part));
  }
}

/// Of the boxes from `first` on, which are older, what the others leave.
void WrittenTensor::keepUncovered(size_t first) {
  std::vector<WrittenBox> older(boxes.begin() + first, boxes.end());
  boxes.resize(first);
  for (size_t i = 0; i < first; ++i) {
    std::vector<WrittenBox> rest;
    for (WrittenBox &box : older)
      subtract(std::move(box), boxes[i].region, rest);
    older = std::move(rest);
  }
  boxes.insert(boxes.end(), older.begin(), older.end());
}

/// Adds what the last map wrote; returns the tensor before it, or null.
Value WrittenTensor::take(DispatchOp op) {
  bool fill = isZeroFill(op);
  int64_t tie = op.getTies().front();
  auto form = DispatchForm::of(op);
  if (!form || op.getNumResults() != 1 || tie < 0 || !(fill || isCopy(op)) ||
      !form->stores.front().indexAxes.empty())
    return {};
  size_t first = boxes.size();
  if (!(fill ? addBoxes(op, *form, nullptr)
             : addCopy(op, *form, form->loads[tie == 0 ? 1 : 0])))
    return {};
  keepUncovered(first);
  return form->loads[tie].tensor;
}

std::optional<WrittenTensor> WrittenTensor::of(Value tensor) {
  WrittenTensor result;
  auto op = tensor.getDefiningOp<DispatchOp>();
  if (op && padsZeros(op)) {
    auto form = DispatchForm::of(op);
    if (!form || !form->stores.front().indexAxes.empty() ||
        !result.addCopy(op, *form, form->loads.front()))
      return std::nullopt;
    return result;
  }
  while (op) {
    tensor = result.take(op);
    if (!tensor)
      return std::nullopt;
    op = tensor.getDefiningOp<DispatchOp>();
    if (op && !tensor.hasOneUse())
      return std::nullopt;
  }
  if (!result.source || !tensor.getDefiningOp<EmptyOp>())
    return std::nullopt;
  return result;
}

/// Sets the factors of the view along dimension `j` of the tensor, from boxes
/// that are wider there than an element, or from how boxes follow each other.
static bool setFactors(const WrittenTensor &written, LinearAccess &view,
                       unsigned j, int64_t extent) {
  const WrittenBox *wide = nullptr, *low = nullptr;
  for (const WrittenBox &box : written.boxes) {
    if (box.from.rank() == 0)
      continue;
    if (!low || box.region.first[j] < low->region.first[j])
      low = &box;
    if (box.region.last[j] - box.region.first[j] > 1)
      wide = &box;
  }
  for (unsigned i = 0; i < view.rank() && extent > 1; ++i) {
    if (wide) {
      view.coefficients[i][j] = wide->from.coefficients[i][j];
      continue;
    }
    std::optional<int64_t> slope;
    bool linear = true;
    for (const WrittenBox &box : written.boxes) {
      int64_t steps =
          box.from.rank() == 0 ? 0 : box.region.first[j] - low->region.first[j];
      if (steps == 0)
        continue;
      int64_t apart = box.from.offsets[i] - low->from.offsets[i];
      if (!slope)
        slope = apart / steps;
      linear &= apart == *slope * steps;
    }
    view.coefficients[i][j] = linear ? slope.value_or(0) : 0;
  }
  return low;
}

/// The source's coordinate `i` of a box where the tensor's are all 0, as the
/// factors of the view say.
static int64_t originOf(const WrittenBox &box, const LinearAccess &view,
                        unsigned i) {
  int64_t at = box.from.offsets[i];
  for (unsigned j = 0; j < box.region.first.size(); ++j)
    if (box.region.last[j] - box.region.first[j] == 1)
      at -= (view.coefficients[i][j] - box.from.coefficients[i][j]) *
            box.region.first[j];
  return at;
}

/// The tensor's coordinates as those of the source without any shift.
static std::optional<LinearAccess> viewOf(const WrittenTensor &written,
                                          ArrayRef<int64_t> shape,
                                          ArrayRef<int64_t> from) {
  LinearAccess view = LinearAccess::zero(from.size(), shape.size());
  for (unsigned j = 0; j < shape.size(); ++j)
    if (!setFactors(written, view, j, shape[j]))
      return std::nullopt;
  for (const WrittenBox &box : written.boxes)
    for (unsigned j = 0; j < shape.size() && box.from.rank() != 0; ++j)
      for (unsigned i = 0; i < from.size(); ++i)
        if (box.region.last[j] - box.region.first[j] > 1 &&
            box.from.coefficients[i][j] != view.coefficients[i][j])
          return std::nullopt;
  for (unsigned i = 0; i < from.size(); ++i) {
    std::optional<int64_t> origin;
    bool same = true;
    for (const WrittenBox &box : written.boxes) {
      if (box.from.rank() == 0)
        continue;
      int64_t at = originOf(box, view, i);
      same &= !origin || *origin == at;
      origin = at;
    }
    // What moves along a coordinate covers all of it.
    view.offsets[i] = same ? origin.value_or(0) : 0;
    auto [low, high] = view.range(i, shape);
    if (low < 0 || high >= from[i] || (!same && high - low + 1 != from[i]))
      return std::nullopt;
  }
  return view;
}

/// The region through the view, if it is a box there.
static std::optional<TensorBox> boxThroughView(const TensorBox &region,
                                               const LinearAccess &view) {
  TensorBox box;
  for (unsigned i = 0; i < view.rank(); ++i) {
    int64_t low = view.offsets[i], high = low;
    for (unsigned j = 0; j < region.first.size(); ++j) {
      int64_t factor = view.coefficients[i][j];
      int64_t a = factor * region.first[j], b = factor * (region.last[j] - 1);
      low += std::min(a, b);
      high += std::max(a, b);
    }
    box.first.push_back(low);
    box.last.push_back(high + 1);
  }
  if (box.volume() != region.volume())
    return std::nullopt;
  return box;
}

/// The dimension of the region that moves the source farthest in one step.
static unsigned farthestDim(const TensorBox &region, const LinearAccess &view) {
  unsigned dim = 0;
  int64_t most = -1;
  for (unsigned j = 0; j < region.first.size(); ++j)
    for (unsigned i = 0; i < view.rank(); ++i) {
      int64_t step = std::abs(view.coefficients[i][j]);
      if (region.last[j] - region.first[j] > 1 && step > most) {
        most = step;
        dim = j;
      }
    }
  return dim;
}

/// The region through the view as boxes: frames of segments, where the source
/// has one dimension of all frames. False if there were too many.
static bool throughView(TensorBox region, const LinearAccess &view,
                        SmallVectorImpl<TensorBox> &boxes) {
  if (auto box = boxThroughView(region, view)) {
    boxes.push_back(*box);
    return true;
  }
  unsigned dim = farthestDim(region, view);
  int64_t first = region.first[dim], last = region.last[dim];
  if (last - first < 2 || int64_t(boxes.size()) + last - first > kMostSteps)
    return false;
  for (int64_t at = first; at < last; ++at) {
    region.first[dim] = at;
    region.last[dim] = at + 1;
    if (!throughView(region, view, boxes))
      return false;
  }
  return true;
}

/// Joins `other` to `box` if both are one box.
static bool join(TensorBox &box, const TensorBox &other) {
  int differs = -1;
  for (unsigned j = 0; j < box.first.size(); ++j) {
    if (box.first[j] == other.first[j] && box.last[j] == other.last[j])
      continue;
    if (differs >= 0)
      return false;
    differs = int(j);
  }
  if (differs < 0)
    return true;
  if (box.last[differs] == other.first[differs])
    box.last[differs] = other.last[differs];
  else if (other.last[differs] == box.first[differs])
    box.first[differs] = other.first[differs];
  else
    return false;
  return true;
}

static void joinPieces(SmallVectorImpl<ShiftPiece> &pieces) {
  for (size_t i = 0; i < pieces.size();) {
    bool joined = false;
    for (size_t k = i + 1; k < pieces.size() && !joined; ++k)
      if (pieces[i].offset == pieces[k].offset &&
          join(pieces[i].region, pieces[k].region)) {
        pieces.erase(pieces.begin() + k);
        joined = true;
      }
    i = joined ? 0 : i + 1;
  }
}

/// Adds the part of a copied box that lies at `region` of the source's
/// coordinates; what comes from outside altogether is zero.
static void addPiece(ShiftPieces &result, const WrittenBox &box,
                     const TensorBox &region, ArrayRef<int64_t> shape) {
  ShiftPiece piece{region, {}};
  for (unsigned i = 0; i < result.view.rank(); ++i) {
    int64_t offset = originOf(box, result.view, i) - result.view.offsets[i];
    piece.offset.push_back(offset);
    if (!box.padded)
      continue;
    // Beyond the source's borders a padded load gives zeros.
    piece.region.first[i] = std::max(region.first[i], -offset);
    piece.region.last[i] = std::min(region.last[i], shape[i] - offset);
  }
  if (piece.region.volume() > 0)
    result.pieces.push_back(piece);
  else
    result.zeros.push_back(region);
}

std::optional<ShiftPieces> ShiftPieces::of(Value tensor) {
  auto written = WrittenTensor::of(tensor);
  if (!written)
    return std::nullopt;
  ShiftPieces result;
  result.source = written->source;
  auto from = cast<RankedTensorType>(written->source.getType());
  auto to = cast<RankedTensorType>(tensor.getType());
  auto view = viewOf(*written, to.getShape(), from.getShape());
  if (!view)
    return std::nullopt;
  result.view = *view;
  for (const WrittenBox &box : written->boxes) {
    SmallVector<TensorBox> regions;
    if (!throughView(box.region, *view, regions))
      return std::nullopt;
    if (box.from.rank() == 0) {
      result.zeros.append(regions);
      continue;
    }
    result.copies.push_back(box.copy);
    for (const TensorBox &region : regions)
      addPiece(result, box, region, from.getShape());
  }
  joinPieces(result.pieces);
  return result;
}

bool ShiftPieces::isWhole() const {
  auto type = cast<RankedTensorType>(source.getType());
  for (unsigned i = 0; i < view.rank(); ++i) {
    if (view.offsets[i] != 0 || view.coefficients[i].size() != view.rank())
      return false;
    for (unsigned j = 0; j < view.rank(); ++j)
      if (type.getDimSize(j) != 1 && view.coefficients[i][j] != (i == j))
        return false;
  }
  return true;
}
