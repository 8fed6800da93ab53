// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Many damaged copies of one artifact through verify, load and run.
#ifndef VISIR_TEST_RUNTIME_SUPPORT_DAMAGE_H
#define VISIR_TEST_RUNTIME_SUPPORT_DAMAGE_H

#include "test/runtime/support/artifact_builder.h"

namespace visir::testing {

// What came of all copies. A complaint names the damage and what is wrong: an
// error without a text, a check that took a second, more memory than a session
// may have, a scalar out of its range in a kernel.
struct DamageReport {
  int copies = 0;
  int passedStageOne = 0;
  int accepted = 0;
  double slowest = 0;      // seconds to verify and load
  uint64_t mostMemory = 0; // bytes allocated at once
  std::vector<std::string> complaints;
};

// Changes one or two fields of the manifest in each of `copies` copies, makes
// the digest right again, and runs what is accepted with kernels that touch
// all they may. Sessions may have `memoryLimit` bytes.
DamageReport damageAndRun(const Bytes &sound, int copies, unsigned seed,
                          uint64_t memoryLimit);

} // namespace visir::testing

#endif // VISIR_TEST_RUNTIME_SUPPORT_DAMAGE_H
