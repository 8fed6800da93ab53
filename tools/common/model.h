// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An artifact opened for a tool: one entry, its inputs and its outputs.
#ifndef VISIR_TOOLS_COMMON_MODEL_H
#define VISIR_TOOLS_COMMON_MODEL_H

#include "tools/common/runtime_options.h"

#include "runtime/include/visir/runtime.hpp"

namespace visir::tools {

// "f32[1,3,224,224]"; symbolic dims as "n<=4".
std::string describe(const visir_tensor_info_t &info);

class Model {
public:
  explicit Model(const RuntimeOptions &options);

  // Inputs from files, the others from the seed when `random` is set.
  void makeInputs(const RuntimeOptions &options, bool random);
  void makeOutputs();
  // Every run finds the states as long as the first one.
  void run();

  rt::Context context;
  rt::Module module;
  uint32_t entry;
  visir_entry_info_t entryInfo;
  rt::Session session;
  std::vector<rt::Tensor> inputs, outputs;

private:
  void setStateLengths();
  uint32_t findInput(const std::string &name) const;
  // A .npy or .raw file, or a picture through the input's stored
  // preprocessing.
  rt::Tensor readInput(uint32_t input, const std::string &file,
                       const RuntimeOptions &options) const;

  std::vector<std::pair<std::string, uint64_t>> stateLengths;
};

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_MODEL_H
