// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options of a command of the tool `visir`, from one table: parsing, help
// and errors.
#ifndef VISIR_COMPILER_DRIVER_COMMANDS_ARGUMENTS_H
#define VISIR_COMPILER_DRIVER_COMMANDS_ARGUMENTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <functional>
#include <string>
#include <vector>

namespace visir {

/// Exit codes of all commands.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,      ///< the work could not be done
  kExitUnsupported = 2, ///< the model needs what is not supported
  kExitUsage = 64,      ///< the command line is wrong
};

class Arguments {
public:
  /// `usage` is what follows the tool's name, `summary` one sentence.
  Arguments(std::string usage, std::string summary)
      : usage(std::move(usage)), summary(std::move(summary)) {}

  /// An option with a value. `set` returns an error text or "".
  void value(std::string name, std::string placeholder, std::string help,
             std::function<std::string(llvm::StringRef)> set);
  void value(std::string name, std::string placeholder, std::string help,
             std::string &target);
  void flag(std::string name, std::string help, bool &target);
  /// Arguments without a dash in front.
  void positional(std::string placeholder, std::string &target);
  /// One or more arguments without a dash in front, instead.
  void positionals(std::string placeholder,
                   std::vector<std::string> &target);

  /// Parses; prints help or an error. Returns the exit code if the command
  /// must end now.
  std::optional<int> parse(llvm::ArrayRef<char *> arguments);

  std::string help() const;

private:
  struct Option {
    std::string name, placeholder, help;
    std::function<std::string(llvm::StringRef)> set; ///< null for flags
    bool *flag = nullptr;
  };
  const Option *find(llvm::StringRef name) const;
  int usageError(const std::string &text) const;

  std::string usage, summary;
  std::vector<Option> options;
  std::vector<std::pair<std::string, std::string *>> single;
  std::pair<std::string, std::vector<std::string> *> rest{"", nullptr};
};

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_COMMANDS_ARGUMENTS_H
