// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/base/status.h"

#include <stdio.h>

namespace visir::runtime {

Status Status::errorList(StatusCode code, const char *format, va_list list) {
  Status status;
  status.errorCode = code;
  vsnprintf(status.message, kTextBytes, format, list);
  return status;
}

Status Status::error(StatusCode code, const char *format, ...) {
  va_list list;
  va_start(list, format);
  Status status = errorList(code, format, list);
  va_end(list);
  return status;
}

Status Status::at(const char *format, ...) const {
  if (ok())
    return *this;
  Status status;
  status.errorCode = errorCode;
  va_list list;
  va_start(list, format);
  int length = vsnprintf(status.message, kTextBytes, format, list);
  va_end(list);
  if (length >= 0 && static_cast<uint32_t>(length) < kTextBytes)
    snprintf(status.message + length, kTextBytes - length, ": %s", message);
  return status;
}

} // namespace visir::runtime
