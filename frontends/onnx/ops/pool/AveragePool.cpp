// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Pool.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importAveragePool(Node &node) {
  bool countPads = node.intAttr("count_include_pad", 0);
  FailureOr<PoolWindow> w = poolWindow(node);
  if (failed(w))
    return failure();
  DenseI64ArrayAttr counted;
  if (countPads)
    counted = node.builder().getDenseI64ArrayAttr(w->givenPads);
  return node.setOutput(0, node.create<AvgPoolOp>(node.input(0), w->kernel,
                                                  w->strides, w->pads,
                                                  w->dilations, counted));
}

VISIR_ONNX_OP(AveragePool, 7, 1, importAveragePool)
