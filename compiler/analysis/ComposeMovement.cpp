// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Movement.h"

#include "compiler/support/Constants.h"

#include "llvm/ADT/TypeSwitch.h"

#include <numeric>

using namespace mlir;
using namespace visir;

static ArrayRef<int64_t> resultShape(Operation *op) {
  return cast<RankedTensorType>(op->getResult(0).getType()).getShape();
}

namespace {

/// Keeps the points of a box whose coordinate `axis` of the result is one of
/// offset, offset + stride ... (count of them), and renumbers these 0, 1 ...
class Slicer {
public:
  Slicer(unsigned axis, int64_t offset, int64_t count, int64_t stride)
      : axis(axis), offset(offset), stride(stride),
        low(std::min(offset, offset + (count - 1) * stride)),
        high(std::max(offset, offset + (count - 1) * stride)) {}

  void run(MovementBox box, SmallVectorImpl<MovementBox> &out) const;

private:
  enum class Where { Below, In, Above, Across };
  Where classify(int64_t least, int64_t most) const {
    if (most < low)
      return Where::Below;
    if (least > high)
      return Where::Above;
    return least >= low && most <= high ? Where::In : Where::Across;
  }
  void cut(const MovementBox &box, SmallVectorImpl<MovementBox> &out) const;
  void sample(MovementBox box, SmallVectorImpl<MovementBox> &out) const;

  unsigned axis;
  int64_t offset, stride, low, high;
};

} // namespace

void Slicer::run(MovementBox box, SmallVectorImpl<MovementBox> &out) const {
  auto [least, most] = box.dst().range(axis, box.box.sizes);
  switch (classify(least, most)) {
  case Where::In:
    return sample(std::move(box), out);
  case Where::Across:
    return cut(box, out);
  default:
    return;
  }
}

/// Cuts the dimension with the largest stride into runs that are all inside,
/// all outside, or a single index.
void Slicer::cut(const MovementBox &box,
                 SmallVectorImpl<MovementBox> &out) const {
  ArrayRef<int64_t> row = box.dst().coefficients[axis];
  unsigned dim = 0;
  for (unsigned i = 0; i < row.size(); ++i)
    if (box.box.sizes[i] > 1 &&
        (std::abs(row[i]) > std::abs(row[dim]) || box.box.sizes[dim] == 1))
      dim = i;
  auto [least, most] = box.dst().range(axis, box.box.sizes);
  int64_t extent = box.box.sizes[dim], reach = row[dim] * (extent - 1);
  // The range at index 0 of the dimension.
  int64_t first = row[dim] < 0 ? least - reach : least;
  int64_t last = row[dim] < 0 ? most : most - reach;
  auto whereAt = [&](int64_t d) {
    return classify(first + row[dim] * d, last + row[dim] * d);
  };
  for (int64_t start = 0; start < extent;) {
    Where where = whereAt(start);
    int64_t end = start + 1;
    while (where != Where::Across && end < extent && whereAt(end) == where)
      ++end;
    if (where == Where::In || where == Where::Across) {
      MovementBox piece = box;
      piece.box.sampleDim(dim, start, end - start);
      run(std::move(piece), out);
    }
    start = end;
  }
}

/// All points lie within the bounds; those that fit the stride stay.
void Slicer::sample(MovementBox box, SmallVectorImpl<MovementBox> &out) const {
  int64_t step = std::abs(stride);
  auto &row = box.dst().coefficients[axis];
  for (unsigned i = 0; i < row.size(); ++i) {
    if (box.box.sizes[i] == 1 || row[i] % step == 0)
      continue;
    int64_t period = step / std::gcd(step, row[i]);
    for (int64_t r = 0; r < std::min(period, box.box.sizes[i]); ++r) {
      MovementBox piece = box;
      piece.box.sampleDim(i, r, (box.box.sizes[i] - r - 1) / period + 1,
                          period);
      sample(std::move(piece), out);
    }
    return;
  }
  int64_t from = box.dst().offsets[axis] - offset;
  if (from % stride != 0)
    return;
  box.dst().offsets[axis] = from / stride;
  for (unsigned i = 0; i < row.size(); ++i)
    row[i] = box.box.sizes[i] == 1 ? 0 : row[i] / stride;
  out.push_back(std::move(box));
}

static void sliceAxis(Movement &movement, unsigned axis, int64_t offset,
                      int64_t count, int64_t stride) {
  SmallVector<MovementBox> boxes;
  Slicer slicer(axis, offset, count, stride);
  for (MovementBox &box : movement.boxes)
    slicer.run(std::move(box), boxes);
  movement.boxes = std::move(boxes);
  movement.shape[axis] = count;
}

static void shiftAxis(Movement &movement, unsigned axis, int64_t by) {
  for (MovementBox &box : movement.boxes)
    box.dst().offsets[axis] += by;
}

/// Joins the boxes and sources of `other` to those of `movement`.
static LogicalResult append(Movement &movement, const Movement &other) {
  if (movement.fill && other.fill && *movement.fill != *other.fill)
    return failure();
  if (other.fill)
    movement.fill = other.fill;
  for (MovementBox box : other.boxes) {
    if (box.source >= 0) {
      Value source = other.sources[box.source];
      auto *it = llvm::find(movement.sources, source);
      box.source = it - movement.sources.begin();
      if (it == movement.sources.end())
        movement.sources.push_back(source);
    }
    movement.boxes.push_back(std::move(box));
  }
  return success();
}

/// Takes the elements at `indices` (inside, non-negative) of an axis.
static LogicalResult gatherAxis(Movement &movement, unsigned axis,
                                ArrayRef<int64_t> indices, unsigned maxBoxes) {
  Movement result;
  result.shape = movement.shape;
  result.shape[axis] = indices.size();
  for (size_t start = 0; start < indices.size();) {
    // The longest run of equal steps.
    size_t end = start + 1;
    int64_t step = 1;
    if (end < indices.size())
      step = indices[end] - indices[start];
    while (end < indices.size() && indices[end] - indices[end - 1] == step)
      ++end;
    // A lone index in front of a run belongs to neither.
    if (end - start == 2 && end < indices.size() && step != 1 &&
        indices[end] - indices[end - 1] == 1)
      end = start + 1;
    int64_t count = end - start;
    Movement part = movement;
    if (count > 1 && step == 0) {
      sliceAxis(part, axis, indices[start], 1, 1);
      for (MovementBox &box : part.boxes) {
        box.box.addDim(count);
        box.dst().coefficients[axis].back() = 1;
      }
    } else {
      sliceAxis(part, axis, indices[start], count, count > 1 ? step : 1);
    }
    shiftAxis(part, axis, start);
    if (failed(append(result, part)) || result.boxes.size() > 4 * maxBoxes)
      return failure();
    start = end;
  }
  movement = std::move(result);
  return success();
}

/// Reads the result, of shape `from`, as one of shape `to`.
static LogicalResult reshapeTo(Movement &movement, ArrayRef<int64_t> from,
                               ArrayRef<int64_t> to, unsigned maxBoxes) {
  SmallVector<MovementBox> boxes;
  for (MovementBox &box : movement.boxes) {
    auto pieces = reshapeBox(box.box, 0, from, to, maxBoxes);
    if (!pieces)
      return failure();
    for (StridedBox &piece : *pieces)
      boxes.push_back({std::move(piece), box.source});
  }
  movement.boxes = std::move(boxes);
  movement.shape = llvm::to_vector(to);
  return success();
}

static std::optional<Movement> composeReshapeOp(ReshapeOp op, Movement movement,
                                                unsigned maxBoxes) {
  SmallVector<int64_t> from = movement.shape;
  if (failed(reshapeTo(movement, from, resultShape(op), maxBoxes)))
    return std::nullopt;
  return movement;
}

static std::optional<Movement> composeTranspose(TransposeOp op,
                                                Movement movement) {
  for (MovementBox &box : movement.boxes) {
    LinearAccess old = box.dst();
    for (auto [to, from] : llvm::enumerate(op.getPermutation())) {
      box.dst().coefficients[to] = old.coefficients[from];
      box.dst().offsets[to] = old.offsets[from];
    }
  }
  movement.shape = llvm::to_vector(resultShape(op));
  return movement;
}

static std::optional<Movement> composeSlice(SliceOp op, Movement movement) {
  for (unsigned i = 0; i < movement.shape.size(); ++i)
    if (op.getOffsets()[i] != 0 || op.getStrides()[i] != 1 ||
        op.getSizes()[i] != movement.shape[i])
      sliceAxis(movement, i, op.getOffsets()[i], op.getSizes()[i],
                op.getStrides()[i]);
  return movement;
}

/// A pool of kernel 1 takes every stride-th element.
static std::optional<Movement> composePool(ArrayRef<int64_t> strides,
                                           ArrayRef<int64_t> shape,
                                           Movement movement) {
  for (auto [i, stride] : llvm::enumerate(strides))
    if (stride != 1 || shape[i + 2] != movement.shape[i + 2])
      sliceAxis(movement, i + 2, 0, shape[i + 2], stride);
  return movement;
}

static std::optional<Movement> composeExpand(ExpandOp op, Movement movement) {
  ArrayRef<int64_t> to = resultShape(op);
  size_t lead = to.size() - movement.shape.size();
  for (MovementBox &box : movement.boxes) {
    LinearAccess &dst = box.dst();
    dst.offsets.insert(dst.offsets.begin(), lead, 0);
    dst.coefficients.insert(dst.coefficients.begin(), lead,
                            SmallVector<int64_t>(box.box.rank(), 0));
    for (size_t j = 0; j < to.size(); ++j)
      if (j < lead || movement.shape[j - lead] != to[j]) {
        box.box.addDim(to[j]);
        box.dst().coefficients[j].back() = 1;
      }
  }
  movement.shape = llvm::to_vector(to);
  return movement;
}

static std::optional<Movement> composeConcat(ConcatOp op,
                                             ArrayRef<Movement> operands) {
  Movement result;
  result.shape = llvm::to_vector(resultShape(op));
  int64_t at = 0;
  for (const Movement &operand : operands) {
    Movement part = operand;
    shiftAxis(part, op.getAxis(), at);
    at += operand.shape[op.getAxis()];
    if (failed(append(result, part)))
      return std::nullopt;
  }
  return result;
}

static std::optional<Movement> composePad(PadOp op, Movement movement,
                                          unsigned maxBoxes) {
  if (op.getMode() == PadMode::Constant) {
    if (!movement.surround(op.getLow(), resultShape(op),
                           op.getValue().convertToDouble()))
      return std::nullopt;
    return movement;
  }
  for (unsigned j = 0; j < movement.shape.size(); ++j) {
    int64_t size = movement.shape[j], low = op.getLow()[j];
    if (low == 0 && op.getHigh()[j] == 0)
      continue;
    SmallVector<int64_t> indices;
    for (int64_t i = -low; i < size + op.getHigh()[j]; ++i) {
      int64_t period = size == 1 ? 1 : 2 * (size - 1);
      int64_t mirrored = ((i % period) + period) % period;
      if (op.getMode() == PadMode::Edge)
        indices.push_back(std::clamp<int64_t>(i, 0, size - 1));
      else if (op.getMode() == PadMode::Wrap)
        indices.push_back(((i % size) + size) % size);
      else
        indices.push_back(mirrored < size ? mirrored : period - mirrored);
    }
    if (failed(gatherAxis(movement, j, indices, maxBoxes)))
      return std::nullopt;
  }
  return movement;
}

static std::optional<Movement> composeGather(GatherOp op, Movement movement,
                                             unsigned maxBoxes) {
  auto indices = constantInts(op.getIndices());
  int64_t axis = op.getAxis(), extent = movement.shape[axis];
  if (!indices)
    return std::nullopt;
  for (int64_t &index : *indices) {
    index = index < 0 ? index + extent : index;
    if (index < 0 || index >= extent)
      return std::nullopt;
  }
  if (failed(gatherAxis(movement, axis, *indices, maxBoxes)))
    return std::nullopt;
  movement.canonicalize();
  // Indices without regularity are better read at run time.
  if (movement.boxes.size() > std::max<size_t>(4, indices->size() / 4))
    return std::nullopt;
  // The one axis of all indices becomes the dimensions of their tensor.
  SmallVector<int64_t> from = movement.shape;
  if (failed(reshapeTo(movement, from, resultShape(op), maxBoxes)))
    return std::nullopt;
  return movement;
}

/// Turns coordinate `axis` into one coordinate per digit: the coordinate is
/// offset + sum of coefficient * digit; digit k has the values 0 .. size - 1.
/// Elements that no digits reach are dropped.
static LogicalResult splitAxis(Movement &movement, unsigned axis,
                               int64_t offset, ArrayRef<int64_t> coefficients,
                               ArrayRef<int64_t> sizes, unsigned maxBoxes) {
  unsigned count = sizes.size();
  int64_t extent = movement.shape[axis], last = count ? 0 : 1;
  for (unsigned k = 0; k < count; ++k) {
    if (coefficients[k] < 0)
      offset += coefficients[k] * (sizes[k] - 1);
    last = std::abs(coefficients[k]);
  }
  if (last == 0)
    return failure();
  sliceAxis(movement, axis, offset, (extent - offset - 1) / last + 1, last);
  // Digits from the slowest to the fastest; each but the first is wide enough
  // that the next never carries into it.
  SmallVector<int64_t> digits;
  int64_t inner = 1;
  for (unsigned k = count; k-- > 1;) {
    int64_t above = std::abs(coefficients[k - 1]);
    int64_t own = std::abs(coefficients[k]);
    if (above % own != 0 || above / own < sizes[k])
      return failure();
    digits.insert(digits.begin(), above / own);
    inner *= above / own;
  }
  if (count > 0)
    digits.insert(digits.begin(), (movement.shape[axis] + inner - 1) / inner);
  else
    sliceAxis(movement, axis, 0, 1, 1);
  SmallVector<int64_t> from = movement.shape, to = from;
  from[axis] = count ? digits[0] * inner : 1;
  to.erase(to.begin() + axis);
  to.insert(to.begin() + axis, digits.begin(), digits.end());
  if (failed(reshapeTo(movement, from, to, maxBoxes)))
    return failure();
  for (unsigned k = 0; k < count; ++k) {
    bool reversed = coefficients[k] < 0;
    sliceAxis(movement, axis + k, reversed ? sizes[k] - 1 : 0, sizes[k],
              reversed ? -1 : 1);
  }
  return success();
}

/// What one box of a move takes of its moved source, with one coordinate per
/// dimension of the box.
static LogicalResult readThroughBox(Movement &movement, const MovementBox &box,
                                    unsigned maxBoxes) {
  ArrayRef<int64_t> sizes = box.box.sizes;
  SmallVector<unsigned> order;
  for (unsigned j = movement.shape.size(); j-- > 0;) {
    ArrayRef<int64_t> row = box.src().coefficients[j];
    SmallVector<unsigned> dims;
    for (unsigned i = 0; i < sizes.size(); ++i)
      if (row[i] != 0)
        dims.push_back(i);
    llvm::sort(dims, [&](unsigned a, unsigned b) {
      return std::make_pair(-std::abs(row[a]), a) <
             std::make_pair(-std::abs(row[b]), b);
    });
    SmallVector<int64_t> coefficients, digits;
    for (unsigned i : dims) {
      coefficients.push_back(row[i]);
      digits.push_back(sizes[i]);
    }
    if (failed(splitAxis(movement, j, box.src().offsets[j], coefficients,
                         digits, maxBoxes)))
      return failure();
    order.insert(order.begin(), dims.begin(), dims.end());
  }
  // Dimensions that the source does not know repeat it.
  for (unsigned i = 0; i < sizes.size(); ++i) {
    if (llvm::count(order, i) > 1)
      return failure();
    if (llvm::is_contained(order, i))
      continue;
    for (MovementBox &piece : movement.boxes) {
      piece.box.addDim(sizes[i]);
      LinearAccess &dst = piece.dst();
      dst.offsets.push_back(0);
      dst.coefficients.emplace_back(piece.box.rank(), 0).back() = 1;
    }
    order.push_back(i);
  }
  for (MovementBox &piece : movement.boxes) {
    LinearAccess old = piece.dst();
    for (auto [at, i] : llvm::enumerate(order)) {
      piece.dst().coefficients[i] = old.coefficients[at];
      piece.dst().offsets[i] = old.offsets[at];
    }
  }
  return success();
}

/// outer(inner(d)): coordinates of `inner` are the dimensions of `outer`.
static LinearAccess substitute(const LinearAccess &outer,
                               const LinearAccess &inner, unsigned rank) {
  LinearAccess result = LinearAccess::zero(outer.rank(), rank);
  for (unsigned j = 0; j < outer.rank(); ++j) {
    result.offsets[j] = outer.offsets[j];
    for (unsigned i = 0; i < inner.rank(); ++i) {
      int64_t weight = outer.coefficients[j][i];
      result.offsets[j] += weight * inner.offsets[i];
      for (unsigned k = 0; k < rank; ++k)
        result.coefficients[j][k] += weight * inner.coefficients[i][k];
    }
  }
  return result;
}

static std::optional<Movement>
composeMove(MoveOp op, ArrayRef<Movement> operands, unsigned maxBoxes) {
  std::optional<Movement> own = Movement::of(op);
  if (!own)
    return std::nullopt;
  Movement result;
  result.shape = own->shape;
  for (MovementBox &box : own->boxes) {
    Movement part;
    if (box.source < 0) {
      part.fill = own->fill.value_or(0.0);
      part.boxes.push_back(box);
    } else {
      part = operands[box.source];
      if (failed(readThroughBox(part, box, maxBoxes)))
        return std::nullopt;
      for (MovementBox &piece : part.boxes)
        piece.dst() = substitute(box.dst(), piece.dst(), piece.box.rank());
    }
    if (failed(append(result, part)) || result.boxes.size() > 4 * maxBoxes)
      return std::nullopt;
  }
  return result;
}

template <typename Pool> static bool isSampling(Pool op) {
  auto isOne = [](int64_t k) { return k == 1; };
  auto isZero = [](int64_t p) { return p == 0; };
  return llvm::all_of(op.getKernel(), isOne) &&
         llvm::all_of(op.getPads(), isZero);
}

bool visir::isMovement(Operation *op) {
  bool is = TypeSwitch<Operation *, bool>(op)
                .Case<ReshapeOp, TransposeOp, SliceOp, ExpandOp, PadOp,
                      ConcatOp, MoveOp>([](auto) { return true; })
                .Case<AvgPoolOp, MaxPoolOp>(
                    [](auto pool) { return isSampling(pool); })
                .Case([](GatherOp gather) {
                  return bool(constantOf(gather.getIndices()));
                })
                .Default(false);
  if (!is)
    return false;
  auto isUsual = [](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    return tensor.hasStaticShape() && tensor.getNumElements() > 0;
  };
  return llvm::all_of(op->getOperandTypes(), isUsual) &&
         llvm::all_of(op->getResultTypes(), isUsual);
}

std::optional<Movement> visir::composeMovement(Operation *op,
                                               ArrayRef<Movement> operands,
                                               unsigned maxBoxes) {
  using Result = std::optional<Movement>;
  Result result =
      TypeSwitch<Operation *, Result>(op)
          .Case([&](ReshapeOp o) {
            return composeReshapeOp(o, operands[0], maxBoxes);
          })
          .Case([&](TransposeOp o) { return composeTranspose(o, operands[0]); })
          .Case([&](SliceOp o) { return composeSlice(o, operands[0]); })
          .Case([&](ExpandOp o) { return composeExpand(o, operands[0]); })
          .Case([&](PadOp o) { return composePad(o, operands[0], maxBoxes); })
          .Case([&](ConcatOp o) { return composeConcat(o, operands); })
          .Case([&](GatherOp o) {
            return composeGather(o, operands[0], maxBoxes);
          })
          .Case<AvgPoolOp, MaxPoolOp>([&](auto o) -> Result {
            return composePool(o.getStrides(), resultShape(o), operands[0]);
          })
          .Case([&](MoveOp o) { return composeMove(o, operands, maxBoxes); })
          .Default([](Operation *) { return Result(); });
  if (!result)
    return result;
  result->canonicalize();
  if (result->boxes.size() > maxBoxes)
    return std::nullopt;
  return result;
}
