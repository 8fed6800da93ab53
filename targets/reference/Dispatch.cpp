// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Dispatch.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::reference;

DispatchEvaluation::DispatchEvaluation(DispatchOp op, ArrayRef<Tensor> inputs)
    : op(op), inputs(inputs.begin(), inputs.end()),
      extents(op.getExtents().begin(), op.getExtents().end()) {
  for (unsigned d = 0; d < extents.size(); ++d)
    (d < op.getParallelRank() ? parallel : reduction).push_back(d);
  if (op.getKind() == RootKind::TopK)
    extents.push_back(cast<IntegerAttr>(op.getRootParam("k")).getInt());
  for (unsigned i = 0; i < inputs.size(); ++i)
    loads.emplace_back(op.getLoad(i), inputs[i].shape());
  for (unsigned i = 0; i < op.getNumResults(); ++i) {
    stores.emplace_back(op.getStore(i), resultType(op, i).getShape());
    int64_t tie = op.getTies()[i];
    results.push_back(tie >= 0 ? inputs[tie].clone()
                               : Tensor(resultType(op, i)));
    // An element that nothing writes shows as NaN.
    if (tie < 0 && !op.getStore(i).getSum() && results[i].isFloat())
      std::fill_n(results[i].data<double>(), results[i].size(), std::nan(""));
  }
}

Evaluated DispatchEvaluation::run() {
  normaliseLoads();
  if (!failed)
    evaluateRoot();
  if (!failed)
    store();
  if (failed)
    return failure();
  return std::move(results);
}

int64_t DispatchEvaluation::points(ArrayRef<unsigned> dims) const {
  int64_t count = 1;
  for (unsigned d : dims)
    count *= extents[d];
  return count;
}

/// Sets the chunk to `count` points from the linear index `first` on.
static void fillPoints(Points &points, ArrayRef<unsigned> dims,
                       ArrayRef<int64_t> extents, int64_t first,
                       int64_t count) {
  points.count = count;
  Dims shape, index(dims.size());
  for (unsigned d : dims)
    shape.push_back(extents[d]);
  int64_t rest = first;
  for (int64_t d = int64_t(dims.size()) - 1; d >= 0; --d) {
    index[d] = rest % shape[d];
    rest /= shape[d];
  }
  for (int64_t i = 0; i < count; ++i) {
    for (size_t d = 0; d < dims.size(); ++d)
      points.coordinates[dims[d]][i] = index[d];
    advance(index, shape);
  }
}

void DispatchEvaluation::forEachChunk(ArrayRef<unsigned> dims, int64_t unit,
                                      const Payload &payload, ChunkFn fn,
                                      bool ordered) {
  int64_t total = points(dims);
  if (total == 0 || unit == 0)
    return;
  int64_t groups = total / unit;
  int64_t grain = std::max<int64_t>(16 * chunkPoints / unit, 1);
  parallelFor(groups, ordered ? groups : grain,
              [&](int64_t begin, int64_t end) {
                Payload::Registers registers = payload.makeRegisters();
                Points chunk;
                chunk.coordinates.assign(extents.size(),
                                         std::vector<int64_t>(chunkPoints));
                for (int64_t first = begin * unit;
                     first < end * unit && !failed; first += chunkPoints) {
                  int64_t count = std::min(chunkPoints, end * unit - first);
                  fillPoints(chunk, dims, extents, first, count);
                  fn(first, chunk, registers);
                }
              });
}

std::vector<int64_t> DispatchEvaluation::readIndices(unsigned load,
                                                     const Points &points) {
  Lanes lanes;
  lanes.ints.resize(points.count);
  readLoad(load, IntegerType::get(op.getContext(), 64), points, lanes);
  return lanes.ints;
}

std::vector<int64_t> DispatchEvaluation::offsets(const Access &access,
                                                 const Points &points) {
  std::vector<int64_t> offsets(points.count, 0), at(points.count);
  Dims strides = rowMajorStrides(access.shape);
  for (unsigned axis = 0; axis < strides.size(); ++axis) {
    access.coordinates(axis, points, at.data());
    int64_t extent = access.shape[axis];
    for (auto [indexAxis, load] :
         llvm::zip_equal(access.indexAxes, access.indexLoads)) {
      if (indexAxis != int64_t(axis))
        continue;
      std::vector<int64_t> indices = readIndices(load, points);
      for (int64_t i = 0; i < points.count; ++i)
        at[i] += indices[i] < 0 ? indices[i] + extent : indices[i];
    }
    for (int64_t i = 0; i < points.count; ++i) {
      bool inside = at[i] >= 0 && at[i] < extent;
      if (!inside && !access.padded) {
        if (!failed.exchange(true))
          op.emitOpError("index is ")
              << at[i] << ", expected 0 .. " << extent - 1;
        return offsets;
      }
      offsets[i] =
          inside && offsets[i] >= 0 ? offsets[i] + at[i] * strides[axis] : -1;
    }
  }
  return offsets;
}

void DispatchEvaluation::readLoad(unsigned load, Type type,
                                  const Points &points, Lanes &lanes) {
  const Access &access = loads[load];
  const Tensor &tensor = inputs[load];
  std::vector<int64_t> at = offsets(access, points);
  if (failed)
    return;
  if (tensor.isFloat()) {
    const double *from = tensor.data<double>();
    for (int64_t i = 0; i < points.count; ++i)
      lanes.floats[i] = at[i] < 0 ? access.fill : from[at[i]];
    return;
  }
  const int64_t *from = tensor.data<int64_t>();
  for (int64_t i = 0; i < points.count; ++i)
    lanes.ints[i] =
        wrapToElement(type, at[i] < 0 ? int64_t(access.fill) : from[at[i]]);
}

void DispatchEvaluation::readLoads(const Payload &payload,
                                   unsigned firstArgument, const Points &points,
                                   Payload::Registers &registers) {
  for (unsigned load = 0; load < loads.size() && !failed; ++load)
    if (payload.uses(firstArgument + load)) {
      Type type = op.getPrologueBlock().getArgument(load).getType();
      readLoad(load, type, points,
               payload.argument(registers, firstArgument + load));
    }
}

void DispatchEvaluation::store() {
  Block &block = op.getEpilogueBlock();
  Unsigneds all, dims;
  for (unsigned i = 0; i < op.getNumResults(); ++i)
    all.push_back(i);
  FailureOr<Payload> payload = Payload::prepare(block, all);
  if (mlir::failed(payload)) {
    failed = true;
    return;
  }
  RootKind kind = op.getKind();
  bool whole = kind == RootKind::Softmax || kind == RootKind::Norm ||
               kind == RootKind::Scan || kind == RootKind::Scatter;
  dims = parallel;
  if (whole)
    dims.append(reduction);
  if (kind == RootKind::TopK)
    dims.push_back(extents.size() - 1);
  bool shared = llvm::any_of(op.getStores(), [](Attribute access) {
    return cast<AccessAttr>(access).getSum();
  });
  forEachChunk(
      dims, 1, *payload,
      [&](int64_t first, const Points &points, Payload::Registers &registers) {
        writeChunk(first, points, *payload, registers);
      },
      /*ordered=*/shared || kind == RootKind::Scatter);
}

void DispatchEvaluation::writeChunk(int64_t first, const Points &points,
                                    const Payload &payload,
                                    Payload::Registers &registers) {
  for (auto [i, scalars] : llvm::enumerate(rootResults)) {
    if (!payload.uses(i))
      continue;
    Lanes &to = payload.argument(registers, i);
    if (scalars.isFloat())
      std::copy_n(scalars.data<double>() + first, points.count,
                  to.floats.begin());
    else
      std::copy_n(scalars.data<int64_t>() + first, points.count,
                  to.ints.begin());
  }
  readLoads(payload, rootResults.size(), points, registers);
  if (failed)
    return;
  if (!payload.run(registers, points.count)) {
    failed = true;
    return;
  }
  for (unsigned i = 0; i < stores.size() && !failed; ++i)
    writeStore(i, points, payload.yielded(registers, i));
}

/// The element after `update` has been scattered to `old`.
template <class T>
static T scattered(ScatterKind kind, T old, T update, bool isUnsigned) {
  using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
  bool less = isUnsigned ? Sum(old) < Sum(update) : old < update;
  switch (kind) {
  case ScatterKind::Replace:
    return update;
  case ScatterKind::Add:
    return T(Sum(old) + Sum(update));
  case ScatterKind::Mul:
    return T(Sum(old) * Sum(update));
  case ScatterKind::Max:
    return less ? update : old;
  case ScatterKind::Min:
    return less ? old : update;
  }
  llvm_unreachable("all kinds are listed");
}

void DispatchEvaluation::writeStore(unsigned store, const Points &points,
                                    const Lanes &values) {
  std::vector<int64_t> at = offsets(stores[store], points);
  if (failed)
    return;
  Tensor &result = results[store];
  ScatterKind combiner = ScatterKind::Replace;
  if (op.getKind() == RootKind::Scatter && store == 0)
    combiner = cast<ScatterKindAttr>(op.getRootParam("combiner")).getValue();
  if (op.getStore(store).getSum())
    combiner = ScatterKind::Add;
  if (result.isFloat()) {
    double *to = result.data<double>();
    for (int64_t i = 0; i < points.count; ++i)
      to[at[i]] = scattered(combiner, to[at[i]], values.floats[i], false);
    return;
  }
  int64_t *to = result.data<int64_t>();
  bool isUnsigned = result.isUnsigned64();
  for (int64_t i = 0; i < points.count; ++i)
    to[at[i]] = wrapToElement(
        result.element(),
        scattered(combiner, to[at[i]],
                  wrapToElement(result.element(), values.ints[i]), isUnsigned));
}

Evaluated visir::reference::evaluateDispatch(DispatchOp op,
                                             ArrayRef<Tensor> operands) {
  return DispatchEvaluation(op, operands).run();
}
