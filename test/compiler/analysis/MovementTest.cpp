// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Composed movement against the ops themselves, evaluated one by one on a
// tensor whose elements are their own positions.
#include "compiler/analysis/Movement.h"

#include "compiler/analysis/Evaluate.h"
#include "compiler/support/Constants.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <numeric>
#include <random>

using namespace mlir;
using namespace visir;
using Ints = SmallVector<int64_t>;

namespace {

class MovementTest : public testing::Test {
protected:
  MovementTest() : builder(&context), random(5) {
    context.loadDialect<VisirDialect>();
    builder.setInsertionPointToStart(&block);
  }

  ~MovementTest() override {
    while (!block.empty())
      block.back().erase();
  }

  Location loc() { return builder.getUnknownLoc(); }

  RankedTensorType type(ArrayRef<int64_t> shape) {
    return RankedTensorType::get(
        shape, IntegerType::get(&context, 32, IntegerType::Signed));
  }

  Value iota(ArrayRef<int64_t> shape) {
    Ints values(ShapedType::getNumElements(shape));
    std::iota(values.begin(), values.end(), next);
    next += values.size();
    return ConstantOp::create(
        builder, loc(), makeConstant(type(shape), ArrayRef<int64_t>(values)));
  }

  Value ints(ArrayRef<int64_t> shape, ArrayRef<int64_t> values) {
    auto indexType = RankedTensorType::get(
        shape, IntegerType::get(&context, 64, IntegerType::Signed));
    return ConstantOp::create(builder, loc(), makeConstant(indexType, values));
  }

  int64_t pick(int64_t low, int64_t high) {
    return low + int64_t(random() % (high - low + 1));
  }

  static ArrayRef<int64_t> shapeOf(Value value) {
    return cast<RankedTensorType>(value.getType()).getShape();
  }

  Value randomReshape(Value x) {
    int64_t count = ShapedType::getNumElements(shapeOf(x));
    Ints shape(pick(1, 4), 1);
    for (int64_t prime = 2; count > 1; ++prime)
      for (; count % prime == 0; count /= prime)
        shape[pick(0, shape.size() - 1)] *= prime;
    return ReshapeOp::create(builder, loc(), x, shape);
  }

  Value randomTranspose(Value x) {
    Ints permutation(shapeOf(x).size());
    std::iota(permutation.begin(), permutation.end(), 0);
    std::shuffle(permutation.begin(), permutation.end(), random);
    return TransposeOp::create(builder, loc(), x, permutation);
  }

  Value randomSlice(Value x) {
    Ints offsets, sizes, strides;
    for (int64_t extent : shapeOf(x)) {
      int64_t stride = pick(0, 3) ? 1 : pick(1, 3);
      int64_t size = pick(1, (extent - 1) / stride + 1);
      int64_t first = pick(0, extent - 1 - (size - 1) * stride);
      bool reversed = pick(0, 4) == 0;
      offsets.push_back(reversed ? first + (size - 1) * stride : first);
      sizes.push_back(size);
      strides.push_back(reversed ? -stride : stride);
    }
    return SliceOp::create(builder, loc(), x, offsets, sizes, strides);
  }

  Value randomPad(Value x) {
    Ints low, high;
    auto mode = PadMode(pick(0, 3));
    for (int64_t extent : shapeOf(x)) {
      low.push_back(std::min<int64_t>(pick(0, 2), extent - 1));
      high.push_back(std::min<int64_t>(pick(0, 2), extent - 1));
    }
    return PadOp::create(builder, loc(), x, low, high, mode, APFloat(-1.0));
  }

  Value randomExpand(Value x) {
    Ints shape(shapeOf(x));
    for (int64_t &size : shape)
      size = size == 1 ? pick(1, 3) : size;
    if (pick(0, 1))
      shape.insert(shape.begin(), pick(1, 3));
    return ExpandOp::create(builder, loc(), x, shape);
  }

  Value randomConcat(Value x) {
    int64_t axis = pick(0, shapeOf(x).size() - 1);
    Ints shape(shapeOf(x));
    shape[axis] = pick(1, 3);
    return ConcatOp::create(builder, loc(), ValueRange{x, iota(shape), x},
                            axis);
  }

  Value randomGather(Value x) {
    int64_t axis = pick(0, shapeOf(x).size() - 1);
    Ints at;
    for (int i = 0; i < 4; ++i)
      at.push_back(pick(-shapeOf(x)[axis], shapeOf(x)[axis] - 1));
    llvm::sort(at);
    Value indices = pick(0, 1) ? ints({4}, at) : ints({2, 2}, at);
    return GatherOp::create(builder, loc(), x, indices, axis);
  }

  Value randomOp(Value x) {
    if (shapeOf(x).empty() || ShapedType::getNumElements(shapeOf(x)) > 5000)
      return randomSlice(x);
    switch (pick(0, 9)) {
    case 0:
    case 1:
    case 2:
      return randomReshape(x);
    case 3:
    case 4:
      return randomTranspose(x);
    case 5:
      return randomSlice(x);
    case 6:
      return randomPad(x);
    case 7:
      return randomExpand(x);
    case 8:
      return randomConcat(x);
    default:
      return randomGather(x);
    }
  }

  /// The bytes of a value, op by op.
  std::vector<char> bytesOf(Value value) {
    ElementsAttr result = constantOf(value);
    if (!result) {
      Operation *op = value.getDefiningOp();
      SmallVector<ElementsAttr> operands;
      for (Value operand : op->getOperands())
        operands.push_back(evaluated(operand));
      result = *evaluate(op, operands);
    }
    SmallVector<char> storage;
    ArrayRef<char> bytes = constantBytes(result, storage);
    return {bytes.begin(), bytes.end()};
  }

  ElementsAttr evaluated(Value value) {
    if (ElementsAttr constant = constantOf(value))
      return constant;
    return makeConstant(cast<RankedTensorType>(value.getType()),
                        ArrayRef<char>(bytesOf(value)));
  }

  MoveOp toMove(const Movement &movement) {
    auto move = MoveOp::create(builder, loc(), type(movement.shape),
                               movement.sources, movement.toMap(&context));
    EXPECT_TRUE(succeeded(move.verify()));
    return move;
  }

  MLIRContext context;
  Block block;
  OpBuilder builder;
  std::mt19937 random;
  int64_t next = 0;
};

} // namespace

TEST_F(MovementTest, ComposedChainsEqualTheirOps) {
  unsigned composed = 0, failed = 0;
  for (int trial = 0; trial < 600; ++trial) {
    Value x = iota({pick(1, 4), pick(1, 6), pick(1, 6)});
    Movement movement = Movement::identity(x);
    for (int step = 0; step < 5; ++step) {
      Value y = randomOp(x);
      Operation *op = y.getDefiningOp();
      ASSERT_TRUE(isMovement(op));
      std::vector<Movement> operands;
      for (Value operand : op->getOperands())
        operands.push_back(operand == x ? movement
                                        : Movement::identity(operand));
      auto next = composeMovement(op, operands, 64);
      x = y;
      if (!next) {
        ++failed;
        movement = Movement::identity(x);
        continue;
      }
      ++composed;
      movement = *next;
      ASSERT_EQ(bytesOf(toMove(movement).getResult()), bytesOf(x))
          << "trial " << trial << " step " << step;
    }
  }
  EXPECT_GT(composed, 10 * failed);
}

TEST_F(MovementTest, MovesOfMovesCompose) {
  unsigned composed = 0, failed = 0;
  for (int trial = 0; trial < 400; ++trial) {
    Value x = iota({pick(1, 4), pick(2, 6), pick(2, 6)});
    Movement first = Movement::identity(x), second;
    Value y = x;
    for (int step = 0; step < 2; ++step) {
      Value z = randomOp(y);
      std::vector<Movement> operands;
      for (Value operand : z.getDefiningOp()->getOperands())
        operands.push_back(operand == y ? first : Movement::identity(operand));
      if (auto next = composeMovement(z.getDefiningOp(), operands, 64)) {
        first = *next;
        y = z;
      }
    }
    MoveOp inner = toMove(first);
    Value z = randomTranspose(randomReshape(randomSlice(inner.getResult())));
    second = Movement::identity(inner.getResult());
    Operation *op = inner;
    for (int step = 0; step < 3; ++step) {
      op = &*std::next(op->getIterator());
      auto next = composeMovement(op, {second}, 64);
      if (!next)
        break;
      second = *next;
    }
    if (op != z.getDefiningOp() || second.shape != Ints(shapeOf(z)))
      continue;
    MoveOp outer = toMove(second);
    auto both = composeMovement(outer, {first}, 64);
    both ? ++composed : ++failed;
    if (both)
      ASSERT_EQ(bytesOf(toMove(*both).getResult()), bytesOf(z)) << trial;
  }
  EXPECT_GT(composed, 4 * failed);
}

TEST_F(MovementTest, HeadSplitIsOneBox) {
  // 1 x 4 x 12 -> 1 x 4 x 3 x 2 x 2 -> 3 x 1 x 2 x 4 x 2, of it the keys.
  Value x = iota({1, 4, 12});
  Value r = ReshapeOp::create(builder, loc(), x, Ints{1, 4, 3, 2, 2});
  Value t = TransposeOp::create(builder, loc(), r, Ints{2, 0, 3, 1, 4});
  Value k = GatherOp::create(builder, loc(), t, ints({}, {1}), 0);
  Movement movement = Movement::identity(x);
  for (Value value : {r, t, k})
    movement = *composeMovement(value.getDefiningOp(), {movement}, 64);
  ASSERT_EQ(movement.boxes.size(), 1u);
  EXPECT_EQ(movement.boxes[0].box.sizes, (Ints{2, 4, 2}));
  EXPECT_EQ(bytesOf(toMove(movement).getResult()), bytesOf(k));
}

TEST_F(MovementTest, RolledWindowsAreFewBoxes) {
  // Swin's cyclic shift by 3 of 14 x 14 and its windows of 7 x 7.
  Value x = iota({1, 14, 14, 2}), rolled = x;
  for (int64_t axis : {1, 2}) {
    Ints tail = {0, 0, 0, 0}, tailSize(shapeOf(x)), headSize(shapeOf(x));
    tail[axis] = 3;
    tailSize[axis] = 11;
    headSize[axis] = 3;
    Value a = SliceOp::create(builder, loc(), rolled, tail, tailSize,
                              Ints{1, 1, 1, 1});
    Value b = SliceOp::create(builder, loc(), rolled, Ints{0, 0, 0, 0},
                              headSize, Ints{1, 1, 1, 1});
    rolled = ConcatOp::create(builder, loc(), ValueRange{a, b}, axis);
  }
  Value r = ReshapeOp::create(builder, loc(), rolled, Ints{1, 2, 7, 2, 7, 2});
  Value t = TransposeOp::create(builder, loc(), r, Ints{0, 1, 3, 2, 4, 5});
  Value w = ReshapeOp::create(builder, loc(), t, Ints{4, 49, 2});
  llvm::DenseMap<Value, Movement> known;
  known[x] = Movement::identity(x);
  for (Operation &op : block) {
    if (!isMovement(&op))
      continue;
    std::vector<Movement> operands;
    for (Value operand : op.getOperands())
      operands.push_back(known[operand]);
    known[op.getResult(0)] = *composeMovement(&op, operands, 64);
  }
  EXPECT_LE(known[w].boxes.size(), 9u);
  EXPECT_EQ(bytesOf(toMove(known[w]).getResult()), bytesOf(w));
}

TEST_F(MovementTest, RegularIndicesAreAStridedBox) {
  // Every second token of every second row of 6 x 8.
  Value x = iota({48, 3});
  Ints indices;
  for (int64_t row = 0; row < 6; row += 2)
    for (int64_t column = 0; column < 8; column += 2)
      indices.push_back(row * 8 + column);
  Value g = GatherOp::create(builder, loc(), x, ints({12}, indices), 0);
  auto movement =
      composeMovement(g.getDefiningOp(), {Movement::identity(x)}, 64);
  ASSERT_TRUE(movement);
  ASSERT_EQ(movement->boxes.size(), 1u);
  EXPECT_EQ(bytesOf(toMove(*movement).getResult()), bytesOf(g));
}

TEST_F(MovementTest, UndoneMovementIsTheIdentity) {
  Value x = iota({2, 3, 4});
  Value t = TransposeOp::create(builder, loc(), x, Ints{0, 2, 1});
  Value r = ReshapeOp::create(builder, loc(), t, Ints{2, 2, 2, 3});
  Value u = TransposeOp::create(builder, loc(), r, Ints{0, 3, 1, 2});
  Value y = ReshapeOp::create(builder, loc(), u, Ints{2, 3, 4});
  Movement movement = Movement::identity(x);
  for (Value value : {t, r, u, y})
    movement = *composeMovement(value.getDefiningOp(), {movement}, 64);
  EXPECT_TRUE(movement.isIdentity());
}
