// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where the runtime tells what it did; silent unless the caller asks.
#ifndef VISIR_RUNTIME_BASE_LOG_H
#define VISIR_RUNTIME_BASE_LOG_H

#include <stdarg.h>
#include <stdio.h>

namespace visir::runtime {

// Values equal visir_log_level_t of visir/runtime.h.
enum class LogLevel { info = 0, warning = 1 };

struct Logger {
  void (*write)(void *user, int level, const char *text) = nullptr;
  void *user = nullptr;

  // printf-style; a line longer than 255 bytes is cut.
  void log(LogLevel level, const char *format, ...) const
      __attribute__((format(printf, 3, 4))) {
    if (!write)
      return;
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    write(user, static_cast<int>(level), line);
  }
};

} // namespace visir::runtime

#endif // VISIR_RUNTIME_BASE_LOG_H
