// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the parts of the verifier share; private to runtime/artifact.
#ifndef VISIR_RUNTIME_ARTIFACT_VERIFY_PARTS_H
#define VISIR_RUNTIME_ARTIFACT_VERIFY_PARTS_H

#include "runtime/artifact/manifest_access.h"
#include "runtime/artifact/verify.h"
#include "runtime/base/checked.h"

namespace visir::runtime {

// A rejection; printf-style.
inline Status malformed(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
inline Status malformed(const char *format, ...) {
  va_list list;
  va_start(list, format);
  Status status = Status::errorList(StatusCode::malformed, format, list);
  va_end(list);
  return status;
}

// A FlatBuffer may share parts between many tables, so that a small file asks
// for endless work. Honest files visit each byte a few times at most.
class Budget {
public:
  explicit Budget(uint64_t manifestBytes)
      : left(16 * manifestBytes + (1u << 16)) {}

  Status charge(uint64_t work) {
    if (work > left)
      return malformed("manifest shares its parts too often, expected at most "
                       "16 visits per byte");
    left -= work;
    return Status();
  }

private:
  uint64_t left;
};

// What a check may need to know; `program` is set while one is checked.
struct Verification {
  const schema::Manifest *manifest;
  const schema::Program *program = nullptr;
  uint64_t manifestBytes;
  uint64_t manifestEnd;
  uint64_t fileBytes;
  Budget budget;
  Allocator allocator;
};

// Targets and sections.
Status verifyContainer(Verification &v);
// Functions, constants and states of v.program.
Status verifyProgramParts(Verification &v);
// Ranges and expressions of an entry's symbols; needs nothing else of it.
Status verifySymbols(Verification &v, const schema::Entry &entry);
// Lengths of states, and that all symbols get a value; needs verified inputs.
Status verifyLengths(Verification &v, const schema::Entry &entry);
// The self test of a function that is verified otherwise.
Status verifySelfTest(Verification &v, const schema::Function &function,
                      const schema::SelfTest &test);
// One entry of v.program.
Status verifyEntry(Verification &v, const schema::Entry &entry);
// Bindings of one dispatch against each other.
Status verifyDispatchOverlap(Verification &v, const schema::Dispatch &dispatch,
                             const schema::Function &function);
// Commands that may run at once against each other.
Status verifyWaves(Verification &v, const schema::Entry &entry);
// The program's entries have the names and tensors of the first program's.
Status verifySameEntries(Verification &v, const schema::Program &first);

} // namespace visir::runtime

#endif // VISIR_RUNTIME_ARTIFACT_VERIFY_PARTS_H
