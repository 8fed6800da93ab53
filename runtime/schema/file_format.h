/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The layout of an artifact file. This header stands alone.
 *
 *   offset 0                    visir_file_header_t
 *   manifest_offset             manifest (FlatBuffer, visir.fbs)
 *   multiples of 64 KiB         sections, as listed in the manifest
 *
 * Integers are little-endian. Bytes between the parts are zero. The file ends
 * with its last section.
 */
#ifndef VISIR_RUNTIME_SCHEMA_FILE_FORMAT_H
#define VISIR_RUNTIME_SCHEMA_FILE_FORMAT_H

#include <stdint.h>

/* "VISIR", then three bytes that text transfer or truncation would break. */
#define VISIR_FILE_MAGIC "VISIR\r\n\x1a"
#define VISIR_FILE_MAGIC_BYTES 8u

/* Version of this layout; a reader refuses every other one. */
#define VISIR_FILE_VERSION 1u

/* Version of the manifest's schema; a reader refuses newer ones. */
#define VISIR_SCHEMA_VERSION 2u

/* Alignment of the manifest in the file. */
#define VISIR_MANIFEST_ALIGNMENT 64u

/* Alignment of sections in the file: holds for every page size in use. */
#define VISIR_SECTION_ALIGNMENT 65536u

/* Alignment of constants in their section. */
#define VISIR_CONSTANT_ALIGNMENT 64u

#define VISIR_SHA256_BYTES 32u

typedef struct visir_file_header_t {
  uint8_t magic[VISIR_FILE_MAGIC_BYTES];
  uint32_t header_bytes; /* sizeof(visir_file_header_t) */
  uint32_t file_version; /* VISIR_FILE_VERSION */
  uint64_t file_bytes;   /* of the whole file */
  uint64_t manifest_offset;
  uint64_t manifest_bytes;
  uint8_t manifest_digest[VISIR_SHA256_BYTES]; /* SHA-256 of the manifest */
  uint8_t reserved[56];                        /* zero */
} visir_file_header_t;

#ifdef __cplusplus
static_assert(sizeof(visir_file_header_t) == 128, "file header layout");
#else
_Static_assert(sizeof(visir_file_header_t) == 128, "file header layout");
#endif

#endif /* VISIR_RUNTIME_SCHEMA_FILE_FORMAT_H */
