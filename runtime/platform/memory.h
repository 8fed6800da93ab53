// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files and pages of memory.
#ifndef VISIR_RUNTIME_PLATFORM_MEMORY_H
#define VISIR_RUNTIME_PLATFORM_MEMORY_H

#include "runtime/base/status.h"

#include <stddef.h>
#include <stdint.h>

namespace visir::runtime {

// A regular file open for reading.
class File {
public:
  File() = default;
  File(const File &) = delete;
  File &operator=(const File &) = delete;
  ~File() { close(); }

  Status open(const char *path);
  void close();
  bool isOpen() const { return descriptor >= 0; }
  uint64_t size() const { return bytes; }

  // Reads exactly `count` bytes at `offset`; io when they are not there.
  Status read(uint64_t offset, void *into, size_t count) const;

private:
  friend class Pages;
  int descriptor = -1;
  uint64_t bytes = 0;
};

// Makes a folder for this user alone; one that is there already is no error.
Status makeFolder(const char *path);

// Writes a file of a head and data for this user alone. Readers see the old one
// or all of the new one: it is made beside it first.
Status replaceFile(const char *path, const void *head, size_t headBytes,
                   const void *data, size_t dataBytes);

// A range of pages that this object unmaps.
class Pages {
public:
  Pages() = default;
  Pages(const Pages &) = delete;
  Pages &operator=(const Pages &) = delete;
  ~Pages() { unmap(); }

  // Maps [offset, offset + count) of a file, read-only or read + execute.
  // The offset is a multiple of the page size. The file must not change
  // while it is mapped.
  Status mapFile(const File &file, uint64_t offset, size_t count,
                 bool executable);
  // Maps zeroed memory for reading and writing.
  Status mapMemory(size_t count);
  // Ends writing to pages of mapMemory; permits execution.
  Status makeExecutable();
  void unmap();

  uint8_t *data() const { return memory; }
  size_t size() const { return bytes; }

private:
  uint8_t *memory = nullptr;
  size_t bytes = 0;
};

size_t pageBytes();

} // namespace visir::runtime

#endif // VISIR_RUNTIME_PLATFORM_MEMORY_H
