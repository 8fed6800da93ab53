// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/recognise/Formula.h"

#include <cmath>

using namespace mlir;
using namespace visir;

/// Formulas deeper than this are none that is known.
static constexpr int maxDepth = 8;

bool visir::isClose(double a, double b) {
  return std::abs(a - b) <= 1e-5 * std::max(std::abs(a), std::abs(b));
}

bool visir::agree(const Polynomial &a, const Polynomial &b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (!isClose(a[i], b[i]))
      return false;
  return true;
}

static std::optional<Polynomial> multiply(const Polynomial &a,
                                          const Polynomial &b) {
  Polynomial product = {};
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b.size(); ++j) {
      if (a[i] == 0 || b[j] == 0)
        continue;
      if (i + j >= product.size())
        return std::nullopt;
      product[i + j] += a[i] * b[j];
    }
  return product;
}

static std::optional<Polynomial> polynomial(Value value, Value x, int depth) {
  if (value == x)
    return Polynomial{0, 1, 0, 0};
  if (std::optional<double> constant = splatOf(value))
    return Polynomial{*constant, 0, 0, 0};
  if (depth > maxDepth || value.getType() != x.getType())
    return std::nullopt;
  if (UnaryOp negated = unaryOf(value, UnaryKind::Neg)) {
    auto p = polynomial(negated.getInput(), x, depth + 1);
    return p ? multiply(*p, {-1, 0, 0, 0}) : p;
  }
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op)
    return std::nullopt;
  auto a = polynomial(op.getLhs(), x, depth + 1);
  auto b = polynomial(op.getRhs(), x, depth + 1);
  if (!a || !b)
    return std::nullopt;
  switch (op.getKind()) {
  case BinaryKind::Add:
  case BinaryKind::Sub:
    for (size_t i = 0; i < a->size(); ++i)
      (*a)[i] += op.getKind() == BinaryKind::Add ? (*b)[i] : -(*b)[i];
    return a;
  case BinaryKind::Mul:
    return multiply(*a, *b);
  case BinaryKind::Div:
    if ((*b)[0] == 0 || (*b)[1] != 0 || (*b)[2] != 0 || (*b)[3] != 0)
      return std::nullopt;
    return multiply(*a, {1 / (*b)[0], 0, 0, 0});
  default:
    return std::nullopt;
  }
}

std::optional<Polynomial> visir::polynomialIn(Value value, Value x) {
  return polynomial(value, x, 0);
}

static bool collectProduct(Value value, Value x, Value y, double &factor,
                           int &xs, int &ys, int depth) {
  if (value == x) {
    ++xs;
    return true;
  }
  if (value == y) {
    ++ys;
    return true;
  }
  if (std::optional<double> constant = splatOf(value)) {
    factor *= *constant;
    return true;
  }
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op || depth > maxDepth)
    return false;
  if (op.getKind() == BinaryKind::Div) {
    std::optional<double> divisor = splatOf(op.getRhs());
    if (!divisor || *divisor == 0)
      return false;
    factor /= *divisor;
    return collectProduct(op.getLhs(), x, y, factor, xs, ys, depth + 1);
  }
  return op.getKind() == BinaryKind::Mul &&
         collectProduct(op.getLhs(), x, y, factor, xs, ys, depth + 1) &&
         collectProduct(op.getRhs(), x, y, factor, xs, ys, depth + 1);
}

std::optional<double> visir::productFactor(Value value, Value x, Value y) {
  double factor = 1;
  int xs = 0, ys = 0;
  if (value == x || value == y || x.getType() != value.getType() ||
      y.getType() != value.getType() ||
      !collectProduct(value, x, y, factor, xs, ys, 0) || xs != 1 || ys != 1)
    return std::nullopt;
  return factor;
}

static void collectFactors(Value value, SmallVectorImpl<Value> &factors,
                           int depth) {
  if (splatOf(value))
    return;
  if (depth > 0)
    factors.push_back(value);
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op || depth > 3)
    return;
  if (op.getKind() == BinaryKind::Mul || op.getKind() == BinaryKind::Div)
    collectFactors(op.getLhs(), factors, depth + 1);
  if (op.getKind() == BinaryKind::Mul)
    collectFactors(op.getRhs(), factors, depth + 1);
}

SmallVector<Value> visir::factorsOf(Value value) {
  SmallVector<Value> factors;
  collectFactors(value, factors, 0);
  return factors;
}
