// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Self tests for the sample's functions.
#ifndef VISIR_TEST_RUNTIME_SUPPORT_SELF_TEST_H
#define VISIR_TEST_RUNTIME_SUPPORT_SELF_TEST_H

#include "runtime/schema/self_test.h"
#include "test/runtime/support/sample.h"

namespace visir::testing {

inline std::unique_ptr<schema::GoldenT>
makeGolden(uint32_t binding, const std::vector<float> &values) {
  schema::SelfTestSummary summary = schema::summarizeSelfTest(
      schema::DType::f32, reinterpret_cast<const uint8_t *>(values.data()),
      values.size());
  auto golden = std::make_unique<schema::GoldenT>();
  golden->binding = binding;
  golden->finite = summary.finite;
  golden->sum = summary.sum;
  golden->magnitude = summary.magnitude;
  golden->largest = summary.largest;
  golden->samples.assign(summary.samples,
                         summary.samples + summary.sampleCount);
  return golden;
}

inline std::vector<float> drawnFloats(uint32_t binding, size_t count) {
  std::vector<float> values(count);
  schema::fillSelfTest(schema::DType::f32, schema::SelfTestInputs::mixed,
                       binding, reinterpret_cast<uint8_t *>(values.data()),
                       count);
  return values;
}

// Adds function 2 to the sample, whose program is one for a device: "add" on
// 64 elements, without scalars, which no command calls but that has a self
// test.
inline schema::FunctionT &addProven(ArtifactBuilder &builder) {
  auto &functions = builder.manifest.programs[0]->functions;
  auto proven = std::make_unique<schema::FunctionT>(*functions[0]);
  proven->scalars.clear();
  auto test = std::make_unique<schema::SelfTestT>();
  test->dtypes.assign(3, schema::DType::f32);
  test->inputs = schema::SelfTestInputs::mixed;
  test->tolerance = 1e-4;
  std::vector<float> sums = drawnFloats(0, 64), more = drawnFloats(1, 64);
  for (size_t i = 0; i < sums.size(); ++i)
    sums[i] += more[i];
  test->goldens.push_back(makeGolden(2, sums));
  proven->self_test = std::move(test);
  functions.push_back(std::move(proven));
  return *functions.back();
}

} // namespace visir::testing

#endif // VISIR_TEST_RUNTIME_SUPPORT_SELF_TEST_H
