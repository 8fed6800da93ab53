// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/platform/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace visir::runtime {
namespace {

/// From so many bytes on, huge pages are asked for: with small ones each
/// weight that is read for the first time in a run misses the TLB.
constexpr size_t kManyBytes = size_t(4) << 20;

Status systemError(const char *what, StatusCode code = StatusCode::io) {
  char buffer[96];
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
  const char *text = strerror_r(errno, buffer, sizeof(buffer));
#else
  const char *text = buffer;
  if (strerror_r(errno, buffer, sizeof(buffer)) != 0)
    text = "unknown error";
#endif
  return Status::error(code, "%s: %s", what, text);
}

} // namespace

Status File::open(const char *path) {
  close();
  // A pipe would wait for its writer.
  descriptor = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return Status::error(errno == ENOENT ? StatusCode::notFound
                                         : StatusCode::io,
                         "cannot open \"%s\": %s", path,
                         errno == ENOENT ? "no such file" : "refused");
  struct stat info;
  if (fstat(descriptor, &info) != 0)
    return systemError("cannot read the file's size");
  if (!S_ISREG(info.st_mode))
    return Status::error(StatusCode::invalidArgument,
                         "\"%s\" is not a regular file", path);
  bytes = static_cast<uint64_t>(info.st_size);
  return Status();
}

void File::close() {
  if (descriptor >= 0)
    ::close(descriptor);
  descriptor = -1;
  bytes = 0;
}

Status File::read(uint64_t offset, void *into, size_t count) const {
  uint8_t *next = static_cast<uint8_t *>(into);
  while (count != 0) {
    ssize_t got = pread(descriptor, next, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return systemError("cannot read the file");
    if (got == 0)
      return Status::error(StatusCode::io,
                           "file ends at offset %llu, expected %zu more bytes",
                           static_cast<unsigned long long>(offset), count);
    next += got;
    offset += static_cast<uint64_t>(got);
    count -= static_cast<size_t>(got);
  }
  return Status();
}

Status makeFolder(const char *path) {
  if (mkdir(path, 0700) == 0)
    return Status();
  int error = errno;
  struct stat info;
  if (error == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
    return Status();
  errno = error;
  return systemError("cannot make the folder");
}

static bool writeAll(int descriptor, const void *data, size_t bytes) {
  const uint8_t *next = static_cast<const uint8_t *>(data);
  while (bytes != 0) {
    ssize_t put = write(descriptor, next, bytes);
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return false;
    next += put;
    bytes -= static_cast<size_t>(put);
  }
  return true;
}

Status replaceFile(const char *path, const void *head, size_t headBytes,
                   const void *data, size_t dataBytes) {
  char beside[1088];
  int length = snprintf(beside, sizeof(beside), "%s.XXXXXX", path);
  if (length < 0 || static_cast<size_t>(length) >= sizeof(beside))
    return Status::error(StatusCode::invalidArgument,
                         "length of a path is %d, expected less than %zu",
                         length, sizeof(beside));
  int descriptor = mkstemp(beside);
  if (descriptor < 0)
    return systemError("cannot make a file");
  bool written = writeAll(descriptor, head, headBytes) &&
                 writeAll(descriptor, data, dataBytes);
  if (::close(descriptor) == 0 && written && rename(beside, path) == 0)
    return Status();
  Status status = systemError("cannot write the file");
  unlink(beside);
  return status;
}

Status Pages::mapFile(const File &file, uint64_t offset, size_t count,
                      bool executable) {
  unmap();
  if (count == 0)
    return Status();
  int protection = executable ? PROT_READ | PROT_EXEC : PROT_READ;
  void *address = mmap(nullptr, count, protection, MAP_PRIVATE, file.descriptor,
                       static_cast<off_t>(offset));
  if (address == MAP_FAILED)
    return systemError("cannot map the file");
#ifdef MADV_HUGEPAGE
  if (count >= kManyBytes && !executable) // Advice only.
    (void)madvise(address, count, MADV_HUGEPAGE);
#endif
  memory = static_cast<uint8_t *>(address);
  bytes = count;
  return Status();
}

Status Pages::mapMemory(size_t count) {
  unmap();
  if (count == 0)
    return Status();
  void *address = mmap(nullptr, count, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED)
    return systemError("cannot get memory", StatusCode::outOfMemory);
#ifdef MADV_HUGEPAGE
  if (count >= kManyBytes) // Advice only.
    (void)madvise(address, count, MADV_HUGEPAGE);
#endif
  memory = static_cast<uint8_t *>(address);
  bytes = count;
  return Status();
}

Status Pages::makeExecutable() {
  if (!memory)
    return Status();
  if (mprotect(memory, bytes, PROT_READ | PROT_EXEC) != 0)
    return systemError("cannot make pages executable");
  __builtin___clear_cache(reinterpret_cast<char *>(memory),
                          reinterpret_cast<char *>(memory) + bytes);
  return Status();
}

void Pages::unmap() {
  if (memory)
    munmap(memory, bytes);
  memory = nullptr;
  bytes = 0;
}

size_t pageBytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

} // namespace visir::runtime
