// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An artifact, opened and verified, from a file or from memory.
#ifndef VISIR_RUNTIME_ARTIFACT_ARTIFACT_H
#define VISIR_RUNTIME_ARTIFACT_ARTIFACT_H

#include "runtime/artifact/verify.h"
#include "runtime/platform/memory.h"

namespace visir::runtime {

// The bytes of a section: pages of its own, or a part of the caller's memory.
struct SectionBytes {
  const uint8_t *data = nullptr;
  uint64_t size = 0;
  Pages pages;
};

class Artifact {
public:
  // Opens a file or the caller's memory, which must not change while this
  // object lives; runs both stages of the verifier. Call one of them, once.
  Status openFile(const char *path, const Allocator &allocator);
  Status openMemory(const void *data, uint64_t bytes,
                    const Allocator &allocator);

  const schema::Manifest &manifest() const { return *root; }
  // SHA-256 of the manifest, which holds the digests of all sections.
  const uint8_t *digest() const { return header.manifest_digest; }
  uint64_t manifestBytes() const { return header.manifest_bytes; }

  // Makes a code section executable and checks its digest: mapped from the
  // file, or copied to fresh pages when `copy` is set or there is no file.
  Status loadCode(uint32_t section, bool copy, SectionBytes *out) const;

  // Gives the bytes of a section that the CPU only reads (constants, code of
  // other devices): mapped from the file or in the caller's memory, or copied when `copy` is set or the memory is not
  // aligned; checks the digest when `check` is set.
  Status loadConstants(uint32_t section, bool copy, bool check,
                       SectionBytes *out) const;

  // Checks the digest of any section.
  Status verifySection(uint32_t section) const;

private:
  Status readManifest(const Allocator &allocator);
  Status copySection(const schema::Section &section, SectionBytes *out) const;
  Status viewSection(const schema::Section &section, bool executable,
                     SectionBytes *out) const;
  Status checkSection(uint32_t section, const SectionBytes &bytes) const;

  File file;
  const uint8_t *memory = nullptr; // of the caller, or null
  visir_file_header_t header = {};
  Array<uint8_t> copy; // the manifest
  const schema::Manifest *root = nullptr;
};

} // namespace visir::runtime

#endif // VISIR_RUNTIME_ARTIFACT_ARTIFACT_H
