// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the verifier says to damaged self tests and resizable workgroups.
#include "test/runtime/support/refusal.h"
#include "test/runtime/support/self_test.h"

#include <cmath>
#include <limits>

using namespace visir;
using namespace visir::testing;

namespace {

using B = ArtifactBuilder;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Makes the sample one for Vulkan with a self test, once; its function.
schema::FunctionT &proven(B &b) {
  if (program(b).functions.size() == 2) {
    moveToDevice(b, schema::DeviceKind::vulkan);
    addProven(b);
  }
  return function(b, 2);
}

schema::SelfTestT &test(B &b) { return *proven(b).self_test; }
schema::GoldenT &golden(B &b) { return *test(b).goldens[0]; }

TEST(SelfTestVerifyTest, SoundOnesOpen) {
  ArtifactBuilder builder = makeSample();
  proven(builder);
  EXPECT_EQ(openText(builder.finish()), "");
  proven(builder).resizable = true;
  // Samples and results need not be finite.
  golden(builder).samples[0] = kNan;
  golden(builder).finite = 63;
  EXPECT_EQ(openText(builder.finish()), "");
}

INSTANTIATE_TEST_SUITE_P(
    SelfTest, RefusalTest,
    ::testing::Values(
        Refusal{"Cpu",
                "function 2 \"add\": self test: device is cpu and scalar count "
                "0, expected another device than a CPU and no scalars",
                [](B &b) {
                  proven(b);
                  b.manifest.targets[0]->device = schema::DeviceKind::cpu;
                  for (auto &one : program(b).functions)
                    one->workgroup_x = one->workgroup_y = one->workgroup_z = 0;
                }},
        Refusal{"Scalars", "device is vulkan and scalar count 1, expected",
                [](B &b) {
                  proven(b).scalars.push_back(
                      std::make_unique<schema::ScalarRangeT>());
                }},
        Refusal{"DTypeCount", "self test: dtype count is 2, expected 3",
                [](B &b) { test(b).dtypes.resize(2); }},
        Refusal{"DTypeInvalid", "dtype 1 is 0, expected one of the schema",
                [](B &b) { test(b).dtypes[1] = schema::DType::invalid; }},
        Refusal{"DTypeUnknown", "dtype 1 is 77, expected one of the schema",
                [](B &b) {
                  test(b).dtypes[1] = static_cast<schema::DType>(77);
                }},
        Refusal{"Elements",
                "least size of binding 0 is 254, expected a multiple of 4 for "
                "f32",
                [](B &b) { proven(b).bindings[0]->min_bytes = 254; }},
        Refusal{"Bytes", "size of all bindings is more than 536870912, "
                         "expected no self test",
                [](B &b) {
                  proven(b).bindings[0]->min_bytes = 1u << 28;
                  proven(b).bindings[1]->min_bytes = 1u << 28;
                }},
        Refusal{"BytesOfOne", "size of all bindings is more than 536870912",
                [](B &b) {
                  proven(b).bindings[0]->min_bytes = UINT64_MAX - 3;
                }},
        Refusal{"Inputs", "kind of inputs is 4, expected 1..3",
                [](B &b) {
                  test(b).inputs = static_cast<schema::SelfTestInputs>(4);
                }},
        Refusal{"Inputs0", "kind of inputs is 0, expected 1..3",
                [](B &b) {
                  test(b).inputs = static_cast<schema::SelfTestInputs>(0);
                }},
        Refusal{"Tolerance", "tolerance is 1.5, expected 0..1",
                [](B &b) { test(b).tolerance = 1.5; }},
        Refusal{"ToleranceBelow", "tolerance is -1, expected 0..1",
                [](B &b) { test(b).tolerance = -1; }},
        Refusal{"ToleranceNan", "nan, expected 0..1",
                [](B &b) { test(b).tolerance = kNan; }},
        Refusal{"NoGolden", "golden count is 0, expected at least 1",
                [](B &b) { test(b).goldens.clear(); }},
        Refusal{"Binding",
                "golden 0: binding is 3, expected at least 0 and less than 3",
                [](B &b) { golden(b).binding = 3; }},
        Refusal{"Order",
                "golden 1: binding is 2, expected at least 3 and less than 3",
                [](B &b) {
                  test(b).goldens.push_back(
                      std::make_unique<schema::GoldenT>(golden(b)));
                }},
        Refusal{"Read",
                "golden 0: access of binding 1 is read, expected a written one",
                [](B &b) { golden(b).binding = 1; }},
        Refusal{"Finite",
                "count of finite elements is 65, expected at most 64",
                [](B &b) { golden(b).finite = 65; }},
        Refusal{"Sum", "sum is inf, magnitude ",
                [](B &b) { golden(b).sum = kInfinity; }},
        Refusal{"Magnitude", "magnitude -1 and largest value",
                [](B &b) { golden(b).magnitude = -1; }},
        Refusal{"Largest", "nan, expected finite ones, the latter at least 0",
                [](B &b) { golden(b).largest = kNan; }},
        Refusal{"Samples", "sample count is 31, expected 32",
                [](B &b) { golden(b).samples.resize(31); }},
        Refusal{"FewElements", "sample count is 32, expected 16",
                [](B &b) {
                  proven(b).bindings[2]->min_bytes = 64;
                  golden(b).finite = 16;
                }},
        Refusal{"ResizableCuda",
                "workgroup is 16x1x1 and resizable, expected Nx1x1 for vulkan",
                [](B &b) {
                  moveToDevice(b, schema::DeviceKind::cuda);
                  function(b).resizable = true;
                }},
        Refusal{"ResizableFlat", "workgroup is 16x2x1 and resizable, expected",
                [](B &b) {
                  moveToDevice(b, schema::DeviceKind::vulkan);
                  function(b).workgroup_y = 2;
                  function(b).resizable = true;
                }},
        Refusal{"ResizableDeep", "workgroup is 16x1x2 and resizable, expected",
                [](B &b) {
                  moveToDevice(b, schema::DeviceKind::vulkan);
                  function(b).workgroup_z = 2;
                  function(b).resizable = true;
                }},
        Refusal{"ResizableCpu",
                "workgroup is resizable, expected none for a CPU",
                [](B &b) { function(b).resizable = true; }}),
    refusalName);

TEST(SelfTestValueTest, EveryTypeHoldsWhatIsDrawn) {
  using schema::DType;
  for (DType dtype : schema::EnumValuesDType()) {
    uint32_t bytes = runtime::dtypeBytes(dtype);
    if (bytes == 0)
      continue;
    bool isFloat = dtype == DType::f32 || dtype == DType::f64 ||
                   dtype == DType::f16 || dtype == DType::bf16;
    for (schema::SelfTestInputs inputs : schema::EnumValuesSelfTestInputs()) {
      Bytes data(1000 * bytes);
      schema::fillSelfTest(dtype, inputs, 1, data.data(), 1000);
      for (uint64_t i = 0; i < 1000; ++i) {
        double value = schema::selfTestElement(dtype, data.data(), i);
        uint64_t bits = schema::selfTestBits(1, i) >> 8;
        uint64_t integer = schema::selfTestInteger(inputs, bits);
        double expected =
            isFloat ? static_cast<double>(schema::selfTestFloat(inputs, bits))
            : dtype == DType::boolean ? static_cast<double>(integer & 1)
                                      : static_cast<double>(integer);
        ASSERT_EQ(value, expected) << runtime::dtypeName(dtype) << " " << i;
      }
    }
  }
}

TEST(SelfTestValueTest, HalvesOfAllKinds) {
  auto half = [](uint16_t bits) {
    return schema::selfTestElement(schema::DType::f16,
                                   reinterpret_cast<uint8_t *>(&bits), 0);
  };
  EXPECT_EQ(half(0x0000), 0);
  EXPECT_EQ(half(0x0001), 0x1p-24);
  EXPECT_EQ(half(0x8400), -0x1p-14);
  EXPECT_EQ(half(0x3555), 0x1.554p-2);
  EXPECT_EQ(half(0x7bff), 65504);
  EXPECT_EQ(half(0xfc00), -kInfinity);
  EXPECT_TRUE(std::isnan(half(0x7e00)));
}

} // namespace
