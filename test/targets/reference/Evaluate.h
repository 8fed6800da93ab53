// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluates IR text on lists of numbers.
#ifndef VISIR_TEST_TARGETS_REFERENCE_EVALUATE_H
#define VISIR_TEST_TARGETS_REFERENCE_EVALUATE_H

#include "targets/reference/Interpreter.h"

#include <string>
#include <vector>

namespace visir::test {

using Numbers = std::vector<double>;

/// Results of a function, or the text of the errors.
struct Outcome {
  std::vector<Numbers> results;
  std::string errors;
  /// Locations and texts that the callback was given, as "location: type".
  std::vector<std::string> seen;
};

/// Evaluates the function `main` of `ir` for one list of elements (row-major)
/// for each argument.
Outcome evaluateText(const std::string &ir, std::vector<Numbers> arguments);

/// The first result of the one-op function `(arguments) -> result` whose body
/// is `%0 = op`, as text of an op on %a, %b, %c.
Numbers evaluateOne(const std::string &op, const std::string &result,
                    std::vector<std::pair<std::string, Numbers>> arguments);

} // namespace visir::test

#endif // VISIR_TEST_TARGETS_REFERENCE_EVALUATE_H
