// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/MovementSteps.h"

using namespace mlir;
using namespace visir;

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

static bool isWhole(const Movement &movement) {
  auto all = LinearAccess::identity(movement.shape.size());
  return movement.boxes.size() == 1 && movement.boxes[0].source == 0 &&
         movement.boxes[0].dst() == all && movement.boxes[0].src() == all;
}

std::optional<Movement> visir::composeBoxes(const Movement &outer,
                                            ArrayRef<Movement> operands,
                                            unsigned maxBoxes) {
  Movement result;
  result.shape = outer.shape;
  for (const MovementBox &box : outer.boxes) {
    Movement part;
    if (box.source < 0) {
      part.fill = outer.fill.value_or(0.0);
      part.boxes.push_back(box);
    } else if (isWhole(operands[box.source])) {
      part.sources = operands[box.source].sources;
      part.boxes.push_back(box);
      part.boxes[0].source = 0;
    } else {
      part = operands[box.source];
      if (failed(readThroughBox(part, box, maxBoxes)))
        return std::nullopt;
      for (MovementBox &piece : part.boxes)
        piece.dst() = substitute(box.dst(), piece.dst(), piece.box.rank());
    }
    if (failed(append(result, part)) || result.boxes.size() / 4 > maxBoxes)
      return std::nullopt;
  }
  return result;
}
