// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Activations with parameters.
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult activation(Node &node, UnaryKind kind,
                                llvm::ArrayRef<double> params) {
  return node.setOutput(0, unary(node, kind, node.input(0), params));
}

static LogicalResult importCelu(Node &node) {
  return activation(node, UnaryKind::Celu, {node.floatAttr("alpha", 1)});
}

static LogicalResult importElu(Node &node) {
  return activation(node, UnaryKind::Elu, {node.floatAttr("alpha", 1)});
}

static LogicalResult importHardSigmoid(Node &node) {
  double alpha = node.floatAttr("alpha", 0.2f);
  return activation(node, UnaryKind::HardSigmoid,
                    {alpha, node.floatAttr("beta", 0.5)});
}

static LogicalResult importLeakyRelu(Node &node) {
  return activation(node, UnaryKind::LeakyRelu,
                    {node.floatAttr("alpha", 0.01f)});
}

static LogicalResult importSelu(Node &node) {
  double alpha = node.floatAttr("alpha", 1.67326319217681884765625);
  return activation(
      node, UnaryKind::Selu,
      {alpha, node.floatAttr("gamma", 1.05070102214813232421875)});
}

static LogicalResult importShrink(Node &node) {
  double bias = node.floatAttr("bias", 0);
  return activation(node, UnaryKind::Shrink,
                    {bias, node.floatAttr("lambd", 0.5)});
}

static LogicalResult importThresholdedRelu(Node &node) {
  return activation(node, UnaryKind::ThresholdedRelu,
                    {node.floatAttr("alpha", 1)});
}

VISIR_ONNX_OP(Celu, 12, 1, importCelu)
VISIR_ONNX_OP(Elu, 6, 1, importElu)
VISIR_ONNX_OP(HardSigmoid, 6, 1, importHardSigmoid)
VISIR_ONNX_OP(LeakyRelu, 6, 1, importLeakyRelu)
VISIR_ONNX_OP(Selu, 6, 1, importSelu)
VISIR_ONNX_OP(Shrink, 9, 1, importShrink)
VISIR_ONNX_OP(ThresholdedRelu, 10, 1, importThresholdedRelu)
