// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/winograd/Transforms.h"

#include "compiler/support/Constants.h"
#include "targets/common/Payload.h"
#include "targets/cpu/codegen/nest/VectorAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/ADT/SmallBitVector.h"

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

/// Transforms the three entries along one dimension of a filter, whose
/// neighbours are `inner` apart.
static std::vector<double> transformAlong(const std::vector<double> &values,
                                          int64_t inner,
                                          const FilterTransform &transform) {
  int64_t n = transform.size(), outer = int64_t(values.size()) / (3 * inner);
  std::vector<double> result(outer * n * inner, 0);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < n; ++i)
      for (int64_t k = 0; k < 3; ++k)
        for (int64_t x = 0; x < inner; ++x)
          result[(o * n + i) * inner + x] +=
              transform.filter[i][k] * values[(o * 3 + k) * inner + x];
  return result;
}

ElementsAttr cpu::transformWeights(ElementsAttr weights,
                                   const FilterTransform &transform,
                                   unsigned axes) {
  auto type = cast<RankedTensorType>(weights.getShapedType());
  Type element = type.getElementType();
  SmallVector<int64_t> shape(type.getShape());
  int64_t taps = 1, newTaps = 1;
  llvm::SmallBitVector filtered(shape.size());
  for (int64_t d = type.getRank() - 1; d >= 2; --d) {
    taps *= shape[d];
    if (shape[d] == 3 && filtered.count() < axes) {
      filtered.set(d);
      shape[d] = transform.size();
    }
    newTaps *= shape[d];
  }
  auto newType = RankedTensorType::get(shape, element);
  SmallVector<char> storage, out(tensorBytes(newType));
  ArrayRef<char> bytes = constantBytes(weights, storage);
  for (int64_t f = 0; f < shape[0] * shape[1]; ++f) {
    std::vector<double> values;
    for (int64_t i = 0; i < taps; ++i)
      values.push_back(elementAsDouble(bytes, element, f * taps + i));
    int64_t inner = 1;
    for (int64_t d = type.getRank() - 1; d >= 2; --d) {
      if (filtered[d])
        values = transformAlong(values, inner, transform);
      inner *= shape[d];
    }
    for (int64_t i = 0; i < newTaps; ++i)
      storeDouble(out, element, f * newTaps + i, values[i]);
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
  if (!x || !y)
    return x ? x : y;
  return arith::AddFOp::create(kb.b, kb.loc, x, y);
}

static Value subtract(KernelBuilder &kb, Value x, Value y) {
  if (!y)
    return x;
  if (!x)
    return arith::NegFOp::create(kb.b, kb.loc, y);
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
