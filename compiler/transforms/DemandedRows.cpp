// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the end of a network keeps few rows of a tensor (the class token, the
// end of a text), the ops before it compute these rows only. The walk back
// goes through ops that map rows to rows and stops at what other ops need as
// a whole, of which the rows are then taken. Rows of a causal attention need
// no others behind them: the first ones are computed from first ones.
#include "compiler/analysis/Movement.h"
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "llvm/ADT/TypeSwitch.h"

namespace visir {
#define GEN_PASS_DEF_DEMANDEDROWS
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

namespace {

/// An op that keeps `count` indices of `axis` of its operand `source`:
/// offset, offset + stride ..., or those that `indices` names. With `reads`
/// the op is no slice, but reads nothing behind the first `count`.
struct Sampler {
  Operation *op = nullptr;
  Value source, indices;
  int64_t axis = 0, count = 0, offset = 0, stride = 1;
  bool reads = false;

  bool isPrefix() const { return !indices && offset == 0 && stride == 1; }
};

} // namespace

static std::optional<Movement> singleBox(MoveOp op) {
  std::optional<Movement> movement = Movement::of(op);
  if (!movement || movement->boxes.size() != 1 ||
      movement->sources.size() != 1 || movement->boxes[0].source != 0)
    return std::nullopt;
  return movement;
}

/// The one dimension that moves coordinate `j` of the access and, if `alone`,
/// no other coordinate; nothing if there is none.
static std::optional<unsigned> dimOf(const LinearAccess &access, unsigned j) {
  std::optional<unsigned> found;
  for (auto [d, coefficient] : llvm::enumerate(access.coefficients[j])) {
    if (coefficient == 0)
      continue;
    if (found)
      return std::nullopt;
    found = d;
  }
  for (unsigned k = 0; found && k < access.rank(); ++k)
    if (k != j && access.coefficients[k][*found] != 0)
      return std::nullopt;
  return found;
}

static bool isFixed(const LinearAccess &access, unsigned j) {
  return llvm::all_of(access.coefficients[j], [](int64_t c) { return c == 0; });
}

static std::optional<Sampler> samplerOf(MoveOp op) {
  std::optional<Movement> movement = singleBox(op);
  if (!movement)
    return std::nullopt;
  const StridedBox &box = movement->boxes[0].box;
  const LinearAccess &src = movement->boxes[0].src();
  ArrayRef<int64_t> shape = shapeOfValue(movement->sources[0]);
  for (unsigned j = 0; j < shape.size(); ++j) {
    Sampler result{op, movement->sources[0], Value(), j, 1, src.offsets[j], 1};
    if (!isFixed(src, j)) {
      std::optional<unsigned> dim = dimOf(src, j);
      if (!dim || src.coefficients[j][*dim] < 1)
        continue;
      result.count = box.sizes[*dim];
      result.stride = src.coefficients[j][*dim];
    }
    if (result.count < shape[j])
      return result;
  }
  return std::nullopt;
}

/// The first axis of `source` of which `op`, which reads `extents` indices of
/// each at most, does not read all.
static std::optional<Sampler> readerOf(Operation *op, Value source,
                                       ArrayRef<int64_t> extents) {
  for (auto [axis, extent] : llvm::enumerate(extents))
    if (extent > 0 && extent < shapeOfValue(source)[axis])
      return Sampler{op, source, Value(), int64_t(axis), extent, 0, 1, true};
  return std::nullopt;
}

/// A move of any boxes of one tensor.
static std::optional<Sampler> readerOf(MoveOp op) {
  std::optional<Movement> movement = Movement::of(op);
  if (!movement || movement->sources.size() != 1)
    return std::nullopt;
  SmallVector<int64_t> extents(rankOf(movement->sources[0]), 0);
  for (const MovementBox &box : movement->boxes) {
    if (box.source < 0)
      continue;
    for (auto [j, extent] : llvm::enumerate(extents)) {
      int64_t last = box.src().offsets[j];
      for (auto [d, coefficient] : llvm::enumerate(box.src().coefficients[j]))
        last += std::max<int64_t>(coefficient, 0) * (box.box.sizes[d] - 1);
      extent = std::max(extent, last + 1);
    }
  }
  return readerOf(op, movement->sources[0], extents);
}

static std::optional<Sampler> readerOf(GatherNDOp op) {
  auto indices = constantInts(op.getIndices());
  if (!indices || op.getBatchDims() != 0)
    return std::nullopt;
  ArrayRef<int64_t> shape = shapeOfValue(op.getInput());
  size_t width = shapeOfValue(op.getIndices()).back();
  SmallVector<int64_t> extents(width, 0);
  for (auto [i, index] : llvm::enumerate(*indices)) {
    // Those that count from the end would count from another one.
    if (index < 0 || index >= shape[i % width])
      return std::nullopt;
    extents[i % width] = std::max(extents[i % width], index + 1);
  }
  return readerOf(op, op.getInput(), extents);
}

static std::optional<Sampler> samplerOf(Operation *op) {
  if (auto move = dyn_cast<MoveOp>(op)) {
    std::optional<Sampler> slice = samplerOf(move);
    return slice ? slice : readerOf(move);
  }
  if (auto gather = dyn_cast<GatherNDOp>(op))
    return readerOf(gather);
  auto gather = dyn_cast<GatherOp>(op);
  if (!gather || rankOf(gather.getIndices()) != 1)
    return std::nullopt;
  int64_t axis = gather.getAxis(), count = shapeOfValue(gather.getIndices())[0];
  if (axis < 0 || count >= shapeOfValue(gather.getInput())[axis])
    return std::nullopt;
  return Sampler{op, gather.getInput(), gather.getIndices(), axis, count, 0, 1};
}

/// For a move of one box: the source's axis that becomes `axis` of the result
/// as a whole.
static std::optional<int64_t> movedAxis(MoveOp op, int64_t axis) {
  std::optional<Movement> movement = singleBox(op);
  if (!movement)
    return std::nullopt;
  const MovementBox &box = movement->boxes[0];
  std::optional<unsigned> dim = dimOf(box.dst(), axis);
  int64_t extent = movement->shape[axis];
  if (!dim || box.box.sizes[*dim] != extent ||
      box.dst().coefficients[axis][*dim] != 1)
    return std::nullopt;
  ArrayRef<int64_t> shape = shapeOfValue(movement->sources[0]);
  for (unsigned j = 0; j < shape.size(); ++j)
    if (dimOf(box.src(), j) == dim && box.src().coefficients[j][*dim] == 1 &&
        box.src().offsets[j] == 0 && shape[j] == extent)
      return j;
  return std::nullopt;
}

static std::optional<int64_t> broadcastAxis(Value operand, Value result,
                                            int64_t axis) {
  int64_t own = axis - (rankOf(result) - rankOf(operand));
  if (own < 0 || shapeOfValue(operand)[own] == 1)
    return std::nullopt;
  return own;
}

/// Whether rows of the op's result along `axis` come from rows of operands,
/// and the axis of operand `number` that they come from; nothing if that
/// operand is needed as a whole.
static bool mapsRows(Operation *op, int64_t axis, bool isPrefix) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<UnaryOp, CastOp, BinaryOp>([](auto) { return true; })
      .Case([&](LayerNormOp norm) { return axis < int64_t(norm.getAxis()); })
      .Case([&](MatMulOp product) {
        return rankOf(product.getRhs()) == 2 &&
               axis + 1 < rankOf(product.getResult());
      })
      .Case([&](AttentionOp attention) {
        // All rows have a row of keys, so that causality keeps its numbers.
        bool isTrimmed =
            isPrefix && attention.getQuery().getType() ==
                            attention.getKey().getType();
        return !attention.getMask() && (!attention.getCausal() || isTrimmed) &&
               axis + 2 == rankOf(attention.getResult());
      })
      .Case([&](MoveOp move) { return movedAxis(move, axis).has_value(); })
      .Default([](Operation *) { return false; });
}

static std::optional<int64_t> operandAxis(Operation *op, unsigned number,
                                          int64_t axis) {
  if (isa<BinaryOp>(op))
    return broadcastAxis(op->getOperand(number), op->getResult(0), axis);
  // Keys and values behind the last row are hidden from all.
  auto attention = dyn_cast<AttentionOp>(op);
  if (attention && attention.getCausal())
    return axis;
  if (number != 0)
    return std::nullopt;
  if (auto move = dyn_cast<MoveOp>(op))
    return movedAxis(move, axis);
  return axis;
}

namespace {

/// Moves one sampler in front of what only it reads.
class Rewriter {
public:
  explicit Rewriter(const Sampler &sampler) : sampler(sampler), b(sampler.op) {}

  bool run();

private:
  std::optional<int64_t> demandedAxis(Value value) const;
  Value rows(Value value, int64_t axis);
  Value sample(Value value, int64_t axis);
  Value move(Location loc, Value source, Movement movement);
  void narrow(Operation *op, int64_t axis);
  void replaceSampler();

  const Sampler &sampler;
  OpBuilder b;
  /// Values of which only the sampled indices of an axis are read.
  llvm::DenseMap<Value, int64_t> axes;
  llvm::DenseMap<std::pair<Value, int64_t>, Value> sampled;
};

} // namespace

/// The axis of which all users want the sampled indices only.
std::optional<int64_t> Rewriter::demandedAxis(Value value) const {
  std::optional<int64_t> axis;
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    std::optional<int64_t> wanted;
    if (user == sampler.op) {
      if (value == sampler.source && value != sampler.indices)
        wanted = sampler.axis;
    } else if (user->getNumResults() == 1) {
      auto it = axes.find(user->getResult(0));
      if (it != axes.end())
        wanted = operandAxis(user, use.getOperandNumber(), it->second);
    }
    if (!wanted || (axis && *axis != *wanted))
      return std::nullopt;
    axis = wanted;
  }
  return axis;
}

bool Rewriter::run() {
  SmallVector<Operation *> ops;
  bool pays = false;
  for (Operation *op = sampler.op->getPrevNode(); op; op = op->getPrevNode()) {
    if (op->getNumResults() != 1)
      continue;
    std::optional<int64_t> axis = demandedAxis(op->getResult(0));
    if (!axis || !mapsRows(op, *axis, sampler.isPrefix()))
      continue;
    axes[op->getResult(0)] = *axis;
    ops.push_back(op);
    auto attention = dyn_cast<AttentionOp>(op);
    bool isCausal = attention && attention.getCausal();
    pays |= sampler.reads ? isCausal : isa<MatMulOp, AttentionOp>(op);
  }
  if (!pays)
    return false;
  remarkRecognised(sampler.op, "demanded-rows",
                   Twine(ops.size()) + " ops compute " + Twine(sampler.count) +
                       " rows only");
  for (Operation *op : llvm::reverse(ops))
    narrow(op, axes.lookup(op->getResult(0)));
  replaceSampler();
  return true;
}

Value Rewriter::move(Location loc, Value source, Movement movement) {
  movement.sources = {source};
  auto type = RankedTensorType::get(movement.shape, elementTypeOf(source));
  return MoveOp::create(b, loc, type, movement.sources,
                        movement.toMap(b.getContext()));
}

/// The sampled indices of a value that is there as a whole.
Value Rewriter::sample(Value value, int64_t axis) {
  auto shape = llvm::to_vector(shapeOfValue(value));
  shape[axis] = sampler.count;
  Location loc = sampler.op->getLoc();
  if (sampler.indices)
    return GatherOp::create(b, loc,
                            RankedTensorType::get(shape, elementTypeOf(value)),
                            value, sampler.indices, axis);
  LinearAccess dst = LinearAccess::identity(shape.size()), src = dst;
  src.coefficients[axis][axis] = sampler.stride;
  src.offsets[axis] = sampler.offset;
  Movement movement;
  movement.shape = shape;
  movement.boxes = {{{shape, {dst, src}}, 0}};
  return move(loc, value, movement);
}

Value Rewriter::rows(Value value, int64_t axis) {
  Value &result = sampled[{value, axis}];
  if (!result)
    result = sample(value, axis);
  return result;
}

/// Writes the op for the sampled rows.
void Rewriter::narrow(Operation *op, int64_t axis) {
  Value result = op->getResult(0);
  if (auto moveOp = dyn_cast<MoveOp>(op)) {
    Movement movement = *singleBox(moveOp);
    unsigned dim = *dimOf(movement.boxes[0].dst(), axis);
    movement.shape[axis] = movement.boxes[0].box.sizes[dim] = sampler.count;
    Value source = rows(moveOp.getInputs()[0], *movedAxis(moveOp, axis));
    sampled[{result, axis}] = move(op->getLoc(), source, movement);
    return;
  }
  SmallVector<Value> operands(op->getOperands());
  for (auto [i, operand] : llvm::enumerate(operands))
    if (std::optional<int64_t> own = operandAxis(op, i, axis))
      operand = rows(operand, *own);
  Operation *narrowed = b.clone(*op);
  narrowed->setOperands(operands);
  auto shape = llvm::to_vector(shapeOfValue(result));
  shape[axis] = sampler.count;
  narrowed->getResult(0).setType(
      RankedTensorType::get(shape, elementTypeOf(result)));
  sampled[{result, axis}] = narrowed->getResult(0);
}

/// The sampler itself now takes all of what there is.
void Rewriter::replaceSampler() {
  Value source = rows(sampler.source, sampler.axis);
  if (sampler.reads) {
    sampler.op->setOperand(0, source);
    return;
  }
  if (auto moveOp = dyn_cast<MoveOp>(sampler.op)) {
    Movement movement = *singleBox(moveOp);
    LinearAccess &src = movement.boxes[0].box.accesses[1];
    src.offsets[sampler.axis] = 0;
    for (int64_t &coefficient : src.coefficients[sampler.axis])
      coefficient = coefficient != 0;
    source = move(sampler.op->getLoc(), source, movement);
  }
  sampler.op->getResult(0).replaceAllUsesWith(source);
}

namespace {

struct DemandedRows : visir::impl::DemandedRowsBase<DemandedRows> {
  void runOnOperation() override {
    Block &block = getOperation().getBody().front();
    SmallVector<Operation *> ops;
    for (Operation &op : llvm::reverse(block))
      ops.push_back(&op);
    for (Operation *op : ops)
      if (std::optional<Sampler> sampler = samplerOf(op))
        Rewriter(*sampler).run();
  }
};

} // namespace
