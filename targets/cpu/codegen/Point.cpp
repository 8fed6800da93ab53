// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/Point.h"

#include "targets/cpu/codegen/nest/VectorAccess.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

Point::Point(KernelBuilder &kb, const Nest &nest, ArrayRef<Value> index,
             Lanes lanes)
    : kb(kb), b(kb.b), loc(kb.loc), nest(nest), index(index), lanes(lanes) {}

bool Point::isUnit(const NestAccess &access, const Nest &nest, unsigned dim) {
  if (access.address.factors[dim] != 1)
    return false;
  // A padded load from an index may have to give the fill.
  if (access.padded && !access.indexed.empty())
    return false;
  return llvm::all_of(access.indexed, [&](const Coordinate &c) {
    return !nest.loads[c.indexLoad].dependsOn(dim);
  });
}

/// Whether lanes of `access` touch different elements.
bool Point::varies(const NestAccess &access) {
  if (lanes.count == 0)
    return false;
  return access.dependsOn(lanes.dim) ||
         llvm::any_of(access.indexed, [&](const Coordinate &c) {
           return nest.loads[c.indexLoad].dependsOn(lanes.dim);
         });
}

/// The expression at a lane.
Value Point::at(const LinearExpr &expr, int64_t lane) {
  if (lane == 0 || lanes.count == 0)
    return emitLinear(kb.b, kb.loc, expr, index);
  LinearExpr moved = expr;
  moved.offset += lane * expr.factors[lanes.dim];
  return emitLinear(kb.b, kb.loc, moved, index);
}

Value Point::both(Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return arith::AndIOp::create(b, loc, x, y);
}

/// 0 <= coordinate < extent, for scalars and vectors of index type.
Value Point::inside(Value coordinate, int64_t extent) {
  Value limit = toLanes(b, loc, kb.index(extent), lanesOf(coordinate));
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, coordinate,
                               limit);
}

Value Point::fill(const NestAccess &access, unsigned count) {
  Type type = vectorOrScalar(scalarType(access.element), count);
  return toMemory(b, loc, makeConstant(b, loc, type, access.fill),
                  access.element);
}

Value Point::laneMask(int64_t lane) {
  if (!lanes.mask || lanes.count == 0)
    return Value();
  return vector::ExtractOp::create(b, loc, lanes.mask, lane);
}

/// The address of a lane and whether it is valid (null: always). An invalid
/// lane's address is that of element 0.
std::pair<Value, Value> Point::resolve(const NestAccess &access, int64_t lane) {
  Value address = at(access.address, lane), valid = laneMask(lane);
  for (const Coordinate &c : access.checks)
    valid = both(valid, inside(at(c.expr, lane), c.extent));
  for (const Coordinate &c : access.indexed) {
    Value loadedIndex = load(c.indexLoad);
    if (lanesOf(loadedIndex))
      loadedIndex = vector::ExtractOp::create(b, loc, loadedIndex, lane);
    Value raw = arith::IndexCastOp::create(b, loc, b.getIndexType(),
                                           loadedIndex);
    Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                           raw, kb.index(0));
    Value wrapped = arith::AddIOp::create(b, loc, raw, kb.index(c.extent));
    Value step = arith::SelectOp::create(b, loc, negative, wrapped, raw);
    Value coordinate =
        arith::AddIOp::create(b, loc, at(c.expr, lane), step);
    Value good = inside(coordinate, c.extent);
    Value bad = arith::XOrIOp::create(
        b, loc, good, arith::ConstantIntOp::create(b, loc, 1, 1));
    if (!access.padded)
      kb.raiseIf(both(bad, laneMask(lane)));
    valid = both(valid, good);
    Value moved =
        arith::MulIOp::create(b, loc, step, kb.index(c.stride));
    address = arith::AddIOp::create(b, loc, address, moved);
  }
  if (valid)
    address = arith::SelectOp::create(b, loc, valid, address, kb.index(0));
  return {address, valid};
}

/// One element for all lanes.
Value Point::loadScalar(const NestAccess &access, Value memory) {
  Lanes saved = std::exchange(lanes, Lanes());
  auto [address, valid] = resolve(access, 0);
  lanes = saved;
  Value value = memref::LoadOp::create(b, loc, memory, ValueRange{address});
  if (access.padded && valid)
    value = arith::SelectOp::create(b, loc, valid, value, fill(access, 0));
  return value;
}

/// Tests of coordinates that are the same for all lanes, or null.
Value Point::scalarChecks(const NestAccess &access) {
  Value valid;
  for (const Coordinate &c : access.checks)
    if (!c.expr.dependsOn(lanes.dim))
      valid = both(valid, inside(at(c.expr, 0), c.extent));
  return valid;
}

/// Tests of coordinates that move with the lanes, or null.
Value Point::laneChecks(const NestAccess &access) {
  Value valid;
  for (const Coordinate &c : access.checks) {
    int64_t factor = c.expr.factors[lanes.dim];
    if (factor == 0)
      continue;
    SmallVector<int64_t> steps;
    for (unsigned lane = 0; lane < lanes.count; ++lane)
      steps.push_back(factor * lane);
    Value offsets = arith::ConstantOp::create(b, loc,
                                              b.getIndexVectorAttr(steps));
    Value first = toLanes(b, loc, at(c.expr, 0), lanes.count);
    Value coordinate = arith::AddIOp::create(b, loc, first, offsets);
    valid = both(valid, inside(coordinate, c.extent));
  }
  return valid;
}

/// The address of the first lane of neighbours, whose index loads are the
/// same for all lanes, and whether they are in range (null: always).
Point::Place Point::resolveUnit(const NestAccess &access) {
  Value address = at(access.address, 0);
  if (access.indexed.empty())
    return {address, Value()};
  // Only what the indices add is resolved as one point; borders are apart.
  NestAccess added = access;
  added.checks.clear();
  added.address.offset = 0;
  llvm::fill(added.address.factors, 0);
  Lanes saved = std::exchange(lanes, Lanes());
  auto [moved, valid] = resolve(added, 0);
  lanes = saved;
  return {arith::AddIOp::create(b, loc, address, moved), valid};
}

/// Neighbouring elements as one vector load.
Value Point::loadUnit(const NestAccess &access, Value memory) {
  auto type = cast<VectorType>(
      vectorOrScalar(memoryType(access.element), lanes.count));
  Value mask = both(laneChecks(access), lanes.mask);
  Value guard = scalarChecks(access);
  Value address = resolveUnit(access).first;
  auto makeLoad = [&]() -> Value {
    if (!mask)
      return vector::LoadOp::create(b, loc, type, memory,
                                    ValueRange{address});
    return vector::MaskedLoadOp::create(b, loc, type, memory,
                                        ValueRange{address}, mask,
                                        fill(access, lanes.count));
  };
  if (!guard)
    return makeLoad();
  auto branch = scf::IfOp::create(b, loc, type, guard, /*withElse=*/true);
  OpBuilder::InsertionGuard restore(b);
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, loc, makeLoad());
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, loc, fill(access, lanes.count));
  return branch.getResult(0);
}

/// One element load per lane.
Value Point::loadLanes(const NestAccess &access, Value memory) {
  auto type = cast<VectorType>(
      vectorOrScalar(memoryType(access.element), lanes.count));
  Value result = fill(access, lanes.count);
  for (unsigned lane = 0; lane < lanes.count; ++lane) {
    auto [address, valid] = resolve(access, lane);
    Value value = memref::LoadOp::create(b, loc, memory, ValueRange{address});
    if (access.padded && valid)
      value = arith::SelectOp::create(b, loc, valid, value, fill(access, 0));
    result = vector::InsertOp::create(b, loc, value, result, int64_t(lane));
  }
  assert(result.getType() == type);
  return result;
}

Value Point::load(unsigned i) {
  if (Value known = loaded.lookup(i))
    return known;
  const NestAccess &access = nest.loads[i];
  Value memory = kb.input(i), value;
  if (cast<MemRefType>(memory.getType()).getNumElements() == 0)
    value = fill(access, 0);
  else if (!varies(access))
    value = loadScalar(access, memory);
  else if (isUnit(access, nest, lanes.dim))
    value = loadUnit(access, memory);
  else
    value = loadLanes(access, memory);
  value = fromMemory(b, loc, value, access.element);
  loaded[i] = value;
  return value;
}

SmallVector<Value> Point::prologue() {
  return clonePayload(b, kb.op.getPrologueBlock(),
                      [&](unsigned i) { return load(i); });
}

void Point::epilogue(ValueRange rootResults, Update update) {
  unsigned roots = rootResults.size();
  SmallVector<Value> values =
      clonePayload(b, kb.op.getEpilogueBlock(), [&](unsigned i) {
        return i < roots ? rootResults[i] : load(i - roots);
      });
  auto add = [&](Value old, Value value) { return addLanes(kb, old, value); };
  for (auto [j, value] : llvm::enumerate(values))
    store(j, value, kb.op.getStore(j).getSum() ? Update(add) : update);
}

void Point::whenValid(Value valid, function_ref<void()> body) {
  if (!valid)
    return body();
  auto branch = scf::IfOp::create(b, loc, valid, /*withElse=*/false);
  OpBuilder::InsertionGuard restore(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body();
}

/// Whether all lanes have the same indices, where lanes with such are
/// neighbours; null where they lie apart in any case.
Value Point::sameIndices(const NestAccess &access) {
  if (access.padded || access.address.factors[lanes.dim] != 1)
    return {};
  Value same;
  for (const Coordinate &c : access.indexed) {
    Value indices = load(c.indexLoad);
    if (c.expr.dependsOn(lanes.dim))
      return {};
    if (!lanesOf(indices))
      continue;
    Value first = vector::ExtractOp::create(b, loc, indices, int64_t(0));
    Value equal =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, indices,
                              toLanes(b, loc, first, lanes.count));
    same = both(same, vector::ReductionOp::create(
                          b, loc, vector::CombiningKind::AND, equal));
  }
  return same;
}

void Point::store(unsigned j, Value value, Update update) {
  const NestAccess &access = nest.stores[j];
  bool unit = lanes.count != 0 && isUnit(access, nest, lanes.dim);
  Value same = lanes.count != 0 && !unit ? sameIndices(access) : Value();
  if (!same)
    return storeAs(j, value, update, unit);
  auto branch = scf::IfOp::create(b, loc, same, /*withElse=*/true);
  OpBuilder::InsertionGuard restore(b);
  b.setInsertionPointToStart(branch.thenBlock());
  storeAs(j, value, update, /*unit=*/true);
  b.setInsertionPointToStart(branch.elseBlock());
  storeAs(j, value, update, /*unit=*/false);
}

/// Stores the lanes one by one, or as neighbours with the first one's indices.
void Point::storeAs(unsigned j, Value value, Update update, bool unit) {
  const NestAccess &access = nest.stores[j];
  Value memory = kb.output(j);
  auto convert = [&](Value stored) {
    return toMemory(b, loc, stored, access.element);
  };
  auto storeOne = [&](int64_t lane, Value element) {
    Place place = resolve(access, lane);
    whenValid(place.second, [&] {
      ValueRange address(place.first);
      Value stored = element;
      if (update) {
        Value old = memref::LoadOp::create(b, loc, memory, address);
        stored = update(fromMemory(b, loc, old, access.element), stored);
      }
      memref::StoreOp::create(b, loc, convert(stored), memory, address);
    });
  };
  if (lanes.count == 0)
    return storeOne(0, value);
  value = toLanes(b, loc, value, lanes.count);
  if (!unit) {
    for (unsigned lane = 0; lane < lanes.count; ++lane)
      storeOne(lane, vector::ExtractOp::create(b, loc, value, int64_t(lane)));
    return;
  }
  Place place = resolveUnit(access);
  whenValid(place.second, [&] {
    ValueRange address(place.first);
    Value stored = value;
    if (update) {
      auto type = cast<VectorType>(
          vectorOrScalar(memoryType(access.element), lanes.count));
      Value old =
          lanes.mask ? Value(vector::MaskedLoadOp::create(
                           b, loc, type, memory, address, lanes.mask,
                           fill(access, lanes.count)))
                     : Value(vector::LoadOp::create(b, loc, type, memory,
                                                    address));
      stored = update(fromMemory(b, loc, old, access.element), stored);
    }
    if (lanes.mask)
      vector::MaskedStoreOp::create(b, loc, memory, address, lanes.mask,
                                    convert(stored));
    else
      vector::StoreOp::create(b, loc, convert(stored), memory, address);
  });
}
