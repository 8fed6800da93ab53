// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/MovementSteps.h"

#include <numeric>

using namespace mlir;
using namespace visir;

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

void visir::sliceAxis(Movement &movement, unsigned axis, int64_t offset,
                      int64_t count, int64_t stride) {
  SmallVector<MovementBox> boxes;
  Slicer slicer(axis, offset, count, stride);
  for (MovementBox &box : movement.boxes)
    slicer.run(std::move(box), boxes);
  movement.boxes = std::move(boxes);
  movement.shape[axis] = count;
}

void visir::shiftAxis(Movement &movement, unsigned axis, int64_t by) {
  for (MovementBox &box : movement.boxes)
    box.dst().offsets[axis] += by;
}

LogicalResult visir::append(Movement &movement, const Movement &other) {
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

LogicalResult visir::reshapeTo(Movement &movement, ArrayRef<int64_t> from,
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
