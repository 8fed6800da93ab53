// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/FactorConvs.h"
#include "compiler/transforms/PartialEvaluation.h"
#include "compiler/transforms/recognise/BinaryConv.h"
#include "compiler/transforms/recognise/HeatmapDecode.h"
#include "compiler/transforms/rows/DistinctRows.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace visir;

namespace {
/// Adds function passes by name, unless they are switched off.
class Adder {
public:
  Adder(OpPassManager &functions, RewriteFilter enabled)
      : functions(functions), enabled(enabled) {}

  void operator()(std::unique_ptr<Pass> pass) {
    StringRef name = pass->getArgument();
    name.consume_front("visir-");
    if (enabled(name))
      functions.addPass(std::move(pass));
  }

private:
  OpPassManager &functions;
  RewriteFilter enabled;
};
} // namespace

/// Evaluates, drops and merges what earlier passes have left.
static void cleanUp(Adder &add) {
  add(createFoldConstants());
  add(createCanonicalize());
  add(mlir::createCSEPass());
}

void visir::addCanonicalPasses(OpPassManager &pm, RewriteFilter enabled) {
  Adder add(pm.nest<func::FuncOp>(), enabled);
  cleanUp(add);
  add(createFoldPads());
  cleanUp(add);
  pm.addPass(createVerifyCanonical());
}

void visir::addRecognisedPasses(OpPassManager &pm, RewriteFilter enabled,
                                const ModuleEvaluator &evaluate) {
  Adder add(pm.nest<func::FuncOp>(), enabled);
  // Idioms are matched as exporters write them, before weights take scales
  // and movement takes reshapes away from them.
  add(createRecogniseSoftmax());
  add(createRecogniseLayerNorm());
  add(createRecogniseGroupNorm());
  add(createRecogniseGelu());
  add(createRecogniseSilu());
  add(createRecogniseHardSwish());
  add(createRecogniseMish());
  add(createRecogniseAttention());
  add(createRecogniseHeatmapDecode());
  cleanUp(add);
  add(createPartialEvaluation(evaluate));
  cleanUp(add);
  add(createLowerBatchNorm());
  // Norms in front of signs are thresholds, and those behind convolutions of
  // signs must not become weights.
  add(createRecogniseBinaryConv());
  add(createFoldScales());
  add(createFoldResiduals());
  cleanUp(add);
  add(createMergeConvs());
  add(createFactorConvs());
  cleanUp(add);
  add(createSeparateRows());
  // Sampling can go first only where movement stands as one op.
  add(createComposeMovement());
  add(createSampleFirst());
  add(createDemandedRows());
  add(createComposeMovement());
  cleanUp(add);
  add(createDistinctRows());
  add(createComposeMovement());
  cleanUp(add);
  pm.addPass(createVerifyRecognised());
}
