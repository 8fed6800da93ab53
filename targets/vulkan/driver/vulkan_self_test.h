// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whether a device computes what it should: each kernel runs once on drawn
// values, and what it gives is compared with the artifact's golden results.
#ifndef VISIR_TARGETS_VULKAN_DRIVER_VULKAN_SELF_TEST_H
#define VISIR_TARGETS_VULKAN_DRIVER_VULKAN_SELF_TEST_H

#include "targets/vulkan/driver/vulkan_code.h"

namespace visir::runtime::vulkan {

// selfTestFailed where a kernel gives something else. A device that has passed
// is remembered with its pipelines, for this artifact.
Status proveDevice(Code &code, const uint8_t *artifactDigest,
                   SelfTestMode mode);

} // namespace visir::runtime::vulkan

#endif // VISIR_TARGETS_VULKAN_DRIVER_VULKAN_SELF_TEST_H
