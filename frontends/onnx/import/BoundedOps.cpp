// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/BoundedOps.h"

#include "compiler/support/Constants.h"
#include "dialects/visir/Bitcast.h"
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Scope.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;
using Dims = SmallVector<AffineExpr>;

Symbols &visir::onnx::symbolsOf(Node &node) {
  return node.scope().entry().bounds;
}

Value visir::onnx::isLive(Node &node, AffineExpr size, int64_t extent,
                          int64_t rank) {
  Shape shape(rank, 1);
  shape.front() = extent;
  Value index = reshape(node, countingConstant(node, 0, extent), shape);
  Value length = symbolsOf(node).length(node.builder(), size);
  return compare(node, CompareKind::Less, index, length);
}

Value visir::onnx::masked(Node &node, Value input, int64_t axis, double fill) {
  Symbols &symbols = symbolsOf(node);
  if (!input || !symbols.isBounded(input, axis))
    return input;
  Dims dims = symbols.dims(input);
  Symbols::Raw raw(symbols);
  ArrayRef<int64_t> shape = shapeOf(input);
  Value live = isLive(node, dims[axis], shape[axis],
                      int64_t(shape.size()) - axis);
  Value result = select(node, live, input, scalarLike(node, input, fill));
  if (result)
    symbols.setDims(result, dims);
  return result;
}

std::optional<Dims> visir::onnx::reshapedDims(const Symbols &symbols,
                                              Value input,
                                              ArrayRef<int64_t> to) {
  ArrayRef<int64_t> from = shapeOf(input);
  if (llvm::is_contained(from, 0) || llvm::is_contained(to, 0))
    return std::nullopt;
  Dims result;
  // Groups of dimensions with equal products; 1s stand alone.
  size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    if (i < from.size() && from[i] == 1) {
      ++i;
      continue;
    }
    if (j < to.size() && to[j] == 1) {
      result.push_back(symbols.constant(1));
      ++j;
      continue;
    }
    if (i == from.size() || j == to.size())
      return std::nullopt;
    size_t first = i;
    int64_t product = from[i++], made = to[j], inner = 1;
    SmallVector<int64_t> sizes = {to[j++]};
    while (product != made) {
      if (product < made) {
        if (i == from.size())
          return std::nullopt;
        product *= from[i++];
        continue;
      }
      if (j == to.size())
        return std::nullopt;
      sizes.push_back(to[j]);
      inner *= to[j];
      made *= to[j++];
    }
    // Only the outermost dimension of a group may be bounded: then the live
    // elements come first, before as after.
    for (size_t k = first + 1; k < i; ++k)
      if (symbols.isBounded(input, k))
        return std::nullopt;
    AffineExpr outer = symbols.constant(sizes.front());
    if (symbols.isBounded(input, first))
      outer = symbols.simplify((symbols.dim(input, first) *
                                (product / from[first]))
                                   .floorDiv(inner));
    if (!outer)
      return std::nullopt;
    result.push_back(outer);
    for (int64_t size : ArrayRef(sizes).drop_front())
      result.push_back(symbols.constant(size));
  }
  return result;
}

namespace {

/// One op over bounded dimensions.
class Bounder {
public:
  Bounder(Node &node, Operation *op)
      : node(node), symbols(symbolsOf(node)), op(op) {}
  Operation *run();

private:
  // What each kind of op does; a failure has refused the node.
  LogicalResult elementwise();
  LogicalResult bound(ReshapeOp reshape);
  LogicalResult bound(TransposeOp transpose);
  LogicalResult bound(SliceOp slice);
  LogicalResult bound(PadOp pad);
  LogicalResult bound(ExpandOp expand);
  LogicalResult bound(ConcatOp concat);
  LogicalResult bound(GatherOp gather);
  LogicalResult bound(ReduceOp reduce);
  LogicalResult bound(SoftmaxOp softmax);
  LogicalResult bound(CumSumOp cumsum);
  LogicalResult bound(ArgReduceOp reduce);
  LogicalResult bound(LayerNormOp norm);
  LogicalResult bound(MatMulOp matmul);
  LogicalResult bound(AttentionOp attention);
  LogicalResult perBatch();

  LogicalResult refuse(Value value, unsigned from = 0) {
    return node.refuse(symbols.describe(value, from) +
                       ", expected a static one");
  }
  LogicalResult setDims(ArrayRef<AffineExpr> dims);
  LogicalResult merge(AffineExpr &dim, Value value, unsigned i);
  LogicalResult maskOperand(unsigned operand, int64_t axis, double fill);
  LogicalResult checkAxes(Value value, ArrayRef<unsigned> axes);
  bool isOwn(Value value) const;
  Value piece(Value value, int64_t axis, AffineExpr begin, int64_t extent);
  Value appended(ConcatOp concat, AffineExpr begin, int64_t extent);

  Node &node;
  Symbols &symbols;
  Operation *op;
};

} // namespace

LogicalResult Bounder::setDims(ArrayRef<AffineExpr> dims) {
  Value result = op->getResult(0);
  ArrayRef<int64_t> shape = shapeOf(result);
  for (auto [i, dim] : llvm::enumerate(dims)) {
    if (Symbols::constantOf(dim))
      continue;
    Symbols::Range range = symbols.range(dim);
    if (range.min < 0 || range.max < 2 || range.max != shape[i])
      return node.refuse("size of dimension " + Twine(i) + " of the result, " +
                             symbols.text(dim),
                         Twine(range.min) + " .. " + Twine(range.max),
                         "within 0 .. " + Twine(shape[i]) +
                             " and more than 1 at most");
  }
  symbols.setDims(result, dims);
  return success();
}

/// Whether the node made the value itself, so that an extent in it stands for
/// the largest size of a bounded one.
bool Bounder::isOwn(Value value) const {
  Operation *maker = value.getDefiningOp();
  return maker && maker->getLoc() == node.loc();
}

/// Takes the size of a dimension that must be equal in several operands.
LogicalResult Bounder::merge(AffineExpr &dim, Value value, unsigned i) {
  AffineExpr other = symbols.dim(value, i);
  if (!dim || other == dim) {
    dim = other;
    return success();
  }
  bool isFixed = Symbols::constantOf(other).has_value();
  bool wasFixed = Symbols::constantOf(dim).has_value();
  if (isFixed && !wasFixed && isOwn(value))
    return success();
  return node.refuse("dimension " + Twine(i) + " of an operand",
                     symbols.text(other), symbols.text(dim));
}

LogicalResult Bounder::maskOperand(unsigned operand, int64_t axis,
                                   double fill) {
  OpBuilder::InsertionGuard guard(node.builder());
  node.builder().setInsertionPoint(op);
  Value value = masked(node, op->getOperand(operand), axis, fill);
  if (!value)
    return failure();
  op->setOperand(operand, value);
  return success();
}

LogicalResult Bounder::elementwise() {
  int64_t rank = shapeOf(op->getResult(0)).size();
  Dims dims(rank);
  // The node's own static values give way to the others.
  for (bool isLast : {false, true})
    for (Value operand : op->getOperands()) {
      if (isLast != (isOwn(operand) && !symbols.isBounded(operand)))
        continue;
      ArrayRef<int64_t> shape = shapeOf(operand);
      int64_t skip = rank - int64_t(shape.size());
      for (auto [i, extent] : llvm::enumerate(shape))
        if (extent != 1 && failed(merge(dims[skip + i], operand, i)))
          return failure();
    }
  for (AffineExpr &dim : dims)
    if (!dim)
      dim = symbols.constant(1);
  return setDims(dims);
}

LogicalResult Bounder::bound(ReshapeOp reshape) {
  std::optional<Dims> dims = reshapedDims(symbols, reshape.getInput(),
                                          shapeOf(reshape.getResult()));
  if (!dims)
    return node.refuse(symbols.describe(reshape.getInput()) +
                       ", expected a reshape to " +
                       shapeName(shapeOf(reshape.getResult())) +
                       " that keeps it apart");
  return setDims(*dims);
}

LogicalResult Bounder::bound(TransposeOp transpose) {
  Dims dims;
  for (int64_t from : transpose.getPermutation())
    dims.push_back(symbols.dim(transpose.getInput(), from));
  return setDims(dims);
}

LogicalResult Bounder::bound(SliceOp slice) {
  Value input = slice.getInput();
  Dims dims;
  for (auto [i, size] : llvm::enumerate(slice.getSizes())) {
    bool isWhole = size == shapeOf(input)[i] && slice.getOffsets()[i] == 0 &&
                   slice.getStrides()[i] == 1;
    if (symbols.isBounded(input, i) && !isWhole)
      return refuse(input, i);
    dims.push_back(isWhole ? symbols.dim(input, i) : symbols.constant(size));
  }
  return setDims(dims);
}

LogicalResult Bounder::bound(PadOp pad) {
  Dims dims;
  for (auto [i, low, high] : llvm::enumerate(pad.getLow(), pad.getHigh())) {
    bool isIdle = low == 0 && high == 0;
    if (symbols.isBounded(pad.getInput(), i) && !isIdle)
      return refuse(pad.getInput(), i);
    dims.push_back(isIdle ? symbols.dim(pad.getInput(), i)
                          : symbols.constant(shapeOf(pad.getResult())[i]));
  }
  return setDims(dims);
}

LogicalResult Bounder::bound(ExpandOp expand) {
  Value input = expand.getInput();
  ArrayRef<int64_t> from = shapeOf(input), to = shapeOf(expand.getResult());
  int64_t skip = to.size() - from.size();
  Dims dims;
  for (auto [i, size] : llvm::enumerate(to))
    dims.push_back(int64_t(i) >= skip && from[i - skip] == size
                       ? symbols.dim(input, i - skip)
                       : symbols.constant(size));
  return setDims(dims);
}

/// What a part of a concatenation, from `begin` on, has at the indices 0 ..
/// extent - 1 along the axis; anything where it has nothing. Of one element,
/// that element.
Value Bounder::piece(Value value, int64_t axis, AffineExpr begin,
                     int64_t extent) {
  int64_t own = shapeOf(value)[axis];
  std::optional<int64_t> start = Symbols::constantOf(begin);
  if (own == 1 || (start == 0 && own == extent))
    return value;
  if (start == 0 && own > extent)
    return sliceAxis(node, value, axis, 0, extent);
  Value index = binary(node, BinaryKind::Sub,
                       countingConstant(node, 0, extent),
                       symbols.length(node.builder(), begin));
  index = binary(node, BinaryKind::Max, index, scalarLike(node, index, 0));
  index =
      binary(node, BinaryKind::Min, index, scalarLike(node, index, own - 1));
  return index ? node.create<GatherOp>(value, index, axis) : Value();
}

/// A part of static size behind one that fills the result, both as `extent`
/// has them: only the new elements are written, at `begin`. Null for others.
Value Bounder::appended(ConcatOp concat, AffineExpr begin, int64_t extent) {
  int64_t axis = concat.getAxis();
  if (concat.getInputs().size() != 2)
    return {};
  Value whole = concat.getInputs()[0], fresh = concat.getInputs()[1];
  if (shapeOf(whole)[axis] != extent || symbols.isBounded(fresh))
    return {};
  Shape shape(shapeOf(fresh)), along(shape.size(), 1);
  along[axis] = shape[axis];
  Value at = binary(node, BinaryKind::Add,
                    countingConstant(node, 0, shape[axis]),
                    symbols.length(node.builder(), begin));
  at = expand(node, reshape(node, at, along), shape);
  return node.create<ScatterElementsOp>(whole, at, fresh, axis,
                                        ScatterKind::Replace);
}

/// Parts whose places are known before the run stay a concatenation; others
/// are chosen by their begins.
LogicalResult Bounder::bound(ConcatOp concat) {
  int64_t axis = concat.getAxis();
  Dims dims(shapeOf(concat.getResult()).size());
  SmallVector<AffineExpr> begins;
  AffineExpr end = symbols.constant(0);
  bool isFixed = true;
  for (Value input : concat.getInputs()) {
    for (size_t i = 0; i < dims.size(); ++i)
      if (int64_t(i) != axis && failed(merge(dims[i], input, i)))
        return failure();
    begins.push_back(end);
    isFixed &= Symbols::constantOf(end).has_value();
    end = symbols.simplify(end + symbols.dim(input, axis));
  }
  dims[axis] = end;
  int64_t extent = symbols.range(end).max;
  OpBuilder &builder = node.builder();
  Symbols::Raw raw(symbols);
  Value result = concat.getResult();
  if (isFixed) {
    result = sliceAxis(node, result, axis, 0, extent);
  } else if (Value value = appended(concat, begins.back(), extent)) {
    result = value;
  } else {
    Value at = reshape(node, countingConstant(node, 0, extent), [&] {
      Shape shape(dims.size() - axis, 1);
      shape.front() = extent;
      return shape;
    }());
    result = {};
    for (auto [input, begin] : llvm::zip_equal(concat.getInputs(), begins)) {
      Value part = piece(input, axis, begin, extent);
      Value isPast = compare(node, CompareKind::GreaterEqual, at,
                             symbols.length(builder, begin));
      result = result ? select(node, isPast, part, result) : part;
    }
  }
  if (!result)
    return failure();
  op = result.getDefiningOp();
  return setDims(dims);
}

LogicalResult Bounder::bound(GatherOp gather) {
  Value input = gather.getInput(), indices = gather.getIndices();
  int64_t axis = gather.getAxis();
  Dims dims = symbols.dims(input);
  AffineExpr size = dims[axis];
  dims.erase(dims.begin() + axis);
  Dims chosen = symbols.dims(indices);
  dims.insert(dims.begin() + axis, chosen.begin(), chosen.end());
  OpBuilder::InsertionGuard guard(node.builder());
  node.builder().setInsertionPoint(op);
  // A dead index may be out of range.
  for (size_t i = 0; i < chosen.size(); ++i)
    if (failed(maskOperand(1, i, 0)))
      return failure();
  if (symbols.isBounded(input, axis)) {
    // Counts from the run-time end; what is beyond it is out of range.
    Symbols::Raw raw(symbols);
    Value index = cast(node, op->getOperand(1), si64(node));
    Value length = symbols.length(node.builder(), size);
    Value zero = scalarLike(node, index, 0);
    index = select(node, compare(node, CompareKind::Less, index, zero),
                   binary(node, BinaryKind::Add, index, length), index);
    Value isOut = binary(
        node, BinaryKind::Or, compare(node, CompareKind::Less, index, zero),
        compare(node, CompareKind::GreaterEqual, index, length));
    index = select(node, isOut,
                   scalarLike(node, index, shapeOf(input)[axis]), index);
    if (!index)
      return failure();
    op->setOperand(1, index);
  }
  return setDims(dims);
}

static double identityOf(ReduceKind kind) {
  constexpr double most = std::numeric_limits<double>::infinity();
  switch (kind) {
  case ReduceKind::Prod:
    return 1;
  case ReduceKind::Max:
  case ReduceKind::LogSumExp:
    return -most;
  case ReduceKind::Min:
    return most;
  default:
    return 0;
  }
}

LogicalResult Bounder::bound(ReduceOp reduce) {
  Value input = reduce.getInput();
  double identity = identityOf(reduce.getKind());
  Dims dims;
  Dims counts;
  for (int64_t i = 0; i < int64_t(shapeOf(input).size()); ++i) {
    if (!llvm::is_contained(reduce.getAxes(), i)) {
      dims.push_back(symbols.dim(input, i));
      continue;
    }
    if (reduce.getKeepdims())
      dims.push_back(symbols.constant(1));
    if (!symbols.isBounded(input, i))
      continue;
    if (!isFloat(elementOf(input)) &&
        (std::isinf(identity) || reduce.getKind() == ReduceKind::Mean))
      return refuse(input, i);
    counts.push_back(symbols.dim(input, i));
    if (failed(maskOperand(0, i, identity)))
      return failure();
  }
  bool isMean = reduce.getKind() == ReduceKind::Mean && !counts.empty();
  if (isMean) {
    // The sum, divided by what is there.
    reduce.setKind(ReduceKind::Sum);
    Symbols::Raw raw(symbols);
    double fixed = 1;
    for (int64_t axis : reduce.getAxes())
      if (!symbols.isBounded(input, axis))
        fixed *= double(shapeOf(input)[axis]);
    Value sum = reduce.getResult(), count = scalarLike(node, sum, fixed);
    for (AffineExpr size : counts)
      count = binary(node, BinaryKind::Mul, count,
                     cast(node, symbols.length(node.builder(), size),
                          elementOf(sum)));
    Value mean = binary(node, BinaryKind::Div, sum, count);
    if (!mean)
      return failure();
    op = mean.getDefiningOp();
  }
  return setDims(dims);
}

LogicalResult Bounder::bound(SoftmaxOp softmax) {
  if (failed(maskOperand(0, softmax.getAxis(),
                         -std::numeric_limits<double>::infinity())))
    return failure();
  return setDims(symbols.dims(softmax.getInput()));
}

/// A running sum from the front never sees dead elements before live ones.
LogicalResult Bounder::bound(CumSumOp cumsum) {
  if (cumsum.getReverse() &&
      symbols.isBounded(cumsum.getInput(), cumsum.getAxis()))
    return refuse(cumsum.getInput(), cumsum.getAxis());
  return setDims(symbols.dims(cumsum.getInput()));
}

LogicalResult Bounder::bound(ArgReduceOp reduce) {
  Value input = reduce.getInput();
  if (symbols.isBounded(input, reduce.getAxis()))
    return refuse(input, reduce.getAxis());
  Dims dims = symbols.dims(input);
  if (dims.size() == shapeOf(reduce.getResult()).size())
    dims[reduce.getAxis()] = symbols.constant(1);
  else
    dims.erase(dims.begin() + reduce.getAxis());
  return setDims(dims);
}

LogicalResult Bounder::bound(LayerNormOp norm) {
  Value input = norm.getInput();
  for (int64_t i = norm.getAxis(); i < int64_t(shapeOf(input).size()); ++i)
    if (symbols.isBounded(input, i))
      return refuse(input, i);
  for (Value parameter : op->getOperands().drop_front())
    if (symbols.isBounded(parameter))
      return refuse(parameter);
  return setDims(symbols.dims(input));
}

LogicalResult Bounder::bound(MatMulOp matmul) {
  Value lhs = matmul.getLhs(), rhs = matmul.getRhs();
  int64_t left = shapeOf(lhs).size(), right = shapeOf(rhs).size();
  AffineExpr depth;
  if (failed(merge(depth, lhs, left - 1)) ||
      failed(merge(depth, rhs, right - 2)))
    return failure();
  int64_t rank = std::max(left, right);
  Dims dims(rank);
  for (Value operand : {lhs, rhs}) {
    ArrayRef<int64_t> shape = shapeOf(operand);
    int64_t skip = rank - int64_t(shape.size());
    for (int64_t i = 0; i + 2 < int64_t(shape.size()); ++i)
      if (shape[i] != 1 && failed(merge(dims[skip + i], operand, i)))
        return failure();
  }
  for (AffineExpr &dim : dims)
    if (!dim)
      dim = symbols.constant(1);
  dims[rank - 2] = symbols.dim(lhs, left - 2);
  dims[rank - 1] = symbols.dim(rhs, right - 1);
  // Dead columns become 0 and so stay finite: attention hides them by adding
  // minus infinity.
  if (failed(maskOperand(0, left - 1, 0)) ||
      failed(maskOperand(1, right - 2, 0)) ||
      failed(maskOperand(1, right - 1, 0)))
    return failure();
  return setDims(dims);
}

LogicalResult Bounder::bound(AttentionOp attention) {
  Value query = attention.getQuery(), key = attention.getKey(),
        value = attention.getValue();
  int64_t rank = shapeOf(query).size();
  if (symbols.isBounded(query, rank - 1) || symbols.isBounded(key, rank - 1) ||
      symbols.isBounded(value, rank - 1))
    return node.refuse("size of a head is bounded, expected a static one");
  Dims dims(rank);
  AffineExpr columns;
  for (Value operand : {query, key, value})
    for (int64_t i = 0; i + 2 < rank; ++i)
      if (failed(merge(dims[i], operand, i)))
        return failure();
  if (failed(merge(columns, key, rank - 2)) ||
      failed(merge(columns, value, rank - 2)))
    return failure();
  dims[rank - 2] = symbols.dim(query, rank - 2);
  dims[rank - 1] = symbols.dim(value, rank - 1);
  if (Value mask = attention.getMask()) {
    Dims scores(dims.begin(), dims.end() - 1);
    scores.push_back(columns);
    int64_t skip = rank - int64_t(shapeOf(mask).size());
    for (auto [i, extent] : llvm::enumerate(shapeOf(mask)))
      if (extent != 1 && failed(merge(scores[skip + i], mask, i)))
        return failure();
  }
  if (Symbols::constantOf(columns))
    return setDims(dims);
  if (failed(maskOperand(1, rank - 2, 0)) ||
      failed(maskOperand(2, rank - 2, 0)))
    return failure();
  OpBuilder::InsertionGuard guard(node.builder());
  node.builder().setInsertionPoint(op);
  Symbols::Raw raw(symbols);
  Value zero = scalarLike(node, query, 0);
  Value hidden =
      scalarLike(node, query, -std::numeric_limits<double>::infinity());
  Value live = isLive(node, columns, shapeOf(key)[rank - 2], 1);
  Value mask = attention.getMask() ? attention.getMask() : zero;
  mask = select(node, live, mask, hidden);
  if (!mask)
    return failure();
  attention.getMaskMutable().assign(mask);
  return setDims(dims);
}

/// Entries of the first dimension do not see each other.
LogicalResult Bounder::perBatch() {
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    for (size_t d = i == 0 ? 1 : 0; d < shapeOf(operand).size(); ++d)
      if (symbols.isBounded(operand, d))
        return refuse(operand, d);
  Dims dims = symbols.dims(op->getResult(0));
  dims.front() = symbols.dim(op->getOperand(0), 0);
  return setDims(dims);
}

Operation *Bounder::run() {
  LogicalResult done =
      llvm::TypeSwitch<Operation *, LogicalResult>(op)
          .Case<UnaryOp, BinaryOp, CompareOp, SelectOp, CastOp, BitcastOp>(
              [&](auto) { return elementwise(); })
          .Case<ReshapeOp, TransposeOp, SliceOp, PadOp, ExpandOp, ConcatOp,
                GatherOp, ReduceOp, SoftmaxOp, CumSumOp, ArgReduceOp,
                LayerNormOp, MatMulOp, AttentionOp>(
              [&](auto kind) { return bound(kind); })
          .Case<ConvOp, ConvTransposeOp, BatchNormOp, GroupNormOp, LrnOp,
                MaxPoolOp, AvgPoolOp>([&](auto) { return perBatch(); })
          .Default([&](Operation *) {
            for (Value operand : op->getOperands())
              if (symbols.isBounded(operand))
                return refuse(operand);
            return failure();
          });
  return succeeded(done) ? op : nullptr;
}

Operation *visir::onnx::boundOp(Node &node, Operation *op) {
  return Bounder(node, op).run();
}

bool visir::onnx::takesBounded(StringRef opType) {
  static const llvm::StringSet<> names = {
      "Abs", "Acos", "Acosh", "Add", "And", "ArgMax", "ArgMin", "Asin",
      "Asinh", "Atan", "Atanh", "Attention", "AveragePool",
      "BatchNormalization", "BitCast", "BitwiseAnd", "BitwiseNot", "BitwiseOr",
      "BitwiseXor", "Cast", "CastLike", "Ceil", "Celu", "Clip", "Concat",
      "Conv", "Cos", "Cosh", "CumSum", "Div", "Elu", "Equal", "Erf",
      "Exp", "Expand", "Floor", "Gather", "Gelu", "Gemm", "GlobalAveragePool",
      "Greater", "GreaterOrEqual", "HardSigmoid", "HardSwish", "Identity",
      "IsInf", "IsNaN", "LayerNormalization", "LeakyRelu", "Less",
      "LessOrEqual", "Log", "LogSoftmax", "MatMul", "Max", "MaxPool", "Mean",
      "Min", "Mish", "Mod", "Mul", "Neg", "Not", "Or", "PRelu", "Pow",
      "RMSNormalization", "Reciprocal", "ReduceL1", "ReduceL2",
      "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
      "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Relu",
      "Reshape", "Round", "Selu", "Shape", "Shrink", "Sigmoid", "Sign", "Sin",
      "Sinh", "Slice", "Softmax", "Softplus", "Softsign", "Split", "Sqrt",
      "Squeeze", "Sub", "Sum", "Swish", "Tan", "Tanh", "ThresholdedRelu",
      "Transpose", "Trilu", "Unsqueeze", "Where", "Xor"};
  return names.contains(opType);
}
