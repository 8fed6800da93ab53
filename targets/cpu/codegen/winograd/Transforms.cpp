// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/winograd/Transforms.h"

#include "compiler/support/Constants.h"
#include "targets/cpu/codegen/Payload.h"
#include "targets/cpu/codegen/nest/VectorAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// The coefficients of the product of (x - root), lowest power first.
static std::vector<double> polynomial(ArrayRef<double> roots) {
  std::vector<double> result{1};
  for (double root : roots) {
    std::vector<double> next(result.size() + 1, 0);
    for (size_t i = 0; i < result.size(); ++i) {
      next[i + 1] += result[i];
      next[i] -= root * result[i];
    }
    result = std::move(next);
  }
  return result;
}

FilterTransform::FilterTransform(int64_t outputs) : outputs(outputs) {
  assert((outputs == 2 || outputs == 4) && "no points for this size");
  SmallVector<double> points{0};
  if (outputs == 2)
    points.append({1, -1});
  else
    // Near 1/sqrt 2 and sqrt 2, and so short that floats hold all factors.
    points.append({45. / 64, -45. / 64, 45. / 32, -45. / 32});
  int64_t n = size();
  input.assign(n, std::vector<double>(n, 0));
  filter.assign(n, std::vector<double>(3, 0));
  result.assign(outputs, std::vector<double>(n, 0));
  for (int64_t j = 0; j + 1 < n; ++j) {
    SmallVector<double> others(points);
    others.erase(others.begin() + j);
    double scale = 1;
    for (double other : others)
      scale *= points[j] - other;
    std::vector<double> terms = polynomial(others);
    llvm::copy(terms, input[j].begin());
    for (int k = 0; k < 3; ++k)
      filter[j][k] = std::pow(points[j], k) / scale;
    for (int64_t i = 0; i < outputs; ++i)
      result[i][j] = std::pow(points[j], double(i));
  }
  // The point at infinity.
  std::vector<double> terms = polynomial(points);
  llvm::copy(terms, input[n - 1].begin());
  filter[n - 1][2] = 1;
  result[outputs - 1][n - 1] = 1;
}

ElementsAttr cpu::transformWeights(ElementsAttr weights,
                                   const FilterTransform &transform) {
  auto type = cast<RankedTensorType>(weights.getShapedType());
  int64_t n = transform.size(), filters = type.getNumElements() / 9;
  Type element = type.getElementType();
  auto newType = RankedTensorType::get(
      {type.getDimSize(0), type.getDimSize(1), n, n}, element);
  SmallVector<char> storage, out(tensorBytes(newType));
  ArrayRef<char> bytes = constantBytes(weights, storage);
  for (int64_t f = 0; f < filters; ++f) {
    double g[9], half[6][3];
    for (int i = 0; i < 9; ++i)
      g[i] = elementAsDouble(bytes, element, f * 9 + i);
    for (int64_t i = 0; i < n; ++i)
      for (int k = 0; k < 3; ++k) {
        half[i][k] = 0;
        for (int l = 0; l < 3; ++l)
          half[i][k] += transform.filter[i][l] * g[l * 3 + k];
      }
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int k = 0; k < 3; ++k)
          sum += half[i][k] * transform.filter[j][k];
        storeDouble(out, element, (f * n + i) * n + j, sum);
      }
  }
  return visir::makeConstant(newType, out);
}

/// The sum of factor * value over the terms that are not zero; null if none.
static Value combine(KernelBuilder &kb, ArrayRef<double> factors,
                     ArrayRef<Value> values) {
  OpBuilder &b = kb.b;
  Value sum;
  // Factors of one first: they start the sum without a product.
  for (bool one : {true, false})
    for (auto [factor, value] : llvm::zip_equal(factors, values)) {
      if (factor == 0 || !value || (factor == 1) != one)
        continue;
      if (factor == 1) {
        sum = sum ? Value(arith::AddFOp::create(b, kb.loc, sum, value)) : value;
        continue;
      }
      Value constant = makeConstant(b, kb.loc, value.getType(), factor);
      if (sum && factor == -1)
        sum = arith::SubFOp::create(b, kb.loc, sum, value);
      else if (sum)
        sum = multiplyAdd(kb, constant, value, sum);
      else
        sum = arith::MulFOp::create(b, kb.loc, constant, value);
    }
  return sum;
}

static Value add(KernelBuilder &kb, Value x, Value y) {
  return arith::AddFOp::create(kb.b, kb.loc, x, y);
}

static Value subtract(KernelBuilder &kb, Value x, Value y) {
  return arith::SubFOp::create(kb.b, kb.loc, x, y);
}

SmallVector<Value> cpu::emitInputTransform(KernelBuilder &kb,
                                           const FilterTransform &transform,
                                           ArrayRef<Value> d) {
  int64_t n = transform.size();
  SmallVector<Value> out(n);
  out[0] = combine(kb, transform.input[0], d);
  out[n - 1] = combine(kb, transform.input[n - 1], d);
  // p and -p share the even powers and differ in the sign of the odd ones.
  for (int64_t row = 1; row + 1 < n - 1; row += 2) {
    std::vector<double> even = transform.input[row], odd = even;
    for (int64_t j = 0; j < n; ++j)
      (j % 2 ? even : odd)[j] = 0;
    Value e = combine(kb, even, d), o = combine(kb, odd, d);
    out[row] = add(kb, e, o);
    out[row + 1] = subtract(kb, e, o);
  }
  return out;
}

SmallVector<Value> cpu::emitResultTransform(KernelBuilder &kb,
                                            const FilterTransform &transform,
                                            ArrayRef<Value> m) {
  int64_t n = transform.size();
  SmallVector<Value> sums(n), differences(n);
  sums[0] = m[0];
  for (int64_t j = 1; j + 1 < n - 1; j += 2) {
    sums[j] = add(kb, m[j], m[j + 1]);
    differences[j] = subtract(kb, m[j], m[j + 1]);
  }
  SmallVector<Value> out;
  for (int64_t i = 0; i < transform.outputs; ++i) {
    SmallVector<Value> terms(i % 2 ? differences : sums);
    if (i + 1 == transform.outputs)
      terms[n - 1] = m[n - 1];
    out.push_back(combine(kb, transform.result[i], terms));
  }
  return out;
}
