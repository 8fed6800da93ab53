// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/MovementSteps.h"

#include <tuple>

using namespace mlir;
using namespace visir;

namespace {
/// Elements along an axis at equal distances, in any number of dimensions.
struct Run {
  int64_t source, src, dst;
  SmallVector<int64_t, 3> sizes, srcSteps, dstSteps;

  /// Runs of equal kind differ in their places only.
  auto kind() const { return std::tie(source, sizes, srcSteps, dstSteps); }
};
} // namespace

/// Number of items from `first` on at equal distances; `step(i)` is the
/// distance from item i to the next, or nothing if they are not alike.
template <typename Step>
static size_t equalSteps(size_t first, size_t count, Step step) {
  if (first + 1 >= count)
    return count - first;
  auto distance = step(first);
  if (!distance)
    return 1;
  size_t end = first + 2;
  while (end < count && step(end - 1) == distance)
    ++end;
  return end - first;
}

/// The length of the group at `first`. Of two items only the first may be
/// left alone, when the second begins a longer group.
template <typename Step>
static size_t groupAt(size_t first, size_t count, Step step) {
  size_t length = equalSteps(first, count, step);
  return length == 2 && equalSteps(first + 1, count, step) > 2 ? 1 : length;
}

/// The runs of single elements; the result is in order.
static SmallVector<Run> firstRuns(ArrayRef<AxisElement> elements) {
  auto step = [&](size_t i) -> std::optional<int64_t> {
    if (elements[i].source != elements[i + 1].source)
      return std::nullopt;
    return elements[i + 1].position - elements[i].position;
  };
  SmallVector<Run> runs;
  for (size_t i = 0; i < elements.size();) {
    size_t length = groupAt(i, elements.size(), step);
    Run run{elements[i].source, elements[i].position, int64_t(i), {}, {}, {}};
    if (length > 1) {
      run.sizes.push_back(length);
      run.srcSteps.push_back(*step(i));
      run.dstSteps.push_back(1);
    }
    runs.push_back(std::move(run));
    i += length;
  }
  return runs;
}

/// Runs of one kind at equal distances become one of one more dimension.
/// Runs of several kinds may alternate, so they are sorted by kind first.
static SmallVector<Run> joinRuns(SmallVector<Run> runs) {
  llvm::sort(runs, [](const Run &a, const Run &b) {
    return std::make_pair(a.kind(), a.dst) < std::make_pair(b.kind(), b.dst);
  });
  auto step = [&](size_t i) -> std::optional<std::pair<int64_t, int64_t>> {
    if (runs[i].kind() != runs[i + 1].kind())
      return std::nullopt;
    return std::make_pair(runs[i + 1].src - runs[i].src,
                          runs[i + 1].dst - runs[i].dst);
  };
  SmallVector<Run> joined;
  for (size_t i = 0; i < runs.size();) {
    size_t length = groupAt(i, runs.size(), step);
    Run run = runs[i];
    if (length > 1) {
      run.sizes.push_back(length);
      run.srcSteps.push_back(step(i)->first);
      run.dstSteps.push_back(step(i)->second);
    }
    joined.push_back(std::move(run));
    i += length;
  }
  return joined;
}

std::optional<Movement> visir::gatherElements(ArrayRef<int64_t> shape,
                                              ArrayRef<Value> sources,
                                              unsigned axis,
                                              ArrayRef<AxisElement> elements,
                                              unsigned maxBoxes) {
  SmallVector<Run> runs = firstRuns(elements);
  for (size_t before = 0; before != runs.size();) {
    before = runs.size();
    runs = joinRuns(std::move(runs));
  }
  // Elements without regularity are better read at run time.
  if (runs.size() > std::max<size_t>(4, elements.size() / 4) ||
      runs.size() > maxBoxes)
    return std::nullopt;
  Movement movement;
  movement.shape = llvm::to_vector(shape);
  llvm::append_range(movement.sources, sources);
  for (const Run &run : runs) {
    // The axis stands for itself with size 1; the run's dimensions follow.
    MovementBox box;
    box.source = run.source;
    box.box.sizes = movement.shape;
    box.box.sizes[axis] = 1;
    box.box.accesses.assign(2, LinearAccess::identity(shape.size()));
    box.box.accesses[0].offsets[axis] = run.dst;
    box.box.accesses[1].offsets[axis] = run.src;
    for (auto [size, from, to] :
         llvm::zip_equal(run.sizes, run.srcSteps, run.dstSteps)) {
      box.box.addDim(size);
      box.box.accesses[0].coefficients[axis].back() = to;
      box.box.accesses[1].coefficients[axis].back() = from;
    }
    for (LinearAccess &access : box.box.accesses)
      access.coefficients[axis][axis] = 0;
    movement.boxes.push_back(std::move(box));
  }
  return movement;
}

std::optional<Movement> visir::takeElements(ArrayRef<Movement> operands,
                                            unsigned axis,
                                            ArrayRef<AxisElement> elements,
                                            unsigned maxBoxes) {
  SmallVector<Value> sources(operands.size());
  SmallVector<int64_t> shape = operands[0].shape;
  shape[axis] = elements.size();
  auto taken = gatherElements(shape, sources, axis, elements, maxBoxes);
  return taken ? composeBoxes(*taken, operands, maxBoxes) : std::nullopt;
}
