// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/nest/Windows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Value of a scalar op whose operands are known where given.
static std::optional<double> evaluate(Operation *op,
                                      ArrayRef<std::optional<double>> in) {
  FloatAttr constant;
  if (matchPattern(op, m_Constant(&constant)))
    return constant.getValueAsDouble();
  auto isZero = [&](unsigned i) { return in[i] && *in[i] == 0; };
  if (isa<arith::MulFOp>(op) && (isZero(0) || isZero(1)))
    return 0.0;
  if (isa<arith::DivFOp>(op) && isZero(0))
    return 0.0;
  if (llvm::any_of(in, [](auto value) { return !value; }))
    return std::nullopt;
  if (isa<arith::ExtFOp, arith::TruncFOp>(op))
    return in[0];
  if (isa<math::TanhOp, math::ErfOp, math::SinOp, math::AtanOp, math::SqrtOp,
          math::AbsFOp, math::TanOp, math::AsinOp, math::SinhOp>(op) &&
      *in[0] == 0)
    return 0.0;
  return llvm::TypeSwitch<Operation *, std::optional<double>>(op)
      .Case<arith::MulFOp>([&](auto) { return *in[0] * *in[1]; })
      .Case<arith::AddFOp>([&](auto) { return *in[0] + *in[1]; })
      .Case<arith::SubFOp>([&](auto) { return *in[0] - *in[1]; })
      .Case<arith::NegFOp>([&](auto) { return -*in[0]; })
      .Case<arith::MaximumFOp, arith::MaxNumFOp>(
          [&](auto) { return std::max(*in[0], *in[1]); })
      .Case<arith::MinimumFOp, arith::MinNumFOp>(
          [&](auto) { return std::min(*in[0], *in[1]); })
      .Default([](Operation *) { return std::nullopt; });
}

bool cpu::isZeroAtFill(Block &prologue, unsigned yield, unsigned load,
                       double fill) {
  DenseMap<Value, std::optional<double>> known;
  known[prologue.getArgument(load)] = fill;
  for (Operation &op : prologue.without_terminator()) {
    SmallVector<std::optional<double>> in;
    for (Value operand : op.getOperands())
      in.push_back(known.lookup(operand));
    if (op.getNumResults() == 1)
      known[op.getResult(0)] = evaluate(&op, in);
  }
  std::optional<double> value =
      known.lookup(prologue.getTerminator()->getOperand(yield));
  return value && *value == 0;
}

const Window *cpu::findWindow(ArrayRef<Window> windows, unsigned loop) {
  for (const Window &window : windows)
    if (window.loop == loop)
      return &window;
  return nullptr;
}

/// The one reduction loop of a border and whether other parallel loops than
/// the row move it; -1 if there is none or more than one.
static int windowLoop(const FlatNest &nest, const Border &border, int rowLoop,
                      bool &outer) {
  int loop = -1;
  for (unsigned i = 0; i < nest.loops.size(); ++i) {
    if (border.factors[i] == 0 || int(i) == rowLoop)
      continue;
    if (!nest.loops[i].reduction)
      outer = true;
    else if (loop >= 0)
      return -1;
    else
      loop = int(i);
  }
  return loop;
}

LogicalResult cpu::findWindows(const FlatNest &nest, ArrayRef<unsigned> loads,
                               int rowLoop, SmallVectorImpl<Window> &windows,
                               std::string &reason) {
  for (unsigned load : loads)
    for (const Border &border : nest.accesses[load].borders) {
      bool outer = false;
      int loop = windowLoop(nest, border, rowLoop, outer);
      bool row = rowLoop >= 0 && border.factors[rowLoop] != 0;
      if (loop < 0 || border.factors[loop] <= 0 || (row && outer)) {
        reason = "a padded coordinate is not a window";
        return failure();
      }
      if (findWindow(windows, loop)) {
        reason = "a window is padded twice";
        return failure();
      }
      windows.push_back({unsigned(loop), border, row});
    }
  unsigned rows = llvm::count_if(windows, [](auto &w) { return w.alongRow; });
  if (rows > 1) {
    reason = "two windows lie along the row";
    return failure();
  }
  return success();
}

int cpu::chooseRowLoop(const FlatNest &nest, ArrayRef<unsigned> loops) {
  if (loops.empty())
    return -1;
  unsigned row = loops.back();
  for (unsigned loop : loops) {
    int64_t here = nest.loops[row].extent;
    if (here < 6 && nest.loops[loop].extent > 2 * here)
      row = loop;
  }
  return int(row);
}

/// Whether a reduction loop takes the same steps as `loop` through an access.
static bool hasWindow(const FlatNest &nest, unsigned loop) {
  for (const FlatAccess &access : nest.accesses)
    for (auto [i, other] : llvm::enumerate(nest.loops))
      if (other.reduction && access.strides[loop] != 0 &&
          access.strides[i] == access.strides[loop])
        return true;
  return false;
}

void cpu::mergeLoops(FlatNest &nest, bool keepReductions) {
  auto mergeOne = [&] {
    for (unsigned outer = 0; outer < nest.loops.size(); ++outer)
      for (unsigned inner = 0; inner < nest.loops.size(); ++inner)
        if (outer != inner && nest.canMerge(outer, inner) &&
            !(keepReductions &&
              (nest.loops[inner].reduction || hasWindow(nest, outer)))) {
          nest.merge(outer, inner);
          return true;
        }
    return false;
  };
  while (mergeOne()) {
  }
}

/// For each step of the window along the row the rows of a tile that starts
/// at `first` and lie inside of the tensor.
static SmallVector<std::pair<unsigned, unsigned>, 8>
insideRows(const FlatNest &nest, const Window &window, int rowLoop,
           int64_t first, unsigned rows) {
  SmallVector<std::pair<unsigned, unsigned>, 8> inside;
  bool all = true;
  for (int64_t k = 0; k < nest.loops[window.loop].extent; ++k) {
    unsigned low = rows, high = 0;
    for (unsigned i = 0; i < rows; ++i) {
      const Border &border = window.border;
      int64_t at = border.offset + border.factors[window.loop] * k +
                   border.factors[rowLoop] * (first + i);
      if (at < 0 || at >= window.border.size)
        continue;
      low = std::min(low, i);
      high = i + 1;
    }
    all &= low == 0 && high == rows;
    inside.push_back({std::min(low, high), high});
  }
  if (all)
    inside.clear();
  return inside;
}

SmallVector<RowClass, 4> cpu::makeRowClasses(const FlatNest &nest,
                                             ArrayRef<Window> windows,
                                             int rowLoop, unsigned rows) {
  const Window *window = nullptr;
  for (const Window &w : windows)
    if (w.alongRow)
      window = &w;
  SmallVector<RowClass, 4> classes;
  int64_t extent = rowLoop < 0 ? 1 : nest.loops[rowLoop].extent;
  for (int64_t first = 0, tile = 0; first < extent; first += rows, ++tile) {
    RowClass next{
        tile, 1, unsigned(std::min<int64_t>(rows, extent - first)), {}};
    if (window)
      next.inside = insideRows(nest, *window, rowLoop, first, next.rows);
    if (!classes.empty() && classes.back().rows == next.rows &&
        classes.back().inside == next.inside)
      ++classes.back().tileCount;
    else
      classes.push_back(std::move(next));
    if (classes.size() > kMaxRowClasses)
      break;
  }
  return classes;
}

LogicalResult cpu::findSummedLoop(DispatchOp op, const FlatNest &nest,
                                  int &summed, std::string &reason) {
  summed = -1;
  for (auto [i, store] : llvm::enumerate(nest.stores())) {
    if (!op.getStore(i).getSum())
      continue;
    for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
      if (nest.loops[loop].reduction || store.strides[loop] != 0)
        continue;
      if (summed >= 0 && summed != int(loop)) {
        reason = "sums run over more than one loop";
        return failure();
      }
      summed = int(loop);
    }
  }
  return success();
}
