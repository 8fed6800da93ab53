// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What every driver of a device with a queue of its own must do, on the sample
// of the runtime's tests. Each driver's test calls all of these.
#ifndef VISIR_TEST_RUNTIME_CONFORMANCE_CONFORMANCE_H
#define VISIR_TEST_RUNTIME_CONFORMANCE_CONFORMANCE_H

#include "test/runtime/support/runner.h"

namespace visir::testing {

// Moves an artifact of the sample's kernels to the device under test.
using MoveToDevice = ArtifactBuilder (*)(ArtifactBuilder);

// Results, and states from run to run and after a reset. The session's name
// of its device begins with `kind`.
void checkSampleRuns(MoveToDevice move, const char *kind);
// Scalars that change from run to run reach the kernels.
void checkScalars(MoveToDevice move);
// States may be read and written between runs.
void checkStates(MoveToDevice move);
// Commands are measured one after another.
void checkProfile(MoveToDevice move);
// Fills of any beginning and size.
void checkFills(MoveToDevice move);
// A kernel's error names command and node, again and again; `canFail` kernels
// get the word for it.
void checkFailure(MoveToDevice move);

} // namespace visir::testing

#endif // VISIR_TEST_RUNTIME_CONFORMANCE_CONFORMANCE_H
