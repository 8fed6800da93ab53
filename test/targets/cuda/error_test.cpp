// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the CUDA driver says where it cannot run, on devices that lie.
#include "test/targets/cuda/null_device.h"

#include <gmock/gmock.h>

using namespace visir::testing;
using ::testing::HasSubstr;

namespace {

std::string openText(ArtifactBuilder builder, int32_t code,
                     const char *device = nullptr) {
  Runner runner;
  visir_status_t status = runner.open(builder.finish(), 0, device);
  EXPECT_EQ(status.code, code) << status.message;
  return status.message;
}

std::string refusalText(const char *modes, const char *device = nullptr,
                        int32_t code = VISIR_UNSUPPORTED) {
  NullDevice null(modes);
  return openText(onCuda(makeSample()), code, device);
}

TEST(CudaErrorTest, NoLibrary) {
  NullDevice null("", "/no/such/library.so");
  EXPECT_EQ(openText(onCuda(makeSample()), VISIR_UNSUPPORTED),
            "no target of the artifact runs here: cuda:sm_75 "
            "(/no/such/library.so cannot be opened, expected NVIDIA's driver)");
  visir_device_info_t devices[8];
  uint32_t count = visir_list_devices(devices, 8);
  bool listed = false;
  for (uint32_t i = 0; i < count && i < 8; ++i)
    if (std::string(devices[i].name) == "cuda") {
      listed = true;
      EXPECT_EQ(devices[i].present, 0u);
      EXPECT_THAT(devices[i].description, HasSubstr("none: /no/such/"));
    }
  EXPECT_TRUE(listed);
}

TEST(CudaErrorTest, LibrariesAndDrivers) {
  EXPECT_THAT(refusalText("missing-cuGraphLaunch"),
              HasSubstr("CUDA function cuGraphLaunch is missing, expected a "
                        "driver of CUDA 11.4 or newer"));
  EXPECT_THAT(refusalText("missing-cuMemAlloc_v2"),
              HasSubstr("CUDA function cuMemAlloc_v2 is missing"));
  EXPECT_THAT(refusalText("no-driver"),
              HasSubstr("cuInit is 100 (CUDA_ERROR_NO_DEVICE), expected "
                        "success"));
  EXPECT_THAT(refusalText("no-device"),
              HasSubstr("count of CUDA devices is 0, expected at least 1"));
}

TEST(CudaErrorTest, DevicesByName) {
  NullDevice null("sm=75:90");
  for (const char *name : {"cuda", "cuda:0", "cuda:1", "cuda:gpu b"}) {
    Runner runner;
    visir_status_t status = runner.open(onCuda(makeSample()).finish(), 0, name);
    ASSERT_EQ(status.code, VISIR_OK) << status.message;
    bool second = strchr(name, '1') || strchr(name, 'b');
    EXPECT_THAT(
        visir_module_device(runner.module),
        HasSubstr(second ? "1, Null GPU B (sm_90)" : "0, Null GPU A (sm_75)"));
  }
  EXPECT_THAT(openText(onCuda(makeSample()), VISIR_UNSUPPORTED, "cuda:9"),
              HasSubstr("(device is cuda:9, expected cuda:0..1 or a part of a "
                        "device's name)"));
  EXPECT_THAT(openText(onCuda(makeSample()), VISIR_UNSUPPORTED, "vulkan"),
              HasSubstr("cuda:sm_75 (for another device)"));
}

TEST(CudaErrorTest, DevicesAreListed) {
  NullDevice null("sm=75:90");
  visir_device_info_t devices[16];
  uint32_t count = visir_list_devices(devices, 16);
  std::string all;
  for (uint32_t i = 0; i < count && i < 16; ++i)
    all += std::string(devices[i].name) + " " + devices[i].description + "\n";
  EXPECT_THAT(all, HasSubstr("cuda:0 Null GPU A, sm_75, CUDA 12.4\n"));
  EXPECT_THAT(all, HasSubstr("cuda:1 Null GPU B, sm_90, CUDA 12.4\n"));
}

// Programs for two architectures that share their functions.
ArtifactBuilder forArchitectures(const char *first, const char *second) {
  ArtifactBuilder builder = onCuda(makeSample());
  auto &manifest = builder.manifest;
  manifest.targets[0]->name = first;
  builder.sections.insert(builder.sections.begin(), builder.sections[0]);
  auto section =
      std::make_unique<visir::schema::SectionT>(*manifest.sections[0]);
  manifest.sections.insert(manifest.sections.begin(), std::move(section));
  manifest.sections[1]->target = 1;
  manifest.targets.push_back(
      std::make_unique<visir::schema::TargetT>(*manifest.targets[0]));
  manifest.targets[1]->name = second;
  auto program =
      std::make_unique<visir::schema::ProgramT>(*manifest.programs[0]);
  program->target = 1;
  program->code_section = 1;
  manifest.programs.push_back(std::move(program));
  for (auto &one : manifest.programs)
    for (auto &constant : one->constants)
      constant->section = 2;
  return builder;
}

TEST(CudaErrorTest, WrongArchitecture) {
  NullDevice null("sm=75");
  EXPECT_EQ(
      openText(forArchitectures("cuda:sm_80", "cuda:sm_90"), VISIR_UNSUPPORTED),
      "no target of the artifact runs here: cuda:sm_80, cuda:sm_90 "
      "(device \"Null GPU A\" is sm_75)");
  EXPECT_EQ(openText(forArchitectures("cuda:sm_80", "cuda:sm_90"),
                     VISIR_UNSUPPORTED, "cuda:0"),
            "device is cuda:0, expected one that runs a target of the "
            "artifact: cuda:sm_80, cuda:sm_90 (device \"Null GPU A\" is "
            "sm_75)");
  ArtifactBuilder odd = onCuda(makeSample());
  odd.manifest.targets[0]->name = "cuda:sm_9x";
  EXPECT_THAT(openText(std::move(odd), VISIR_UNSUPPORTED),
              HasSubstr("expected cuda:sm_ and a number"));
  ArtifactBuilder newer = onCuda(makeSample());
  newer.manifest.targets[0]->abi_version = 77;
  EXPECT_THAT(openText(std::move(newer), VISIR_UNSUPPORTED),
              HasSubstr("kernel ABI version is 77, expected 2"));
}

TEST(CudaErrorTest, NearestArchitectureIsTaken) {
  for (auto [device, target] : {std::pair("sm=86,machine-code", "cuda:sm_80"),
                                std::pair("sm=90,machine-code", "cuda:sm_90"),
                                std::pair("sm=120", "cuda:sm_90")}) {
    NullDevice null(device);
    Runner runner;
    visir_status_t status =
        runner.open(forArchitectures("cuda:sm_80", "cuda:sm_90").finish());
    ASSERT_EQ(status.code, VISIR_OK) << status.message;
    visir_module_info_t info;
    visir_module_info(runner.module, &info);
    EXPECT_STREQ(info.target, target) << device;
  }
}

TEST(CudaErrorTest, OldDriver) {
  EXPECT_EQ(refusalText("old-ptx"),
            "driver's version of CUDA is 12.4, expected a newer one that knows "
            "the program's PTX");
}

TEST(CudaErrorTest, Limits) {
  EXPECT_THAT(refusalText("threads=8"),
              HasSubstr("function 0 \"add\": count of threads is 16, expected "
                        "at most 8 as the device allows"));
  NullDevice null("shared=1000");
  ArtifactBuilder builder = onCuda(makeSample());
  builder.manifest.programs[0]->functions[0]->shared_bytes = 1001;
  EXPECT_THAT(openText(std::move(builder), VISIR_UNSUPPORTED),
              HasSubstr("function 0 \"add\": shared size is 1001, expected at "
                        "most 1000 as the device allows"));
}

TEST(CudaErrorTest, OutOfMemory) {
  const char *const texts[] = {"constants of 512 bytes: cuMemAlloc",
                               "device memory of ", "host memory of ",
                               "states of 512 bytes: cuMemAllocManaged"};
  for (int i = 0; i < 4; ++i) {
    std::string text = refusalText(("memory=" + std::to_string(i + 1)).c_str(),
                                   nullptr, VISIR_OUT_OF_MEMORY);
    EXPECT_THAT(text, HasSubstr(texts[i]));
    EXPECT_THAT(text, HasSubstr(" is 2 (CUDA_ERROR_OUT_OF_MEMORY), expected "
                                "success"));
    EXPECT_EQ(refusalText("", nullptr, VISIR_OK), "");
  }
  NullDevice null;
  visir_context_options_t options = {};
  options.struct_bytes = sizeof(options);
  options.memory_limit = 1000;
  Runner runner(options);
  visir_status_t status = runner.open(onCuda(makeSample()).finish());
  EXPECT_EQ(status.code, VISIR_OUT_OF_MEMORY);
  EXPECT_THAT(status.message, HasSubstr("memory of a session is "));
}

std::string damagedText(void (*damage)(Bytes &code)) {
  NullDevice null("sm=75,machine-code");
  ArtifactBuilder builder = onCuda(makeSample());
  damage(builder.sections[0]);
  for (auto &function : builder.manifest.programs[0]->functions)
    function->code_bytes = builder.sections[0].size();
  return openText(std::move(builder), VISIR_MALFORMED);
}

visir_cuda_code_t &headerOf(Bytes &code) {
  return *reinterpret_cast<visir_cuda_code_t *>(code.data());
}

TEST(CudaErrorTest, DamagedCode) {
  EXPECT_EQ(damagedText([](Bytes &code) { code[0] = 0; }),
            "code section for CUDA has no header, expected a header, text with "
            "a final NUL and an ELF file");
  EXPECT_THAT(damagedText([](Bytes &code) { code.resize(8); }),
              HasSubstr("has no header"));
  EXPECT_THAT(
      damagedText([](Bytes &code) { headerOf(code).ptx_bytes = 1u << 30; }),
      HasSubstr("has no text"));
  EXPECT_THAT(damagedText([](Bytes &code) { headerOf(code).ptx_bytes = 0; }),
              HasSubstr("has no text"));
  EXPECT_THAT(damagedText([](Bytes &code) { --headerOf(code).ptx_bytes; }),
              HasSubstr("has no text"));
  EXPECT_THAT(
      damagedText([](Bytes &code) { headerOf(code).cubin_offset = ~0ull; }),
      HasSubstr("has machine code that is no ELF file"));
  EXPECT_THAT(damagedText([](Bytes &code) { ++headerOf(code).cubin_offset; }),
              HasSubstr("has machine code that is no ELF file"));
  EXPECT_THAT(damagedText([](Bytes &code) { headerOf(code).cubin_bytes = 8; }),
              HasSubstr("has machine code that is no ELF file"));
}

TEST(CudaErrorTest, MissingFunction) {
  NullDevice null;
  ArtifactBuilder builder = onCuda(makeSample());
  builder.manifest.programs[0]->functions[1]->name = "nothing";
  EXPECT_EQ(openText(std::move(builder), VISIR_UNSUPPORTED),
            "function 1 \"nothing\": cuModuleGetFunction is 500 "
            "(CUDA_ERROR_NOT_FOUND), expected success");
}

TEST(CudaErrorTest, LostDevice) {
  NullDevice null;
  Runner runner;
  ASSERT_EQ(runner.open(onCuda(makeSample()).finish()).code, VISIR_OK);
  null.setModes("lost");
  SampleTensors tensors;
  visir_status_t status = tensors.run(runner);
  EXPECT_EQ(status.code, VISIR_DEVICE_LOST);
  EXPECT_STREQ(status.message, "cuStreamSynchronize is 719 "
                               "(CUDA_ERROR_LAUNCH_FAILED), expected success");
}

} // namespace
