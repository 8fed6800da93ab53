// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the tests of the Vulkan driver share: the sample with kernels in
// SPIR-V, devices that lie, and a folder for pipelines.
#ifndef VISIR_TEST_TARGETS_VULKAN_DRIVER_FIXTURE_H
#define VISIR_TEST_TARGETS_VULKAN_DRIVER_FIXTURE_H

#include "targets/vulkan/abi/kernel_abi.h"
#include "test/runtime/support/runner.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace visir::testing {

inline Bytes readFile(const std::string &path) {
  Bytes bytes(1 << 16);
  FILE *file = fopen(path.c_str(), "rb");
  if (!file)
    return {};
  bytes.resize(fread(bytes.data(), 1, bytes.size(), file));
  fclose(file);
  return bytes;
}

// Replaces the functions' code by the modules of their names.
inline ArtifactBuilder onVulkan(ArtifactBuilder builder) {
  moveToDevice(builder, schema::DeviceKind::vulkan);
  builder.manifest.targets[0]->name = "vulkan";
  builder.manifest.targets[0]->abi_version = VISIR_VULKAN_ABI_VERSION;
  Bytes &code = builder.sections[0];
  code.clear();
  for (auto &function : builder.manifest.programs[0]->functions) {
    Bytes module = readFile(VISIR_VULKAN_KERNELS "/" + function->name + ".spv");
    EXPECT_FALSE(module.empty()) << function->name;
    function->code_offset = code.size();
    function->code_bytes = module.size();
    code.insert(code.end(), module.begin(), module.end());
  }
  return builder;
}

// Sets the shim's modes while it lives.
class Shim {
public:
  explicit Shim(const char *modes) {
    setenv("VISIR_VULKAN_LIBRARY", VISIR_VULKAN_SHIM_FILE, 1);
    setenv("VISIR_VULKAN_SHIM", modes, 1);
  }
  ~Shim() {
    unsetenv("VISIR_VULKAN_LIBRARY");
    unsetenv("VISIR_VULKAN_SHIM");
  }
};

// A folder for pipelines; other tests keep none.
class CacheFolder {
public:
  CacheFolder() {
    std::string name = ::testing::TempDir() + "visirXXXXXX";
    path = mkdtemp(name.data());
    setenv("VISIR_VULKAN_CACHE", path.c_str(), 1);
  }
  ~CacheFolder() {
    std::filesystem::remove_all(path);
    setenv("VISIR_VULKAN_CACHE", "none", 1);
  }

  // The only file of the driver in the folder or below it; empty without one.
  // Others are Mesa's.
  std::string file() const {
    std::string found;
    for (const auto &entry :
         std::filesystem::recursive_directory_iterator(path))
      if (entry.path().filename().string().rfind("vulkan-", 0) == 0) {
        EXPECT_EQ(found, "");
        found = entry.path();
      }
    return found;
  }

  std::string path;
};

} // namespace visir::testing

#endif // VISIR_TEST_TARGETS_VULKAN_DRIVER_FIXTURE_H
