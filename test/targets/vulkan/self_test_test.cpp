// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Devices that must prove themselves, and workgroups that they choose.
#include "test/runtime/support/self_test.h"
#include "test/targets/vulkan/driver_fixture.h"

#include <gmock/gmock.h>

using namespace visir::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace schema = visir::schema;

namespace {

ArtifactBuilder makeProven() {
  ArtifactBuilder builder = onVulkan(makeSample());
  addProven(builder);
  return builder;
}

schema::FunctionT &proven(ArtifactBuilder &builder) {
  return *builder.manifest.programs[0]->functions[2];
}

schema::GoldenT &golden(ArtifactBuilder &builder) {
  return *proven(builder).self_test->goldens[0];
}

// What opening says, after its code.
std::string openText(ArtifactBuilder builder, uint32_t flags = 0,
                     const char *device = nullptr) {
  Runner runner;
  visir_status_t status = runner.open(builder.finish(), flags, device);
  return std::to_string(status.code) + ": " + status.message;
}

// Turns the proven function's addition into a subtraction.
void damageKernel(ArtifactBuilder &builder) {
  Bytes &code = builder.sections[0];
  constexpr uint32_t kAdd = 5u << 16 | 129, kSubtract = 5u << 16 | 131;
  Bytes copy(code.begin() + static_cast<long>(proven(builder).code_offset),
             code.begin() + static_cast<long>(proven(builder).code_offset +
                                              proven(builder).code_bytes));
  bool isDamaged = false;
  for (size_t at = 0; at + 4 <= copy.size(); at += 4) {
    uint32_t word;
    memcpy(&word, &copy[at], 4);
    if (word != kAdd)
      continue;
    memcpy(&copy[at], &kSubtract, 4);
    isDamaged = true;
  }
  EXPECT_TRUE(isDamaged);
  proven(builder).code_offset = code.size();
  code.insert(code.end(), copy.begin(), copy.end());
}

TEST(VulkanSelfTest, SoundKernelsPass) {
  EXPECT_EQ(openText(makeProven()), "0: ");
  Shim shim("discrete");
  EXPECT_EQ(openText(makeProven()), "0: ");
}

TEST(VulkanSelfTest, DamagedKernelsAreFound) {
  ArtifactBuilder builder = makeProven();
  damageKernel(builder);
  EXPECT_THAT(
      openText(builder),
      AllOf(StartsWith("12: device \""),
            HasSubstr("\" fails its self test: function 2 \"add\": binding 2: "
                      "element "),
            HasSubstr(", expected "), HasSubstr(" within ")));
  EXPECT_EQ(openText(builder, VISIR_MODULE_NO_SELF_TEST), "0: ");
}

TEST(VulkanSelfTest, DamagedGoldensAreFound) {
  ArtifactBuilder builder = makeProven();
  double sum = golden(builder).sum;
  golden(builder).sum += 0.001 * golden(builder).magnitude;
  EXPECT_THAT(openText(builder), HasSubstr("sum of 64 elements is "));
  golden(builder).sum = sum + 1e-6 * golden(builder).magnitude;
  EXPECT_EQ(openText(builder), "0: ");
  golden(builder).finite = 63;
  EXPECT_THAT(openText(builder), HasSubstr("count of finite ones of 64 "
                                           "elements is 64, expected 63"));
  golden(builder).finite = 64;
  golden(builder).samples[7] = __builtin_nan("");
  EXPECT_THAT(openText(builder), HasSubstr(", expected nan within "));
  golden(builder).samples[7] = __builtin_inf();
  EXPECT_THAT(openText(builder), HasSubstr(", expected inf within "));
}

TEST(VulkanSelfTest, ErrorsOfKernelsAreFailures) {
  ArtifactBuilder builder = onVulkan(makeSingle("fail", 1));
  schema::FunctionT &function = *builder.manifest.programs[0]->functions[0];
  function.can_fail = true;
  function.self_test = std::make_unique<schema::SelfTestT>();
  function.self_test->dtypes = {schema::DType::f32};
  function.self_test->goldens.push_back(
      makeGolden(0, std::vector<float>(16)));
  EXPECT_THAT(openText(builder), HasSubstr("function 0 \"fail\": it returned "));
}

// A device that does nothing is found out only where it is tested.
TEST(VulkanSelfTest, PassingIsRemembered) {
  CacheFolder folder;
  const char *idle = "no-dispatch";
  {
    Shim shim(idle);
    EXPECT_THAT(openText(makeProven()), StartsWith("12: "));
    // A failure is not remembered.
    EXPECT_THAT(openText(makeProven()), StartsWith("12: "));
  }
  {
    Shim shim("");
    EXPECT_EQ(openText(makeProven()), "0: ");
  }
  Shim shim(idle);
  EXPECT_EQ(openText(makeProven()), "0: ");
  EXPECT_THAT(openText(makeProven(), VISIR_MODULE_SELF_TEST),
              StartsWith("12: "));
  ArtifactBuilder other = makeProven();
  other.manifest.producer = "another";
  EXPECT_THAT(openText(other), StartsWith("12: "));
  EXPECT_EQ(openText(other, VISIR_MODULE_NO_SELF_TEST), "0: ");
}

TEST(VulkanSelfTest, ManyArtifactsAreRemembered) {
  CacheFolder folder;
  Shim shim("");
  for (int i = 0; i < 66; ++i) {
    ArtifactBuilder builder = makeProven();
    builder.manifest.producer = std::to_string(i);
    ASSERT_EQ(openText(builder), "0: ") << i;
  }
  setenv("VISIR_VULKAN_SHIM", "no-dispatch", 1);
  auto opens = [](const char *name) {
    ArtifactBuilder builder = makeProven();
    builder.manifest.producer = name;
    return openText(builder) == "0: ";
  };
  EXPECT_TRUE(opens("65"));
  EXPECT_TRUE(opens("2"));
  EXPECT_FALSE(opens("1"));
}

// A second program, the first one with a kernel that no device computes right.
ArtifactBuilder makeTwoPrograms() {
  ArtifactBuilder builder = makeProven();
  auto &manifest = builder.manifest;
  manifest.targets.push_back(
      std::make_unique<schema::TargetT>(*manifest.targets[0]));
  manifest.targets[1]->name = "vulkan-spare";
  manifest.programs.push_back(
      std::make_unique<schema::ProgramT>(*manifest.programs[0]));
  manifest.programs[1]->target = 1;
  for (auto &section : manifest.sections)
    section->target = -1;
  golden(builder).samples[0] += 1;
  return builder;
}

TEST(VulkanSelfTest, OthersAreUsedButNotInSilence) {
  std::string log;
  visir_logger_t logger = {[](void *user, int level, const char *text) {
                             *static_cast<std::string *>(user) +=
                                 std::to_string(level) + " " + text + "\n";
                           },
                           &log};
  visir_context_options_t options = {};
  options.struct_bytes = sizeof(options);
  options.logger = &logger;
  Runner runner(options);
  ArtifactBuilder builder = makeTwoPrograms();
  visir_status_t status = runner.open(builder.finish());
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  visir_module_info_t info;
  visir_module_info(runner.module, &info);
  EXPECT_STREQ(info.target, "vulkan-spare");
  EXPECT_THAT(visir_module_device(runner.module),
              AllOf(StartsWith("vulkan: "),
                    HasSubstr(" (refused: device \""),
                    HasSubstr(" fails its self test: function 2 ")));
  EXPECT_THAT(log, HasSubstr("1 refused: device \""));
  EXPECT_THAT(log, HasSubstr("0 runs the program for vulkan-spare on "));
  SampleTensors tensors;
  EXPECT_EQ(tensors.run(runner).code, VISIR_OK);
}

TEST(VulkanSelfTest, TheLastOneIsNotReplaced) {
  ArtifactBuilder builder = makeTwoPrograms();
  EXPECT_EQ(openText(builder, 0, "vulkan"), "0: ");
  builder.manifest.programs[1]->functions[2]->self_test->tolerance = 0;
  builder.manifest.programs[1]->functions[2]->self_test->goldens[0]->sum += 9;
  for (const char *device : {"vulkan", static_cast<const char *>(nullptr)})
    EXPECT_THAT(openText(builder, 0, device),
                AllOf(StartsWith("12: device "), HasSubstr(": element ")));
}

TEST(VulkanSelfTest, NoMemory) {
  Shim shim("memory=1");
  EXPECT_THAT(openText(makeProven()),
              AllOf(StartsWith("4: "), HasSubstr("self test: ")));
}

// The self test tells whether each of 64 points was computed.
ArtifactBuilder makeResizable() {
  ArtifactBuilder builder = makeSingle("add", 4);
  auto &function = *builder.manifest.programs[0]->functions[0];
  function.name = "twice";
  function.bindings.clear();
  function.bindings.push_back(makeBinding(schema::Access::read, 256));
  function.bindings.push_back(makeBinding(schema::Access::write, 256));
  auto &entry = *builder.manifest.programs[0]->entries[0];
  entry.inputs.push_back(makeTensor("x", schema::DType::f32, {64}));
  entry.outputs[0] = makeTensor("y", schema::DType::f32, {64});
  auto &bindings = entry.commands[0]->operation.AsDispatch()->bindings;
  bindings.clear();
  bindings.push_back(makeRef(schema::BufferKind::input, 0, 0, 256));
  bindings.push_back(makeRef(schema::BufferKind::output, 0, 0, 256));
  builder = onVulkan(std::move(builder));
  auto &moved = *builder.manifest.programs[0]->functions[0];
  moved.resizable = true;
  moved.self_test = std::make_unique<schema::SelfTestT>();
  moved.self_test->dtypes.assign(2, schema::DType::f32);
  std::vector<float> values = drawnFloats(0, 64);
  for (float &value : values)
    value *= 2;
  moved.self_test->goldens.push_back(makeGolden(1, values));
  return builder;
}

class VulkanWorkgroupTest : public ::testing::TestWithParam<const char *> {};

TEST_P(VulkanWorkgroupTest, FitsTheDevice) {
  Shim shim(GetParam());
  EXPECT_EQ(openText(makeResizable()), "0: ");
}

// As many workgroups as before; more and smaller ones; one, for subgroups as
// large as that.
INSTANTIATE_TEST_SUITE_P(Limits, VulkanWorkgroupTest,
                         ::testing::Values("", "threads=8", "threads=1",
                                           "threads=7", "subgroup=32",
                                           "subgroup=64",
                                           "subgroup=64,threads=32"));

TEST(VulkanWorkgroupTest, TooManyAreRefused) {
  Shim shim("threads=1,groups=5,rows=5");
  EXPECT_THAT(openText(makeResizable()),
              HasSubstr("count of workgroups is 64, expected at most 25 as "
                        "the device allows"));
}

// The program that asks for more is used where the device has it. Its kernels
// are plain ones here.
TEST(VulkanMatrixTest, ProgramsAreChosenByFeatures) {
  ArtifactBuilder builder = makeTwoPrograms();
  builder.manifest.programs[0]->functions[2]->self_test = nullptr;
  builder.manifest.targets[1]->name = "vulkan+matrix16";
  builder.manifest.targets[1]->features = "matrix16";
  auto target = [&](const char *modes) -> std::string {
    Shim shim(modes);
    Runner runner;
    visir_status_t status = runner.open(builder.finish());
    if (status.code != VISIR_OK)
      return status.message;
    visir_module_info_t info;
    visir_module_info(runner.module, &info);
    SampleTensors tensors;
    EXPECT_EQ(tensors.run(runner).code, VISIR_OK);
    return info.target;
  };
  EXPECT_EQ(target(""), "vulkan");
  EXPECT_EQ(target("matrices"), "vulkan+matrix16");
  EXPECT_EQ(target("matrices=8"), "vulkan");
  EXPECT_EQ(target("matrices,subgroup=64"), "vulkan");
  EXPECT_EQ(target("matrices,device-1.2"), "vulkan");
  // Where it computes wrong results, the plain one is left.
  builder.manifest.programs[1]->functions[2]->self_test->goldens[0]->sum += 9;
  EXPECT_EQ(target("matrices"), "vulkan");
}

TEST(VulkanMatrixTest, DevicesWithoutAreTold) {
  ArtifactBuilder builder = makeProven();
  builder.manifest.targets[0]->features = "matrix16";
  EXPECT_THAT(openText(builder), HasSubstr("has no matrix16"));
}

} // namespace
