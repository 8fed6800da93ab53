// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/SymbolicShapes.h"

#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

bool visir::onnx::isBoundedNode(Node &node, ArrayRef<unsigned> operands) {
  Symbols &symbols = symbolsOf(node);
  if (symbols.empty())
    return false;
  return symbols.isBounded(node.input(0)) ||
         llvm::any_of(operands,
                      [&](unsigned i) { return isSymbolic(node, i); });
}

LogicalResult visir::onnx::boundedShape(Node &node, int64_t start,
                                        int64_t end) {
  Symbols &symbols = symbolsOf(node);
  SmallVector<Value> parts;
  for (int64_t i = start; i < end; ++i) {
    Value size = symbols.isBounded(node.input(0), i)
                     ? symbols.length(node.builder(),
                                      symbols.dim(node.input(0), i))
                     : scalar(node, si64(node), double(node.shape(0)[i]));
    parts.push_back(reshape(node, size, {1}));
  }
  if (parts.empty())
    return node.setOutput(0, intsConstant(node, {}));
  return node.setOutput(0, concat(node, parts, 0));
}

/// A product of sizes: a factor and what is not constant.
namespace {
struct Product {
  int64_t factor = 1;
  Sizes others;

  void multiply(AffineExpr size) {
    if (std::optional<int64_t> constant = Symbols::constantOf(size))
      factor *= *constant;
    else
      others.push_back(size);
  }
};
} // namespace

/// What `whole` is a multiple of `part` by, or null.
static AffineExpr quotient(const Symbols &symbols, Product whole,
                           const Product &part) {
  for (AffineExpr size : part.others) {
    auto *found = llvm::find(whole.others, size);
    if (found == whole.others.end())
      return {};
    whole.others.erase(found);
  }
  if (whole.others.size() > 1 || part.factor == 0)
    return {};
  AffineExpr rest = whole.others.empty() ? symbols.constant(1)
                                         : whole.others.front();
  return symbols.simplify((rest * whole.factor).floorDiv(part.factor));
}

LogicalResult visir::onnx::boundedReshape(Node &node, bool allowZero) {
  Symbols &symbols = symbolsOf(node);
  FailureOr<Sizes> shape = requireSizes(node, 1, "shape");
  if (failed(shape))
    return failure();
  Product whole, known;
  for (AffineExpr size : symbols.dims(node.input(0)))
    whole.multiply(size);
  std::optional<size_t> open;
  for (auto [i, size] : llvm::enumerate(*shape)) {
    std::optional<int64_t> constant = Symbols::constantOf(size);
    if (constant == 0 && !allowZero) {
      if (int64_t(i) >= node.rank(0))
        return node.refuse("rank of the input", Twine(node.rank(0)),
                           "more than " + Twine(i) + ", where shape has a 0");
      size = symbols.dim(node.input(0), i);
    }
    if (constant == -1) {
      if (open)
        return node.refuse("shape has more than one -1");
      open = i;
      continue;
    }
    known.multiply(size);
  }
  if (open) {
    AffineExpr rest = quotient(symbols, whole, known);
    if (!rest)
      return node.refuse("size " + Twine(*open) + " of the shape is not "
                         "affine in the bounded dimensions");
    (*shape)[*open] = rest;
  }
  Shape extents = largest(symbols, *shape);
  std::optional<Sizes> dims = reshapedDims(symbols, node.input(0), extents);
  if (!dims || *dims != *shape)
    return node.refuse("shape", sizesName(symbols, *shape),
                       "one that keeps the bounded dimensions of " +
                           sizesName(symbols, symbols.dims(node.input(0))) +
                           " apart");
  return node.setOutput(0, reshape(node, node.input(0), extents));
}

LogicalResult visir::onnx::boundedExpand(Node &node) {
  Symbols &symbols = symbolsOf(node);
  FailureOr<Sizes> shape = requireSizes(node, 1, "shape");
  if (failed(shape))
    return failure();
  Sizes input = symbols.dims(node.input(0));
  size_t rank = std::max(input.size(), shape->size());
  AffineExpr one = symbols.constant(1);
  Sizes result;
  for (size_t i = 0; i < rank; ++i) {
    auto from = [&](const Sizes &sizes) {
      size_t skip = rank - sizes.size();
      return i < skip ? one : sizes[i - skip];
    };
    AffineExpr have = from(input), want = from(*shape);
    if (have != want && have != one && want != one)
      return node.refuse("shape", sizesName(symbols, *shape),
                         "one that broadcasts with " +
                             sizesName(symbols, input));
    result.push_back(have == one ? want : have);
  }
  Value expanded = expand(node, node.input(0), largest(symbols, result));
  if (failed(node.setOutput(0, expanded)))
    return failure();
  return expanded == node.input(0) ? success()
                                   : setSizes(node, expanded, result);
}

LogicalResult visir::onnx::boundedConstantOfShape(Node &node, Value one) {
  FailureOr<Sizes> shape = requireSizes(node, 0, "input");
  if (failed(shape))
    return failure();
  Symbols::Raw raw(symbolsOf(node));
  Value filled = expand(node, one, largest(symbolsOf(node), *shape));
  if (failed(node.setOutput(0, filled)))
    return failure();
  return setSizes(node, filled, *shape);
}

LogicalResult visir::onnx::boundedRange(Node &node) {
  Symbols &symbols = symbolsOf(node);
  FailureOr<Sizes> start = requireSizes(node, 0, "start");
  FailureOr<Sizes> limit = requireSizes(node, 1, "limit");
  FailureOr<int64_t> delta = node.requireInt(2, "delta");
  if (failed(start) || failed(limit) || failed(delta))
    return failure();
  if (start->size() != 1 || limit->size() != 1)
    return node.refuse("start and limit are lists, expected numbers");
  if (*delta != 1)
    return node.refuse("delta", Twine(*delta),
                       "1 where the limit is a bounded dimension");
  AffineExpr size = symbols.simplify(limit->front() - start->front());
  int64_t extent = symbols.range(size).max;
  Symbols::Raw raw(symbols);
  Value values = cast(node, countingConstant(node, 0, extent),
                      node.elementType(0));
  Value first = cast(node, symbols.length(node.builder(), start->front()),
                     node.elementType(0));
  if (Symbols::constantOf(start->front()) != 0)
    values = binary(node, BinaryKind::Add, values, first);
  if (failed(node.setOutput(0, values)))
    return failure();
  return setSizes(node, values, {size});
}

namespace {

/// Takes one axis after the other.
class BoundedSlice {
public:
  explicit BoundedSlice(Node &node)
      : node(node), symbols(symbolsOf(node)), value(node.input(0)) {}
  LogicalResult run();

private:
  AffineExpr place(AffineExpr at, AffineExpr size);
  LogicalResult take(int64_t axis, AffineExpr start, AffineExpr end);

  Node &node;
  Symbols &symbols;
  Value value;
};

} // namespace

/// A start or end as 0 .. size: negative ones count from the end. Null when
/// it depends on the run where it lies.
AffineExpr BoundedSlice::place(AffineExpr at, AffineExpr size) {
  std::optional<int64_t> constant = Symbols::constantOf(at);
  if (constant && *constant < 0)
    at = symbols.simplify(size + *constant);
  // Beyond every size stands for the end.
  if (!at || (constant && *constant >= symbols.range(size).max))
    return constant && *constant >= 0 ? size : symbols.constant(0);
  Symbols::Range rest = symbols.range(symbols.simplify(size - at));
  if (symbols.range(at).min < 0 || rest.min < 0)
    return {};
  return at;
}

LogicalResult BoundedSlice::take(int64_t axis, AffineExpr start,
                                 AffineExpr end) {
  AffineExpr size = symbols.dim(value, axis);
  AffineExpr from = place(start, size), to = place(end, size);
  AffineExpr taken = from && to ? symbols.simplify(to - from) : AffineExpr();
  if (!taken || symbols.range(taken).min < 0)
    return node.refuse("bounds of axis " + Twine(axis),
                       symbols.text(start) + " .. " + symbols.text(end),
                       "ones within 0 .. " + symbols.text(size) +
                           " for every size");
  if (taken == size)
    return success();
  Sizes dims = symbols.dims(value);
  dims[axis] = taken;
  int64_t extent = symbols.range(taken).max;
  Symbols::Raw raw(symbols);
  if (std::optional<int64_t> first = Symbols::constantOf(from)) {
    value = sliceAxis(node, value, axis, *first, extent);
  } else {
    // Dead elements read the last one.
    Value index = binary(node, BinaryKind::Add,
                         countingConstant(node, 0, extent),
                         symbols.length(node.builder(), from));
    index = binary(node, BinaryKind::Min, index,
                   scalarLike(node, index, shapeOf(value)[axis] - 1));
    value = index ? node.create<GatherOp>(value, index, axis) : Value();
  }
  return setSizes(node, value, dims);
}

LogicalResult BoundedSlice::run() {
  FailureOr<Sizes> starts = requireSizes(node, 1, "starts");
  FailureOr<Sizes> ends = requireSizes(node, 2, "ends");
  FailureOr<Shape> axes = Shape(), steps = Shape();
  if (node.hasInput(3))
    axes = node.requireInts(3, "axes");
  if (node.hasInput(4))
    steps = node.requireInts(4, "steps");
  if (failed(starts) || failed(ends) || failed(axes) || failed(steps))
    return failure();
  if (axes->empty())
    axes = llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  if (starts->size() != ends->size() || starts->size() != axes->size())
    return node.refuse("starts, ends and axes differ in length");
  for (int64_t stride : *steps)
    if (stride != 1)
      return node.refuse("step", Twine(stride),
                         "1 beside bounded dimensions");
  for (auto [start, end, given] : llvm::zip_equal(*starts, *ends, *axes)) {
    FailureOr<int64_t> axis = normaliseAxis(node, given, node.rank(0));
    if (failed(axis) || failed(take(*axis, start, end)))
      return failure();
  }
  return node.setOutput(0, value);
}

LogicalResult visir::onnx::boundedSlice(Node &node) {
  return BoundedSlice(node).run();
}
