// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The result of an operation: a code and, unless ok, a text for people. A
// Status is a plain value without allocation, so that it can be made on any
// thread and when memory is exhausted.
#ifndef VISIR_RUNTIME_BASE_STATUS_H
#define VISIR_RUNTIME_BASE_STATUS_H

#include <stdarg.h>
#include <stdint.h>

namespace visir::runtime {

// Values equal visir_status_code_t of visir/runtime.h.
enum class StatusCode : int32_t {
  ok = 0,
  invalidArgument = 1,
  notFound = 2,
  io = 3,
  outOfMemory = 4,
  malformed = 5,
  digestMismatch = 6,
  unsupported = 7,
  kernelFailed = 8,
  cancelled = 9,
  busy = 10,
  deviceLost = 11,
  selfTestFailed = 12,
};

class [[nodiscard]] Status {
public:
  static constexpr uint32_t kTextBytes = 252;

  Status() : errorCode(StatusCode::ok) { message[0] = '\0'; }

  bool ok() const { return errorCode == StatusCode::ok; }
  StatusCode code() const { return errorCode; }
  // Never null; empty when ok. Style: "<what> is <actual>, expected
  // <expected>", lower case, no period.
  const char *text() const { return message; }

  // printf-style; a text that does not fit is cut.
  static Status error(StatusCode code, const char *format, ...)
      __attribute__((format(printf, 2, 3)));
  static Status errorList(StatusCode code, const char *format, va_list list);

  // This error with "<place>: " before its text; ok stays ok.
  Status at(const char *format, ...) const
      __attribute__((format(printf, 2, 3)));

private:
  StatusCode errorCode;
  char message[kTextBytes];
};

} // namespace visir::runtime

#define VISIR_RETURN_IF_ERROR(expression)                                      \
  do {                                                                         \
    ::visir::runtime::Status visirStatus = (expression);                       \
    if (!visirStatus.ok())                                                     \
      return visirStatus;                                                      \
  } while (0)

// The same, with the place where it happened before the text.
#define VISIR_RETURN_IF_ERROR_AT(expression, ...)                              \
  do {                                                                         \
    ::visir::runtime::Status visirStatus = (expression);                       \
    if (!visirStatus.ok())                                                     \
      return visirStatus.at(__VA_ARGS__);                                      \
  } while (0)

#endif // VISIR_RUNTIME_BASE_STATUS_H
