// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Movement.h"

using namespace mlir;
using namespace visir;

static ArrayRef<int64_t> shapeOfValue(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

Movement Movement::identity(Value value) {
  Movement movement;
  movement.shape = llvm::to_vector(shapeOfValue(value));
  movement.sources = {value};
  MovementBox box;
  box.box.sizes = movement.shape;
  box.box.accesses.assign(2, LinearAccess::identity(movement.shape.size()));
  box.source = 0;
  movement.boxes.push_back(std::move(box));
  return movement;
}

/// What a block leaves of a tensor of `shape`: at most two slabs for each
/// dimension. Dimensions before that of the slab lie inside of the block,
/// those after it anywhere.
static void addSlabs(ArrayRef<int64_t> shape, ArrayRef<int64_t> low,
                     ArrayRef<int64_t> sizes,
                     SmallVectorImpl<MovementBox> &boxes) {
  for (unsigned j = 0; j < shape.size(); ++j) {
    int64_t end = low[j] + sizes[j];
    for (auto [start, size] : {std::make_pair(int64_t(0), low[j]),
                               std::make_pair(end, shape[j] - end)}) {
      if (size == 0)
        continue;
      MovementBox slab;
      slab.box.sizes = llvm::to_vector(shape);
      slab.box.accesses.push_back(LinearAccess::identity(shape.size()));
      for (unsigned k = 0; k < j; ++k)
        slab.box.sampleDim(k, low[k], sizes[k]);
      slab.box.sampleDim(j, start, size);
      boxes.push_back(std::move(slab));
    }
  }
}

bool Movement::surround(ArrayRef<int64_t> low, ArrayRef<int64_t> outer,
                        double value) {
  if (fill && *fill != value)
    return false;
  for (MovementBox &box : boxes)
    for (unsigned j = 0; j < shape.size(); ++j)
      box.dst().offsets[j] += low[j];
  size_t before = boxes.size();
  addSlabs(outer, low, shape, boxes);
  shape = llvm::to_vector(outer);
  if (boxes.size() != before)
    fill = value;
  return true;
}

/// A whole fill and one block over it, as disjoint boxes.
static bool separateFill(Movement &movement) {
  int64_t count = ShapedType::getNumElements(movement.shape);
  if (movement.boxes.size() != 2 || movement.boxes[0].source >= 0 ||
      movement.boxes[0].box.numPoints() != count)
    return false;
  const MovementBox &block = movement.boxes[1];
  SmallVector<int64_t> low, sizes;
  for (unsigned j = 0; j < movement.shape.size(); ++j) {
    auto [least, most] = block.dst().range(j, block.box.sizes);
    low.push_back(least);
    sizes.push_back(most - least + 1);
  }
  if (ShapedType::getNumElements(sizes) != block.box.numPoints())
    return false;
  movement.boxes.erase(movement.boxes.begin());
  addSlabs(movement.shape, low, sizes, movement.boxes);
  return true;
}

std::optional<Movement> Movement::of(MoveOp move) {
  Movement movement;
  movement.shape = llvm::to_vector(shapeOfValue(move.getResult()));
  llvm::append_range(movement.sources, move.getInputs());
  int64_t points = 0;
  for (BoxAttr attr : move.getMap().getBoxes()) {
    MovementBox box;
    box.source = attr.getSource();
    box.box.sizes = llvm::to_vector(attr.getSizes());
    box.box.accesses.push_back(*LinearAccess::fromMap(attr.getDst()));
    if (box.source >= 0)
      box.box.accesses.push_back(*LinearAccess::fromMap(attr.getSrc()));
    points += box.box.numPoints();
    movement.boxes.push_back(std::move(box));
  }
  if (move.getMap().getFill())
    movement.fill = move.getMap().getFillValue();
  // Boxes cover the result; if they have no more points than it, each element
  // is written once.
  if (points != ShapedType::getNumElements(movement.shape) &&
      !separateFill(movement))
    return std::nullopt;
  return movement;
}

static SmallVector<int64_t> stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int i = int(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/// The flat strides and offset of an access to a row-major tensor.
static SmallVector<int64_t> flatForm(const LinearAccess &access, unsigned rank,
                                     ArrayRef<int64_t> shape) {
  SmallVector<int64_t> flat(rank + 1, 0);
  for (auto [j, stride] : llvm::enumerate(stridesOf(shape))) {
    for (unsigned i = 0; i < rank; ++i)
      flat[i] += access.coefficients[j][i] * stride;
    flat[rank] += access.offsets[j] * stride;
  }
  return flat;
}

bool Movement::isReshape() const {
  if (boxes.size() != 1 || boxes[0].source < 0)
    return false;
  ArrayRef<int64_t> from = shapeOfValue(sources[boxes[0].source]);
  const StridedBox &box = boxes[0].box;
  return ShapedType::getNumElements(from) ==
             ShapedType::getNumElements(shape) &&
         flatForm(boxes[0].dst(), box.rank(), shape) ==
             flatForm(boxes[0].src(), box.rank(), from);
}

bool Movement::isIdentity() const {
  return isReshape() &&
         shapeOfValue(sources[boxes[0].source]) == ArrayRef<int64_t>(shape);
}

static bool isFill(const MovementBox &box) { return box.source < 0; }

/// One block in a fill is the form of a pad, which dispatches read in one go.
static bool isPadOfOne(ArrayRef<MovementBox> boxes) {
  return boxes.size() > 1 &&
         llvm::count_if(boxes, isFill) + 1 == int64_t(boxes.size());
}

int64_t Movement::numCopies() const {
  return isPadOfOne(boxes) ? 1 : boxes.size();
}

MapAttr Movement::toMap(MLIRContext *context) const {
  SmallVector<BoxAttr> attrs;
  bool isPad = isPadOfOne(boxes);
  if (isPad) {
    AffineMap all =
        LinearAccess::identity(shape.size()).toMap(context, shape.size());
    attrs.push_back(BoxAttr::get(
        context, shape, -1, AffineMap::get(shape.size(), 0, context), all));
  }
  for (const MovementBox &box : boxes) {
    if (isPad && isFill(box))
      continue;
    unsigned rank = box.box.rank();
    AffineMap src = isFill(box) ? AffineMap::get(rank, 0, context)
                                : box.src().toMap(context, rank);
    attrs.push_back(BoxAttr::get(context, box.box.sizes, box.source, src,
                                 box.dst().toMap(context, rank)));
  }
  FloatAttr fillAttr;
  if (fill && llvm::any_of(boxes, isFill))
    fillAttr = FloatAttr::get(Float64Type::get(context), *fill);
  return MapAttr::get(context, attrs, fillAttr);
}

/// The vector from the first element of `a` to that of `b`, in all accesses.
static SmallVector<int64_t> distance(const MovementBox &a,
                                     const MovementBox &b) {
  SmallVector<int64_t> delta;
  for (auto [x, y] : llvm::zip_equal(a.box.accesses, b.box.accesses))
    for (auto [from, to] : llvm::zip_equal(x.offsets, y.offsets))
      delta.push_back(to - from);
  return delta;
}

/// One step along dimension `i`, in all accesses.
static SmallVector<int64_t> stepAlong(const MovementBox &box, unsigned i) {
  SmallVector<int64_t> step;
  for (const LinearAccess &access : box.box.accesses)
    for (ArrayRef<int64_t> row : access.coefficients)
      step.push_back(row[i]);
  return step;
}

static bool sameSteps(const MovementBox &a, const MovementBox &b) {
  for (unsigned i = 0; i < a.box.rank(); ++i)
    if (stepAlong(a, i) != stepAlong(b, i))
      return false;
  return true;
}

/// `b` with a dimension of size 1 that makes it as deep as `a`, if the others
/// agree; the dimension then steps like `a`'s.
static std::optional<MovementBox> deepen(const MovementBox &a, MovementBox b) {
  if (a.box.rank() == b.box.rank())
    return b;
  if (a.box.rank() != b.box.rank() + 1)
    return std::nullopt;
  for (unsigned at = 0; at < a.box.rank(); ++at) {
    MovementBox deep = b;
    deep.box.sizes.insert(deep.box.sizes.begin() + at, 1);
    for (auto [x, y] : llvm::zip_equal(a.box.accesses, deep.box.accesses))
      for (auto [from, to] : llvm::zip_equal(x.coefficients, y.coefficients))
        to.insert(to.begin() + at, from[at]);
    if (!sameSteps(a, deep))
      continue;
    bool sameSizes = true;
    for (unsigned i = 0; i < a.box.rank(); ++i)
      sameSizes &= i == at || a.box.sizes[i] == deep.box.sizes[i];
    if (sameSizes)
      return deep;
  }
  return std::nullopt;
}

/// Appends `b` to `a` when it goes on where `a` ends along one dimension.
static bool extend(MovementBox &a, const MovementBox &b) {
  if (a.source != b.source)
    return false;
  if (a.box.rank() < b.box.rank()) {
    // A slab in front of a block.
    std::optional<MovementBox> deep = deepen(b, a);
    if (!deep || !extend(*deep, b))
      return false;
    a = std::move(*deep);
    return true;
  }
  std::optional<MovementBox> deep = deepen(a, b);
  if (!deep || !sameSteps(a, *deep))
    return false;
  SmallVector<int64_t> delta = distance(a, *deep);
  for (unsigned i = 0; i < a.box.rank(); ++i) {
    bool sameSizes = true;
    for (unsigned k = 0; k < a.box.rank(); ++k)
      sameSizes &= k == i || a.box.sizes[k] == deep->box.sizes[k];
    if (!sameSizes)
      continue;
    SmallVector<int64_t> step = stepAlong(a, i);
    for (int64_t &value : step)
      value *= a.box.sizes[i];
    if (step == delta) {
      a.box.sizes[i] += deep->box.sizes[i];
      return true;
    }
  }
  return false;
}

static bool areCongruent(const MovementBox &a, const MovementBox &b) {
  return a.source == b.source && a.box.sizes == b.box.sizes && sameSteps(a, b);
}

/// Number of boxes from `first` on that are congruent at equal distances.
static size_t progression(ArrayRef<MovementBox> boxes, size_t first) {
  if (first + 1 >= boxes.size() ||
      !areCongruent(boxes[first], boxes[first + 1]))
    return 1;
  SmallVector<int64_t> delta = distance(boxes[first], boxes[first + 1]);
  size_t end = first + 2;
  while (end < boxes.size() && areCongruent(boxes[first], boxes[end]) &&
         distance(boxes[end - 1], boxes[end]) == delta)
    ++end;
  return end - first;
}

/// Whether two congruent boxes lie side by side along one coordinate.
static bool areNeighbours(const MovementBox &a, const MovementBox &b) {
  int moved = 0;
  for (auto [from, to] : llvm::zip_equal(a.dst().offsets, b.dst().offsets))
    moved += from != to;
  return moved == 1;
}

static void mergeProgression(MovementBox &box, const MovementBox &next,
                             int64_t count) {
  SmallVector<int64_t> delta = distance(box, next);
  box.box.addDim(count);
  auto value = delta.begin();
  for (LinearAccess &access : box.box.accesses)
    for (auto &row : access.coefficients)
      row.back() = *value++;
}

/// Boxes in rows at equal distances become one.
static bool mergeProgressions(SmallVectorImpl<MovementBox> &boxes) {
  bool changed = false;
  for (size_t i = 0; i < boxes.size(); ++i) {
    size_t count = progression(boxes, i);
    if (count < 2 || (count == 2 && !areNeighbours(boxes[i], boxes[i + 1])))
      continue;
    mergeProgression(boxes[i], boxes[i + 1], count);
    boxes.erase(boxes.begin() + i + 1, boxes.begin() + i + count);
    changed = true;
  }
  return changed;
}

static bool mergeExtensions(SmallVectorImpl<MovementBox> &boxes) {
  bool changed = false;
  for (size_t i = 0; i < boxes.size(); ++i)
    for (size_t j = 0; j < boxes.size();) {
      if (i == j || !extend(boxes[i], boxes[j])) {
        ++j;
        continue;
      }
      boxes.erase(boxes.begin() + j);
      i -= j < i;
      j = 0;
      changed = true;
    }
  return changed;
}

void Movement::canonicalize() {
  for (MovementBox &box : boxes)
    box.box.canonicalize(shape);
  while (mergeExtensions(boxes) || mergeProgressions(boxes))
    for (MovementBox &box : boxes)
      box.box.canonicalize(shape);
  SmallVector<Value> used;
  for (MovementBox &box : boxes) {
    if (box.source < 0)
      continue;
    Value source = sources[box.source];
    auto *it = llvm::find(used, source);
    box.source = it - used.begin();
    if (it == used.end())
      used.push_back(source);
  }
  sources = std::move(used);
}
