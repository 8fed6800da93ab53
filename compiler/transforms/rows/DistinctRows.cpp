// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/rows/DistinctRows.h"

#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/rows/RowFlow.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

namespace visir {
#define GEN_PASS_DEF_DISTINCTROWS
#include "compiler/transforms/rows/DistinctRows.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

namespace {

/// Some rows of a tensor as a matrix.
struct Packed {
  Value matrix;
  /// For each row of the tensor its row of the matrix; -1 where nobody needs
  /// it.
  std::vector<int32_t> places;
};

/// The needed rows of a value, of each label the first.
struct Distinct {
  std::vector<int32_t> rows, places;

  explicit Distinct(const RowView &view);
  /// Whether leaving out the others is worth a gather.
  bool isWorthwhile() const {
    return !rows.empty() && rows.size() * 4 <= places.size() * 3;
  }
};

class Packer {
public:
  explicit Packer(Block &block) : block(block), analysis(block) {}

  bool run();

private:
  bool paysOff() const;
  void visit(Operation *op);
  void packWise(Operation *op, Distinct &&distinct);
  Value rowsOf(OpBuilder &b, Location loc, Value value,
               ArrayRef<int32_t> rows);
  Value pick(OpBuilder &b, Location loc, Value matrix, ArrayRef<int32_t> rows);
  void unpack(Value value, const Packed &packed);

  Block &block;
  RowAnalysis analysis;
  llvm::MapVector<Value, Packed> known;
  llvm::DenseSet<Operation *> replaced;
};

} // namespace

Distinct::Distinct(const RowView &view) {
  std::vector<int32_t> byLabel(view.count(), -1);
  places.assign(view.count(), -1);
  for (int64_t row = 0; row < view.count(); ++row) {
    if (!view.needed[row])
      continue;
    int32_t &place = byLabel[view.labels[row]];
    if (place < 0) {
      place = rows.size();
      rows.push_back(row);
    }
    places[row] = place;
  }
}

/// 0, 1, 2 ... `count` - 1.
static bool isCounting(ArrayRef<int32_t> rows, int64_t count) {
  if (int64_t(rows.size()) != count)
    return false;
  for (auto [i, row] : llvm::enumerate(rows))
    if (row != int32_t(i))
      return false;
  return true;
}

/// These rows of a matrix, which may be all of them.
Value Packer::pick(OpBuilder &b, Location loc, Value matrix,
                   ArrayRef<int32_t> rows) {
  if (isCounting(rows, shapeOfValue(matrix)[0]))
    return matrix;
  SmallVector<int64_t> numbers(rows.begin(), rows.end());
  int64_t count = numbers.size();
  auto type = RankedTensorType::get(
      {count}, IntegerType::get(b.getContext(), 64, IntegerType::Signed));
  Value indices =
      ConstantOp::create(b, loc, makeConstant(type, ArrayRef(numbers)));
  auto result = RankedTensorType::get({count, shapeOfValue(matrix)[1]},
                                      elementTypeOf(matrix));
  return GatherOp::create(b, loc, result, matrix, indices, /*axis=*/0);
}

/// These rows of a tensor, by their numbers in it, as a matrix.
Value Packer::rowsOf(OpBuilder &b, Location loc, Value value,
                     ArrayRef<int32_t> rows) {
  auto packed = known.find(value);
  if (packed != known.end()) {
    std::vector<int32_t> places;
    for (int32_t row : rows)
      places.push_back(packed->second.places[row]);
    return pick(b, loc, packed->second.matrix, places);
  }
  ArrayRef<int64_t> shape = shapeOfValue(value);
  int64_t count = ShapedType::getNumElements(shape.drop_back());
  Value matrix = shape.size() == 2 ? value
                                   : createReshape(b, loc, value,
                                                   {count, shape.back()});
  return pick(b, loc, matrix, rows);
}

/// The op on distinct rows.
void Packer::packWise(Operation *op, Distinct &&distinct) {
  OpBuilder b(op);
  Value result = op->getResult(0);
  const RowFlow &flow = *analysis.flowOf(op);
  SmallVector<Value> operands(op->getOperands());
  for (auto [i, operand] : llvm::enumerate(operands)) {
    if (flow.isShared[i]) {
      if (isa<BinaryOp>(op) && rankOf(operand) > 2)
        operand = createReshape(b, op->getLoc(), operand,
                                {1, shapeOfValue(operand).back()});
      continue;
    }
    std::vector<int32_t> rows;
    for (int32_t row : distinct.rows)
      rows.push_back(analysis.readRow(op, i, row));
    operand = rowsOf(b, op->getLoc(), operand, rows);
  }
  Operation *few = b.clone(*op);
  few->setOperands(operands);
  few->getResult(0).setType(RankedTensorType::get(
      {int64_t(distinct.rows.size()), shapeOfValue(result).back()},
      elementTypeOf(result)));
  if (auto norm = dyn_cast<LayerNormOp>(few))
    norm.setAxis(1);
  known[result] = {few->getResult(0), std::move(distinct.places)};
  replaced.insert(op);
}

void Packer::visit(Operation *op) {
  const RowFlow *flow = analysis.flowOf(op);
  if (!flow || flow->kind == RowFlow::Attention || flow->kind == RowFlow::Move)
    return;
  Distinct distinct(*analysis.viewOf(op->getResult(0)));
  // Copies of packed rows are picked from these.
  if (flow->kind == RowFlow::Copy) {
    if (!known.count(op->getOperand(0)) || distinct.rows.empty())
      return;
    OpBuilder b(op);
    std::vector<int32_t> rows;
    for (int32_t row : distinct.rows)
      rows.push_back(analysis.readRow(op, 0, row));
    Value few = rowsOf(b, op->getLoc(), op->getOperand(0), rows);
    known[op->getResult(0)] = {few, std::move(distinct.places)};
    replaced.insert(op);
    return;
  }
  if (distinct.isWorthwhile())
    packWise(op, std::move(distinct));
}

/// Gives the op's other users all rows.
void Packer::unpack(Value value, const Packed &packed) {
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : value.getUses())
    if (!replaced.contains(use.getOwner()))
      uses.push_back(&use);
  if (uses.empty())
    return;
  OpBuilder b(value.getDefiningOp());
  std::vector<int32_t> places = packed.places;
  for (int32_t &place : places)
    place = std::max(place, 0); // any row, as nobody needs it
  Value all = pick(b, value.getLoc(), packed.matrix, places);
  if (rankOf(value) != 2)
    all = createReshape(b, value.getLoc(), all, shapeOfValue(value));
  for (OpOperand *use : uses)
    use->set(all);
}

/// Whether there is a product among the ops whose rows become fewer.
bool Packer::paysOff() const {
  return llvm::any_of(block, [&](Operation &op) {
    return isa<MatMulOp>(op) && analysis.flowOf(&op) &&
           Distinct(*analysis.viewOf(op.getResult(0))).isWorthwhile();
  });
}

bool Packer::run() {
  if (!paysOff())
    return false;
  SmallVector<Operation *> ops;
  for (Operation &op : block)
    ops.push_back(&op);
  int64_t before = 0, after = 0;
  for (Operation *op : ops) {
    visit(op);
    if (!isa<MatMulOp>(op) || !replaced.contains(op))
      continue;
    const Packed &packed = known[op->getResult(0)];
    before += packed.places.size();
    after += shapeOfValue(packed.matrix)[0];
  }
  for (auto &[value, packed] : known)
    unpack(value, packed);
  Operation *first = *llvm::find_if(
      ops, [&](Operation *op) { return replaced.contains(op); });
  remarkRecognised(first, "distinct-rows",
                   "products of " + Twine(before) + " rows have " +
                       Twine(after) + " that differ and are needed");
  for (Operation *op : llvm::reverse(ops))
    if (replaced.contains(op))
      op->erase();
  return true;
}

namespace {

struct DistinctRows : visir::impl::DistinctRowsBase<DistinctRows> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    bool isCausal = func.walk([](AttentionOp op) {
                          return op.getCausal() ? WalkResult::interrupt()
                                                : WalkResult::advance();
                        }).wasInterrupted();
    // Of bounded dimensions rows come and go at run time.
    if (isCausal && !func->hasAttr("visir.symbols"))
      Packer(func.front()).run();
  }
};

} // namespace
