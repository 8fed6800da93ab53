// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The header, the structure of the manifest, and the order of all checks.
#include "runtime/artifact/verify_parts.h"
#include "runtime/base/sha256.h"

namespace visir::runtime {
namespace {

// A root offset, an identifier, and a table of its own.
constexpr uint32_t kLeastManifestBytes = 16;

void toHex(const uint8_t *bytes, uint32_t count, char *text) {
  static constexpr char digits[] = "0123456789abcdef";
  for (uint32_t i = 0; i < count; ++i) {
    text[2 * i] = digits[bytes[i] >> 4];
    text[2 * i + 1] = digits[bytes[i] & 15];
  }
  text[2 * count] = '\0';
}

Status verifyProgram(Verification &v, uint32_t index) {
  v.program = v.manifest->programs()->Get(index);
  VISIR_RETURN_IF_ERROR(verifyProgramParts(v));
  const auto *entries = v.program->entries();
  if (sizeOf(entries) == 0 || entries->size() > kMaxEntries)
    return malformed("entry count is %u, expected 1..%u", sizeOf(entries),
                     kMaxEntries);
  for (uint32_t i = 0; i < entries->size(); ++i) {
    const schema::Entry &entry = *entries->Get(i);
    VISIR_RETURN_IF_ERROR_AT(verifyEntry(v, entry), "entry %u \"%.32s\"", i,
                             entry.name()->c_str());
    for (uint32_t j = 0; j < i; ++j)
      if (strcmp(entries->Get(j)->name()->c_str(), entry.name()->c_str()) == 0)
        return malformed("entry %u name is \"%.32s\" as that of entry %u, "
                         "expected distinct names",
                         i, entry.name()->c_str(), j);
  }
  return verifySameEntries(v, *v.manifest->programs()->Get(0));
}

} // namespace

Status verifyHeader(const visir_file_header_t &header, uint64_t fileBytes) {
  if (memcmp(header.magic, VISIR_FILE_MAGIC, VISIR_FILE_MAGIC_BYTES) != 0) {
    char actual[17], expected[17];
    toHex(header.magic, 8, actual);
    toHex(reinterpret_cast<const uint8_t *>(VISIR_FILE_MAGIC), 8, expected);
    return malformed("file magic is %s, expected %s", actual, expected);
  }
  if (header.file_version != VISIR_FILE_VERSION)
    return Status::error(StatusCode::unsupported,
                         "file version is %u, expected %u", header.file_version,
                         VISIR_FILE_VERSION);
  if (header.header_bytes != sizeof(header))
    return malformed("header size is %u, expected %zu", header.header_bytes,
                     sizeof(header));
  if (header.file_bytes != fileBytes)
    return malformed("file size is %llu, expected %llu", wide(fileBytes),
                     wide(header.file_bytes));
  if (header.manifest_offset < sizeof(header) ||
      header.manifest_offset % VISIR_MANIFEST_ALIGNMENT != 0)
    return malformed("manifest offset is %llu, expected a multiple of %u at "
                     "or above %zu",
                     wide(header.manifest_offset), VISIR_MANIFEST_ALIGNMENT,
                     sizeof(header));
  if (header.manifest_bytes < kLeastManifestBytes ||
      header.manifest_bytes > FLATBUFFERS_MAX_BUFFER_SIZE)
    return malformed("manifest size is %llu, expected %u..%llu",
                     wide(header.manifest_bytes), kLeastManifestBytes,
                     wide(FLATBUFFERS_MAX_BUFFER_SIZE));
  if (!rangeFits(header.manifest_offset, header.manifest_bytes, fileBytes))
    return malformed("manifest end is beyond the file, expected at most %llu",
                     wide(fileBytes));
  for (uint32_t i = 0; i < sizeof(header.reserved); ++i)
    if (header.reserved[i] != 0)
      return malformed("reserved byte %u of the header is %u, expected 0", i,
                       header.reserved[i]);
  return Status();
}

Status verifyDigest(const void *data, uint64_t bytes, const uint8_t *expected,
                    const char *what) {
  uint8_t actual[kSha256Bytes];
  sha256(data, bytes, actual);
  if (memcmp(actual, expected, kSha256Bytes) == 0)
    return Status();
  char actualText[17], expectedText[17];
  toHex(actual, 8, actualText);
  toHex(expected, 8, expectedText);
  return Status::error(StatusCode::digestMismatch,
                       "digest of %s is %s..., expected %s...", what,
                       actualText, expectedText);
}

Status verifyManifest(const uint8_t *manifest,
                      const visir_file_header_t &header,
                      const Allocator &allocator) {
  VISIR_RETURN_IF_ERROR(verifyDigest(manifest, header.manifest_bytes,
                                     header.manifest_digest, "the manifest"));
  // Stage one. Tables that are visited are bounded like in stage two.
  flatbuffers::Verifier verifier(manifest, header.manifest_bytes, 16, 1u << 22);
  if (!schema::VerifyManifestBuffer(verifier))
    return malformed("manifest is no FlatBuffer of the artifact schema, "
                     "expected identifier \"%s\" and sound offsets",
                     schema::ManifestIdentifier());

  Verification v{schema::GetManifest(manifest),
                 nullptr,
                 header.manifest_bytes,
                 header.manifest_offset + header.manifest_bytes,
                 header.file_bytes,
                 Budget(header.manifest_bytes),
                 allocator};
  uint32_t version = v.manifest->schema_version();
  if (version == 0)
    return malformed("schema version is 0, expected at least 1");
  if (version > VISIR_SCHEMA_VERSION)
    return Status::error(StatusCode::unsupported,
                         "schema version is %u, expected at most %u: the "
                         "artifact needs a newer runtime",
                         version, VISIR_SCHEMA_VERSION);
  VISIR_RETURN_IF_ERROR(verifyContainer(v));
  uint32_t programs = sizeOf(v.manifest->programs());
  if (programs == 0)
    return malformed("program count is 0, expected at least 1");
  for (uint32_t i = 0; i < programs; ++i)
    VISIR_RETURN_IF_ERROR_AT(verifyProgram(v, i), "program %u", i);
  return Status();
}

} // namespace visir::runtime
