// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/emulator/Emulator.h"

#include "targets/cuda/emulator/Memory.h"
#include "targets/cuda/emulator/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/TypeSwitch.h"

#include <memory>

using namespace mlir;
using namespace visir;
using namespace visir::cuda;

static constexpr unsigned kSharedSpace = 3;

namespace {

/// Which threads do something.
using Mask = std::vector<char>;

bool anyOf(const Mask &mask) {
  return llvm::any_of(mask, [](char active) { return active; });
}

/// A value of all threads: the bits of a scalar, or of a structure's fields
/// one after another, or a memory.
struct Lanes {
  std::vector<std::vector<uint64_t>> fields;
  Memory *memory = nullptr;
};

/// One block of threads.
class Machine {
public:
  Machine(int64_t block, int64_t threads)
      : block(block), threads(threads) {}

  void bind(Value value, Memory *memory) { values[value].memory = memory; }
  LogicalResult run(Block &body) { return run(body, Mask(threads, 1)); }

private:
  LogicalResult run(Block &body, const Mask &mask);
  LogicalResult run(Operation *op, const Mask &mask);
  LogicalResult runScalar(Operation *op, const Mask &mask);
  LogicalResult runFor(scf::ForOp op, const Mask &mask);
  LogicalResult runIf(scf::IfOp op, const Mask &mask);
  LogicalResult runWhile(scf::WhileOp op, const Mask &mask);
  LogicalResult load(memref::LoadOp op, const Mask &mask);
  LogicalResult store(memref::StoreOp op, const Mask &mask);
  LogicalResult share(memref::GetGlobalOp op);
  LogicalResult shuffle(NVVM::ShflOp op, const Mask &mask);
  LogicalResult multiply(NVVM::MmaOp op, const Mask &mask);
  LogicalResult expectAll(Operation *op, const Mask &mask);

  const std::vector<uint64_t> &bits(Value value, unsigned field = 0) {
    return values[value].fields[field];
  }
  /// The field of a value that is written now.
  std::vector<uint64_t> &made(Value value, unsigned field = 0) {
    auto &fields = values[value].fields;
    if (fields.size() <= field)
      fields.resize(field + 1);
    if (fields[field].empty())
      fields[field].resize(threads);
    return fields[field];
  }
  void fill(Value value, llvm::function_ref<uint64_t(int64_t thread)> bits) {
    std::vector<uint64_t> &result = made(value);
    for (int64_t thread = 0; thread < threads; ++thread)
      result[thread] = bits(thread);
  }
  /// Moves `from` to `to` for the threads of the mask.
  void move(ValueRange from, ValueRange to, const Mask &mask);
  /// The number of a thread among those of all blocks, by which global memory
  /// knows it; shared memory knows those of its block alone.
  int64_t owner(const MemRefType &type, int64_t thread) const {
    return isShared(type) ? thread : block * threads + thread;
  }
  int64_t epochOf(const MemRefType &type) const {
    return isShared(type) ? epoch : 0;
  }
  static bool isShared(MemRefType type) {
    return type.getMemorySpaceAsInt() == kSharedSpace;
  }

  int64_t block, threads;
  int64_t epoch = 0; ///< barriers so far
  llvm::DenseMap<Value, Lanes> values;
  llvm::DenseMap<Operation *, ScalarFn> functions;
  llvm::StringMap<std::unique_ptr<Memory>> shared;
};

} // namespace

void Machine::move(ValueRange from, ValueRange to, const Mask &mask) {
  // All are read before one is written: loops exchange their values.
  std::vector<Lanes> copies;
  for (Value value : from)
    copies.push_back(values[value]);
  for (auto [copy, value] : llvm::zip_equal(copies, to))
    for (size_t field = 0; field < copy.fields.size(); ++field) {
      std::vector<uint64_t> &result = made(value, field);
      for (int64_t thread = 0; thread < threads; ++thread)
        if (mask[thread])
          result[thread] = copy.fields[field][thread];
    }
}

LogicalResult Machine::run(Block &body, const Mask &mask) {
  for (Operation &op : body.without_terminator())
    if (failed(run(&op, mask)))
      return failure();
  return success();
}

LogicalResult Machine::runScalar(Operation *op, const Mask &mask) {
  ScalarFn &fn = functions[op];
  if (!fn)
    fn = scalarFunction(op);
  if (!fn)
    return op->emitError("emulator has no meaning for this op");
  SmallVector<const uint64_t *, 3> operands;
  for (Value operand : op->getOperands())
    operands.push_back(bits(operand).data());
  std::vector<uint64_t> &result = made(op->getResult(0));
  uint64_t arguments[4] = {};
  for (int64_t thread = 0; thread < threads; ++thread) {
    if (!mask[thread])
      continue;
    for (auto [i, operand] : llvm::enumerate(operands))
      arguments[i] = operand[thread];
    result[thread] = fn(arguments);
  }
  return success();
}

LogicalResult Machine::runFor(scf::ForOp op, const Mask &mask) {
  unsigned width = bitsOf(op.getInductionVar().getType());
  // Values of the threads that are done stay in the op's results.
  move(op.getInitArgs(), op.getResults(), mask);
  move(op.getLowerBound(), op.getInductionVar(), mask);
  for (;;) {
    Mask inside = mask;
    const auto &at = bits(op.getInductionVar());
    const auto &end = bits(op.getUpperBound());
    for (int64_t thread = 0; thread < threads; ++thread)
      inside[thread] &= signExtend(at[thread], width) <
                        signExtend(end[thread], width);
    if (!anyOf(inside))
      return success();
    move(op.getResults(), op.getRegionIterArgs(), inside);
    if (failed(run(*op.getBody(), inside)))
      return failure();
    move(op.getBody()->getTerminator()->getOperands(), op.getResults(),
         inside);
    std::vector<uint64_t> &next = made(op.getInductionVar());
    const auto &step = bits(op.getStep());
    for (int64_t thread = 0; thread < threads; ++thread)
      if (inside[thread])
        next[thread] += step[thread];
  }
}

LogicalResult Machine::runIf(scf::IfOp op, const Mask &mask) {
  Mask taken = mask, left = mask;
  const auto &condition = bits(op.getCondition());
  for (int64_t thread = 0; thread < threads; ++thread) {
    taken[thread] &= condition[thread] != 0;
    left[thread] &= condition[thread] == 0;
  }
  for (auto [region, part] : {std::pair(&op.getThenRegion(), &taken),
                              std::pair(&op.getElseRegion(), &left)}) {
    if (region->empty() || !anyOf(*part))
      continue;
    if (failed(run(region->front(), *part)))
      return failure();
    move(region->front().getTerminator()->getOperands(), op.getResults(),
         *part);
  }
  return success();
}

LogicalResult Machine::runWhile(scf::WhileOp op, const Mask &mask) {
  Mask inside = mask;
  move(op.getInits(), op.getBeforeArguments(), mask);
  while (anyOf(inside)) {
    if (failed(run(*op.getBeforeBody(), inside)))
      return failure();
    scf::ConditionOp condition = op.getConditionOp();
    move(condition.getArgs(), op.getResults(), inside);
    const auto &more = bits(condition.getCondition());
    for (int64_t thread = 0; thread < threads; ++thread)
      inside[thread] &= more[thread] != 0;
    move(condition.getArgs(), op.getAfterArguments(), inside);
    if (failed(run(*op.getAfterBody(), inside)))
      return failure();
    move(op.getYieldOp().getOperands(), op.getBeforeArguments(), inside);
  }
  return success();
}

LogicalResult Machine::load(memref::LoadOp op, const Mask &mask) {
  Memory &memory = *values[op.getMemRef()].memory;
  MemRefType type = op.getMemRefType();
  const auto &element = bits(op.getIndices()[0]);
  std::vector<uint64_t> &result = made(op.getResult());
  for (int64_t thread = 0; thread < threads; ++thread) {
    if (!mask[thread])
      continue;
    FailureOr<uint64_t> value =
        memory.read(op, signExtend(element[thread], 32), owner(type, thread),
                    epochOf(type));
    if (failed(value))
      return failure();
    result[thread] = *value;
  }
  return success();
}

LogicalResult Machine::store(memref::StoreOp op, const Mask &mask) {
  Memory &memory = *values[op.getMemRef()].memory;
  MemRefType type = op.getMemRefType();
  const auto &element = bits(op.getIndices()[0]);
  const auto &value = bits(op.getValueToStore());
  for (int64_t thread = 0; thread < threads; ++thread)
    if (mask[thread] &&
        failed(memory.write(op, signExtend(element[thread], 32), value[thread],
                            owner(type, thread), epochOf(type))))
      return failure();
  return success();
}

/// The block's own copy of a variable.
LogicalResult Machine::share(memref::GetGlobalOp op) {
  auto type = cast<MemRefType>(op.getType());
  std::unique_ptr<Memory> &memory = shared[op.getName()];
  if (!memory)
    memory = std::make_unique<Memory>(type.getNumElements(),
                                      bitsOf(type.getElementType()) / 8);
  values[op.getResult()].memory = memory.get();
  return success();
}

LogicalResult Machine::expectAll(Operation *op, const Mask &mask) {
  int64_t present = llvm::count(mask, 1);
  if (present == threads)
    return success();
  return op->emitError() << "number of threads that come here is " << present
                         << ", expected all " << threads;
}

LogicalResult Machine::shuffle(NVVM::ShflOp op, const Mask &mask) {
  if (failed(expectAll(op, mask)))
    return failure();
  const auto &value = bits(op.getVal());
  const auto &offset = bits(op.getOffset());
  fill(op.getRes(), [&](int64_t thread) {
    int64_t lane = thread % 32, by = offset[thread];
    int64_t from = op.getKind() == NVVM::ShflKind::bfly   ? lane ^ by
                   : op.getKind() == NVVM::ShflKind::down ? lane + by
                   : op.getKind() == NVVM::ShflKind::up   ? lane - by
                                                          : by;
    return value[from < 0 || from > 31 ? thread : thread - lane + from];
  });
  return success();
}

/// m16n8k8 of tf32, the fragments as in the PTX ISA, "Matrix Fragments for
/// mma.m16n8k8": a lane is group * 4 + place.
LogicalResult Machine::multiply(NVVM::MmaOp op, const Mask &mask) {
  if (failed(expectAll(op, mask)))
    return failure();
  if (op.getShape().getM() != 16 || op.getShape().getN() != 8 ||
      op.getShape().getK() != 8 ||
      op.getMultiplicandAPtxType() != NVVM::MMATypes::tf32)
    return op.emitError("emulator has no meaning for this shape and type");
  // The device leaves out the low 13 bits of an operand.
  auto number = [](uint64_t bits) {
    return double(llvm::bit_cast<float>(uint32_t(bits) & ~uint32_t(0x1fff)));
  };
  Type f32 = Float32Type::get(op.getContext());
  for (int64_t warp = 0; warp < threads; warp += 32) {
    for (int64_t row = 0; row < 16; ++row)
      for (int64_t column = 0; column < 8; ++column) {
        double sum = 0;
        for (int64_t k = 0; k < 8; ++k) {
          unsigned a = row / 8 + k / 4 * 2, b = k / 4;
          sum += number(bits(op.getOperandA()[a])[warp + row % 8 * 4 + k % 4]) *
                 number(bits(op.getOperandB()[b])[warp + column * 4 + k % 4]);
        }
        unsigned c = row / 8 * 2 + column % 2;
        int64_t lane = warp + row % 8 * 4 + column / 2;
        sum += toNumber(bits(op.getOperandC()[c])[lane], f32);
        made(op.getRes(), c)[lane] = fromNumber(sum, f32);
      }
  }
  return success();
}

LogicalResult Machine::run(Operation *op, const Mask &mask) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](scf::ForOp op) { return runFor(op, mask); })
      .Case([&](scf::IfOp op) { return runIf(op, mask); })
      .Case([&](scf::WhileOp op) { return runWhile(op, mask); })
      .Case([&](memref::LoadOp op) { return load(op, mask); })
      .Case([&](memref::StoreOp op) { return store(op, mask); })
      .Case([&](memref::GetGlobalOp op) { return share(op); })
      .Case([&](NVVM::ThreadIdXOp op) {
        fill(op, [](int64_t thread) { return thread; });
        return success();
      })
      .Case([&](NVVM::BlockIdXOp op) {
        fill(op, [&](int64_t) { return block; });
        return success();
      })
      .Case([&](NVVM::Barrier0Op op) {
        ++epoch;
        return expectAll(op, mask);
      })
      .Case([&](NVVM::ShflOp op) { return shuffle(op, mask); })
      .Case([&](NVVM::MmaOp op) { return multiply(op, mask); })
      .Case([&](LLVM::ExtractValueOp op) {
        made(op.getRes()) = bits(op.getContainer(), op.getPosition()[0]);
        return success();
      })
      .Default([&](Operation *op) { return runScalar(op, mask); });
}

LogicalResult cuda::emulate(func::FuncOp kernel,
                            ArrayRef<MutableArrayRef<char>> parameters,
                            int64_t blocks, int64_t threads) {
  Block &body = kernel.getBody().front();
  if (body.getNumArguments() != parameters.size())
    return kernel.emitError() << "number of parameters is "
                              << parameters.size() << ", expected "
                              << body.getNumArguments();
  // Ties are the same memory under two names. The status, which is the last
  // parameter, may be written by several threads: all write the same.
  llvm::DenseMap<char *, std::unique_ptr<Memory>> memories;
  std::vector<Memory *> bound;
  for (auto [i, bytes] : llvm::enumerate(parameters)) {
    auto type = cast<MemRefType>(body.getArgument(i).getType());
    std::unique_ptr<Memory> &memory = memories[bytes.data()];
    if (!memory)
      memory = std::make_unique<Memory>(bytes,
                                        bitsOf(type.getElementType()) / 8,
                                        i + 1 < parameters.size());
    bound.push_back(memory.get());
  }
  for (int64_t block = 0; block < blocks; ++block) {
    Machine machine(block, threads);
    for (auto [argument, memory] : llvm::zip_equal(body.getArguments(), bound))
      machine.bind(argument, memory);
    if (failed(machine.run(body)))
      return failure();
  }
  return success();
}
