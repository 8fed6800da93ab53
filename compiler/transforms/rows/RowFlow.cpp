// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/rows/RowFlow.h"

#include "compiler/analysis/Movement.h"
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace visir;

/// Tensors with more rows, and constants of more bytes, are not looked into.
static constexpr int64_t mostRows = 1 << 18, mostBytes = 1 << 26;

namespace {

/// Numbers pairs as they come up.
class Numbering {
public:
  int32_t operator()(int64_t a, int64_t b) {
    return numbers.try_emplace({a, b}, numbers.size()).first->second;
  }

private:
  llvm::DenseMap<std::pair<int64_t, int64_t>, int32_t> numbers;
};

} // namespace

static int64_t countRows(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes) {
  int64_t count = 1;
  for (int64_t axis : axes)
    count *= shape[axis];
  return count;
}

/// All axes but the last.
static SmallVector<int64_t> leadingAxes(int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(0, std::max<int64_t>(rank - 1, 0)));
}

const RowView *RowAnalysis::viewOf(Value value) const {
  auto it = views.find(value);
  return it == views.end() ? nullptr : &it->second;
}

const RowFlow *RowAnalysis::flowOf(Operation *op) const {
  auto it = flows.find(op);
  return it == flows.end() ? nullptr : &it->second;
}

int32_t RowAnalysis::readRow(Operation *op, unsigned number,
                             int32_t row) const {
  const std::vector<int32_t> &reads = flows.find(op)->second.reads[number];
  return reads.empty() ? row : reads[row];
}

/// The view of a value, which is made for constants and arguments.
RowView *RowAnalysis::view(Value value) {
  if (!views.count(value)) {
    if (constantOf(value))
      setConstant(value);
    else if (isa<BlockArgument>(value))
      setDistinct(value);
  }
  auto it = views.find(value);
  return it == views.end() ? nullptr : &it->second;
}

/// No two rows are known to be equal.
void RowAnalysis::setDistinct(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || type.getRank() == 0)
    return;
  RowView rows;
  rows.axes = leadingAxes(type.getRank());
  int64_t count = countRows(type.getShape(), rows.axes);
  if (count > mostRows)
    return;
  for (int64_t i = 0; i < count; ++i)
    rows.labels.push_back(i);
  views[value] = std::move(rows);
}

/// Rows of a constant are compared by their bytes.
void RowAnalysis::setConstant(Value value) {
  setDistinct(value);
  auto it = views.find(value);
  auto type = cast<RankedTensorType>(value.getType());
  if (it == views.end() || it->second.count() == 0 ||
      tensorBytes(type) > mostBytes)
    return;
  SmallVector<char> storage;
  ArrayRef<char> bytes = constantBytes(constantOf(value), storage);
  size_t size = bytes.size() / it->second.count();
  llvm::StringMap<int32_t> numbers;
  for (auto [i, label] : llvm::enumerate(it->second.labels)) {
    StringRef row(bytes.data() + i * size, size);
    label = numbers.try_emplace(row, numbers.size()).first->second;
  }
}

/// The row of an operand of `from` that broadcasts to each row of `to`.
static std::vector<int32_t> broadcastRows(ArrayRef<int64_t> from,
                                          ArrayRef<int64_t> to) {
  size_t lead = to.size() - from.size();
  ArrayRef<int64_t> outer = to.drop_back();
  std::vector<int32_t> rows(ShapedType::getNumElements(outer));
  for (auto [i, row] : llvm::enumerate(rows)) {
    int64_t rest = i, stride = 1;
    for (size_t d = outer.size(); d-- > lead;) {
      int64_t at = rest % outer[d], extent = from[d - lead];
      rest /= outer[d];
      row += extent == 1 ? 0 : at * stride;
      stride *= extent;
    }
  }
  return rows;
}

static bool isRowWise(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<UnaryOp, CastOp, BinaryOp>([](auto) { return true; })
      .Case([](LayerNormOp norm) {
        return int64_t(norm.getAxis()) + 1 == rankOf(norm.getResult());
      })
      .Case([](MatMulOp product) { return rankOf(product.getRhs()) == 2; })
      .Default([](Operation *) { return false; });
}

/// Whether an operand of a row-wise op is the same for all rows.
static bool isSharedOperand(Operation *op, unsigned number) {
  if (!isa<BinaryOp>(op))
    return number > 0;
  ArrayRef<int64_t> shape = shapeOfValue(op->getOperand(number));
  return shape.size() < 2 ||
         llvm::all_of(shape.drop_back(), [](int64_t n) { return n == 1; });
}

bool RowAnalysis::visitRowWise(Operation *op) {
  Value result = op->getResult(0);
  ArrayRef<int64_t> shape = shapeOfValue(result);
  if (!isRowWise(op) || shape.size() < 2 ||
      ShapedType::getNumElements(shape.drop_back()) > mostRows)
    return false;
  RowFlow flow{RowFlow::Wise, {}, {}};
  RowView rows;
  rows.axes = leadingAxes(shape.size());
  rows.labels.assign(countRows(shape, rows.axes), 0);
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    flow.isShared.push_back(isSharedOperand(op, i));
    flow.reads.emplace_back();
    if (flow.isShared.back())
      continue;
    RowView *own = view(operand);
    if (!own || !own->isPlain(rankOf(operand)))
      return false;
    if (shapeOfValue(operand).drop_back() != shape.drop_back())
      flow.reads[i] = broadcastRows(shapeOfValue(operand), shape);
    Numbering numbers;
    for (auto [row, label] : llvm::enumerate(rows.labels))
      label = numbers(
          label, own->labels[flow.reads[i].empty() ? row : flow.reads[i][row]]);
  }
  if (llvm::all_of(flow.isShared, [](bool shared) { return shared; }))
    return false;
  views[result] = std::move(rows);
  flows[op] = std::move(flow);
  return true;
}

namespace {

/// The rows that one box of a move copies.
class BoxRows {
public:
  BoxRows(const MovementBox &box, ArrayRef<int64_t> shape,
          ArrayRef<int64_t> sourceShape, const RowView &source)
      : box(box), shape(shape), sourceShape(sourceShape), source(source) {}

  /// Finds the box's dimensions of rows; false where rows and features mix.
  bool split();
  /// Marks the result's axes that the features move along.
  bool markFeatures(SmallVectorImpl<bool> &isFeature,
                    SmallVectorImpl<bool> &isRow) const;
  /// Calls `copy(to, from)` for each row; `axes` are the result's.
  void forEach(ArrayRef<int64_t> axes,
               function_ref<void(int64_t, int64_t)> copy) const;

private:
  int64_t place(const LinearAccess &access, ArrayRef<int64_t> shape,
                ArrayRef<int64_t> axes, ArrayRef<int64_t> point) const;

  const MovementBox &box;
  ArrayRef<int64_t> shape, sourceShape;
  const RowView &source;
  SmallVector<bool> isRowDim;
};

} // namespace

bool BoxRows::split() {
  isRowDim.assign(box.box.sizes.size(), true);
  for (auto [j, coefficients] : llvm::enumerate(box.src().coefficients)) {
    if (llvm::is_contained(source.axes, int64_t(j)))
      continue;
    for (auto [d, coefficient] : llvm::enumerate(coefficients))
      if (coefficient != 0 && box.box.sizes[d] > 1)
        isRowDim[d] = false;
  }
  for (int64_t axis : source.axes)
    for (auto [d, coefficient] :
         llvm::enumerate(box.src().coefficients[axis]))
      if (coefficient != 0 && !isRowDim[d])
        return false;
  return true;
}

bool BoxRows::markFeatures(SmallVectorImpl<bool> &isFeature,
                           SmallVectorImpl<bool> &isRow) const {
  for (auto [j, coefficients] : llvm::enumerate(box.dst().coefficients)) {
    int64_t reach = 1;
    bool moves = false;
    for (auto [d, coefficient] : llvm::enumerate(coefficients)) {
      if (coefficient == 0 || box.box.sizes[d] == 1)
        continue;
      (isRowDim[d] ? isRow : isFeature)[j] = true;
      moves |= !isRowDim[d];
      reach += coefficient * (box.box.sizes[d] - 1);
    }
    // A row of the result must come from one box.
    if (moves && (box.dst().offsets[j] != 0 || reach != shape[j]))
      return false;
  }
  return true;
}

int64_t BoxRows::place(const LinearAccess &access, ArrayRef<int64_t> shape,
                       ArrayRef<int64_t> axes, ArrayRef<int64_t> point) const {
  int64_t row = 0;
  for (int64_t axis : axes) {
    int64_t at = access.offsets[axis];
    for (auto [d, coefficient] : llvm::enumerate(access.coefficients[axis]))
      at += coefficient * point[d];
    row = row * shape[axis] + at;
  }
  return row;
}

void BoxRows::forEach(ArrayRef<int64_t> axes,
                      function_ref<void(int64_t, int64_t)> copy) const {
  SmallVector<int64_t> point(box.box.sizes.size(), 0);
  for (bool more = true; more;) {
    copy(place(box.dst(), shape, axes, point),
         place(box.src(), sourceShape, source.axes, point));
    more = false;
    for (size_t d = point.size(); d-- && !more;) {
      if (!isRowDim[d])
        continue;
      more = ++point[d] < box.box.sizes[d];
      if (!more)
        point[d] = 0;
    }
  }
}

bool RowAnalysis::visitMove(MoveOp op) {
  std::optional<Movement> movement = Movement::of(op);
  ArrayRef<int64_t> shape = shapeOfValue(op.getResult());
  if (!movement || movement->fill || shape.size() < 2)
    return false;
  for (Value source : movement->sources)
    if (!view(source))
      return false;
  SmallVector<bool> isFeature(shape.size(), false), isRow(isFeature);
  std::vector<BoxRows> boxes;
  for (const MovementBox &box : movement->boxes) {
    if (box.source < 0)
      return false;
    Value source = movement->sources[box.source];
    boxes.emplace_back(box, shape, shapeOfValue(source), *viewOf(source));
    if (!boxes.back().split() || !boxes.back().markFeatures(isFeature, isRow))
      return false;
  }
  RowView rows;
  for (auto [axis, extent] : llvm::enumerate(shape)) {
    if (isFeature[axis] && isRow[axis])
      return false;
    // Axes of one place belong to the features only at the end.
    if (!isFeature[axis] && (isRow[axis] || axis + 1 < shape.size()))
      rows.axes.push_back(axis);
  }
  int64_t count = countRows(shape, rows.axes);
  if (count > mostRows)
    return false;
  RowFlow flow{RowFlow::Move, {}, {}};
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    flow.reads.emplace_back(count, -1);
    flow.isShared.push_back(false);
  }
  Numbering numbers;
  rows.labels.assign(count, 0);
  for (auto [box, own] : llvm::zip_equal(movement->boxes, boxes)) {
    Value source = movement->sources[box.source];
    unsigned number = llvm::find(op->getOperands(), source) -
                      op->getOperands().begin();
    const RowView &from = *viewOf(source);
    own.forEach(rows.axes, [&, source = box.source](int64_t to, int64_t row) {
      flow.reads[number][to] = row;
      rows.labels[to] = numbers(source, from.labels[row]);
    });
  }
  const RowView &from = *viewOf(op->getOperand(0));
  bool isWhole = shape.back() == shapeOfValue(op->getOperand(0)).back();
  if (op->getNumOperands() == 1 && isWhole && rows.isPlain(shape.size()) &&
      from.isPlain(rankOf(op->getOperand(0))))
    flow.kind = RowFlow::Copy;
  views[op.getResult()] = std::move(rows);
  flows[op] = std::move(flow);
  return true;
}

/// The axes of rows of an attention's queries but the last one, of keys; the
/// others are heads.
static bool isAttentionView(const RowView &view, int64_t rank) {
  return !view.axes.empty() && view.axes.back() == rank - 2;
}

bool RowAnalysis::visitAttention(AttentionOp op) {
  if (op.getMask() || !view(op.getQuery()) || !view(op.getKey()) ||
      !view(op.getValue()))
    return false;
  const RowView *query = viewOf(op.getQuery()), *key = viewOf(op.getKey()),
                *value = viewOf(op.getValue());
  int64_t rank = rankOf(op.getResult());
  if (!isAttentionView(*query, rank) || query->axes != key->axes ||
      query->axes != value->axes)
    return false;
  int64_t rows = shapeOfValue(op.getQuery())[rank - 2];
  int64_t keys = shapeOfValue(op.getKey())[rank - 2];
  if (rows == 0 || keys == 0)
    return false;
  RowView result{query->axes, {}, {}};
  Numbering pairs, chains, outcomes;
  for (int64_t batch = 0; batch < query->count() / rows; ++batch) {
    std::vector<int32_t> seen(keys);
    int32_t chain = -1;
    for (int64_t n = 0; n < keys; ++n) {
      int32_t pair = pairs(key->labels[batch * keys + n],
                           value->labels[batch * keys + n]);
      seen[n] = chain = chains(chain, pair);
    }
    for (int64_t m = 0; m < rows; ++m)
      result.labels.push_back(
          outcomes(query->labels[batch * rows + m],
                   seen[op.getCausal() ? std::min(m, keys - 1) : keys - 1]));
  }
  views[op.getResult()] = std::move(result);
  flows[op] = RowFlow{RowFlow::Attention, {}, {}};
  return true;
}

bool RowAnalysis::visitGather(GatherNDOp op) {
  RowView *own = view(op.getInput());
  auto indices = constantInts(op.getIndices());
  ArrayRef<int64_t> shape = shapeOfValue(op.getInput());
  if (!own || !indices || op.getBatchDims() != 0 ||
      !own->isPlain(shape.size()) ||
      shapeOfValue(op.getIndices()).back() != int64_t(own->axes.size()))
    return false;
  size_t width = own->axes.size();
  RowFlow flow{RowFlow::Copy, {{}, {}}, {false, true}};
  RowView rows;
  rows.axes = leadingAxes(rankOf(op.getResult()));
  Numbering numbers;
  for (size_t i = 0; i < indices->size(); i += width) {
    int64_t row = 0;
    for (size_t k = 0; k < width; ++k) {
      int64_t at = (*indices)[i + k];
      at += at < 0 ? shape[k] : 0;
      if (at < 0 || at >= shape[k])
        return false;
      row = row * shape[k] + at;
    }
    flow.reads[0].push_back(row);
    rows.labels.push_back(numbers(own->labels[row], 0));
  }
  views[op.getResult()] = std::move(rows);
  flows[op] = std::move(flow);
  return true;
}

void RowAnalysis::visit(Operation *op) {
  if (op->getNumResults() != 1)
    return;
  bool isKnown =
      llvm::TypeSwitch<Operation *, bool>(op)
          .Case([&](MoveOp op) { return visitMove(op); })
          .Case([&](AttentionOp op) { return visitAttention(op); })
          .Case([&](GatherNDOp op) { return visitGather(op); })
          .Default([&](Operation *op) { return visitRowWise(op); });
  if (!isKnown && !isa<ConstantOp>(op))
    setDistinct(op->getResult(0));
}

/// A needed row of a causal attention needs the keys and values up to it.
void RowAnalysis::needAttention(AttentionOp op) {
  const RowView &result = *viewOf(op.getResult());
  RowView &query = *view(op.getQuery()), &key = *view(op.getKey()),
          &value = *view(op.getValue());
  int64_t rank = rankOf(op.getResult());
  int64_t rows = shapeOfValue(op.getQuery())[rank - 2];
  int64_t keys = shapeOfValue(op.getKey())[rank - 2];
  for (int64_t batch = 0; batch < result.count() / rows; ++batch) {
    int64_t last = 0;
    for (int64_t m = 0; m < rows; ++m)
      if (result.needed[batch * rows + m]) {
        query.needed[batch * rows + m] = true;
        last = op.getCausal() ? std::min(m + 1, keys) : keys;
      }
    for (int64_t n = 0; n < last; ++n)
      key.needed[batch * keys + n] = value.needed[batch * keys + n] = true;
  }
}

void RowAnalysis::need(Operation *op) {
  const RowFlow *flow = flowOf(op);
  if (flow && flow->kind == RowFlow::Attention)
    return needAttention(cast<AttentionOp>(op));
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    auto it = views.find(operand);
    if (it == views.end())
      continue;
    RowView &own = it->second;
    if (!flow || flow->isShared[i]) {
      own.needed.assign(own.count(), true);
      continue;
    }
    const RowView &result = *viewOf(op->getResult(0));
    for (int64_t row = 0; row < result.count(); ++row)
      if (int32_t from = readRow(op, i, row); result.needed[row] && from >= 0)
        own.needed[from] = true;
  }
}

RowAnalysis::RowAnalysis(Block &block) {
  for (Operation &op : block)
    visit(&op);
  for (auto &[value, view] : views)
    view.needed.assign(view.count(), false);
  for (Operation &op : llvm::reverse(block))
    need(&op);
}
