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

#include <deque>
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
      : block(block), threads(threads), copies(threads) {}

  void bind(Value value, Memory *memory) { values[value].memory = memory; }
  LogicalResult run(Block &body) {
    if (failed(run(body, Mask(threads, 1))))
      return failure();
    return expectArrived(body.getTerminator());
  }

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
  LogicalResult runMemory(Operation *op, const Mask &mask);
  LogicalResult loadMatrix(NVVM::LdMatrixOp op, const Mask &mask);
  LogicalResult copy(NVVM::CpAsyncOp op, const Mask &mask);
  void commit(const Mask &mask);
  LogicalResult wait(Operation *op, size_t pending, const Mask &mask);
  LogicalResult expectArrived(Operation *op);
  LogicalResult point(LLVM::GEPOp op, const Mask &mask);
  LogicalResult storeVector(LLVM::StoreOp op, const Mask &mask);
  void insert(LLVM::InsertElementOp op);
  void extract(LLVM::ExtractValueOp op);
  /// The element that a thread's pointer means; it must be a multiple of
  /// `bytes`.
  FailureOr<int64_t> elementAt(Operation *op, Value pointer, int64_t thread,
                               int64_t bytes);

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

  /// An element on its way to shared memory.
  struct Copy {
    Memory *to;
    int64_t element;
    uint64_t value;
  };
  /// Of a thread: groups in order, and what is in none yet.
  struct Copies {
    std::deque<std::vector<Copy>> groups;
    std::vector<Copy> open;
  };
  std::vector<Copies> copies;
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

/// m16n8k8 of tf32 and m16n8k16 of f16 and bf16, the fragments as in the PTX
/// ISA, "Matrix Fragments for mma.m16n8k8" and "... mma.m16n8k16": a lane is
/// group * 4 + place, and registers of narrow types hold two neighbours.
LogicalResult Machine::multiply(NVVM::MmaOp op, const Mask &mask) {
  if (failed(expectAll(op, mask)))
    return failure();
  auto type = op.getMultiplicandAPtxType();
  int64_t depth = op.getShape().getK();
  bool tf32 = type == NVVM::MMATypes::tf32;
  bool narrow = type == NVVM::MMATypes::f16 || type == NVVM::MMATypes::bf16;
  if (op.getShape().getM() != 16 || op.getShape().getN() != 8 ||
      !((tf32 && depth == 8) || (narrow && depth == 16)))
    return op.emitError("emulator has no meaning for this shape and type");
  MLIRContext *context = op.getContext();
  Type f32 = Float32Type::get(context);
  Type element = type == NVVM::MMATypes::f16 ? Type(Float16Type::get(context))
                                             : BFloat16Type::get(context);
  // Of the lanes of a group, which have the depths k of the same place.
  auto factor = [&](ValueRange registers, unsigned first, unsigned step,
                    int64_t lanes, int64_t k) {
    unsigned in = tf32 ? k % 4 : k % 8 / 2, half = tf32 ? k / 4 : k / 8;
    uint64_t raw = bits(registers[first + half * step])[lanes + in];
    // The device leaves out the low 13 bits of an operand of TF32.
    return tf32 ? double(llvm::bit_cast<float>(uint32_t(raw) &
                                               ~uint32_t(0x1fff)))
                : toNumber(raw >> (k % 2 * 16) & 0xffff, element);
  };
  for (int64_t warp = 0; warp < threads; warp += 32)
    for (int64_t row = 0; row < 16; ++row)
      for (int64_t column = 0; column < 8; ++column) {
        double sum = 0;
        for (int64_t k = 0; k < depth; ++k)
          sum += factor(op.getOperandA(), row / 8, 2, warp + row % 8 * 4, k) *
                 factor(op.getOperandB(), 0, 1, warp + column * 4, k);
        unsigned c = row / 8 * 2 + column % 2;
        int64_t lane = warp + row % 8 * 4 + column / 2;
        sum += toNumber(bits(op.getOperandC()[c])[lane], f32);
        made(op.getRes(), c)[lane] = fromNumber(sum, f32);
      }
  return success();
}

FailureOr<int64_t> Machine::elementAt(Operation *op, Value pointer,
                                      int64_t thread, int64_t bytes) {
  uint64_t at = bits(pointer)[thread];
  if (at % bytes != 0)
    return op->emitError() << "address is " << at
                           << " bytes behind the memory's begin, expected a "
                           << "multiple of " << bytes;
  return int64_t(at) / values[pointer].memory->bytesOfElement();
}

/// Matrices of 8 x 8 halves: eight lanes give the lines of each, and lane l
/// gets elements 2 * (l % 4) and the next of line l / 4, or, transposed, those
/// of column l / 4.
LogicalResult Machine::loadMatrix(NVVM::LdMatrixOp op, const Mask &mask) {
  if (failed(expectAll(op, mask)))
    return failure();
  Memory &memory = *values[op.getPtr()].memory;
  bool turned = op.getLayout() == NVVM::MMALayout::col;
  if (memory.bytesOfElement() != 2 || op.getNum() < 2 ||
      op.getEltType() != NVVM::LdStMatrixEltType::B16)
    return op.emitError("emulator has no meaning for this kind of matrices");
  for (int64_t thread = 0; thread < threads; ++thread)
    for (unsigned matrix = 0; matrix < op.getNum(); ++matrix) {
      int64_t warp = thread / 32 * 32, lane = thread % 32;
      uint64_t both = 0;
      for (int64_t half : {0, 1}) {
        int64_t line = lane / 4, place = lane % 4 * 2 + half;
        if (turned)
          std::swap(line, place);
        auto first =
            elementAt(op, op.getPtr(), warp + 8 * matrix + line, 16);
        if (failed(first))
          return failure();
        auto value = memory.read(op, *first + place, thread, epoch);
        if (failed(value))
          return failure();
        both |= *value << (16 * half);
      }
      made(op.getRes(), matrix)[thread] = both;
    }
  return success();
}

/// What is copied is read at once, but arrives only when its group is waited
/// for.
LogicalResult Machine::copy(NVVM::CpAsyncOp op, const Mask &mask) {
  Memory &from = *values[op.getSrc()].memory, &to = *values[op.getDst()].memory;
  int64_t elements = op.getSize() / to.bytesOfElement();
  if (from.bytesOfElement() != to.bytesOfElement())
    return op.emitError("copy is between elements of different sizes");
  for (int64_t thread = 0; thread < threads; ++thread) {
    if (!mask[thread])
      continue;
    auto source = elementAt(op, op.getSrc(), thread, op.getSize());
    auto target = elementAt(op, op.getDst(), thread, op.getSize());
    if (failed(source) || failed(target))
      return failure();
    int64_t kept = op.getCpSize() ? bits(op.getCpSize())[thread] /
                                        to.bytesOfElement()
                                  : elements;
    for (int64_t i = 0; i < elements; ++i) {
      FailureOr<uint64_t> value(0);
      if (i < kept)
        value = from.read(op, *source + i, block * threads + thread, 0);
      if (failed(value) || failed(to.beginCopy(op, *target + i, thread, epoch)))
        return failure();
      copies[thread].open.push_back({&to, *target + i, *value});
    }
  }
  return success();
}

void Machine::commit(const Mask &mask) {
  for (int64_t thread = 0; thread < threads; ++thread)
    if (mask[thread])
      copies[thread].groups.push_back(std::move(copies[thread].open));
}

/// The threads' groups but for the last `pending` have arrived.
LogicalResult Machine::wait(Operation *op, size_t pending, const Mask &mask) {
  for (int64_t thread = 0; thread < threads; ++thread) {
    auto &groups = copies[thread].groups;
    while (mask[thread] && groups.size() > pending) {
      for (const Copy &copy : groups.front()) {
        copy.to->endCopy(copy.element);
        if (failed(copy.to->write(op, copy.element, copy.value, thread, epoch)))
          return failure();
      }
      groups.pop_front();
    }
  }
  return success();
}

/// Whether a thread leaves with copies that nobody has waited for.
LogicalResult Machine::expectArrived(Operation *op) {
  for (const Copies &of : copies)
    if (!of.open.empty() || llvm::any_of(of.groups, [](const auto &group) {
          return !group.empty();
        }))
      return op->emitError("copies are on their way when the kernel ends");
  return success();
}

LogicalResult Machine::point(LLVM::GEPOp op, const Mask &mask) {
  auto index = dyn_cast_if_present<Value>(op.getIndices()[0]);
  if (!index || op.getIndices().size() != 1)
    return op.emitError("emulator has no meaning for these indices");
  values[op.getRes()].memory = values[op.getBase()].memory;
  int64_t bytes = bitsOf(op.getElemType()) / 8;
  std::vector<uint64_t> &result = made(op.getRes());
  const auto &base = bits(op.getBase());
  const auto &by = bits(index);
  for (int64_t thread = 0; thread < threads; ++thread)
    if (mask[thread])
      result[thread] = base[thread] + signExtend(by[thread], 32) * bytes;
  return success();
}

/// A vector, element by element.
LogicalResult Machine::storeVector(LLVM::StoreOp op, const Mask &mask) {
  Memory &memory = *values[op.getAddr()].memory;
  auto type = dyn_cast<VectorType>(op.getValue().getType());
  if (!type || bitsOf(type.getElementType()) != 8 * memory.bytesOfElement())
    return op.emitError("emulator has no meaning for this type");
  int64_t count = type.getNumElements();
  for (int64_t thread = 0; thread < threads; ++thread) {
    if (!mask[thread])
      continue;
    auto first = elementAt(op, op.getAddr(), thread,
                           count * memory.bytesOfElement());
    if (failed(first))
      return failure();
    for (int64_t i = 0; i < count; ++i)
      if (failed(memory.write(op, *first + i, bits(op.getValue(), i)[thread],
                              thread, epoch)))
        return failure();
  }
  return success();
}

void Machine::insert(LLVM::InsertElementOp op) {
  // Elements behind those that were inserted so far have no value yet.
  size_t at = bits(op.getPosition())[0];
  size_t known = values[op.getVector()].fields.size();
  for (size_t i = 0; i < known; ++i)
    made(op.getRes(), i) = bits(op.getVector(), i);
  made(op.getRes(), at) = bits(op.getValue());
}

void Machine::extract(LLVM::ExtractValueOp op) {
  // Of a memref's descriptor only the pointer is asked for.
  if (Memory *memory = values[op.getContainer()].memory) {
    values[op.getRes()].memory = memory;
    fill(op.getRes(), [](int64_t) { return 0; });
    return;
  }
  made(op.getRes()) = bits(op.getContainer(), op.getPosition()[0]);
}

LogicalResult Machine::runMemory(Operation *op, const Mask &mask) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](NVVM::LdMatrixOp op) { return loadMatrix(op, mask); })
      .Case([&](NVVM::CpAsyncOp op) { return copy(op, mask); })
      .Case([&](NVVM::CpAsyncCommitGroupOp) {
        commit(mask);
        return success();
      })
      .Case([&](NVVM::CpAsyncWaitGroupOp op) {
        return wait(op, op.getN(), mask);
      })
      .Case([&](LLVM::GEPOp op) { return point(op, mask); })
      .Case([&](LLVM::StoreOp op) { return storeVector(op, mask); })
      .Case([&](LLVM::PoisonOp) { return success(); })
      .Case([&](LLVM::InsertElementOp op) {
        insert(op);
        return success();
      })
      .Case([&](UnrealizedConversionCastOp op) {
        values[op.getResult(0)].memory = values[op.getInputs()[0]].memory;
        return success();
      })
      .Default([&](Operation *op) { return runScalar(op, mask); });
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
        extract(op);
        return success();
      })
      .Case([&](LLVM::BitcastOp op) {
        // Registers keep their bits.
        made(op.getRes()) = bits(op.getArg());
        return success();
      })
      .Default([&](Operation *op) { return runMemory(op, mask); });
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
