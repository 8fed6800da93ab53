// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scaling and cutting of pictures, to the same bits as Pillow, with which
// models are usually trained.
#ifndef VISIR_TOOLS_COMMON_RESAMPLE_H
#define VISIR_TOOLS_COMMON_RESAMPLE_H

#include "tools/common/picture.h"

namespace visir::tools {

enum class Filter { nearest, bilinear, bicubic };

// Scales to width x height (both at least 1). With antialias the filter widens
// when scaling down. Rows first, then columns, rounding to 8 bits between.
Picture resample(const Picture &picture, uint32_t width, uint32_t height,
                 Filter filter, bool antialias);

// Scales so that the shorter side becomes `side`; the other side is cut to a
// whole number.
Picture resampleShorter(const Picture &picture, uint32_t side, Filter filter,
                        bool antialias);

// The middle; beyond the picture's edge pixels are 0.
Picture cropCentre(const Picture &picture, uint32_t width, uint32_t height);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_RESAMPLE_H
