// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Movement.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace visir {
#define GEN_PASS_DEF_SAMPLEFIRST
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// The only box of a move that takes fewer elements than its source has.
static std::optional<MovementBox> samplingBox(MoveOp op) {
  if (op.getInputs().size() != 1 || !op.getInputs()[0].hasOneUse())
    return std::nullopt;
  std::optional<Movement> movement = Movement::of(op);
  if (!movement || movement->boxes.size() != 1 ||
      movement->boxes[0].source != 0)
    return std::nullopt;
  int64_t all = ShapedType::getNumElements(shapeOfValue(op.getInputs()[0]));
  if (movement->boxes[0].box.numPoints() >= all)
    return std::nullopt;
  return movement->boxes[0];
}

static MoveOp createMove(PatternRewriter &rewriter, Location loc, Value source,
                         ArrayRef<int64_t> shape, const MovementBox &box) {
  Movement movement;
  movement.shape = llvm::to_vector(shape);
  movement.sources = {source};
  movement.boxes = {box};
  movement.boxes[0].source = 0;
  return MoveOp::create(
      rewriter, loc, RankedTensorType::get(shape, elementTypeOf(source)),
      movement.sources, movement.toMap(rewriter.getContext()));
}

/// Where a move puts rows that it samples beside others, the sampling becomes a
/// move of its own, if it can go in front of what makes the rows.
static LogicalResult sampleApart(MoveOp op, PatternRewriter &rewriter) {
  std::optional<Movement> movement = Movement::of(op);
  if (!movement || movement->boxes.size() < 2)
    return failure();
  for (MovementBox &box : movement->boxes) {
    if (box.source < 0)
      continue;
    Value source = movement->sources[box.source];
    bool alone = llvm::count_if(movement->boxes, [&](const MovementBox &other) {
                   return other.source == box.source;
                 }) == 1;
    if (!alone || !source.hasOneUse() ||
        !isa_and_present<LayerNormOp, UnaryOp, CastOp>(
            source.getDefiningOp()) ||
        box.box.numPoints() >= ShapedType::getNumElements(shapeOfValue(source)))
      continue;
    MovementBox sample = box;
    auto identity = LinearAccess::identity(box.box.rank());
    sample.box.accesses[0] = identity;
    MoveOp sampled =
        createMove(rewriter, op.getLoc(), source, box.box.sizes, sample);
    movement->sources[box.source] = sampled.getResult();
    box.box.accesses[1] = identity;
    rewriter.replaceOpWithNewOp<MoveOp>(op, op.getType(), movement->sources,
                                        movement->toMap(rewriter.getContext()));
    return success();
  }
  return failure();
}

/// move(f(x)) = f(move(x)) for an elementwise f of one tensor.
static LogicalResult sampleBeforeUnary(MoveOp op, PatternRewriter &rewriter) {
  auto box = samplingBox(op);
  Operation *producer = box ? op.getInputs()[0].getDefiningOp() : nullptr;
  if (!producer || !isa<UnaryOp, CastOp>(producer))
    return failure();
  MoveOp moved = createMove(rewriter, op.getLoc(), producer->getOperand(0),
                            shapeOfValue(op.getResult()), *box);
  Operation *applied = rewriter.clone(*producer);
  applied->setOperand(0, moved.getResult());
  applied->getResult(0).setType(cast<RankedTensorType>(op.getType()));
  rewriter.replaceOp(op, applied->getResults());
  return success();
}

/// For each normalised dimension the one dimension of the box that runs
/// through it, and nothing else; or nothing.
static std::optional<SmallVector<unsigned>>
wholeDims(const MovementBox &box, ArrayRef<int64_t> shape, int64_t axis) {
  SmallVector<unsigned> dims;
  for (int64_t j = axis; j < int64_t(shape.size()); ++j) {
    std::optional<unsigned> dim;
    for (unsigned i = 0; i < box.box.rank(); ++i)
      if (box.src().coefficients[j][i] == 1 && box.box.sizes[i] == shape[j])
        dim = i;
    if (!dim || box.src().offsets[j] != 0)
      return std::nullopt;
    for (unsigned k = 0; k < shape.size(); ++k)
      for (unsigned i = 0; i < box.box.rank(); ++i) {
        bool own = k == j && i == *dim;
        if (!own && (k == j || i == *dim) && box.src().coefficients[k][i] != 0)
          return std::nullopt;
      }
    dims.push_back(*dim);
  }
  return dims;
}

/// Whether `dims` of the box are the last dimensions of the result, whole.
static bool areLast(const MovementBox &box, ArrayRef<unsigned> dims,
                    ArrayRef<int64_t> result) {
  if (result.size() < dims.size())
    return false;
  int64_t first = result.size() - dims.size();
  for (int64_t k = 0; k < int64_t(result.size()); ++k)
    for (unsigned i = 0; i < box.box.rank(); ++i) {
      const auto *it = llvm::find(dims, i);
      bool own = it != dims.end() && first + (it - dims.begin()) == k;
      bool related = k >= first || it != dims.end();
      int64_t coefficient = box.dst().coefficients[k][i];
      if (own ? coefficient != 1 || box.box.sizes[i] != result[k]
              : related && coefficient != 0)
        return false;
    }
  return true;
}

/// Rows of a norm that nobody reads are not normalised: the rows that are
/// read come first, as a tensor of [other dimensions | normalised ones].
static LogicalResult sampleBeforeNorm(MoveOp op, PatternRewriter &rewriter) {
  auto box = samplingBox(op);
  auto norm =
      box ? op.getInputs()[0].getDefiningOp<LayerNormOp>() : LayerNormOp();
  if (!norm)
    return failure();
  auto dims = wholeDims(*box, shapeOfValue(norm.getInput()), norm.getAxis());
  if (!dims)
    return failure();
  remarkRecognised(op, "sample-first", "rows are sampled before their norm");
  ArrayRef<int64_t> result = shapeOfValue(op.getResult());
  auto normAs = [&](Value rows, int64_t axis) -> Value {
    return LayerNormOp::create(rewriter, norm.getLoc(), rows, norm.getScale(),
                               norm.getBias(), axis, norm.getEpsilon(),
                               norm.getRms());
  };
  if (areLast(*box, *dims, result)) {
    MoveOp sampled =
        createMove(rewriter, op.getLoc(), norm.getInput(), result, *box);
    rewriter.replaceOp(
        op, normAs(sampled.getResult(), result.size() - dims->size()));
    return success();
  }
  SmallVector<unsigned> order;
  for (unsigned i = 0; i < box->box.rank(); ++i)
    if (!llvm::is_contained(*dims, i))
      order.push_back(i);
  int64_t axis = order.size();
  llvm::append_range(order, *dims);
  // Dimension order[k] of the box is coordinate k of the sampled rows.
  SmallVector<int64_t> shape;
  LinearAccess rows = LinearAccess::zero(order.size(), box->box.rank());
  for (auto [k, i] : llvm::enumerate(order)) {
    shape.push_back(box->box.sizes[i]);
    rows.coefficients[k][i] = 1;
  }
  MovementBox before = *box, after = *box;
  before.box.accesses[0] = rows;
  after.box.accesses[1] = rows;
  MoveOp sampled =
      createMove(rewriter, op.getLoc(), norm.getInput(), shape, before);
  Value normed = normAs(sampled.getResult(), axis);
  MoveOp placed = createMove(rewriter, op.getLoc(), normed, result, after);
  rewriter.replaceOp(op, placed.getResult());
  return success();
}

namespace {

struct SampleFirst : visir::impl::SampleFirstBase<SampleFirst> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(sampleApart);
    patterns.add(sampleBeforeUnary);
    patterns.add(sampleBeforeNorm);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
