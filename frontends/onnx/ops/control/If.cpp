// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Scope.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importIf(Node &node) {
  const ::onnx::GraphProto *thenBranch = node.graphAttr("then_branch");
  const ::onnx::GraphProto *elseBranch = node.graphAttr("else_branch");
  FailureOr<int64_t> condition = node.requireInt(0, "cond");
  if (failed(condition))
    return failure();
  const ::onnx::GraphProto *branch = *condition ? thenBranch : elseBranch;
  if (!branch)
    return node.refuse("the chosen branch is missing");
  auto results = Scope::inlineGraph(node, *branch, {},
                                    *condition ? "then" : "else");
  if (failed(results))
    return failure();
  if (results->size() != node.numOutputs())
    return node.refuse("number of outputs of the branch",
                       Twine(results->size()), Twine(node.numOutputs()));
  for (auto [i, value] : llvm::enumerate(*results))
    if (failed(node.setOutput(i, value)))
      return failure();
  return success();
}

VISIR_ONNX_OP(If, 1, 1, importIf)
