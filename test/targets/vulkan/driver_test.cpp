// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The Vulkan driver on the sample of the runtime's tests, with kernels in
// SPIR-V, on the machine's first device and on devices that lie.
#include "test/runtime/conformance/conformance.h"
#include "test/targets/vulkan/driver_fixture.h"

#include <gmock/gmock.h>

using namespace visir::testing;
using ::testing::HasSubstr;
namespace schema = visir::schema;

namespace {

schema::FunctionT &function(ArtifactBuilder &builder) {
  return *builder.manifest.programs[0]->functions[0];
}

visir_status_t openSample(Runner &runner, const char *device = nullptr) {
  return runner.open(onVulkan(makeSample()).finish(), 0, device);
}

std::string openText(const ArtifactBuilder &builder, int32_t code,
                     const char *device = nullptr) {
  Runner runner;
  ArtifactBuilder copy;
  visir_status_t status =
      runner.open(const_cast<ArtifactBuilder &>(builder).finish(), 0, device);
  EXPECT_EQ(status.code, code) << status.message;
  return status.message;
}

std::string refusalText(const char *modes, const char *device = nullptr) {
  Shim shim(modes);
  return openText(onVulkan(makeSample()), VISIR_UNSUPPORTED, device);
}

class WithoutCache : public ::testing::Environment {
  void SetUp() override { setenv("VISIR_VULKAN_CACHE", "none", 1); }
};
const auto *withoutCache =
    ::testing::AddGlobalTestEnvironment(new WithoutCache());

// What opening says where the device has compiled 100 bytes and demands that
// so many were kept.
std::string openKept(int bytes) {
  Shim shim(("compiled=100,cached=" + std::to_string(bytes)).c_str());
  Runner runner;
  return openSample(runner).message;
}

// On the device itself, on one that wants copies, and on one whose grids are
// narrow.
class VulkanRunTest : public ::testing::TestWithParam<const char *> {};

TEST_P(VulkanRunTest, Conforms) {
  Shim shim(GetParam());
  checkSampleRuns(onVulkan, "vulkan: ");
  checkScalars(onVulkan);
  checkStates(onVulkan);
  checkProfile(onVulkan);
  checkFills(onVulkan);
}

INSTANTIATE_TEST_SUITE_P(Devices, VulkanRunTest,
                         ::testing::Values("", "discrete", "groups=3",
                                           "alignment=256"));

TEST(VulkanErrorTest, FailureNamesCommandAndNode) { checkFailure(onVulkan); }

TEST(VulkanErrorTest, NoLibrary) {
  setenv("VISIR_VULKAN_LIBRARY", "/no/such/library.so", 1);
  EXPECT_THAT(openText(onVulkan(makeSample()), VISIR_UNSUPPORTED),
              HasSubstr("vulkan (/no/such/library.so cannot be opened, "
                        "expected the Vulkan loader)"));
  visir_device_info_t devices[8];
  uint32_t count = visir_list_devices(devices, 8);
  bool listed = false;
  for (uint32_t i = 0; i < count; ++i)
    if (std::string(devices[i].name) == "vulkan") {
      listed = true;
      EXPECT_EQ(devices[i].present, 0u);
      EXPECT_THAT(devices[i].description, HasSubstr("none: /no/such/"));
    }
  EXPECT_TRUE(listed);
  unsetenv("VISIR_VULKAN_LIBRARY");
}

TEST(VulkanErrorTest, LibrariesAndDrivers) {
  EXPECT_THAT(refusalText("missing-vkCreateInstance"),
              HasSubstr("Vulkan function vkCreateInstance is missing"));
  EXPECT_THAT(refusalText("missing-vkCreateDevice"),
              HasSubstr("Vulkan function vkCreateDevice is missing"));
  EXPECT_THAT(refusalText("missing-vkCmdDispatch"),
              HasSubstr("Vulkan function vkCmdDispatch is missing"));
  EXPECT_THAT(refusalText("loader-1.0"),
              HasSubstr("Vulkan version is 1.0, expected at least 1.1"));
  EXPECT_THAT(
      refusalText("no-driver"),
      HasSubstr("vkCreateInstance is -9 (no driver), expected success"));
  EXPECT_THAT(refusalText("no-device"),
              HasSubstr("count of Vulkan devices is 0, expected at least 1"));
  EXPECT_THAT(refusalText("device-1.0"),
              HasSubstr("device vulkan: its version of Vulkan is below 1.1"));
  EXPECT_THAT(refusalText("no-compute", "vulkan:0"),
              HasSubstr("device vulkan:0: it does not compute"));
}

TEST(VulkanErrorTest, DevicesByName) {
  Runner first, second;
  EXPECT_EQ(openSample(first, "vulkan").code, VISIR_OK);
  EXPECT_EQ(openSample(second, "vulkan:0").code, VISIR_OK);
  {
    Shim shim("discrete");
    Runner third;
    EXPECT_EQ(openSample(third, "vulkan:discrete").code, VISIR_OK);
  }
  EXPECT_THAT(refusalText("", "vulkan:9"),
              HasSubstr("(device is vulkan:9, expected vulkan:0.."));
  EXPECT_THAT(refusalText("", "vulkan:no such card"),
              HasSubstr("(device is vulkan:no such card, expected "));
  EXPECT_THAT(refusalText("", "cuda"),
              HasSubstr("vulkan (for another device)"));
}

TEST(VulkanErrorTest, Features) {
  ArtifactBuilder builder = onVulkan(makeSample());
  builder.manifest.targets[0]->features = "float64,int64";
  EXPECT_EQ(openText(builder, VISIR_OK), "");
  {
    Shim shim("no-features");
    EXPECT_THAT(openText(builder, VISIR_UNSUPPORTED),
                HasSubstr("has no float64"));
  }
  builder.manifest.targets[0]->features = "int64,float128";
  EXPECT_THAT(openText(builder, VISIR_UNSUPPORTED),
              HasSubstr("feature float128 is unknown, expected an older "
                        "program"));
  builder.manifest.targets[0]->features = "";
  builder.manifest.targets[0]->abi_version = 77;
  EXPECT_THAT(openText(builder, VISIR_UNSUPPORTED),
              HasSubstr("kernel ABI version is 77, expected 1"));
}

TEST(VulkanErrorTest, Limits) {
  EXPECT_THAT(refusalText("buffers=2"),
              HasSubstr("function 0 \"add\": count of bindings is 3, expected "
                        "at most 2 as the device allows"));
  EXPECT_THAT(refusalText("push=4"),
              HasSubstr("function 1 \"accumulate\": size of scalars is 8, "
                        "expected at most 4"));
  EXPECT_THAT(refusalText("threads=8"),
              HasSubstr("size of a workgroup is 16, expected at most 8"));
  EXPECT_THAT(refusalText("range=128"),
              HasSubstr("entry 0: command 0: binding 0: size is 256, expected "
                        "at most 128 as the device allows"));
  EXPECT_THAT(refusalText("alignment=1024"),
              HasSubstr("offset is 512, expected a multiple of 1024 as the "
                        "device demands"));
}

// It would leave the loop and give a wrong result without a word.
TEST(VulkanErrorTest, LongLoopsOnLlvmpipe) {
  ArtifactBuilder builder = onVulkan(makeSample());
  function(builder).loop_steps = 65536;
  EXPECT_THAT(openText(builder, VISIR_UNSUPPORTED, "vulkan:llvmpipe"),
              HasSubstr("function 0 \"add\": count of a thread's loop "
                        "iterations is 65536, expected at most 65535 as the "
                        "device allows"));
}

TEST(VulkanErrorTest, NoModule) {
  ArtifactBuilder builder = onVulkan(makeSample());
  builder.sections[0][0] = 0;
  EXPECT_THAT(openText(builder, VISIR_MALFORMED),
              HasSubstr("function 0 \"add\": code begins with 0x07230200, "
                        "expected SPIR-V's 0x07230203"));
}

TEST(VulkanErrorTest, OutOfMemory) {
  const char *const texts[] = {
      "constants: ", "arena: ", "tensors and states: "};
  for (int i = 0; i < 3; ++i) {
    Shim shim(("memory=" + std::to_string(i + 1)).c_str());
    std::string text =
        openText(onVulkan(makeSample()), VISIR_OUT_OF_MEMORY, "vulkan:cpu");
    EXPECT_THAT(text, HasSubstr(texts[i]));
    EXPECT_THAT(text, HasSubstr("vkAllocateMemory is -2 (out of device "
                                "memory), expected success"));
    // Lets the shim count anew.
    setenv("VISIR_VULKAN_SHIM", "", 1);
    EXPECT_EQ(openText(onVulkan(makeSample()), VISIR_OK), "");
  }
  visir_context_options_t options = {};
  options.struct_bytes = sizeof(options);
  options.memory_limit = 1000;
  Runner runner(options);
  visir_status_t status = openSample(runner);
  EXPECT_EQ(status.code, VISIR_OUT_OF_MEMORY);
  EXPECT_THAT(status.message, HasSubstr("memory of a session is "));
}

TEST(VulkanErrorTest, LostDevice) {
  Shim shim("");
  Runner runner;
  ASSERT_EQ(openSample(runner).code, VISIR_OK);
  setenv("VISIR_VULKAN_SHIM", "lost", 1);
  SampleTensors tensors;
  visir_status_t status = tensors.run(runner);
  EXPECT_EQ(status.code, VISIR_DEVICE_LOST);
  EXPECT_STREQ(status.message,
               "vkQueueSubmit is -4 (device lost), expected success");
}

TEST(VulkanCacheTest, PipelinesAreKept) {
  CacheFolder folder;
  EXPECT_EQ(openKept(0), "");
  EXPECT_THAT(folder.file(), HasSubstr(folder.path + "/vulkan-"));
  EXPECT_EQ(std::filesystem::file_size(folder.file()), 188u);
  EXPECT_EQ(openKept(100), "");
  EXPECT_THAT(openKept(99), HasSubstr("vkCreatePipelineCache is -3"));
}

// Whatever byte is wrong, and wherever the file ends.
TEST(VulkanCacheTest, DamagedFilesAreReplaced) {
  CacheFolder folder;
  EXPECT_EQ(openKept(0), "");
  Bytes whole = readFile(folder.file());
  for (size_t i = 0; i < whole.size(); i += 13) {
    Bytes damaged = whole;
    damaged[i] ^= 0x40;
    if (i % 2)
      damaged.resize(i);
    FILE *file = fopen(folder.file().c_str(), "wb");
    ASSERT_EQ(fwrite(damaged.data(), 1, damaged.size(), file), damaged.size());
    fclose(file);
    EXPECT_EQ(openKept(0), "") << i;
    EXPECT_EQ(readFile(folder.file()), whole) << i;
  }
}

TEST(VulkanCacheTest, Folders) {
  CacheFolder folder;
  setenv("VISIR_VULKAN_CACHE", "none", 1);
  EXPECT_EQ(openKept(0), "");
  EXPECT_EQ(folder.file(), "");
  setenv("VISIR_VULKAN_CACHE", "/dev/null/none", 1);
  EXPECT_EQ(openKept(0), "");
  EXPECT_EQ(openKept(0), "");
  unsetenv("VISIR_VULKAN_CACHE");
  setenv("XDG_CACHE_HOME", folder.path.c_str(), 1);
  EXPECT_EQ(openKept(0), "");
  EXPECT_THAT(folder.file(), HasSubstr(folder.path + "/visir/vulkan-"));
  unsetenv("XDG_CACHE_HOME");
}

TEST(VulkanErrorTest, NoTimes) {
  Shim shim("no-times");
  Runner runner;
  ASSERT_EQ(openSample(runner).code, VISIR_OK);
  visir_session_set_profiling(runner.session, 1);
  SampleTensors tensors;
  visir_status_t status = tensors.run(runner);
  EXPECT_EQ(status.code, VISIR_UNSUPPORTED);
  EXPECT_THAT(status.message, HasSubstr("takes no times, expected no profile"));
}

} // namespace
