// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/plan/PlanProgram.h"

#include "compiler/plan/BufferPlan.h"
#include "compiler/plan/Dependencies.h"
#include "compiler/plan/EntrySymbols.h"
#include "compiler/plan/LiveKeys.h"
#include "compiler/plan/LiveTiles.h"
#include "compiler/support/Constants.h"
#include "targets/common/Layout.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace visir;

namespace {

/// One piece of memory that values of an entry share.
struct Buffer {
  exec::BufferKind kind = exec::BufferKind::Arena;
  int64_t index = 0;
  int64_t bytes = 0;
  int64_t first = -1, last = -1; ///< commands
  int64_t offset = 0;
};

/// A command before it becomes an op.
struct Command {
  DispatchOp dispatch;          ///< or a copy when null
  SmallVector<unsigned> reads;  ///< buffers
  SmallVector<unsigned> writes; ///< buffers
};

/// Constants of a program, each once.
class ConstantPool {
public:
  explicit ConstantPool(OpBuilder &builder) : builder(builder) {}

  unsigned indexOf(ConstantOp op) {
    auto key = std::make_pair(Attribute(op.getValue()), op.getType());
    auto [it, isNew] = indices.try_emplace(key, indices.size());
    if (isNew)
      exec::ConstantOp::create(
          builder, op.getLoc(), ("c" + Twine(it->second)).str(),
          op.getValue(), op.getType(),
          placedBytes(cast<RankedTensorType>(op.getType())));
    return it->second;
  }

private:
  OpBuilder &builder;
  llvm::DenseMap<std::pair<Attribute, Type>, unsigned> indices;
};

/// States of a program by name.
class StatePool {
public:
  explicit StatePool(OpBuilder &builder) : builder(builder) {}

  /// The state's number; an error if it is known with another type.
  FailureOr<unsigned> indexOf(func::FuncOp func, StringRef name, Type type) {
    auto [it, isNew] = states.try_emplace(name, states.size(), type);
    if (isNew)
      exec::StateOp::create(builder, func.getLoc(), name, type,
                            placedBytes(cast<RankedTensorType>(type)));
    else if (it->second.second != type)
      return func.emitError("type of state ")
             << name << " is " << type << ", expected "
             << it->second.second;
    return it->second.first;
  }

private:
  OpBuilder &builder;
  llvm::StringMap<std::pair<unsigned, Type>> states;
};

class EntryPlanner {
public:
  EntryPlanner(func::FuncOp func, const KernelTable &table, int64_t alignment,
               ConstantPool &constants, StatePool &states)
      : func(func), table(table), alignment(alignment), constants(constants),
        states(states), symbols(func) {}

  LogicalResult run(OpBuilder &builder);

private:
  LogicalResult collect();
  LogicalResult bindArguments();
  LogicalResult bindOutputs();
  LogicalResult bindLength(unsigned argument, AffineMapAttr length);
  LogicalResult addStateLength(unsigned state, AffineMapAttr dims,
                               bool isAfter);
  unsigned addCopy(unsigned source, Value value);
  void place();
  unsigned newBuffer(Value value);
  unsigned bufferOf(Value value);
  LogicalResult addDispatch(DispatchOp op);
  void touch(unsigned buffer, int64_t command);
  exec::RefAttr refOf(unsigned buffer);
  SmallVector<int64_t> liveTiles(DispatchOp op, const PlannedKernel &kernel,
                                 const LiveDomains &domains) const;
  SmallVector<int64_t> scalarsOf(DispatchOp op) const;
  void emit(OpBuilder &builder);

  func::FuncOp func;
  const KernelTable &table;
  int64_t alignment;
  ConstantPool &constants;
  StatePool &states;
  EntrySymbols symbols;
  /// [state, symbol before, symbol after] by state.
  llvm::MapVector<unsigned, std::pair<int64_t, int64_t>> stateLengths;
  /// Arguments and results that the caller passes, in order.
  SmallVector<unsigned> inputs, outputs;
  std::vector<Buffer> buffers;
  std::vector<Command> commands;
  llvm::DenseMap<Value, unsigned> bufferMap;
  /// Buffers of states that are written in place, and by what first.
  llvm::MapVector<unsigned, DispatchOp> writtenStates;
  int64_t arenaBytes = 0;
};

} // namespace

unsigned EntryPlanner::newBuffer(Value value) {
  Buffer buffer;
  buffer.bytes = placedBytes(cast<RankedTensorType>(value.getType()));
  buffers.push_back(buffer);
  return buffers.size() - 1;
}

unsigned EntryPlanner::bufferOf(Value value) {
  auto it = bufferMap.find(value);
  if (it != bufferMap.end())
    return it->second;
  unsigned index = newBuffer(value);
  if (auto constant = value.getDefiningOp<ConstantOp>()) {
    buffers[index].kind = exec::BufferKind::Constant;
    buffers[index].index = constants.indexOf(constant);
  }
  bufferMap[value] = index;
  return index;
}

LogicalResult EntryPlanner::addDispatch(DispatchOp op) {
  if (!table.kernelOf.count(op))
    return op.emitError("dispatch has no kernel");
  Command command;
  command.dispatch = op;
  for (Value input : op.getInputs())
    command.reads.push_back(bufferOf(input));
  for (auto [i, result] : llvm::enumerate(op.getResults())) {
    int64_t tie = op.getTies()[i];
    if (tie < 0) {
      command.writes.push_back(bufferMap[result] = newBuffer(result));
      continue;
    }
    unsigned buffer = bufferOf(op.getInputs()[tie]);
    exec::BufferKind kind = buffers[buffer].kind;
    if (kind == exec::BufferKind::State)
      writtenStates.try_emplace(buffer, op);
    else if (kind != exec::BufferKind::Arena)
      return op.emitError("result ")
             << i << " is tied to memory that must not change";
    bufferMap[result] = buffer;
    command.writes.push_back(buffer);
  }
  commands.push_back(std::move(command));
  return success();
}

LogicalResult EntryPlanner::collect() {
  if (failed(bindArguments()))
    return failure();
  for (Operation &op : func.getBody().front()) {
    if (auto dispatch = dyn_cast<DispatchOp>(op)) {
      if (failed(addDispatch(dispatch)))
        return failure();
    } else if (!isa<ConstantOp, EmptyOp, func::ReturnOp>(op)) {
      return op.emitError("op is not part of a planned program");
    }
  }
  return bindOutputs();
}

/// An argument with the attribute `visir.state` is that state's memory, all
/// others are the caller's.
LogicalResult EntryPlanner::bindArguments() {
  for (BlockArgument argument : func.getArguments()) {
    unsigned i = argument.getArgNumber();
    Buffer &buffer = buffers[bufferOf(argument)];
    if (auto length = func.getArgAttrOfType<AffineMapAttr>(i, "visir.length")) {
      if (failed(bindLength(i, length)))
        return failure();
      continue;
    }
    auto state = func.getArgAttrOfType<StringAttr>(i, "visir.state");
    if (!state) {
      buffer.kind = exec::BufferKind::Input;
      buffer.index = inputs.size();
      inputs.push_back(i);
      continue;
    }
    auto index = states.indexOf(func, state, argument.getType());
    if (failed(index))
      return failure();
    buffer.kind = exec::BufferKind::State;
    buffer.index = *index;
    if (failed(addStateLength(
            *index, func.getArgAttrOfType<AffineMapAttr>(i, "visir.dims"),
            /*isAfter=*/false)))
      return failure();
  }
  return success();
}

/// A hidden argument is the runtime's copy of a symbol.
LogicalResult EntryPlanner::bindLength(unsigned argument,
                                       AffineMapAttr length) {
  auto index = symbols.indexOfValue(length.getValue().getResult(0));
  if (!index)
    return func.emitError("length of argument ")
           << argument << " is " << length << ", expected one of the symbols";
  Buffer &buffer = buffers[bufferOf(func.getArgument(argument))];
  buffer.kind = exec::BufferKind::Length;
  buffer.index = *index;
  return success();
}

/// Which symbol is the length of a state, before or after a run.
LogicalResult EntryPlanner::addStateLength(unsigned state, AffineMapAttr dims,
                                           bool isAfter) {
  if (!dims)
    return success();
  std::optional<int64_t> length;
  for (AffineExpr expr : dims.getValue().getResults()) {
    std::optional<int64_t> symbol =
        isAfter ? symbols.indexOfValue(expr) : symbols.indexOf(expr);
    if (symbol && length)
      return func.emitError("state ")
             << state << " has several bounded dimensions, expected one";
    if (symbol)
      length = symbol;
  }
  auto &entry = stateLengths.try_emplace(state, -1, -1).first->second;
  if (length)
    (isAfter ? entry.second : entry.first) = *length;
  return success();
}

/// Copies a buffer to a new one for `value`, whose number is returned.
unsigned EntryPlanner::addCopy(unsigned source, Value value) {
  unsigned target = newBuffer(value);
  Command copy;
  copy.reads.push_back(source);
  copy.writes.push_back(target);
  commands.push_back(copy);
  return target;
}

/// Gives results the caller's memory; what already has a place elsewhere, and
/// what becomes a state, is copied at the end unless it is there already.
LogicalResult EntryPlanner::bindOutputs() {
  auto returned = func.getBody().front().getTerminator()->getOperands();
  for (auto [i, value] : llvm::enumerate(returned)) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getEncoding())
      return func.emitError("result ") << i << " is not row-major";
    unsigned buffer = bufferOf(value);
    if (auto state = func.getResultAttrOfType<StringAttr>(i, "visir.state")) {
      auto index = states.indexOf(func, state, type);
      if (failed(index))
        return failure();
      bool isInPlace = writtenStates.erase(buffer) &&
                       buffers[buffer].index == int64_t(*index);
      if (!isInPlace) {
        unsigned target = addCopy(buffer, value);
        buffers[target].kind = exec::BufferKind::State;
        buffers[target].index = *index;
      }
      if (failed(addStateLength(
              *index,
              func.getResultAttrOfType<AffineMapAttr>(i, "visir.dims"),
              /*isAfter=*/true)))
        return failure();
      continue;
    }
    if (buffers[buffer].kind != exec::BufferKind::Arena)
      buffer = addCopy(buffer, value);
    buffers[buffer].kind = exec::BufferKind::Output;
    buffers[buffer].index = outputs.size();
    outputs.push_back(i);
  }
  for (auto [buffer, op] : writtenStates)
    return op.emitError("result is tied to a state that it does not become");
  return success();
}

void EntryPlanner::touch(unsigned buffer, int64_t command) {
  Buffer &b = buffers[buffer];
  if (b.first < 0)
    b.first = command;
  b.last = command;
}

void EntryPlanner::place() {
  for (auto [i, command] : llvm::enumerate(commands)) {
    for (unsigned buffer : command.reads)
      touch(buffer, i);
    for (unsigned buffer : command.writes)
      touch(buffer, i);
  }
  SmallVector<BufferLife> lives;
  SmallVector<unsigned> numbers;
  for (auto [i, buffer] : llvm::enumerate(buffers)) {
    if (buffer.kind != exec::BufferKind::Arena || buffer.first < 0)
      continue;
    lives.push_back({buffer.bytes, buffer.first, buffer.last});
    numbers.push_back(i);
  }
  BufferPlan plan = planBuffers(lives, alignment);
  for (auto [number, offset] : llvm::zip_equal(numbers, plan.offsets))
    buffers[number].offset = offset;
  arenaBytes = plan.arenaBytes;
}

exec::RefAttr EntryPlanner::refOf(unsigned buffer) {
  const Buffer &b = buffers[buffer];
  return exec::RefAttr::get(func.getContext(), b.kind, b.index, b.offset,
                            b.bytes);
}

/// Names of the ONNX nodes behind a location.
static void collectNames(Location loc, SmallVectorImpl<Attribute> &names) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    if (!llvm::is_contained(names, name.getName()))
      names.push_back(name.getName());
    return;
  }
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      collectNames(part, names);
}

/// Which tiles of a dispatch matter: [symbol, divisor, count, step], or empty
/// for all.
SmallVector<int64_t>
EntryPlanner::liveTiles(DispatchOp op, const PlannedKernel &kernel,
                        const LiveDomains &domains) const {
  LiveSizes sizes = domains.of(op);
  for (const auto &axis : kernel.tileAxes) {
    AffineExpr size = sizes.empty() ? AffineExpr() : sizes[axis[0]];
    std::optional<int64_t> symbol =
        size && axis[2] > 1 ? symbols.indexOf(size) : std::nullopt;
    if (symbol)
      return {*symbol, axis[1], axis[2], axis[3]};
  }
  return {};
}

/// The symbols whose values a dispatch's kernel gets.
SmallVector<int64_t> EntryPlanner::scalarsOf(DispatchOp op) const {
  if (AffineExpr keys = liveKeysOf(op))
    return {*symbols.indexOf(keys)};
  return {};
}

void EntryPlanner::emit(OpBuilder &builder) {
  LiveDomains domains(func);
  std::vector<CommandAccess> accesses;
  for (const Command &command : commands) {
    CommandAccess access;
    for (unsigned buffer : command.reads)
      access.reads.push_back(refOf(buffer));
    for (unsigned buffer : command.writes)
      access.writes.push_back(refOf(buffer));
    accesses.push_back(access);
  }
  auto dependencies = commandDependencies(accesses);
  for (auto [i, command] : llvm::enumerate(commands)) {
    auto waits = builder.getDenseI64ArrayAttr(dependencies[i]);
    if (!command.dispatch) {
      exec::CopyOp::create(builder, func.getLoc(),
                           accesses[i].reads.front(),
                           accesses[i].writes.front(), waits);
      continue;
    }
    SmallVector<Attribute> bindings(accesses[i].reads.begin(),
                                    accesses[i].reads.end());
    bindings.append(accesses[i].writes.begin(), accesses[i].writes.end());
    SmallVector<Attribute> names;
    collectNames(command.dispatch.getLoc(), names);
    const PlannedKernel &kernel =
        table.kernels[table.kernelOf.lookup(command.dispatch)];
    exec::DispatchOp::create(
        builder, command.dispatch.getLoc(),
        FlatSymbolRefAttr::get(builder.getContext(), kernel.symbol),
        builder.getArrayAttr(bindings), waits, builder.getArrayAttr(names),
        builder.getDenseI64ArrayAttr(
            liveTiles(command.dispatch, kernel, domains)),
        builder.getDenseI64ArrayAttr(scalarsOf(command.dispatch)));
  }
}

/// Names given as argument or result attributes, or made from the number.
static Attribute nameOr(OpBuilder &b, Attribute name, const Twine &fallback) {
  return name ? name : b.getStringAttr(fallback);
}

LogicalResult EntryPlanner::run(OpBuilder &builder) {
  if (failed(collect()))
    return failure();
  place();
  SmallVector<Attribute> inputNames, outputNames, inputTypes, outputTypes;
  SmallVector<Attribute> inputDims, outputDims, lengths;
  for (unsigned i : inputs) {
    inputNames.push_back(nameOr(builder, func.getArgAttr(i, "visir.name"),
                                "input" + Twine(i)));
    auto type = cast<RankedTensorType>(func.getArgument(i).getType());
    inputTypes.push_back(TypeAttr::get(type));
    inputDims.push_back(builder.getDenseI64ArrayAttr(symbols.ofDims(
        func.getArgAttrOfType<AffineMapAttr>(i, "visir.dims"),
        type.getRank())));
  }
  for (unsigned i : outputs) {
    outputNames.push_back(nameOr(
        builder, func.getResultAttr(i, "visir.name"), "output" + Twine(i)));
    auto type = cast<RankedTensorType>(func.getResultTypes()[i]);
    outputTypes.push_back(TypeAttr::get(type));
    outputDims.push_back(builder.getDenseI64ArrayAttr(symbols.ofDims(
        func.getResultAttrOfType<AffineMapAttr>(i, "visir.dims"),
        type.getRank())));
  }
  for (const auto &[state, symbols] : stateLengths)
    lengths.push_back(builder.getDenseI64ArrayAttr(
        {int64_t(state), symbols.first, symbols.second}));
  auto entry = exec::EntryOp::create(
      builder, func.getLoc(), func.getSymName(),
      builder.getArrayAttr(inputNames), builder.getArrayAttr(inputTypes),
      builder.getArrayAttr(outputNames), builder.getArrayAttr(outputTypes),
      arenaBytes, symbols.list(), builder.getArrayAttr(inputDims),
      builder.getArrayAttr(outputDims), builder.getArrayAttr(lengths));
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&entry.getBody());
  emit(builder);
  return success();
}

/// The signature that the planner promises for calls of a kernel.
static void emitFunction(OpBuilder &b, const PlannedKernel &kernel) {
  DispatchOp op = kernel.dispatch;
  SmallVector<int64_t> bytes, writes, ties;
  for (Value input : op.getInputs()) {
    bytes.push_back(placedBytes(cast<RankedTensorType>(input.getType())));
    writes.push_back(0);
    ties.push_back(-1);
  }
  for (auto [i, result] : llvm::enumerate(op.getResults())) {
    bytes.push_back(placedBytes(cast<RankedTensorType>(result.getType())));
    writes.push_back(1);
    ties.push_back(op.getTies()[i]);
  }
  SmallVector<int64_t> scalars;
  if (liveKeysOf(op))
    scalars.append({1, op.getExtents()[*keyDim(op)]});
  exec::FunctionOp::create(b, op.getLoc(), kernel.symbol, bytes, writes, ties,
                           kernel.tileCount, kernel.scratchBytes,
                           APFloat(kernel.flops), kernel.config,
                           kernel.digest, scalars);
}

FailureOr<exec::ProgramOp> visir::planProgram(ModuleOp module,
                                              const KernelTable &table,
                                              StringRef target,
                                              int64_t alignment) {
  OpBuilder builder(module.getContext());
  builder.setInsertionPointToEnd(module.getBody());
  auto program =
      exec::ProgramOp::create(builder, module.getLoc(), target.str());
  builder.createBlock(&program.getBody());
  for (const PlannedKernel &kernel : table.kernels)
    emitFunction(builder, kernel);
  // Constants are written as entries are planned, in front of them.
  OpBuilder constantBuilder(builder);
  ConstantPool constants(constantBuilder);
  StatePool states(constantBuilder);
  for (auto func : module.getOps<func::FuncOp>()) {
    constantBuilder.setInsertionPointToEnd(&program.getBody().front());
    builder.setInsertionPointToEnd(&program.getBody().front());
    EntryPlanner planner(func, table, alignment, constants, states);
    if (failed(planner.run(builder))) {
      program.erase();
      return failure();
    }
  }
  return program;
}
