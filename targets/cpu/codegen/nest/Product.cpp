// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/nest/Product.h"

#include "targets/common/Payload.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

SmallVector<Value> cpu::multiplyRows(KernelBuilder &kb, const Product &product,
                                     unsigned rows, Value steps) {
  SmallVector<Value> sums;
  for (unsigned i = 0; i < rows; ++i)
    for (auto [at, width] : product.columns)
      sums.push_back(makeConstant(
          kb.b, kb.loc, VectorType::get({int64_t(width)}, product.element), 0));
  auto body = [&](Value step, ValueRange carried) {
    SmallVector<Value> next(carried), vectors;
    Offset from = advance(kb, product.vectorStart, step, product.vectorPitch);
    for (auto [at, width] : product.columns)
      vectors.push_back(loadLanes(kb, product.vectors, from.plus(at), 1,
                                  product.element, {width, width}));
    for (Offset distance : product.ahead)
      memref::PrefetchOp::create(
          kb.b, kb.loc, product.vectors,
          ValueRange{materialize(kb, addOffsets(kb, from, distance))},
          /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
    Offset scalar = advance(kb, product.scalarStart, step, 1);
    for (unsigned i = 0; i < rows; ++i) {
      Value factor = loadElement(kb, product.scalars,
                                 scalar.plus(int64_t(i) * product.rowPitch),
                                 product.element);
      for (unsigned j = 0; j < vectors.size(); ++j) {
        Value &sum = next[i * vectors.size() + j];
        Value splat = toLanes(kb.b, kb.loc, factor, lanesOf(vectors[j]));
        sum = multiplyAdd(kb, splat, vectors[j], sum);
      }
    }
    return next;
  };
  return forCarry(kb, kb.index(0), steps, 1, sums, body);
}
