// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files for what reads by path, without a disk.
#ifndef VISIR_TEST_FUZZ_SCRATCH_H
#define VISIR_TEST_FUZZ_SCRATCH_H

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace visir::testing {

// A file in memory that has a path.
class MemoryFile {
public:
  MemoryFile(const uint8_t *data, size_t bytes)
      : file(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (file < 0)
      abort();
    for (size_t at = 0; at < bytes;) {
      ssize_t got = write(file, data + at, bytes - at);
      if (got <= 0)
        abort();
      at += static_cast<size_t>(got);
    }
  }
  ~MemoryFile() { close(file); }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(file); }

private:
  int file;
};

// Moves the process to an empty folder of its own, where a command line
// without slashes can do no harm.
inline void enterEmptyFolder() {
  char folder[] = "/tmp/visir-fuzz-XXXXXX";
  if (!mkdtemp(folder) || chdir(folder) != 0)
    abort();
}

// The words of an input, one a line; empty if one might leave the folder.
inline std::vector<std::string> wordsOf(const uint8_t *data, size_t bytes) {
  std::vector<std::string> words(1);
  for (size_t i = 0; i < bytes; ++i) {
    if (data[i] == '/' || data[i] == '\0')
      return {};
    if (data[i] == '\n')
      words.emplace_back();
    else
      words.back() += static_cast<char>(data[i]);
  }
  return words;
}

} // namespace visir::testing

#endif // VISIR_TEST_FUZZ_SCRATCH_H
