// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any words, one a line, as the arguments of `visir compile` in a folder that
// holds the model m.onnx of one node.
#include "compiler/driver/commands/Commands.h"
#include "test/fuzz/scratch.h"

#include "onnx.pb.h"

#include <fstream>

using namespace visir;

static void declare(onnx::ValueInfoProto &value, const char *name) {
  value.set_name(name);
  auto &type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  for (int extent : {2, 3})
    type.mutable_shape()->add_dim()->set_dim_value(extent);
}

static bool enter() {
  testing::enterEmptyFolder();
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  onnx::GraphProto &graph = *model.mutable_graph();
  graph.set_name("g");
  declare(*graph.add_input(), "x");
  declare(*graph.add_output(), "y");
  onnx::NodeProto &node = *graph.add_node();
  node.set_op_type("Relu");
  node.add_input("x");
  node.add_output("y");
  std::ofstream file("m.onnx", std::ios::binary);
  return model.SerializeToOstream(&file);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static bool entered = enter();
  if (!entered)
    abort();
  std::vector<std::string> words = testing::wordsOf(data, bytes);
  std::vector<char *> arguments;
  for (std::string &word : words)
    arguments.push_back(word.data());
  if (!arguments.empty())
    compileCommand(arguments);
  return 0;
}
