// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Damaged artifacts: an error within bounded time, or a run inside memory.
#include "test/runtime/support/damage.h"
#include "test/runtime/support/sample.h"

#include <gmock/gmock.h>

namespace {

constexpr int kCopies = 1000;

class MutationTest : public ::testing::TestWithParam<int> {};

TEST_P(MutationTest, DamageIsRefusedOrHarmless) {
  visir::testing::DamageReport report = visir::testing::damageAndRun(
      GetParam() == 0 ? visir::testing::makeSample().finish()
                      : visir::testing::makeChain(9, 4).finish(),
      kCopies, 20240u + GetParam(), 1 << 24);
  EXPECT_THAT(report.complaints, ::testing::IsEmpty());
  EXPECT_GE(report.passedStageOne, kCopies * 3 / 10);
  EXPECT_GE(report.accepted, 1);
  RecordProperty("passed_stage_one", report.passedStageOne);
  RecordProperty("accepted", report.accepted);
}

INSTANTIATE_TEST_SUITE_P(Samples, MutationTest, ::testing::Values(0, 1));

} // namespace
