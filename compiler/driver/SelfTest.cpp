// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/SelfTest.h"

#include "compiler/driver/Compile.h"
#include "compiler/support/Constants.h"
#include "dialects/visir/Visir.h"
#include "runtime/include/visir/runtime.hpp"
#include "runtime/schema/self_test.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"

#include <optional>

using namespace mlir;
using namespace visir;

/// A plain kernel does some hundred million points in a second.
static constexpr int64_t kMostPoints = int64_t(1) << 31;

/// Bytes of all operands and results, as kernels for devices bind them.
static uint64_t bindingBytes(DispatchOp op) {
  uint64_t bytes = 0;
  for (TypeRange types : {TypeRange(op->getOperandTypes()),
                          TypeRange(op->getResultTypes())})
    for (Type type : types)
      bytes += tensorBytes(cast<RankedTensorType>(type));
  return bytes;
}

static bool isCheap(DispatchOp op) {
  int64_t points = 1;
  for (int64_t extent : op.getExtents())
    if (llvm::MulOverflow(points, extent, points))
      return false;
  return points <= kMostPoints &&
         bindingBytes(op) <= schema::kMaxSelfTestBytes;
}

/// What results may be off by: roundings of the narrowest floats, and sums in
/// another order. Without floats there is nothing to round.
static double toleranceOf(DispatchOp op) {
  double tolerance = 0;
  for (TypeRange types : {TypeRange(op->getOperandTypes()),
                          TypeRange(op->getResultTypes())})
    for (Type type : types) {
      Type element = cast<RankedTensorType>(type).getElementType();
      if (isa<FloatType>(element))
        tolerance = std::max(tolerance, element.isBF16()  ? 3e-2
                                        : element.isF16() ? 4e-3
                                                          : 1e-4);
    }
  return tolerance;
}

static std::string entryName(unsigned index) {
  return "k" + std::to_string(index);
}

/// An entry point that is the dispatch alone.
static void addEntry(OpBuilder &b, DispatchOp op, unsigned index) {
  MLIRContext *context = b.getContext();
  auto type = b.getFunctionType(op->getOperandTypes(), op->getResultTypes());
  auto func =
      func::FuncOp::create(b, op.getLoc(), entryName(index), type);
  func->setAttr("visir.entry", UnitAttr::get(context));
  auto name = [&](char kind, unsigned number) {
    return StringAttr::get(context, kind + std::to_string(number));
  };
  for (unsigned i = 0; i < type.getNumInputs(); ++i)
    func.setArgAttr(i, "visir.name", name('x', i));
  for (unsigned i = 0; i < type.getNumResults(); ++i)
    func.setResultAttr(i, "visir.name", name('y', i));
  OpBuilder body = OpBuilder::atBlockEnd(func.addEntryBlock());
  IRMapping mapping;
  for (auto [operand, argument] :
       llvm::zip_equal(op->getOpOperands(), func.getArguments()))
    mapping.map(operand.get(), argument);
  Operation *copy = body.clone(*op, mapping);
  // An operand that is there twice has two bindings.
  copy->setOperands(func.getArguments());
  copy->removeAttr("config");
  func::ReturnOp::create(body, op.getLoc(), copy->getResults());
}

/// The results of an entry on drawn values, as bindings behind its operands;
/// nothing where the kernel fails on them.
static std::optional<std::vector<rt::Tensor>>
runEntry(rt::Module &module, rt::Session &session, uint32_t entry,
         schema::SelfTestInputs kind) {
  std::vector<rt::Tensor> inputs;
  for (uint32_t i = 0; i < module.entry(entry).input_count; ++i) {
    visir_tensor_info_t info = module.input(entry, i);
    inputs.push_back(rt::Module::makeTensor(info));
    auto dtype = static_cast<schema::DType>(info.dtype);
    schema::fillSelfTest(dtype, kind, i, inputs.back().as<uint8_t>(),
                         info.bytes / visir_dtype_bytes(info.dtype));
  }
  try {
    return session.run(inputs, entry);
  } catch (const rt::Error &error) {
    if (error.code() == VISIR_KERNEL_FAILED)
      return std::nullopt;
    throw;
  }
}

/// Sets the dtypes and goldens of a test; false where the kernel fails.
/// `whole` tells whether all results are finite.
static bool judge(rt::Module &module, rt::Session &session, uint32_t entry,
                  KernelSelfTest &test, bool &whole) {
  auto results = runEntry(module, session, entry,
                          static_cast<schema::SelfTestInputs>(test.inputs));
  if (!results)
    return false;
  uint32_t inputs = module.entry(entry).input_count;
  test.dtypes.clear();
  test.goldens.clear();
  for (uint32_t i = 0; i < inputs; ++i)
    test.dtypes.push_back(module.input(entry, i).dtype);
  whole = true;
  for (auto [i, tensor] : llvm::enumerate(*results)) {
    auto dtype = static_cast<schema::DType>(tensor.dtype());
    uint64_t elements = tensor.bytes() / visir_dtype_bytes(tensor.dtype());
    schema::SelfTestSummary summary = schema::summarizeSelfTest(
        dtype, tensor.as<uint8_t>(), elements);
    test.dtypes.push_back(tensor.dtype());
    GoldenResult golden;
    golden.binding = inputs + uint32_t(i);
    golden.finite = summary.finite;
    golden.sum = summary.sum;
    golden.magnitude = summary.magnitude;
    golden.largest = summary.largest;
    golden.samples.assign(summary.samples,
                          summary.samples + summary.sampleCount);
    whole &= summary.finite == elements;
    test.goldens.push_back(std::move(golden));
  }
  return true;
}

/// The first kind of inputs whose results are finite, else the first on which
/// the kernel does not fail: indices may be out of range, logarithms of
/// negative numbers are none.
static KernelSelfTest makeTest(rt::Module &module, rt::Session &session,
                               uint32_t entry, double tolerance) {
  KernelSelfTest chosen;
  for (schema::SelfTestInputs kind : schema::EnumValuesSelfTestInputs()) {
    KernelSelfTest test;
    test.inputs = static_cast<uint32_t>(kind);
    test.tolerance = tolerance;
    bool whole = false;
    if (!judge(module, session, entry, test, whole))
      continue;
    if (whole)
      return test;
    if (chosen.goldens.empty())
      chosen = std::move(test);
  }
  return chosen;
}

static CompileStatus compilePlain(ModuleOp module, StringRef path,
                                  std::string &error) {
  CompileOptions options;
  options.output = path.str();
  options.targets = {"plain"};
  options.from = Phase::Fused;
  // Their remarks would mix with those on the model's own code.
  ScopedDiagnosticHandler handler(
      module.getContext(), [&](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
          error = diagnostic.str();
        return success();
      });
  return compileModule(module, options);
}

void visir::addSelfTests(ProgramCode &code) {
  Location loc = exec::ProgramOp(code.program).getLoc();
  OpBuilder b(loc.getContext());
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(loc);
  b.setInsertionPointToEnd(kernels->getBody());
  std::vector<unsigned> judged;
  for (auto [i, op] : llvm::enumerate(code.dispatches)) {
    auto dispatch = cast<DispatchOp>(op);
    if (!isCheap(dispatch)) {
      dispatch.emitRemark("no self test: the kernel takes too long or too much "
                          "memory");
      continue;
    }
    addEntry(b, dispatch, i);
    judged.push_back(i);
  }
  if (judged.empty())
    return;
  SmallString<128> path;
  std::string error = "no temporary file";
  std::error_code made =
      llvm::sys::fs::createTemporaryFile("visir", "visir", path);
  llvm::FileRemover remover(path);
  if (made || compilePlain(*kernels, path, error) != CompileStatus::Ok) {
    emitWarning(loc) << "kernels have no self test: " << error;
    return;
  }
  code.selfTests.resize(code.dispatches.size());
  try {
    rt::Context context;
    rt::Module module(context, path.str().str());
    rt::Session session(module);
    for (auto [entry, i] : llvm::enumerate(judged)) {
      auto dispatch = cast<DispatchOp>(code.dispatches[i]);
      code.selfTests[i] = makeTest(module, session, uint32_t(entry),
                                   toleranceOf(dispatch));
      if (code.selfTests[i].goldens.empty())
        dispatch.emitRemark("no self test: the kernel refuses all drawn inputs");
    }
  } catch (const std::exception &failure) {
    code.selfTests.clear();
    emitWarning(loc) << "kernels have no self test: " << failure.what();
  }
}
