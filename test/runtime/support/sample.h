// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A small artifact that uses every part of the schema.
//
// entry "main", n in 1..4:
//   inputs   x f32[4,16], k i64, s f32[n,16]
//   y f32[4,16] = x + c + s (rows of s beyond n are unspecified)
//   z f32[16]   = state "count" after count += k * n
// entry "peek": w f32[16] = state "count"
//
// c[i] = i; "count" begins at 5; state "cache" has 128 zero bytes.
#ifndef VISIR_TEST_RUNTIME_SUPPORT_SAMPLE_H
#define VISIR_TEST_RUNTIME_SUPPORT_SAMPLE_H

#include "test/runtime/support/artifact_builder.h"

namespace visir::testing {

// Section 0 is the code, 1 the constants, 2 debug information.
ArtifactBuilder makeSample();

// `tiles` tiles of the kernel "chain" on x f32[tiles,16], `depth` times in a
// row through the arena; y f32[tiles,16].
ArtifactBuilder makeChain(uint32_t tiles, uint32_t depth);

// One kernel call: no inputs, output "y" f32[16], `tiles` tiles.
ArtifactBuilder makeSingle(const std::string &kernel, uint32_t tiles);

// Makes the program one for another device than the CPU: workgroups instead
// of scratch and stack frames. The code stays what it is.
void moveToDevice(ArtifactBuilder &builder, schema::DeviceKind device);

} // namespace visir::testing

#endif // VISIR_TEST_RUNTIME_SUPPORT_SAMPLE_H
