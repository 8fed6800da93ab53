// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The artifact verifier. After it has said ok, walking the manifest and
// carrying out its commands stays inside the declared memory and ends,
// whatever the file's author wrote; what the machine code does is outside of
// its power (docs: trust).
#ifndef VISIR_RUNTIME_ARTIFACT_VERIFY_H
#define VISIR_RUNTIME_ARTIFACT_VERIFY_H

#include "runtime/base/allocator.h"
#include "runtime/base/status.h"
#include "runtime/schema/file_format.h"
#include "runtime/schema/visir_generated.h"

namespace visir::runtime {

// Limits that the schema does not state.
constexpr uint32_t kMaxRank = 8;
constexpr uint32_t kMaxBindings = 64;
// What arenas, staged tensors and constants are aligned to.
constexpr uint32_t kMaxBindingAlignment = VISIR_CONSTANT_ALIGNMENT;
constexpr uint32_t kMaxScalars = 64;
constexpr uint32_t kMaxTensors = 1024;
constexpr uint32_t kMaxEntries = 1024;
constexpr uint32_t kMaxStates = 4096;
constexpr uint32_t kMaxFrameBytes = 4095;
constexpr uint32_t kMaxTiles = 1u << 30;
constexpr uint32_t kMaxPictureSide = 65535;
constexpr uint32_t kMaxWorkgroupThreads = 1024;
constexpr uint32_t kMaxSharedBytes = 1u << 20;
// Of a buffer of kind length.
constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMaxMemoryBytes = uint64_t(1) << 44;

// Bytes of an element; 0 when the dtype is not a valid one.
uint32_t dtypeBytes(schema::DType dtype);
// Name as in the schema; "invalid" when it is not a valid one.
const char *dtypeName(schema::DType dtype);

// The header alone, against the size of the whole file.
Status verifyHeader(const visir_file_header_t &header, uint64_t fileBytes);

// Compares a SHA-256 digest of `bytes`; `what` names them in the text.
Status verifyDigest(const void *data, uint64_t bytes, const uint8_t *expected,
                    const char *what);

// Stage one and two on a manifest whose header is verified. `manifest` is
// aligned to VISIR_MANIFEST_ALIGNMENT and does not change any more.
Status verifyManifest(const uint8_t *manifest,
                      const visir_file_header_t &header,
                      const Allocator &allocator);

// Finds where the CPU puts a barrier: before each command that depends on a
// command since the last barrier. The commands between two barriers are a
// wave and may run at once.
class WaveRule {
public:
  // Call for each command in order; true: a barrier stands before it.
  bool barrierBefore(const schema::Command &command, uint32_t index) {
    const auto *earlier = command.depends_on();
    bool barrier = false;
    for (uint32_t i = 0; earlier && i < earlier->size(); ++i)
      barrier |= earlier->Get(i) >= waveBegin;
    if (barrier)
      waveBegin = index;
    return barrier;
  }

private:
  uint32_t waveBegin = 0;
};

} // namespace visir::runtime

#endif // VISIR_RUNTIME_ARTIFACT_VERIFY_H
