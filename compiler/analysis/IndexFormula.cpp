// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/IndexFormula.h"

#include "compiler/support/Constants.h"
#include "dialects/visir/Visir.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Endian.h"

using namespace mlir;
using namespace visir;

using MaybeFormula = std::optional<IndexFormula>;

/// Ops between a formula and its constants, at most.
static constexpr unsigned kMostSteps = 32;

static ArrayRef<int64_t> shapeOfValue(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

bool IndexFormula::dependsOnlyOn(unsigned dim) const {
  for (unsigned d = 0; d < tables.size(); ++d)
    if (d != dim && !tables[d].empty())
      return false;
  return true;
}

static IndexFormula constantFormula(ArrayRef<int64_t> shape, int64_t base) {
  IndexFormula formula;
  formula.shape = llvm::to_vector(shape);
  formula.base = base;
  formula.tables.resize(shape.size());
  return formula;
}

/// Steps to the next index vector of `shape`; false behind the last.
static bool advance(SmallVectorImpl<int64_t> &index, ArrayRef<int64_t> shape) {
  for (unsigned d = shape.size(); d-- > 0;) {
    if (++index[d] < shape[d])
      return true;
    index[d] = 0;
  }
  return false;
}

/// The formula of the elements that `read` gives by row-major position, if
/// they have one: tables are read along the axes, and all else must agree.
static MaybeFormula separate(ArrayRef<int64_t> shape,
                             function_ref<int64_t(int64_t)> read) {
  if (ShapedType::getNumElements(shape) == 0)
    return std::nullopt;
  IndexFormula formula = constantFormula(shape, read(0));
  SmallVector<SmallVector<int64_t>> tables(shape.size());
  int64_t stride = 1;
  for (unsigned d = shape.size(); d-- > 0;) {
    for (int64_t i = 0; i < shape[d]; ++i)
      tables[d].push_back(read(i * stride) - formula.base);
    stride *= shape[d];
  }
  SmallVector<int64_t> index(shape.size(), 0);
  int64_t position = 0;
  do {
    int64_t value = formula.base;
    for (unsigned d = 0; d < shape.size(); ++d)
      value += tables[d][index[d]];
    if (value != read(position++))
      return std::nullopt;
  } while (advance(index, shape));
  for (unsigned d = 0; d < shape.size(); ++d)
    if (llvm::any_of(tables[d], [](int64_t v) { return v != 0; }))
      formula.tables[d] = std::move(tables[d]);
  return formula;
}

/// Dimensions [first, last) of a formula as one table without the base; empty
/// if none of them counts.
static SmallVector<int64_t> joinTables(const IndexFormula &formula,
                                       unsigned first, unsigned last) {
  SmallVector<int64_t> joined;
  bool counts = false;
  for (unsigned d = first; d < last; ++d)
    counts |= !formula.tables[d].empty();
  if (!counts)
    return joined;
  ArrayRef<int64_t> shape =
      ArrayRef<int64_t>(formula.shape).slice(first, last - first);
  SmallVector<int64_t> index(shape.size(), 0);
  do {
    int64_t value = 0;
    for (unsigned d = first; d < last; ++d)
      if (!formula.tables[d].empty())
        value += formula.tables[d][index[d - first]];
    joined.push_back(value);
  } while (advance(index, shape));
  return joined;
}

/// The formula under another shape: between places where both shapes have
/// passed as many elements, tables are joined and taken apart anew.
static MaybeFormula reshaped(const IndexFormula &formula,
                             ArrayRef<int64_t> to) {
  IndexFormula result = constantFormula(to, formula.base);
  ArrayRef<int64_t> from = formula.shape;
  for (unsigned i = 0, j = 0; i < from.size() || j < to.size();) {
    unsigned firstFrom = i, firstTo = j;
    int64_t a = i < from.size() ? from[i++] : 1;
    int64_t b = j < to.size() ? to[j++] : 1;
    while (a != b) {
      if (a < b ? i == from.size() : j == to.size())
        return std::nullopt;
      if (a < b)
        a *= from[i++];
      else
        b *= to[j++];
    }
    SmallVector<int64_t> joined = joinTables(formula, firstFrom, i);
    if (joined.empty())
      continue;
    auto part = separate(to.slice(firstTo, j - firstTo),
                         [&](int64_t at) { return joined[at]; });
    if (!part)
      return std::nullopt;
    for (auto [d, table] : llvm::enumerate(part->tables))
      result.tables[firstTo + d] = table;
  }
  return result;
}

static IndexFormula expanded(const IndexFormula &formula,
                             ArrayRef<int64_t> to) {
  IndexFormula result = constantFormula(to, formula.base);
  size_t lead = to.size() - formula.shape.size();
  for (auto [d, table] : llvm::enumerate(formula.tables))
    result.tables[lead + d] = table;
  return result;
}

/// Brings a table whose first element is not 0 into its usual form.
static void settle(IndexFormula &formula, unsigned dim) {
  SmallVector<int64_t> &table = formula.tables[dim];
  int64_t first = table.front();
  formula.base += first;
  bool counts = false;
  for (int64_t &value : table) {
    value -= first;
    counts |= value != 0;
  }
  if (!counts)
    table.clear();
}

static IndexFormula sliced(const IndexFormula &formula, SliceOp op) {
  IndexFormula result =
      constantFormula(shapeOfValue(op.getResult()), formula.base);
  for (auto [d, table] : llvm::enumerate(formula.tables)) {
    if (table.empty())
      continue;
    for (int64_t i = 0; i < result.shape[d]; ++i)
      result.tables[d].push_back(
          table[op.getOffsets()[d] + i * op.getStrides()[d]]);
    settle(result, d);
  }
  return result;
}

/// Formulas one behind the other along `axis`, alike in all other dimensions.
static MaybeFormula concatenated(ArrayRef<IndexFormula> parts, unsigned axis,
                                 ArrayRef<int64_t> shape) {
  IndexFormula result = constantFormula(shape, 0);
  for (const IndexFormula &part : parts) {
    for (unsigned d = 0; d < shape.size(); ++d)
      if (d != axis && part.tables[d] != parts.front().tables[d])
        return std::nullopt;
    for (int64_t i = 0; i < part.shape[axis]; ++i)
      result.tables[axis].push_back(
          part.base + (part.tables[axis].empty() ? 0 : part.tables[axis][i]));
  }
  for (unsigned d = 0; d < shape.size(); ++d)
    if (d != axis)
      result.tables[d] = parts.front().tables[d];
  settle(result, axis);
  return result;
}

static MaybeFormula added(const IndexFormula &lhs, const IndexFormula &rhs,
                          int64_t sign, ArrayRef<int64_t> shape) {
  IndexFormula result = expanded(lhs, shape), other = expanded(rhs, shape);
  result.base += sign * other.base;
  for (unsigned d = 0; d < shape.size(); ++d) {
    if (other.tables[d].empty())
      continue;
    result.tables[d].resize(shape[d], 0);
    for (int64_t i = 0; i < shape[d]; ++i)
      result.tables[d][i] += sign * other.tables[d][i];
    settle(result, d);
  }
  return result;
}

static MaybeFormula formulaOf(Value value, unsigned steps);

/// Element `i` of a constant of 64-bit integers.
static int64_t read(ArrayRef<char> bytes, int64_t i) {
  return llvm::support::endian::read64le(bytes.data() + i * sizeof(int64_t));
}

static MaybeFormula formulaOf(ElementsAttr constant) {
  SmallVector<char> storage;
  ArrayRef<char> bytes = constantBytes(constant, storage);
  return separate(cast<RankedTensorType>(constant.getShapedType()).getShape(),
                  [&](int64_t i) { return read(bytes, i); });
}

/// What `op` makes of the formulas of its operands.
static MaybeFormula formulaOf(Operation *op, unsigned steps) {
  if (steps == 0 ||
      !isa<ReshapeOp, TransposeOp, ExpandOp, SliceOp, ConcatOp, BinaryOp>(op))
    return std::nullopt;
  SmallVector<IndexFormula> operands;
  for (Value operand : op->getOperands()) {
    auto formula = formulaOf(operand, steps - 1);
    if (!formula)
      return std::nullopt;
    operands.push_back(std::move(*formula));
  }
  ArrayRef<int64_t> shape = shapeOfValue(op->getResult(0));
  const IndexFormula &first = operands.front();
  return TypeSwitch<Operation *, MaybeFormula>(op)
      .Case([&](ReshapeOp) { return reshaped(first, shape); })
      .Case([&](TransposeOp o) {
        IndexFormula result = constantFormula(shape, first.base);
        for (auto [to, from] : llvm::enumerate(o.getPermutation()))
          result.tables[to] = first.tables[from];
        return result;
      })
      .Case([&](ExpandOp) { return expanded(first, shape); })
      .Case([&](SliceOp o) { return sliced(first, o); })
      .Case([&](ConcatOp o) {
        return concatenated(operands, o.getAxis(), shape);
      })
      .Case([&](BinaryOp o) -> MaybeFormula {
        if (o.getKind() != BinaryKind::Add && o.getKind() != BinaryKind::Sub)
          return std::nullopt;
        return added(first, operands[1],
                     o.getKind() == BinaryKind::Add ? 1 : -1, shape);
      })
      .Default([](Operation *) { return MaybeFormula(); });
}

static MaybeFormula formulaOf(Value value, unsigned steps) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.hasStaticShape() || type.getNumElements() == 0 ||
      !type.getElementType().isInteger(64))
    return std::nullopt;
  if (ElementsAttr constant = constantOf(value))
    return formulaOf(constant);
  Operation *op = value.getDefiningOp();
  return op ? formulaOf(op, steps) : std::nullopt;
}

MaybeFormula IndexFormula::of(Value value) {
  return formulaOf(value, kMostSteps);
}

using Columns = std::optional<SmallVector<IndexFormula>>;

/// The columns of a constant.
static Columns columnsOf(ElementsAttr constant) {
  SmallVector<char> storage;
  ArrayRef<char> bytes = constantBytes(constant, storage);
  auto type = cast<RankedTensorType>(constant.getShapedType());
  int64_t depth = type.getShape().back();
  SmallVector<IndexFormula> columns;
  for (int64_t k = 0; k < depth; ++k) {
    auto column = separate(type.getShape().drop_back(), [&](int64_t i) {
      return read(bytes, i * depth + k);
    });
    if (!column)
      return std::nullopt;
    columns.push_back(std::move(*column));
  }
  return columns;
}

/// One formula for each element of the last dimension, over the others.
static Columns columnsOf(Value value, unsigned steps) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() == 0 ||
      !type.getElementType().isInteger(64) || steps == 0)
    return std::nullopt;
  if (ElementsAttr constant = constantOf(value))
    return columnsOf(constant);
  ArrayRef<int64_t> lead = type.getShape().drop_back();
  int64_t depth = type.getShape().back();
  SmallVector<IndexFormula> columns;
  auto concat = value.getDefiningOp<ConcatOp>();
  if (concat && int64_t(concat.getAxis()) == type.getRank() - 1) {
    for (Value operand : concat.getInputs()) {
      auto part = columnsOf(operand, steps - 1);
      if (!part)
        return std::nullopt;
      columns.append(*part);
    }
    return columns;
  }
  Operation *op = value.getDefiningOp();
  if (depth > 1 && isa_and_present<ReshapeOp, ExpandOp>(op)) {
    ArrayRef<int64_t> from = shapeOfValue(op->getOperand(0));
    auto parts = !from.empty() && from.back() == depth
                     ? columnsOf(op->getOperand(0), steps - 1)
                     : Columns();
    if (!parts)
      return std::nullopt;
    for (const IndexFormula &part : *parts) {
      auto column = isa<ExpandOp>(op) ? MaybeFormula(expanded(part, lead))
                                      : reshaped(part, lead);
      if (!column)
        return std::nullopt;
      columns.push_back(std::move(*column));
    }
    return columns;
  }
  auto whole = formulaOf(value, steps);
  for (int64_t k = 0; whole && k < depth; ++k) {
    SmallVector<int64_t> &last = whole->tables.back();
    IndexFormula column =
        constantFormula(lead, whole->base + (last.empty() ? 0 : last[k]));
    llvm::copy(ArrayRef(whole->tables).drop_back(), column.tables.begin());
    columns.push_back(std::move(column));
  }
  return whole ? Columns(std::move(columns)) : std::nullopt;
}

/// The step of a table whose elements are equally far from each other.
static std::optional<int64_t> stepOf(ArrayRef<int64_t> table) {
  if (table.size() < 2)
    return 0;
  for (size_t i = 0; i + 1 < table.size(); ++i)
    if (table[i + 1] - table[i] != table[1] - table[0])
      return std::nullopt;
  return table[1] - table[0];
}

std::optional<LinearAccess> visir::affineIndices(Value indices,
                                                 ArrayRef<int64_t> shape) {
  auto columns = columnsOf(indices, kMostSteps);
  if (!columns || columns->size() > shape.size())
    return std::nullopt;
  ArrayRef<int64_t> sizes = shapeOfValue(indices).drop_back();
  LinearAccess access = LinearAccess::zero(columns->size(), sizes.size());
  for (auto [k, column] : llvm::enumerate(*columns)) {
    access.offsets[k] = column.base;
    for (auto [d, table] : llvm::enumerate(column.tables)) {
      auto step = stepOf(table);
      if (!step)
        return std::nullopt;
      access.coefficients[k][d] = *step;
    }
    // Negative ones count from the end.
    if (access.range(k, sizes).second < 0)
      access.offsets[k] += shape[k];
  }
  if (!access.isInside(sizes, shape.take_front(columns->size())))
    return std::nullopt;
  return access;
}
