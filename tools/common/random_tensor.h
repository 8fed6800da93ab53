// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inputs from a seed, the same on every machine.
#ifndef VISIR_TOOLS_COMMON_RANDOM_TENSOR_H
#define VISIR_TOOLS_COMMON_RANDOM_TENSOR_H

#include "runtime/include/visir/runtime.hpp"

namespace visir::tools {

// Floating point: uniform in [-1, 1). Integers and booleans: 0 or 1, so that
// they are valid indices of most things.
void fillRandom(rt::Tensor &tensor, uint64_t seed);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_RANDOM_TENSOR_H
