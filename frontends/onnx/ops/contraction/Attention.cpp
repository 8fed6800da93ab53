// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/BoundedOps.h"
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

namespace {

/// Which columns a row may see: row i, at position p = offset + i, sees j
/// where p - left <= j <= p + right, where nothing else forbids it.
struct Band {
  std::optional<int64_t> left, right;
  int64_t offset = 0;
};

/// One Attention node: reads it and makes its ops.
class AttentionImport {
public:
  explicit AttentionImport(Node &node) : node(node) {}
  LogicalResult run();

private:
  LogicalResult readBand();
  Value heads(unsigned input, StringRef countName, int64_t count);
  LogicalResult readOperands();
  Value withPast(Value recent, unsigned past);
  Value repeated(Value x);
  Value positions(int64_t count, ArrayRef<int64_t> shape, int64_t offset = 0);
  Value perBatch(Value lengths);
  Value paddedMask();
  void narrow(Value condition);
  void makeBias();
  bool mayHideRow() const;
  bool bandHidesRow(ArrayRef<double> mask, bool isBoolMask) const;
  Value guarded(Value x);
  Value fused();
  Value decomposed();

  Node &node;
  Band band;
  /// batch x heads x length x size
  Value query, key, value, presentKey, presentValue;
  int64_t batch = 0, rows = 0, columns = 0, queryHeads = 0;
  /// The size of a bounded cache, whose rows come before the band's; null
  /// without one.
  AffineExpr past;
  double scale = 1, softcap = 0;
  /// What is added to the scores; null for nothing.
  Value bias;
  /// bool; where the scores count; null for everywhere.
  Value allowed;
  bool causal = false, needsGuard = false;
};

} // namespace

static double infinity() { return std::numeric_limits<double>::infinity(); }

LogicalResult AttentionImport::readBand() {
  if (node.intAttr("is_causal", 0))
    band.right = 0;
  if (node.opset() < 25)
    return success();
  int64_t left = node.intAttr("left_window_size", -1);
  int64_t right = node.intAttr("right_window_size", -1);
  if (std::min(left, right) < -1)
    return node.refuse("a window size", Twine(std::min(left, right)),
                       "at least -1");
  if (left >= 0)
    band.left = left;
  if (right >= 0)
    band.right = std::min(right, band.right.value_or(right));
  return success();
}

/// Q, K or V with its heads in a dimension of their own.
Value AttentionImport::heads(unsigned input, StringRef countName,
                             int64_t count) {
  ArrayRef<int64_t> shape = node.shape(input);
  Value x = node.input(input);
  if (shape.size() == 4)
    return x;
  if (shape.size() != 3) {
    (void)node.refuse("rank of input " + Twine(input), Twine(shape.size()),
                      "3 or 4");
    return {};
  }
  if (count < 1 || shape[2] % count != 0) {
    (void)node.refuse(countName, Twine(count),
                      "a divisor of " + Twine(shape[2]));
    return {};
  }
  x = reshape(node, x, {shape[0], shape[1], count, shape[2] / count});
  return transpose(node, x, {0, 2, 1, 3});
}

Value AttentionImport::withPast(Value recent, unsigned past) {
  return node.hasInput(past) ? concat(node, {node.input(past), recent}, 2)
                             : recent;
}

/// Key and value heads that several query heads share, one per query head.
Value AttentionImport::repeated(Value x) {
  if (!x)
    return x;
  Shape shape(shapeOf(x));
  if (shape[1] == queryHeads)
    return x;
  if (shape[1] < 1 || queryHeads % shape[1] != 0) {
    (void)node.refuse("number of key heads", Twine(shape[1]),
                      "a divisor of " + Twine(queryHeads));
    return {};
  }
  int64_t times = queryHeads / shape[1];
  x = reshape(node, x, {shape[0], shape[1], 1, shape[2], shape[3]});
  x = expand(node, x, {shape[0], shape[1], times, shape[2], shape[3]});
  return reshape(node, x, {shape[0], queryHeads, shape[2], shape[3]});
}

LogicalResult AttentionImport::readOperands() {
  int64_t queryCount = node.intAttr("q_num_heads", 0);
  int64_t keyCount = node.intAttr("kv_num_heads", 0);
  query = heads(0, "q_num_heads", queryCount);
  presentKey = withPast(heads(1, "kv_num_heads", keyCount), 4);
  presentValue = withPast(heads(2, "kv_num_heads", keyCount), 5);
  if (!query || !presentKey || !presentValue)
    return failure();
  ArrayRef<int64_t> shape = shapeOf(query);
  batch = shape[0];
  queryHeads = shape[1];
  rows = shape[2];
  columns = shapeOf(presentKey)[2];
  scale = node.floatAttr("scale", 1.0 / std::sqrt(double(shape[3])));
  softcap = node.floatAttr("softcap", 0.0);
  if (node.hasInput(4) && !node.hasInput(6)) {
    Symbols &symbols = symbolsOf(node);
    if (symbols.isBounded(node.input(4), 2))
      past = symbols.dim(node.input(4), 2);
    else
      band.offset = node.shape(4)[2];
  }
  key = repeated(presentKey);
  value = repeated(presentValue);
  return success(key && value);
}

Value AttentionImport::positions(int64_t count, ArrayRef<int64_t> shape,
                                 int64_t offset) {
  return reshape(node, countingConstant(node, offset, count), shape);
}

/// One integer per batch entry, to broadcast with batch x heads x m x n.
Value AttentionImport::perBatch(Value lengths) {
  return reshape(node, cast(node, lengths, si64(node)), {batch, 1, 1, 1});
}

/// attn_mask for all columns: what it lacks is forbidden.
Value AttentionImport::paddedMask() {
  Value mask = node.input(3);
  Shape shape(node.shape(3));
  if (shape.empty() || shape.back() == 1 || shape.back() >= columns)
    return mask;
  Shape low(shape.size(), 0), high(low);
  high.back() = columns - shape.back();
  double fill = isBool(node.elementType(3)) ? 0 : -infinity();
  return pad(node, mask, low, high, PadMode::Constant, fill);
}

void AttentionImport::narrow(Value condition) {
  allowed = allowed ? binary(node, BinaryKind::And, allowed, condition)
                    : condition;
}

/// Sets `bias`, or `causal` where that says it all.
void AttentionImport::makeBias() {
  Value mask, seen;
  if (node.hasInput(3)) {
    mask = paddedMask();
    if (isBool(node.elementType(3)))
      narrow(std::exchange(mask, Value()));
  }
  if (node.hasInput(6))
    seen = perBatch(node.input(6));
  causal = band.right == 0 && !band.left && band.offset == 0 && !past &&
           !mask && !allowed && !seen;
  if (causal)
    return;
  Value column = positions(columns, {1, columns});
  Value row = positions(rows, {rows, 1}, band.offset);
  if (past)
    row = binary(node, BinaryKind::Add, row,
                 symbolsOf(node).length(node.builder(), past));
  // With a cache outside, the rows are the last of those that are seen.
  if (seen)
    row = binary(node, BinaryKind::Add, row,
                 binary(node, BinaryKind::Sub, seen,
                        scalarLike(node, row, rows)));
  if (band.right)
    narrow(compare(node, CompareKind::LessEqual, column,
                   binary(node, BinaryKind::Add, row,
                          scalarLike(node, row, *band.right))));
  if (band.left)
    narrow(compare(node, CompareKind::GreaterEqual, column,
                   binary(node, BinaryKind::Sub, row,
                          scalarLike(node, row, *band.left))));
  if (seen)
    narrow(compare(node, CompareKind::Less, column, seen));
  Type element = elementOf(query);
  if (mask)
    mask = cast(node, mask, element);
  bias = mask;
  if (allowed)
    bias = select(node, allowed, mask ? mask : scalar(node, element, 0),
                  scalar(node, element, -infinity()));
}

/// Whether a row of a known mask (or of none) sees no column at all.
bool AttentionImport::bandHidesRow(ArrayRef<double> mask,
                                   bool isBoolMask) const {
  Shape shape = node.hasInput(3) ? Shape(node.shape(3)) : Shape{1};
  int64_t width = shape.empty() ? 1 : shape.back();
  int64_t height = shape.size() > 1 ? shape[shape.size() - 2] : 1;
  auto isOpen = [&](int64_t line, int64_t j) {
    if (mask.empty())
      return true;
    if (width > 1 && j >= width)
      return false;
    double entry = mask[line * width + (width > 1 ? j : 0)];
    return isBoolMask ? entry != 0 : entry != -infinity();
  };
  int64_t lines = mask.empty() ? 1 : mask.size() / std::max<int64_t>(width, 1);
  for (int64_t line = 0; line < lines; ++line) {
    int64_t first = height > 1 ? line % height : 0;
    int64_t last = height > 1 ? first : rows - 1;
    for (int64_t i = first; i <= last; ++i) {
      int64_t at = band.offset + i;
      int64_t low = band.left ? std::max<int64_t>(0, at - *band.left) : 0;
      int64_t high = columns - 1;
      if (band.right)
        high = std::min(high, at + *band.right);
      auto range = llvm::seq<int64_t>(low, std::max(low, high + 1));
      if (llvm::none_of(range, [&](int64_t j) { return isOpen(line, j); }))
        return true;
    }
  }
  return false;
}

/// Whether some row may see nothing; unknown lengths and masks may hide it.
bool AttentionImport::mayHideRow() const {
  if (node.hasInput(6) || (past && band.left) ||
      failed(checkConstantSize(node, rows)))
    return true;
  if (!node.hasInput(3))
    return bandHidesRow({}, false);
  std::optional<SmallVector<double>> mask = node.constantDoubles(3);
  return !mask || bandHidesRow(*mask, isBool(node.elementType(3)));
}

/// `x` (batch x heads x rows x any), 0 in rows that see nothing.
Value AttentionImport::guarded(Value x) {
  if (!needsGuard || !bias)
    return x;
  int64_t last = int64_t(shapeOf(bias).size()) - 1;
  Value most = reduce(node, ReduceKind::Max, bias, {last}, true);
  Value isHidden = compare(node, CompareKind::Equal, most,
                           scalarLike(node, bias, -infinity()));
  return select(node, isHidden, scalarLike(node, x, 0), x);
}

Value AttentionImport::fused() {
  Value result = node.create<AttentionOp>(query, key, value, bias,
                                          llvm::APFloat(scale), causal);
  return result ? guarded(result) : Value();
}

/// For a soft cap or the output of the scores.
Value AttentionImport::decomposed() {
  if (causal) {
    Value column = positions(columns, {1, columns});
    Value row = positions(rows, {rows, 1});
    bias = select(node, compare(node, CompareKind::LessEqual, column, row),
                  scalarLike(node, query, 0),
                  scalarLike(node, query, -infinity()));
  }
  int64_t mode = node.intAttr("qk_matmul_output_mode", 0);
  Value root = scalarLike(node, query, std::sqrt(scale));
  Value left = binary(node, BinaryKind::Mul, query, root);
  Value right = binary(node, BinaryKind::Mul, key, root);
  Value scores =
      node.create<MatMulOp>(left, transpose(node, right, {0, 1, 3, 2}));
  Value shown = scores;
  if (softcap > 0 && scores) {
    Value cap = scalarLike(node, scores, softcap);
    scores = binary(node, BinaryKind::Div, scores, cap);
    scores = unary(node, UnaryKind::Tanh, scores);
    scores = binary(node, BinaryKind::Mul, scores, cap);
  }
  if (mode == 1)
    shown = scores;
  if (bias)
    scores = binary(node, BinaryKind::Add, scores, bias);
  if (mode == 2)
    shown = scores;
  Value weights = node.create<SoftmaxOp>(scores, int64_t(3), false);
  weights = weights ? guarded(weights) : weights;
  if (mode == 3)
    shown = weights;
  if (node.hasOutput(3) && failed(node.setOutput(3, shown)))
    return {};
  return node.create<MatMulOp>(weights, value);
}

LogicalResult AttentionImport::run() {
  // Scores are never narrower than f32 inside of a dispatch.
  node.ignoreAttr("softmax_precision");
  node.ignoreAttr("qk_matmul_output_mode");
  if (node.hasInput(4) != node.hasInput(5))
    return node.refuse("past_key and past_value must be given together");
  if (failed(readBand()) || failed(readOperands()))
    return failure();
  makeBias();
  needsGuard = mayHideRow();
  bool whole = softcap > 0 || node.hasOutput(3);
  Value result = whole ? decomposed() : fused();
  if (!result)
    return failure();
  if (node.rank(0) == 3) {
    int64_t size = shapeOf(result)[3];
    result = transpose(node, result, {0, 2, 1, 3});
    result = reshape(node, result, {batch, rows, queryHeads * size});
  }
  if (failed(node.setOutput(0, result)))
    return failure();
  if (node.hasOutput(1) && failed(node.setOutput(1, presentKey)))
    return failure();
  return node.hasOutput(2) ? node.setOutput(2, presentValue) : success();
}

static LogicalResult importAttention(Node &node) {
  return AttentionImport(node).run();
}

VISIR_ONNX_OP(Attention, 23, 3, importAttention)
