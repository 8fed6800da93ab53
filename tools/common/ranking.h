// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The largest values of an output, with the names of their classes.
#ifndef VISIR_TOOLS_COMMON_RANKING_H
#define VISIR_TOOLS_COMMON_RANKING_H

#include "tools/common/json.h"

#include "runtime/include/visir/runtime.hpp"

#include <string>
#include <vector>

namespace visir::tools {

struct Rank {
  uint64_t index;
  double value;
  double share; // of the softmax over all values
  std::string label;
};

// The `count` largest elements, largest first; equal ones in their order.
// `labels` is a file with one name per line, or empty. Throws when the file
// cannot be read or has fewer names than there are elements.
std::vector<Rank> rank(const rt::Tensor &tensor, uint32_t count,
                       const std::string &labels);
std::string ranksText(const std::vector<Rank> &ranks);
void ranksJson(const std::vector<Rank> &ranks, JsonWriter &json);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_RANKING_H
