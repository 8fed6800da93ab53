// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a picture to an input, as the artifact says.
#ifndef VISIR_TOOLS_COMMON_PREPROCESS_H
#define VISIR_TOOLS_COMMON_PREPROCESS_H

#include "tools/common/picture.h"

#include "runtime/include/visir/runtime.hpp"

namespace visir::tools {

// Resizes, crops, scales, normalises and lays out a picture for an input of
// dims [1,c,h,w] or [1,h,w,c], f32 or u8. A crop of 0 means the input's size.
// Throws std::runtime_error where the two do not fit.
rt::Tensor pictureTensor(const Picture &picture,
                         const visir_preprocess_info_t &preprocess,
                         const visir_tensor_info_t &input);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_PREPROCESS_H
