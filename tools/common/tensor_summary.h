// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A tensor in one line.
#ifndef VISIR_TOOLS_COMMON_TENSOR_SUMMARY_H
#define VISIR_TOOLS_COMMON_TENSOR_SUMMARY_H

#include "tools/common/json.h"

#include "runtime/include/visir/runtime.hpp"

namespace visir::tools {

struct TensorSummary {
  double least = 0, mean = 0, largest = 0; // of the finite values
  uint64_t elements = 0;
  uint64_t notFinite = 0;
  uint64_t argmax = 0; // index of the largest value
  std::string digest;  // FNV-1a of the bytes, 16 hex digits
};

// An element as a number, whatever its dtype.
double elementValue(const rt::Tensor &tensor, size_t index);

TensorSummary summarise(const rt::Tensor &tensor);
std::string summaryText(const visir_tensor_info_t &info,
                        const TensorSummary &summary);
void summaryJson(const visir_tensor_info_t &info, const TensorSummary &summary,
                 JsonWriter &json);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_TENSOR_SUMMARY_H
