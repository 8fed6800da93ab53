// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Formulas of integer tensors against the same ops evaluated one by one.
#include "dialects/visir/Visir.h"

#include "compiler/analysis/Evaluate.h"
#include "compiler/analysis/IndexFormula.h"
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

class IndexFormulaTest : public testing::Test {
protected:
  IndexFormulaTest() : builder(&context), random(3) {
    context.loadDialect<VisirDialect>();
    builder.setInsertionPointToStart(&block);
  }

  ~IndexFormulaTest() override {
    while (!block.empty())
      block.back().erase();
  }

  Location loc() { return builder.getUnknownLoc(); }

  int64_t pick(int64_t low, int64_t high) {
    return low + int64_t(random() % (high - low + 1));
  }

  Value ints(ArrayRef<int64_t> shape, ArrayRef<int64_t> values) {
    auto type = RankedTensorType::get(
        shape, IntegerType::get(&context, 64, IntegerType::Signed));
    return ConstantOp::create(builder, loc(), makeConstant(type, values));
  }

  static ArrayRef<int64_t> shapeOf(Value value) {
    return cast<RankedTensorType>(value.getType()).getShape();
  }

  /// A sum of one random table per dimension, as a constant.
  Value separable(ArrayRef<int64_t> shape) {
    SmallVector<Ints> tables(shape.size());
    for (auto [table, extent] : llvm::zip_equal(tables, shape)) {
      bool counts = pick(0, 1);
      for (int64_t i = 0; i < extent; ++i)
        table.push_back(counts ? pick(-9, 9) : 0);
    }
    Ints values;
    for (int64_t i = 0, e = ShapedType::getNumElements(shape); i < e; ++i) {
      int64_t value = 5, rest = i;
      for (unsigned d = shape.size(); d-- > 0; rest /= shape[d])
        value += tables[d][rest % shape[d]];
      values.push_back(value);
    }
    return ints(shape, values);
  }

  Value randomOp(Value x) {
    Ints shape(shapeOf(x));
    switch (pick(0, 5)) {
    case 0: {
      Ints to = shape;
      to.insert(to.begin() + pick(0, to.size()), 1);
      return ReshapeOp::create(builder, loc(), x, to);
    }
    case 1: {
      Ints permutation(shape.size());
      std::iota(permutation.begin(), permutation.end(), 0);
      std::shuffle(permutation.begin(), permutation.end(), random);
      return TransposeOp::create(builder, loc(), x, permutation);
    }
    case 2: {
      for (int64_t &size : shape)
        size = size == 1 ? pick(1, 3) : size;
      return ExpandOp::create(builder, loc(), x, shape);
    }
    case 3: {
      Ints offsets, sizes, strides;
      for (int64_t extent : shape) {
        bool reversed = pick(0, 3) == 0;
        sizes.push_back(pick(1, extent));
        int64_t first = pick(0, extent - sizes.back());
        offsets.push_back(reversed ? first + sizes.back() - 1 : first);
        strides.push_back(reversed ? -1 : 1);
      }
      return SliceOp::create(builder, loc(), x, offsets, sizes, strides);
    }
    case 4: {
      // Flat and back: joined dimensions come apart again.
      int64_t count = ShapedType::getNumElements(shape);
      Value flat = ReshapeOp::create(builder, loc(), x, Ints{count});
      return ReshapeOp::create(builder, loc(), flat, shape);
    }
    default: {
      for (int64_t &size : shape)
        size = pick(0, 1) ? size : 1;
      auto kind = pick(0, 1) ? BinaryKind::Add : BinaryKind::Sub;
      return BinaryOp::create(builder, loc(), x.getType(), kind, x,
                              separable(shape));
    }
    }
  }

  ElementsAttr evaluated(Value value) {
    if (ElementsAttr constant = constantOf(value))
      return constant;
    SmallVector<ElementsAttr> operands;
    for (Value operand : value.getDefiningOp()->getOperands())
      operands.push_back(evaluated(operand));
    return *evaluate(value.getDefiningOp(), operands);
  }

  /// All elements, row-major, op by op.
  Ints elementsOf(Value value) {
    Value constant = ConstantOp::create(builder, loc(), evaluated(value));
    return *constantInts(constant);
  }

  static Ints elementsOf(const IndexFormula &formula) {
    Ints elements;
    ArrayRef<int64_t> shape = formula.shape;
    for (int64_t i = 0, e = ShapedType::getNumElements(shape); i < e; ++i) {
      int64_t value = formula.base, rest = i;
      for (unsigned d = shape.size(); d-- > 0; rest /= shape[d])
        if (!formula.tables[d].empty())
          value += formula.tables[d][rest % shape[d]];
      elements.push_back(value);
    }
    return elements;
  }

  /// The index vectors of a slice as exporters spell them: one range for each
  /// dimension, broadcast, side by side.
  Value sliceIndices(ArrayRef<int64_t> starts, ArrayRef<int64_t> sizes,
                     ArrayRef<int64_t> steps) {
    SmallVector<Value> columns;
    Ints column(sizes);
    column.push_back(1);
    for (unsigned d = 0; d < sizes.size(); ++d) {
      Ints range, along(sizes.size() + 1, 1);
      for (int64_t i = 0; i < sizes[d]; ++i)
        range.push_back(starts[d] + i * steps[d]);
      along[d] = sizes[d];
      Value shaped =
          ReshapeOp::create(builder, loc(), ints({sizes[d]}, range), along);
      columns.push_back(ExpandOp::create(builder, loc(), shaped, column));
    }
    return ConcatOp::create(builder, loc(), columns, sizes.size());
  }

  MLIRContext context;
  Block block;
  OpBuilder builder;
  std::mt19937 random;
};

} // namespace

TEST_F(IndexFormulaTest, ChainsEqualTheirOps) {
  for (int trial = 0; trial < 300; ++trial) {
    Value x = separable({pick(1, 4), pick(1, 5), pick(1, 4)});
    for (int step = 0; step < 5 && shapeOf(x).size() < 6; ++step) {
      x = randomOp(x);
      auto formula = IndexFormula::of(x);
      ASSERT_TRUE(formula) << "trial " << trial << " step " << step;
      ASSERT_EQ(formula->shape, Ints(shapeOf(x)));
      ASSERT_EQ(elementsOf(*formula), elementsOf(x))
          << "trial " << trial << " step " << step;
    }
  }
}

TEST_F(IndexFormulaTest, OneOtherElementIsNoFormula) {
  for (int trial = 0; trial < 100; ++trial) {
    Ints shape = {pick(2, 4), pick(2, 5)};
    Value constant = separable(shape);
    Ints elements = elementsOf(constant);
    elements[pick(0, elements.size() - 1)] += 1;
    EXPECT_FALSE(IndexFormula::of(ints(shape, elements))) << trial;
  }
}

TEST_F(IndexFormulaTest, IndexVectorsOfSlicesAreAffine) {
  for (int trial = 0; trial < 200; ++trial) {
    Ints shape, starts, sizes, steps;
    for (int d = 0; d < 3; ++d) {
      shape.push_back(pick(1, 9));
      sizes.push_back(pick(1, shape[d]));
      int64_t most = sizes[d] == 1 ? 3 : (shape[d] - 1) / (sizes[d] - 1);
      steps.push_back(pick(1, most));
      starts.push_back(pick(0, shape[d] - 1 - (sizes[d] - 1) * steps[d]));
      if (pick(0, 3) == 0) {
        starts[d] += (sizes[d] - 1) * steps[d];
        steps[d] = -steps[d];
      }
    }
    Ints written = starts;
    for (int d = 0; d < 3; ++d)
      written[d] -= pick(0, 3) ? 0 : shape[d]; // from the end
    Value spelled = sliceIndices(written, sizes, steps);
    for (Value indices :
         {spelled, ints(shapeOf(spelled), elementsOf(spelled))}) {
      auto access = affineIndices(indices, shape);
      ASSERT_TRUE(access) << trial;
      EXPECT_EQ(access->offsets, starts) << trial;
      for (int d = 0; d < 3; ++d)
        for (int k = 0; k < 3; ++k)
          EXPECT_EQ(access->coefficients[d][k],
                    d == k && sizes[d] > 1 ? steps[d] : 0)
              << trial;
    }
  }
}

TEST_F(IndexFormulaTest, OtherVectorsAreNotAffine) {
  // Outside of the tensor, and unequal steps.
  EXPECT_TRUE(affineIndices(sliceIndices({1, 0}, {2, 3}, {1, 1}), {3, 3}));
  EXPECT_FALSE(affineIndices(sliceIndices({2, 0}, {2, 3}, {1, 1}), {3, 3}));
  EXPECT_FALSE(affineIndices(sliceIndices({-1, 0}, {2, 3}, {1, 1}), {3, 3}));
  EXPECT_FALSE(affineIndices(ints({3, 1}, {0, 1, 3}), {4}));
  // A product of two tables.
  EXPECT_FALSE(affineIndices(ints({2, 2, 1}, {0, 0, 0, 1}), {4}));
}
