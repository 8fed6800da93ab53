// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/PlainKernel.h"

#include "targets/common/scalar/ScalarKernel.h"
#include "targets/cpu/codegen/KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

namespace {

class MemRefs : public scalar::Memory {
public:
  explicit MemRefs(KernelBuilder &kb) : kb(kb) {}

  Value load(OpBuilder &b, Location loc, unsigned binding,
             Value element) override {
    return memref::LoadOp::create(b, loc, memory(binding),
                                  ValueRange{element});
  }
  void store(OpBuilder &b, Location loc, unsigned binding, Value element,
             Value value) override {
    memref::StoreOp::create(b, loc, value, memory(binding),
                            ValueRange{element});
  }
  void raiseIf(OpBuilder &, Location, Value condition) override {
    kb.raiseIf(condition);
  }

private:
  Value memory(unsigned binding) {
    unsigned inputs = kb.op.getInputs().size();
    return binding < inputs ? kb.input(binding) : kb.output(binding - inputs);
  }

  KernelBuilder &kb;
};

} // namespace

FailureOr<KernelInfo> cpu::emitPlainKernel(DispatchOp op, const CpuSpec &spec,
                                           ModuleOp kernels,
                                           StringRef symbol) {
  op.getContext()
      ->loadDialect<arith::ArithDialect, func::FuncDialect, math::MathDialect,
                    memref::MemRefDialect, scf::SCFDialect>();
  constexpr int64_t kInvocationsPerTile = 256;
  KernelBuilder kb(op, spec, kernels, symbol);
  MemRefs memory(kb);
  int64_t count = scalar::invocationCount(op);
  Value step = kb.index(kInvocationsPerTile);
  Value first = arith::MulIOp::create(kb.b, kb.loc, kb.tileBegin, step);
  Value end = arith::MulIOp::create(kb.b, kb.loc, kb.tileEnd, step);
  end = arith::MinUIOp::create(kb.b, kb.loc, end, kb.index(count));
  auto loop = scf::ForOp::create(kb.b, kb.loc, first, end, kb.index(1));
  {
    OpBuilder::InsertionGuard guard(kb.b);
    kb.b.setInsertionPoint(loop.getBody()->getTerminator());
    if (failed(scalar::emitInvocation(kb.b, op, loop.getInductionVar(),
                                      memory))) {
      kernels.lookupSymbol((symbol + kBodySuffix).str())->erase();
      return failure();
    }
  }
  return kb.finish(llvm::divideCeil(count, kInvocationsPerTile), 0);
}
