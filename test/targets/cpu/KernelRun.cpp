// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/cpu/KernelRun.h"

#include "compiler/support/Constants.h"
#include "targets/common/Layout.h"
#include "targets/cpu/abi/kernel_abi.h"
#include "targets/cpu/codegen/PlainKernel.h"
#include "targets/reference/Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/TargetParser/Host.h"
#include "gtest/gtest.h"

#include <cmath>
#include <random>
#include <sys/mman.h>

using namespace mlir;
using namespace visir;
using namespace visir::test;

MLIRContext &test::context() {
  static MLIRContext *context = [] {
    auto *made = new MLIRContext;
    made->loadDialect<VisirDialect, func::FuncDialect, arith::ArithDialect,
                      math::MathDialect>();
    return made;
  }();
  return *context;
}

OwningOpRef<ModuleOp> test::parse(const std::string &text) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context());
  if (!module) // nothing can go on without it
    llvm::report_fatal_error(llvm::Twine("bad test module: ") + text);
  return module;
}

std::vector<const cpu::CpuSpec *> test::runnableSpecs() {
  std::vector<const cpu::CpuSpec *> specs;
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  // The host stands for its level.
  auto add = [&](const char *name, bool runnable) {
    if (runnable && cpu::findSpec("host")->name != name)
      specs.push_back(cpu::findSpec(name));
  };
  add("x86-64-v2", features.lookup("sse4.2"));
  add("x86-64-v3", features.lookup("avx2") && features.lookup("fma"));
  add("x86-64-v4", features.lookup("avx512vl") && features.lookup("avx512bw"));
  add("host", true);
  return specs;
}

Kernel::Kernel(DispatchOp original, const cpu::CpuSpec &spec, bool plain) {
  OpBuilder b(original);
  auto op = cast<DispatchOp>(b.clone(*original));
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(op.getLoc());
  EXPECT_TRUE(plain || succeeded(cpu::chooseConfig(op, spec)));
  auto emitted = plain ? cpu::emitPlainKernel(op, spec, *kernels, "k")
                       : cpu::emitKernel(op, spec, *kernels, "k");
  op.erase();
  if (failed(emitted)) {
    ADD_FAILURE() << "no kernel is emitted";
    return;
  }
  info = *emitted;
  auto block = cpu::compileKernels(*kernels, spec, {"k"});
  if (failed(block)) {
    ADD_FAILURE() << "the kernel does not compile";
    return;
  }
  mappedBytes = llvm::alignTo(block->bytes.size(), 4096);
  code = mmap(nullptr, mappedBytes, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(code, block->bytes.data(), block->bytes.size());
  mprotect(code, mappedBytes, PROT_READ | PROT_EXEC);
  offset = block->functions[0].first;
  codeBytes = block->functions[0].second;
  frameBytes = block->frameBytes[0];
}

Kernel::~Kernel() {
  if (code)
    munmap(code, mappedBytes);
}

namespace {

/// Memory whose end, up to alignment, is a page that must not be touched.
class GuardedBuffer {
public:
  explicit GuardedBuffer(uint64_t size)
      : padded(llvm::alignTo(std::max<uint64_t>(size, 1),
                             VISIR_CPU_BINDING_ALIGNMENT)),
        room(llvm::alignTo(padded, 4096)) {
    base =
        static_cast<char *>(mmap(nullptr, room + 4096, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base + room, 4096, PROT_NONE);
  }
  GuardedBuffer(GuardedBuffer &&other)
      : padded(other.padded), room(other.room),
        base(std::exchange(other.base, nullptr)) {}
  ~GuardedBuffer() {
    if (base)
      munmap(base, room + 4096);
  }
  char *data() { return base + room - padded; }

private:
  uint64_t padded, room;
  char *base;
};

} // namespace

int Kernel::run(std::vector<std::vector<char>> &bindings, uint32_t split) {
  if (!code)
    return -1;
  std::vector<GuardedBuffer> buffers;
  std::vector<void *> pointers;
  for (auto &binding : bindings) {
    buffers.emplace_back(binding.size());
    llvm::copy(binding, static_cast<char *>(buffers.back().data()));
    pointers.push_back(buffers.back().data());
  }
  GuardedBuffer scratch(info.scratchBytes);
  visir_cpu_env_t env = {VISIR_CPU_ABI_VERSION, 1};
  visir_cpu_args_t args = {pointers.data(), nullptr};
  auto kernel =
      reinterpret_cast<visir_cpu_kernel_t>(static_cast<char *>(code) + offset);
  split = std::min(split, info.tileCount);
  int status = kernel(&env, &args, 0, split, scratch.data());
  int second = kernel(&env, &args, split, info.tileCount, scratch.data());
  for (auto [binding, buffer] : llvm::zip(bindings, buffers))
    std::copy_n(static_cast<const char *>(buffer.data()), binding.size(),
                binding.begin());
  return status ? status : second;
}

std::vector<std::vector<char>> test::randomInputs(DispatchOp op,
                                                  unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> floats(-4, 4);
  std::vector<std::vector<char>> inputs;
  for (Value value : op.getInputs()) {
    auto type = cast<RankedTensorType>(value.getType());
    Type element = type.getElementType();
    std::vector<char> bytes(tensorBytes(type));
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      if (isa<FloatType>(element))
        storeDouble(bytes, element, i, floats(random));
      else
        storeInt(bytes, element, i, random() % (element.isInteger(1) ? 2 : 8));
    }
    inputs.push_back(std::move(bytes));
  }
  return inputs;
}

/// The payload type of a tensor type: signless.
static std::string scalarOf(const std::string &type) {
  std::string element = type.substr(type.rfind('x') + 1);
  if (element[0] == 's' || element[0] == 'u')
    return element.substr(1);
  return element;
}

std::string DispatchText::module() const {
  std::string params, names, types, loads, stores, ties, resultTypes;
  auto append = [](std::string &list, const std::string &item) {
    list += (list.empty() ? "" : ", ") + item;
  };
  std::string prologueArgs, epilogueArgs;
  for (auto [i, type] : llvm::enumerate(rootTypes))
    append(epilogueArgs, "%r" + std::to_string(i) + ": " + type);
  for (auto [i, input] : llvm::enumerate(inputs)) {
    std::string number = std::to_string(i),
                tensor = "tensor<" + input.type + ">";
    append(params, "%a" + number + ": " + tensor);
    append(names, "%a" + number);
    append(types, tensor);
    append(loads, "#visir.access<" + input.access + ">");
    append(prologueArgs, "%p" + number + ": " + scalarOf(input.type));
    append(epilogueArgs, "%e" + number + ": " + scalarOf(input.type));
  }
  for (const TensorText &result : results) {
    append(stores, "#visir.access<" + result.access + ">");
    append(ties, std::to_string(result.tie));
    append(resultTypes, "tensor<" + result.type + ">");
  }
  auto block = [](const std::string &args, const std::string &body) {
    return "{ ^bb0" + (args.empty() ? "" : "(" + args + ")") + ":\n" + body +
           " }\n";
  };
  std::string count =
      results.size() > 1 ? ":" + std::to_string(results.size()) : "";
  return "func.func @f(" + params + ") {\n%r" + count + " = visir.dispatch <" +
         root + "> domain = " + domain + " parallel " +
         std::to_string(parallel) + " (" + names + ")\nloads [" + loads +
         "]\nstores [" + stores + "] ties [" + ties + "]\n: (" + types +
         ") -> (" + resultTypes + ")\nprologue " +
         block(prologueArgs, prologue) + "epilogue " +
         block(epilogueArgs, epilogue) + "return\n}\n";
}

void test::expectLikeReference(const DispatchText &dispatch, double tolerance,
                               unsigned seed) {
  expectLikeReference(dispatch.module(), tolerance, seed);
}

static void expectClose(ArrayRef<char> got, const reference::Tensor &wanted,
                        double tolerance, const std::string &where) {
  int wrong = 0;
  for (int64_t i = 0; i < wanted.size() && wrong < 5; ++i) {
    double x = elementAsDouble(got, wanted.element(), i);
    double y = wanted.asDouble(i);
    bool same = x == y || (std::isnan(x) && std::isnan(y)) ||
                std::abs(x - y) <= tolerance * std::max(1.0, std::abs(y));
    if (!same) {
      ADD_FAILURE() << where << ": element " << i << " is " << x
                    << ", expected " << y;
      ++wrong;
    }
  }
}

void test::expectLikeReference(const std::string &text, double tolerance,
                               unsigned seed) {
  OwningOpRef<ModuleOp> module = parse(text);
  SCOPED_TRACE(text);
  DispatchOp op;
  module->walk([&](DispatchOp found) { op = found; });
  auto inputs = randomInputs(op, seed);
  SmallVector<reference::Tensor> operands;
  for (auto [value, bytes] : llvm::zip(op.getInputs(), inputs))
    operands.push_back(reference::Tensor::fromBytes(
        cast<RankedTensorType>(value.getType()), bytes));
  auto wanted = reference::evaluateOp(op, operands);
  ASSERT_TRUE(succeeded(wanted)) << text;
  auto expectRuns = [&](const cpu::CpuSpec *spec, bool plain) {
    Kernel kernel(op, *spec, plain);
    std::string name = plain ? "plain" : spec->name;
    std::vector<std::vector<char>> results[2];
    for (uint32_t split : {0u, kernel.info.tileCount / 2 + 1}) {
      auto bindings = inputs;
      for (auto [j, value] : llvm::enumerate(op.getResults())) {
        auto type = cast<RankedTensorType>(value.getType());
        int64_t tie = op.getTies()[j];
        // Junk shows elements that nothing writes.
        bindings.push_back(tie < 0 ? std::vector<char>(tensorBytes(type), 77)
                                   : inputs[tie]);
      }
      EXPECT_EQ(kernel.run(bindings, split), 0) << name;
      results[split != 0].assign(bindings.begin() + inputs.size(),
                                 bindings.end());
    }
    EXPECT_EQ(results[0], results[1]) << name;
    for (auto [j, tensor] : llvm::enumerate(*wanted))
      expectClose(results[0][j], tensor, tolerance,
                  name + ", result " + std::to_string(j));
  };
  for (const cpu::CpuSpec *spec : runnableSpecs()) {
    expectRuns(spec, /*plain=*/false);
    if (::testing::Test::HasFailure())
      return;
  }
  expectRuns(cpu::findSpec("host"), /*plain=*/true);
}
