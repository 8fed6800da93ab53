// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/artifact/artifact.h"

#include <stdio.h>

namespace visir::runtime {

Status Artifact::openFile(const char *path, const Allocator &allocator) {
  VISIR_RETURN_IF_ERROR(file.open(path));
  if (file.size() < sizeof(header))
    return Status::error(
        StatusCode::malformed, "file size is %llu, expected at least %zu",
        static_cast<unsigned long long>(file.size()), sizeof(header));
  VISIR_RETURN_IF_ERROR(file.read(0, &header, sizeof(header)));
  VISIR_RETURN_IF_ERROR(verifyHeader(header, file.size()));
  return readManifest(allocator);
}

Status Artifact::openMemory(const void *data, uint64_t bytes,
                            const Allocator &allocator) {
  if (bytes < sizeof(header))
    return Status::error(
        StatusCode::malformed, "file size is %llu, expected at least %zu",
        static_cast<unsigned long long>(bytes), sizeof(header));
  memory = static_cast<const uint8_t *>(data);
  memcpy(&header, memory, sizeof(header));
  VISIR_RETURN_IF_ERROR(verifyHeader(header, bytes));
  return readManifest(allocator);
}

// The manifest is copied, so that it cannot change after it was verified.
Status Artifact::readManifest(const Allocator &allocator) {
  if (!copy.allocate(allocator, header.manifest_bytes,
                     VISIR_MANIFEST_ALIGNMENT))
    return Status::error(
        StatusCode::outOfMemory, "no memory for a manifest of %llu bytes",
        static_cast<unsigned long long>(header.manifest_bytes));
  if (memory)
    memcpy(copy.data(), memory + header.manifest_offset, copy.size());
  else
    VISIR_RETURN_IF_ERROR(
        file.read(header.manifest_offset, copy.data(), copy.size()));
  VISIR_RETURN_IF_ERROR(verifyManifest(copy.data(), header, allocator));
  root = schema::GetManifest(copy.data());
  return Status();
}

Status Artifact::copySection(const schema::Section &section,
                             SectionBytes *out) const {
  VISIR_RETURN_IF_ERROR(out->pages.mapMemory(section.size()));
  out->data = out->pages.data();
  out->size = section.size();
  if (!memory)
    return file.read(section.offset(), out->pages.data(), section.size());
  memcpy(out->pages.data(), memory + section.offset(), section.size());
  return Status();
}

Status Artifact::viewSection(const schema::Section &section, bool executable,
                             SectionBytes *out) const {
  out->size = section.size();
  if (memory) {
    out->data = memory + section.offset();
    return Status();
  }
  VISIR_RETURN_IF_ERROR(
      out->pages.mapFile(file, section.offset(), section.size(), executable));
  out->data = out->pages.data();
  return Status();
}

Status Artifact::checkSection(uint32_t index, const SectionBytes &bytes) const {
  char what[32];
  snprintf(what, sizeof(what), "section %u", index);
  return verifyDigest(bytes.data, bytes.size,
                      root->sections()->Get(index)->digest()->data(), what);
}

Status Artifact::loadCode(uint32_t index, bool copyPages,
                          SectionBytes *out) const {
  const schema::Section &section = *root->sections()->Get(index);
  if (!copyPages && !memory) {
    VISIR_RETURN_IF_ERROR(viewSection(section, true, out));
    return checkSection(index, *out);
  }
  VISIR_RETURN_IF_ERROR(copySection(section, out));
  VISIR_RETURN_IF_ERROR(checkSection(index, *out));
  return out->pages.makeExecutable();
}

Status Artifact::loadConstants(uint32_t index, bool copyPages, bool check,
                               SectionBytes *out) const {
  const schema::Section &section = *root->sections()->Get(index);
  bool aligned =
      reinterpret_cast<uintptr_t>(memory) % VISIR_CONSTANT_ALIGNMENT == 0;
  if (copyPages || !aligned)
    VISIR_RETURN_IF_ERROR(copySection(section, out));
  else
    VISIR_RETURN_IF_ERROR(viewSection(section, false, out));
  return check ? checkSection(index, *out) : Status();
}

Status Artifact::verifySection(uint32_t index) const {
  SectionBytes bytes;
  VISIR_RETURN_IF_ERROR(
      viewSection(*root->sections()->Get(index), false, &bytes));
  return checkSection(index, bytes);
}

} // namespace visir::runtime
