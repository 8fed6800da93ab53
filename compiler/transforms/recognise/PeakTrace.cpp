// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/recognise/PeakTrace.h"

#include "compiler/analysis/Evaluate.h"
#include "compiler/analysis/IndexFormula.h"
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace visir;
using evaluation::broadcastStrides;
using evaluation::rowMajorStrides;
using evaluation::stridedPositions;

/// Tensors of more elements are not followed.
static constexpr int64_t kMostElements = 1 << 16;

static int64_t elementsOf(Value value) {
  return ShapedType::getNumElements(shapeOfValue(value));
}

/// The tensor of maps of `size` elements that `value`, with one map per row of
/// its last dimension, is a reshape of.
static Value beforeFlattening(Value value, int64_t size) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>()) {
    value = reshape.getInput();
    ArrayRef<int64_t> shape = shapeOfValue(value);
    if (shape.size() >= 2 && shape[shape.size() - 2] * shape.back() == size &&
        shape.back() > 1 && shape.back() < size)
      return value;
  }
  return Value();
}

Value visir::heatmapsOf(Operation *op) {
  Value input;
  int64_t axis = -1;
  if (auto arg = dyn_cast<ArgReduceOp>(op);
      arg && arg.getKind() == ReduceKind::Max && !arg.getSelectLast()) {
    input = arg.getInput();
    axis = arg.getAxis();
  } else if (auto topk = dyn_cast<TopKOp>(op);
             topk && topk.getK() == 1 && !topk.getSmallest()) {
    input = topk.getInput();
    axis = topk.getAxis();
  } else if (auto reduce = dyn_cast<ReduceOp>(op);
             reduce && reduce.getKind() == ReduceKind::Max) {
    input = reduce.getInput();
    int64_t rank = rankOf(input);
    if (reduce.getAxes() == ArrayRef<int64_t>{rank - 2, rank - 1})
      return input;
    if (reduce.getAxes().size() == 1)
      axis = reduce.getAxes()[0];
  }
  // Results have the maps' type, and narrow ones do not hold coordinates.
  if (!input || axis + 1 != rankOf(input) ||
      !isa<Float32Type, Float64Type>(elementTypeOf(input)))
    return Value();
  return beforeFlattening(input, shapeOfValue(input).back());
}

static int64_t sizeAt(Value value, int fromEnd) {
  ArrayRef<int64_t> shape = shapeOfValue(value);
  return shape[shape.size() - fromEnd];
}

PeakTrace::PeakTrace(Value heatmaps, int64_t margin)
    : algebra(sizeAt(heatmaps, 1), sizeAt(heatmaps, 2), margin),
      heatmaps(heatmaps) {
  tensors.push_back(heatmaps);
  maps = elementsOf(heatmaps) / (algebra.width * algebra.height);
}

void PeakTrace::setKnown(Value value, Exprs exprs) {
  order.push_back(value);
  known[value] = std::move(exprs);
}

/// Where the trace starts.
bool PeakTrace::seed(Operation *op) {
  if (heatmapsOf(op) != heatmaps)
    return false;
  Exprs indices, scores;
  for (int64_t map = 0; map < maps; ++map) {
    indices.push_back(
        algebra.add(algebra.scale(algebra.row(map), double(algebra.width)),
                    algebra.column(map)));
    scores.push_back(algebra.atomic({AtomKind::Score, {map}}));
  }
  bool isIndex = isa<ArgReduceOp>(op);
  setKnown(op->getResult(0), isIndex ? indices : scores);
  if (isa<TopKOp>(op))
    setKnown(op->getResult(1), indices);
  return true;
}

void PeakTrace::run(Block &block) {
  for (Operation &op : block) {
    if (seed(&op) || op.getNumResults() != 1 || isa<ConstantOp>(op) ||
        !isa<RankedTensorType>(op.getResult(0).getType()) ||
        elementsOf(op.getResult(0)) > kMostElements ||
        llvm::none_of(op.getOperands(),
                      [&](Value v) { return known.contains(v); }))
      continue;
    Result result = trace(&op);
    if (result && !llvm::is_contained(*result, kUnknown))
      setKnown(op.getResult(0), std::move(*result));
  }
}

PeakTrace::Result PeakTrace::exprsOf(Value value) {
  if (auto it = known.find(value); it != known.end())
    return it->second;
  if (!constantOf(value) || elementsOf(value) > kMostElements)
    return std::nullopt;
  std::optional<SmallVector<double>> numbers = constantDoubles(value);
  if (!numbers)
    return std::nullopt;
  Exprs exprs;
  for (double number : *numbers)
    exprs.push_back(algebra.constant(number));
  return exprs;
}

PeakTrace::Result PeakTrace::trace(Operation *op) {
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](UnaryOp o) {
        return elementwise(op,
                           [&](ArrayRef<Expr> in) { return unary(o, in[0]); });
      })
      .Case([&](BinaryOp o) {
        return elementwise(
            op, [&](ArrayRef<Expr> in) { return binary(o, in[0], in[1]); });
      })
      .Case([&](CompareOp o) {
        return elementwise(op, [&](ArrayRef<Expr> in) {
          return compare(o.getKind(), in[0], in[1]);
        });
      })
      .Case([&](SelectOp) {
        return elementwise(op, [&](ArrayRef<Expr> in) {
          return algebra.select(in[0], in[1], in[2]);
        });
      })
      .Case([&](CastOp o) {
        return elementwise(op, [&](ArrayRef<Expr> in) {
          return cast(elementTypeOf(o.getInput()), elementTypeOf(o.getResult()),
                      in[0]);
        });
      })
      .Case<ReshapeOp, TransposeOp, SliceOp, ExpandOp>(
          [&](auto) { return moved(op); })
      .Case([&](ConcatOp o) { return concat(o); })
      .Case([&](ReduceOp o) { return reduce(o); })
      .Case([&](SoftmaxOp o) { return softmax(o); })
      .Case([&](MatMulOp o) { return matmul(o); })
      .Case([&](GatherOp o) { return gather(o); })
      .Case([&](GatherElementsOp o) { return gatherElements(o); })
      .Case([&](GatherNDOp o) { return gatherND(o); })
      .Default([](Operation *) { return Result(); });
}

PeakTrace::Result
PeakTrace::elementwise(Operation *op, function_ref<Expr(ArrayRef<Expr>)> fn) {
  ArrayRef<int64_t> shape = shapeOfValue(op->getResult(0));
  SmallVector<Exprs> operands;
  SmallVector<std::vector<int64_t>> positions;
  for (Value operand : op->getOperands()) {
    Result exprs = exprsOf(operand);
    if (!exprs)
      return std::nullopt;
    operands.push_back(std::move(*exprs));
    positions.push_back(stridedPositions(
        shape, broadcastStrides(shapeOfValue(operand), shape)));
  }
  Exprs result;
  for (int64_t i = 0, e = ShapedType::getNumElements(shape); i < e; ++i) {
    SmallVector<Expr> in;
    for (auto [exprs, from] : llvm::zip_equal(operands, positions))
      in.push_back(exprs[from[i]]);
    result.push_back(fn(in));
    if (result.back() == kUnknown)
      return std::nullopt;
  }
  return result;
}

Expr PeakTrace::unary(UnaryOp op, Expr a) {
  switch (op.getKind()) {
  case UnaryKind::Neg:
    return algebra.scale(a, -1);
  case UnaryKind::Exp:
    return algebra.exp(a);
  case UnaryKind::Log:
    return algebra.function(AtomKind::Log, a);
  case UnaryKind::Sign:
    return algebra.function(AtomKind::Sign, a);
  case UnaryKind::Floor:
    return algebra.floor(a);
  case UnaryKind::Reciprocal:
    return algebra.div(algebra.constant(1), a);
  case UnaryKind::Not:
    return algebra.negate(a);
  default:
    return kUnknown;
  }
}

Expr PeakTrace::binary(BinaryOp op, Expr a, Expr b) {
  bool isFloat = isa<FloatType>(elementTypeOf(op.getResult()));
  std::optional<double> number = algebra.constantOf(b);
  Algebra::Range range = algebra.range(a);
  bool positive = range && range->first >= 0;
  switch (op.getKind()) {
  case BinaryKind::Add:
    return algebra.add(a, b);
  case BinaryKind::Sub:
    return algebra.sub(a, b);
  case BinaryKind::Mul:
    // 0 times a quotient by 0 is not the 0 of a select.
    if ((algebra.isConditional(a) && algebra.isQuotient(b)) ||
        (algebra.isConditional(b) && algebra.isQuotient(a)))
      return kUnknown;
    return algebra.mul(a, b);
  case BinaryKind::And:
    return algebra.mul(a, b);
  case BinaryKind::Or:
    return algebra.sub(algebra.add(a, b), algebra.mul(a, b));
  case BinaryKind::Xor:
    return algebra.sub(algebra.add(a, b), algebra.scale(algebra.mul(a, b), 2));
  case BinaryKind::Div:
    if (isFloat)
      return algebra.div(a, b);
    // Integers round towards 0.
    return number && *number > 0 && positive ? algebra.floorDiv(a, *number)
                                             : kUnknown;
  case BinaryKind::Mod:
    return number && *number > 0 ? algebra.floorMod(a, *number) : kUnknown;
  case BinaryKind::Fmod:
    return number && *number > 0 && positive ? algebra.floorMod(a, *number)
                                             : kUnknown;
  case BinaryKind::Pow:
    return number == 2.0 ? algebra.mul(a, a) : kUnknown;
  case BinaryKind::Max:
  case BinaryKind::Min: {
    if (!number) {
      std::swap(a, b);
      number = algebra.constantOf(b);
    }
    if (!number)
      return kUnknown;
    return op.getKind() == BinaryKind::Max ? algebra.max(a, *number)
                                           : algebra.min(a, *number);
  }
  default:
    return kUnknown;
  }
}

Expr PeakTrace::compare(CompareKind kind, Expr a, Expr b) {
  Expr less = algebra.sub(a, b), greater = algebra.sub(b, a);
  // x <= y is not y < x where neither may be a NaN.
  bool ordered = algebra.range(less).has_value();
  switch (kind) {
  case CompareKind::Equal:
    return algebra.isZero(less);
  case CompareKind::NotEqual:
    return algebra.negate(algebra.isZero(less));
  case CompareKind::Less:
    return algebra.isNegative(less);
  case CompareKind::Greater:
    return algebra.isNegative(greater);
  case CompareKind::LessEqual:
    return ordered ? algebra.negate(algebra.isNegative(greater)) : kUnknown;
  case CompareKind::GreaterEqual:
    return ordered ? algebra.negate(algebra.isNegative(less)) : kUnknown;
  }
  return kUnknown;
}

Expr PeakTrace::cast(Type from, Type to, Expr a) {
  if (to.isInteger(1) && !from.isInteger(1))
    return algebra.negate(algebra.isZero(a));
  if (isa<FloatType>(to) || isa<IntegerType>(from))
    return a;
  Algebra::Range range = algebra.range(a);
  if (algebra.isInteger(a))
    return a;
  return range && range->first >= 0 ? algebra.floor(a) : kUnknown;
}

PeakTrace::Result PeakTrace::moved(Operation *op) {
  Value input = op->getOperand(0);
  Result from = exprsOf(input);
  if (!from || isa<ReshapeOp>(op))
    return from;
  SmallVector<int64_t> own = rowMajorStrides(shapeOfValue(input)), strides;
  ArrayRef<int64_t> shape = shapeOfValue(op->getResult(0));
  int64_t offset = 0;
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    for (int64_t dim : transpose.getPermutation())
      strides.push_back(own[dim]);
  } else if (auto slice = dyn_cast<SliceOp>(op)) {
    for (size_t i = 0; i < own.size(); ++i) {
      offset += own[i] * slice.getOffsets()[i];
      strides.push_back(own[i] * slice.getStrides()[i]);
    }
  } else {
    strides = broadcastStrides(shapeOfValue(input), shape);
  }
  Exprs result;
  for (int64_t position : stridedPositions(shape, strides, offset))
    result.push_back((*from)[position]);
  return result;
}

PeakTrace::Result PeakTrace::concat(ConcatOp op) {
  ArrayRef<int64_t> shape = shapeOfValue(op.getResult());
  int64_t axis = op.getAxis(), outer = 1, inner = 1;
  for (int64_t i = 0; i < int64_t(shape.size()); ++i)
    if (i != axis)
      (i < axis ? outer : inner) *= shape[i];
  SmallVector<Exprs> parts;
  for (Value input : op.getInputs()) {
    Result exprs = exprsOf(input);
    if (!exprs)
      return std::nullopt;
    parts.push_back(std::move(*exprs));
  }
  Exprs result;
  for (int64_t o = 0; o < outer; ++o)
    for (auto [part, input] : llvm::zip_equal(parts, op.getInputs())) {
      int64_t run = shapeOfValue(input)[axis] * inner;
      result.insert(result.end(), part.begin() + o * run,
                    part.begin() + (o + 1) * run);
    }
  return result;
}

/// The positions of the rows along `axes`, one list per kept index.
static std::vector<std::vector<int64_t>> rowsAlong(ArrayRef<int64_t> shape,
                                                   ArrayRef<int64_t> axes) {
  SmallVector<int64_t> own = rowMajorStrides(shape);
  SmallVector<int64_t> kept, keptStrides, row, rowStrides;
  for (int64_t i = 0; i < int64_t(shape.size()); ++i) {
    bool reduced = llvm::is_contained(axes, i);
    (reduced ? row : kept).push_back(shape[i]);
    (reduced ? rowStrides : keptStrides).push_back(own[i]);
  }
  std::vector<std::vector<int64_t>> rows;
  for (int64_t start : stridedPositions(kept, keptStrides))
    rows.push_back(stridedPositions(row, rowStrides, start));
  return rows;
}

PeakTrace::Result PeakTrace::reduce(ReduceOp op) {
  Result from = exprsOf(op.getInput());
  if (!from ||
      (op.getKind() != ReduceKind::Sum && op.getKind() != ReduceKind::Mean))
    return std::nullopt;
  Exprs result;
  for (const auto &row : rowsAlong(shapeOfValue(op.getInput()), op.getAxes())) {
    Expr sum = algebra.constant(0);
    for (int64_t position : row)
      sum = algebra.add(sum, (*from)[position]);
    if (op.getKind() == ReduceKind::Mean)
      sum = algebra.scale(sum, 1 / double(row.size()));
    result.push_back(sum);
  }
  return result;
}

PeakTrace::Result PeakTrace::softmax(SoftmaxOp op) {
  Result from = exprsOf(op.getInput());
  if (!from || op.getLog())
    return std::nullopt;
  Exprs result(from->size());
  for (const auto &row :
       rowsAlong(shapeOfValue(op.getInput()), {int64_t(op.getAxis())})) {
    SmallVector<Expr> values;
    for (int64_t position : row)
      values.push_back((*from)[position]);
    if (llvm::is_contained(values, kUnknown))
      return std::nullopt;
    for (auto [position, weight] :
         llvm::zip_equal(row, algebra.softmax(values)))
      result[position] = weight;
  }
  return result;
}

PeakTrace::Result PeakTrace::matmul(MatMulOp op) {
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  Result a = exprsOf(lhs), b = exprsOf(rhs);
  ArrayRef<int64_t> shape = shapeOfValue(op->getResult(0));
  if (op->getNumOperands() != 2 || !a || !b || rankOf(lhs) < 2 ||
      rankOf(rhs) < 2)
    return std::nullopt;
  int64_t inner = sizeAt(lhs, 1), rank = shape.size();
  // Strides over [batch..., m, n], and along the inner dimension.
  auto stridesOf = [&](Value value) {
    SmallVector<int64_t> outer(shape);
    outer[rank - 2] = sizeAt(value, 2);
    outer[rank - 1] = sizeAt(value, 1);
    return broadcastStrides(shapeOfValue(value), outer);
  };
  SmallVector<int64_t> left = stridesOf(lhs), right = stridesOf(rhs);
  int64_t leftStep = sizeAt(lhs, 1) == 1 ? 0 : 1, rightStep = sizeAt(rhs, 1);
  left[rank - 1] = 0;
  left[rank - 2] = sizeAt(lhs, 1);
  right[rank - 2] = 0;
  right[rank - 1] = 1;
  Exprs result;
  for (auto [i, j] : llvm::zip_equal(stridedPositions(shape, left),
                                     stridedPositions(shape, right))) {
    Expr sum = algebra.constant(0);
    for (int64_t k = 0; k < inner; ++k)
      sum = algebra.add(
          sum, algebra.mul((*a)[i + k * leftStep], (*b)[j + k * rightStep]));
    result.push_back(sum);
  }
  return result;
}

/// Calls `fn(index)` for each index of `shape`, row-major.
static void forEachIndex(ArrayRef<int64_t> shape,
                         function_ref<void(ArrayRef<int64_t>)> fn) {
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t n = ShapedType::getNumElements(shape); n > 0; --n) {
    fn(index);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
  }
}

PeakTrace::Result PeakTrace::gather(GatherOp op) {
  Result indices = exprsOf(op.getIndices());
  if (!indices)
    return std::nullopt;
  int64_t axis = op.getAxis(), count = rankOf(op.getIndices());
  SmallVector<int64_t> strides = rowMajorStrides(shapeOfValue(op.getIndices()));
  Exprs result;
  forEachIndex(shapeOfValue(op.getResult()), [&](ArrayRef<int64_t> at) {
    SmallVector<Expr> index;
    int64_t position = 0;
    for (int64_t i = 0; i < int64_t(at.size()); ++i)
      if (i >= axis && i < axis + count)
        position += at[i] * strides[i - axis];
    for (int64_t i = 0; i < axis; ++i)
      index.push_back(algebra.constant(double(at[i])));
    index.push_back((*indices)[position]);
    for (int64_t i = axis + count; i < int64_t(at.size()); ++i)
      index.push_back(algebra.constant(double(at[i])));
    result.push_back(element(op.getInput(), index));
  });
  return result;
}

PeakTrace::Result PeakTrace::gatherElements(GatherElementsOp op) {
  Result indices = exprsOf(op.getIndices());
  if (!indices)
    return std::nullopt;
  Exprs result;
  forEachIndex(shapeOfValue(op.getResult()), [&](ArrayRef<int64_t> at) {
    SmallVector<Expr> index;
    for (int64_t i : at)
      index.push_back(algebra.constant(double(i)));
    index[op.getAxis()] = (*indices)[result.size()];
    result.push_back(element(op.getInput(), index));
  });
  return result;
}

PeakTrace::Result PeakTrace::gatherND(GatherNDOp op) {
  Result indices = exprsOf(op.getIndices());
  if (!indices)
    return std::nullopt;
  int64_t depth = shapeOfValue(op.getIndices()).back();
  int64_t lead = rankOf(op.getIndices()) - 1, batch = op.getBatchDims();
  SmallVector<int64_t> strides = rowMajorStrides(shapeOfValue(op.getIndices()));
  Exprs result;
  forEachIndex(shapeOfValue(op.getResult()), [&](ArrayRef<int64_t> at) {
    SmallVector<Expr> index;
    int64_t position = 0;
    for (int64_t i = 0; i < lead; ++i)
      position += at[i] * strides[i];
    for (int64_t i = 0; i < batch; ++i)
      index.push_back(algebra.constant(double(at[i])));
    for (int64_t i = 0; i < depth; ++i)
      index.push_back((*indices)[position + i]);
    for (int64_t i = lead; i < int64_t(at.size()); ++i)
      index.push_back(algebra.constant(double(at[i])));
    result.push_back(element(op.getInput(), index));
  });
  return result;
}

/// A negative index counts from the end.
Expr PeakTrace::wrap(Expr index, int64_t extent) {
  Algebra::Range range = algebra.range(index);
  if (range && range->second < 0)
    return algebra.add(index, algebra.constant(double(extent)));
  return index;
}

/// The element of a tensor at an index of expressions.
Expr PeakTrace::element(Value tensor, Indices index) {
  ArrayRef<int64_t> shape = shapeOfValue(tensor);
  SmallVector<Expr> wrapped;
  for (auto [expr, extent] : llvm::zip_equal(index, shape))
    wrapped.push_back(wrap(expr, extent));
  if (llvm::is_contained(wrapped, kUnknown))
    return kUnknown;
  Result exprs =
      elementsOf(tensor) <= kMostElements ? exprsOf(tensor) : Result();
  if (!exprs) {
    if (tensor != heatmaps)
      if (Operation *op = tensor.getDefiningOp())
        if (Expr expr = elementOf(op, wrapped); expr != kUnknown)
          return expr;
    return cellOf(tensor, wrapped, std::nullopt);
  }
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  int64_t position = 0;
  for (auto [expr, stride] : llvm::zip_equal(wrapped, strides)) {
    std::optional<double> number = algebra.constantOf(expr);
    if (!number)
      return kUnknown;
    position += int64_t(*number) * stride;
  }
  return position >= 0 && position < int64_t(exprs->size()) ? (*exprs)[position]
                                                            : kUnknown;
}

/// The same, by what makes the tensor; unknown if the tensor itself is read.
Expr PeakTrace::elementOf(Operation *op, Indices index) {
  SmallVector<Expr> from(index);
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    Expr flat = algebra.constant(0);
    auto strides = rowMajorStrides(shapeOfValue(reshape.getResult()));
    for (auto [expr, stride] : llvm::zip_equal(index, strides))
      flat = algebra.add(flat, algebra.scale(expr, double(stride)));
    from.clear();
    Expr whole = flat;
    for (int64_t stride : rowMajorStrides(shapeOfValue(reshape.getInput()))) {
      Expr digit = algebra.floorDiv(flat, double(stride));
      from.push_back(digit);
      flat = algebra.sub(flat, algebra.scale(digit, double(stride)));
    }
    if (!llvm::is_contained(from, kUnknown))
      return element(reshape.getInput(), from);
    // Maybe in another row; no decode reads this.
    return algebra.atomic(
        {AtomKind::Other, {int64_t(reinterpret_cast<intptr_t>(op)), whole}});
  }
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    for (auto [i, dim] : llvm::enumerate(transpose.getPermutation()))
      from[dim] = index[i];
    return element(transpose.getInput(), from);
  }
  if (auto slice = dyn_cast<SliceOp>(op)) {
    for (auto [i, expr] : llvm::enumerate(index))
      from[i] = algebra.add(algebra.scale(expr, double(slice.getStrides()[i])),
                            algebra.constant(double(slice.getOffsets()[i])));
    return element(slice.getInput(), from);
  }
  if (auto gather = dyn_cast<GatherOp>(op)) {
    int64_t axis = gather.getAxis(), count = rankOf(gather.getIndices());
    Expr at = fromTable(gather.getIndices(), index.slice(axis, count));
    from.erase(from.begin() + axis, from.begin() + axis + count);
    from.insert(from.begin() + axis, at);
    return at == kUnknown ? kUnknown : element(gather.getInput(), from);
  }
  if (auto pad = dyn_cast<PadOp>(op))
    return padded(pad, index);
  if (auto log = dyn_cast<UnaryOp>(op); log && log.getKind() == UnaryKind::Log)
    return algebra.function(AtomKind::Log, element(log.getInput(), index));
  if (auto bound = dyn_cast<BinaryOp>(op);
      bound && bound.getKind() == BinaryKind::Max)
    if (std::optional<double> floor = splatOf(bound.getRhs());
        floor && rankOf(bound.getLhs()) == int64_t(index.size()))
      return algebra.max(element(bound.getLhs(), index), *floor);
  return kUnknown;
}

/// The element of a table of indices that grows evenly along each dimension, as
/// those of sliding windows do; unknown for others.
Expr PeakTrace::fromTable(Value table, Indices index) {
  auto formula = IndexFormula::of(table);
  if (!formula)
    return kUnknown;
  Expr result = algebra.constant(double(formula->base));
  for (auto [along, expr] : llvm::zip_equal(formula->tables, index)) {
    if (along.empty())
      continue;
    for (auto [i, value] : llvm::enumerate(along))
      if (value != int64_t(i) * along[1])
        return kUnknown;
    result = algebra.add(result, algebra.scale(expr, double(along[1])));
  }
  return result;
}

Expr PeakTrace::padded(PadOp op, Indices index) {
  SmallVector<Expr> from;
  ArrayRef<int64_t> shape = shapeOfValue(op.getInput());
  bool edge = op.getMode() == PadMode::Edge;
  if (!edge && op.getMode() != PadMode::Constant)
    return kUnknown;
  for (auto [i, expr] : llvm::enumerate(index)) {
    Expr at = algebra.sub(expr, algebra.constant(double(op.getLow()[i])));
    if (edge)
      at = algebra.max(algebra.min(at, double(shape[i] - 1)), 0);
    from.push_back(at);
  }
  return edge ? element(op.getInput(), from)
              : cellOf(op.getInput(), from, op.getValue().convertToDouble());
}

/// The cell of a tensor that is like the heatmaps.
Expr PeakTrace::cellOf(Value tensor, Indices index,
                       std::optional<double> outside) {
  if (tensor.getType() != heatmaps.getType())
    return kUnknown;
  auto strides = rowMajorStrides(shapeOfValue(tensor));
  double map = 0;
  for (size_t i = 0; i + 2 < index.size(); ++i) {
    std::optional<double> number = algebra.constantOf(index[i]);
    if (!number)
      return kUnknown;
    map += *number * double(strides[i]);
  }
  map /= double(algebra.width * algebra.height);
  auto *it = llvm::find(tensors, tensor);
  int64_t number = it - tensors.begin();
  if (it == tensors.end())
    tensors.push_back(tensor);
  return algebra.cell(number, int64_t(map), index[index.size() - 2],
                      index.back(), outside);
}
