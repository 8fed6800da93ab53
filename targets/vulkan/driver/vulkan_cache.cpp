// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/driver/vulkan_cache.h"

#include "runtime/base/sha256.h"
#include "runtime/platform/memory.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace visir::runtime::vulkan {
namespace {

constexpr uint32_t kVersion = 2;
constexpr uint64_t kMostBytes = 256 << 20;

struct Header {
  char magic[8]; // "VISIRVKC"
  uint32_t version;
  uint32_t vendor, device, driver;
  uint8_t uuid[VK_UUID_SIZE];
  uint64_t bytes;  // that follow: pipelines
  uint64_t passed; // digests of artifacts behind them
  uint8_t digest[kSha256Bytes]; // of all that follows
};
static_assert(sizeof(Header) == 88, "without gaps, which would be written");

Header headerOf(const VkPhysicalDeviceProperties &properties) {
  Header header = {};
  memcpy(header.magic, "VISIRVKC", sizeof(header.magic));
  header.version = kVersion;
  header.vendor = properties.vendorID;
  header.device = properties.deviceID;
  header.driver = properties.driverVersion;
  memcpy(header.uuid, properties.pipelineCacheUUID, VK_UUID_SIZE);
  return header;
}

// Writes the folder's path and makes it; false: there is to be none.
bool findFolder(char *folder, size_t capacity) {
  const char *named = getenv("VISIR_VULKAN_CACHE");
  if (named && *named) {
    if (strcmp(named, "none") == 0)
      return false;
    int length = snprintf(folder, capacity, "%s", named);
    return length > 0 && size_t(length) < capacity && makeFolder(folder).ok();
  }
  const char *base = getenv("XDG_CACHE_HOME"), *below = "";
  if (!base || base[0] != '/') {
    base = getenv("HOME");
    below = "/.cache";
  }
  if (!base || base[0] != '/')
    return false;
  int length = snprintf(folder, capacity, "%s%s", base, below);
  if (length < 0 || size_t(length) + sizeof("/visir") > capacity ||
      !makeFolder(folder).ok())
    return false;
  memcpy(folder + length, "/visir", sizeof("/visir"));
  return makeFolder(folder).ok();
}

} // namespace

PipelineCache::~PipelineCache() {
  if (handle)
    device->api.DestroyPipelineCache(device->handle, handle, nullptr);
}

Status PipelineCache::open(const Device &opened, const Allocator &from) {
  device = &opened;
  allocator = from;
  char folder[960];
  if (findFolder(folder, sizeof(folder))) {
    int end = snprintf(path, sizeof(path), "%s/vulkan-", folder);
    for (uint8_t byte : device->physical().properties.pipelineCacheUUID)
      end += snprintf(path + end, sizeof(path) - size_t(end), "%02x", byte);
  }
  Array<uint8_t> data;
  read(&data);
  VkPipelineCacheCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO;
  info.initialDataSize = data.size() - passedBytes();
  info.pInitialData = data.data();
  VISIR_VK_TRY(device->api, CreatePipelineCache, device->handle, &info, nullptr,
               &handle);
  return Status();
}

// The file's data if it is whole and of this driver, else none; takes note of
// the artifacts whose digests are at its end.
void PipelineCache::read(Array<uint8_t> *data) {
  File file;
  Header header, wanted = headerOf(device->physical().properties);
  if (!path[0] || !file.open(path).ok() || file.size() < sizeof(header) ||
      !file.read(0, &header, sizeof(header)).ok() ||
      memcmp(&header, &wanted, offsetof(Header, bytes)) != 0 ||
      header.bytes > kMostBytes || header.passed > kMaxPassed)
    return;
  uint64_t bytes = header.bytes + header.passed * kSha256Bytes;
  if (file.size() != sizeof(header) + bytes ||
      !data->allocate(allocator, bytes))
    return;
  uint8_t actual[kSha256Bytes] = {};
  if (file.read(sizeof(header), data->data(), data->size()).ok())
    sha256(data->data(), data->size(), actual);
  if (memcmp(actual, header.digest, sizeof(actual)) != 0) {
    data->reset();
    return;
  }
  memcpy(digest, actual, sizeof(actual));
  passedCount = static_cast<uint32_t>(header.passed);
  if (passedCount != 0)
    memcpy(passed, data->data() + header.bytes, passedBytes());
}

bool PipelineCache::hasPassed(const uint8_t *artifactDigest) const {
  for (uint32_t i = 0; i < passedCount; ++i)
    if (memcmp(passed[i], artifactDigest, kSha256Bytes) == 0)
      return true;
  return false;
}

void PipelineCache::notePassed(const uint8_t *artifactDigest) {
  if (hasPassed(artifactDigest))
    return;
  if (passedCount == kMaxPassed)
    memmove(passed[0], passed[1], kSha256Bytes * --passedCount);
  memcpy(passed[passedCount++], artifactDigest, kSha256Bytes);
}

void PipelineCache::keep() {
  const DeviceApi &api = device->api;
  size_t bytes = 0;
  Array<uint8_t> data;
  if (!path[0] ||
      api.GetPipelineCacheData(device->handle, handle, &bytes, nullptr) !=
          VK_SUCCESS ||
      bytes == 0 || bytes > kMostBytes ||
      !data.allocate(allocator, bytes + passedBytes()) ||
      api.GetPipelineCacheData(device->handle, handle, &bytes, data.data()) !=
          VK_SUCCESS)
    return;
  Header header = headerOf(device->physical().properties);
  header.bytes = bytes;
  header.passed = passedCount;
  uint64_t whole = bytes + passedBytes();
  if (passedCount != 0)
    memcpy(data.data() + bytes, passed, passedBytes());
  sha256(data.data(), whole, header.digest);
  if (memcmp(header.digest, digest, sizeof(digest)) == 0)
    return;
  // The next process finds out whether it is there.
  (void)replaceFile(path, &header, sizeof(header), data.data(), whole);
}

} // namespace visir::runtime::vulkan
