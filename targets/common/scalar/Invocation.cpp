// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/scalar/Invocation.h"

#include "targets/common/Payload.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace visir;
using namespace visir::scalar;

Invocation::Invocation(OpBuilder &b, DispatchOp op, const Nest &nest,
                       Memory &memory)
    : b(b), loc(op.getLoc()), op(op), nest(nest), memory(memory) {
  index.assign(nest.dims.size() + 1, constant(0));
}

Value Invocation::constant(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

void Invocation::place(Value id, ArrayRef<unsigned> dims,
                       ArrayRef<int64_t> extents) {
  Value rest = id;
  for (unsigned i = dims.size(); i-- > 0;) {
    if (i == 0) {
      index[dims[i]] = rest;
    } else if (extents[i] == 1) {
      index[dims[i]] = constant(0);
    } else {
      Value extent = constant(extents[i]);
      index[dims[i]] = make<arith::RemUIOp>(rest, extent);
      rest = make<arith::DivUIOp>(rest, extent);
    }
  }
}

void Invocation::place(Value id, ArrayRef<unsigned> dims) {
  SmallVector<int64_t> extents;
  for (unsigned dim : dims)
    extents.push_back(nest.dims[dim].extent);
  place(id, dims, extents);
}

void Invocation::placeParallel(Value id) {
  place(id, llvm::to_vector(llvm::seq<unsigned>(0, parallelRank())));
}

void Invocation::reset(ArrayRef<unsigned> dims) {
  for (unsigned dim : dims)
    index[dim] = constant(0);
}

Invocation::Values
Invocation::loop(int64_t extent, ValueRange initial,
                 function_ref<Values(Value, ValueRange)> body) {
  if (extent == 1)
    return body(constant(0), initial);
  auto loop = scf::ForOp::create(b, loc, constant(0), constant(extent),
                                 constant(1), initial);
  OpBuilder::InsertionGuard guard(b);
  Block *block = loop.getBody();
  if (initial.empty())
    block->getTerminator()->erase();
  b.setInsertionPointToEnd(block);
  scf::YieldOp::create(
      b, loc, body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return llvm::to_vector_of<Value>(loop.getResults());
}

Invocation::Values Invocation::loop(ArrayRef<unsigned> dims,
                                    ValueRange initial,
                                    function_ref<Values(ValueRange)> body) {
  if (dims.empty())
    return body(initial);
  return loop(nest.dims[dims[0]].extent, initial,
              [&](Value i, ValueRange carried) {
                index[dims[0]] = i;
                return loop(dims.drop_front(), carried, body);
              });
}

SmallVector<unsigned> Invocation::reduction() const {
  return llvm::to_vector(llvm::seq<unsigned>(parallelRank(), rank()));
}

Value Invocation::inside(Value coordinate, int64_t extent) {
  return make<arith::CmpIOp>(arith::CmpIPredicate::ult, coordinate,
                             constant(extent));
}

Value Invocation::both(Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return make<arith::AndIOp>(x, y);
}

/// Adds factor * more to the expression.
static void addScaled(LinearExpr &expr, const LinearExpr &more,
                      int64_t factor) {
  expr.offset += factor * more.offset;
  for (auto [sum, x] : llvm::zip_equal(expr.factors, more.factors))
    sum += factor * x;
}

/// Indices may be wider than addresses: what is far outside stays outside.
Value Invocation::toIndex(Value integer) {
  constexpr int64_t kFar = int64_t(1) << 30;
  Type type = integer.getType();
  if (type.getIntOrFloatBitWidth() > 32) {
    integer = make<arith::MaxSIOp>(integer,
                                   makeConstant(b, loc, type, -kFar));
    integer = make<arith::MinSIOp>(integer, makeConstant(b, loc, type, kFar));
  }
  return make<arith::IndexCastOp>(b.getIndexType(), integer);
}

std::pair<Value, Value> Invocation::resolveChecked(const NestAccess &access) {
  LinearExpr rest = access.address, checked;
  checked.factors.assign(rest.factors.size(), 0);
  Value valid;
  for (const Coordinate &c : access.checks) {
    valid = both(valid, inside(emitLinear(b, loc, c.expr, index), c.extent));
    addScaled(checked, c.expr, c.stride);
    addScaled(rest, c.expr, -c.stride);
  }
  Value moved = make<arith::SelectOp>(valid, emitLinear(b, loc, checked, index),
                                      constant(0));
  Value address = emitLinear(b, loc, rest, index);
  return {b.createOrFold<arith::AddIOp>(loc, address, moved), valid};
}

std::pair<Value, Value> Invocation::resolve(const NestAccess &access) {
  if (access.indexed.empty() && !access.checks.empty())
    return resolveChecked(access);
  Value address = emitLinear(b, loc, access.address, index), valid;
  for (const Coordinate &c : access.checks)
    valid = both(valid, inside(emitLinear(b, loc, c.expr, index), c.extent));
  for (const Coordinate &c : access.indexed) {
    Value raw = toIndex(load(c.indexLoad));
    Value negative =
        make<arith::CmpIOp>(arith::CmpIPredicate::slt, raw, constant(0));
    Value wrapped = make<arith::AddIOp>(raw, constant(c.extent));
    Value step = make<arith::SelectOp>(negative, wrapped, raw);
    Value coordinate =
        make<arith::AddIOp>(emitLinear(b, loc, c.expr, index), step);
    Value good = inside(coordinate, c.extent);
    if (!access.padded)
      memory.raiseIf(
          b, loc,
          make<arith::XOrIOp>(good, Value(arith::ConstantIntOp::create(
                                        b, loc, 1, 1))));
    valid = both(valid, good);
    Value moved = make<arith::MulIOp>(step, constant(c.stride));
    address = make<arith::AddIOp>(address, moved);
  }
  if (valid)
    address = make<arith::SelectOp>(valid, address, constant(0));
  return {address, valid};
}

/// An input that a result is tied to is that result's memory.
unsigned Invocation::inputBinding(unsigned i) {
  for (auto [j, tie] : llvm::enumerate(op.getTies()))
    if (tie == int64_t(i))
      return op.getInputs().size() + j;
  return i;
}

Value Invocation::loadAt(unsigned i, Value offset) {
  Value value = memory.load(b, loc, inputBinding(i), offset);
  return fromMemory(b, loc, value, nest.loads[i].element);
}

Value Invocation::load(unsigned i) {
  const NestAccess &access = nest.loads[i];
  auto fill = [&] {
    return makeConstant(b, loc, scalarType(access.element), access.fill);
  };
  auto type = cast<RankedTensorType>(op.getInputs()[i].getType());
  if (type.getNumElements() == 0)
    return fill();
  auto [address, valid] = resolve(access);
  Value value = loadAt(i, address);
  if (access.padded && valid)
    value = make<arith::SelectOp>(valid, value, fill());
  return value;
}

SmallVector<Value> Invocation::prologue() {
  return clonePayload(b, op.getPrologueBlock(),
                      [&](unsigned i) { return load(i); });
}

/// Clones `value` of a payload and what it is computed from.
static Value cloneWithParts(OpBuilder &b, Value value, IRMapping &mapping,
                            function_ref<Value(unsigned)> argument) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  if (auto input = dyn_cast<BlockArgument>(value)) {
    mapping.map(value, argument(input.getArgNumber()));
    return mapping.lookup(value);
  }
  Operation *op = value.getDefiningOp();
  for (Value operand : op->getOperands())
    cloneWithParts(b, operand, mapping, argument);
  b.clone(*op, mapping);
  return mapping.lookup(value);
}

Value Invocation::operand(unsigned i) {
  IRMapping mapping;
  return cloneWithParts(
      b, op.getPrologueBlock().getTerminator()->getOperand(i), mapping,
      [&](unsigned load) { return this->load(load); });
}

void Invocation::epilogue(ValueRange rootResults, Update update) {
  unsigned roots = rootResults.size();
  Values values =
      clonePayload(b, op.getEpilogueBlock(), [&](unsigned i) {
        return i < roots ? rootResults[i] : load(i - roots);
      });
  for (auto [j, value] : llvm::enumerate(values))
    store(j, value, update);
}

void Invocation::store(unsigned j, Value value, Update update) {
  const NestAccess &access = nest.stores[j];
  unsigned binding = op.getInputs().size() + j;
  auto [address, valid] = resolve(access);
  OpBuilder::InsertionGuard guard(b);
  if (valid) {
    auto branch = scf::IfOp::create(b, loc, valid, /*withElse=*/false);
    b.setInsertionPointToStart(branch.thenBlock());
  }
  if (update) {
    Value old = memory.load(b, loc, binding, address);
    value = update(fromMemory(b, loc, old, access.element), value);
  }
  memory.store(b, loc, binding, address,
               toMemory(b, loc, value, access.element));
}
