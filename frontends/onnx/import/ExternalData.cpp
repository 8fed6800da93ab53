// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/ExternalData.h"

#include "llvm/ADT/Twine.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;
using namespace visir::onnx;

namespace {

/// A file descriptor that closes itself.
struct Descriptor {
  int fd = -1;
  explicit Descriptor(int fd) : fd(fd) {}
  Descriptor(const Descriptor &) = delete;
  ~Descriptor() {
    if (fd >= 0)
      close(fd);
  }
  void reset(int next) {
    if (fd >= 0)
      close(fd);
    fd = next;
  }
};

} // namespace

static std::string systemError() {
  if (errno == ELOOP || errno == ENOTDIR)
    return "passes through a symbolic link or a file, expected folders";
  return ("cannot be read: " + Twine(std::strerror(errno))).str();
}

static std::string checkFile(int fd, uint64_t offset, uint64_t length) {
  struct stat info;
  if (fstat(fd, &info) != 0)
    return systemError();
  if (!S_ISREG(info.st_mode))
    return "is not a regular file";
  if (info.st_nlink != 1)
    return ("has " + Twine(info.st_nlink) + " hard links, expected 1").str();
  uint64_t size = info.st_size;
  if (offset > size || length > size - offset)
    return ("has " + Twine(size) + " bytes, expected at least " +
            Twine(offset) + " + " + Twine(length))
        .str();
  return "";
}

std::string ExternalData::read(StringRef location, uint64_t offset,
                               uint64_t length,
                               SmallVectorImpl<char> &out) const {
  if (location.empty())
    return "is empty, expected a file name";
  if (location.front() == '/' || location.contains('\\') ||
      location.contains('\0'))
    return "is not a relative path";
  SmallVector<StringRef> parts;
  location.split(parts, '/', -1, /*KeepEmpty=*/false);
  Descriptor at(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (at.fd < 0)
    return systemError();
  for (auto [i, part] : enumerate(parts)) {
    if (part == "..")
      return "leaves the folder of the model";
    // O_NONBLOCK: a pipe must not stall the import before it is refused.
    int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    if (i + 1 < parts.size())
      flags |= O_DIRECTORY;
    int next = openat(at.fd, part.str().c_str(), flags);
    if (next < 0)
      return systemError();
    at.reset(next);
  }
  std::string error = checkFile(at.fd, offset, length);
  if (!error.empty())
    return error;
  out.resize_for_overwrite(length);
  for (size_t done = 0; done < out.size();) {
    ssize_t got =
        pread(at.fd, out.data() + done, out.size() - done, offset + done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return got < 0 ? systemError() : "became shorter while it was read";
    done += got;
  }
  return "";
}
