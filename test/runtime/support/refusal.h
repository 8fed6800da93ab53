// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Table-driven tests of the verifier's texts.
#ifndef VISIR_TEST_RUNTIME_SUPPORT_REFUSAL_H
#define VISIR_TEST_RUNTIME_SUPPORT_REFUSAL_H

#include "runtime/artifact/artifact.h"
#include "test/runtime/support/sample.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace visir::testing {

// Damages a sound artifact before it is packed; the text that refuses it.
struct Refusal {
  const char *name;
  const char *text;
  void (*damage)(ArtifactBuilder &builder);
  friend void PrintTo(const Refusal &refusal, std::ostream *out) {
    *out << refusal.name;
  }
};

inline std::string openText(const Bytes &artifact) {
  runtime::Artifact opened;
  return opened
      .openMemory(artifact.data(), artifact.size(), runtime::systemAllocator())
      .text();
}

inline schema::ProgramT &program(ArtifactBuilder &builder) {
  return *builder.manifest.programs[0];
}
inline schema::FunctionT &function(ArtifactBuilder &builder, int index = 0) {
  return *program(builder).functions[index];
}
inline schema::EntryT &entry(ArtifactBuilder &builder) {
  return *program(builder).entries[0];
}
inline schema::CommandT &command(ArtifactBuilder &builder, int index) {
  return *entry(builder).commands[index];
}
inline schema::DispatchT &dispatch(ArtifactBuilder &builder, int index = 0) {
  return *command(builder, index).operation.AsDispatch();
}
inline schema::BindingRefT &binding(ArtifactBuilder &builder, int index,
                                    int of = 0) {
  return *dispatch(builder, of).bindings[index];
}

class RefusalTest : public ::testing::TestWithParam<Refusal> {};

inline std::string refusalName(const ::testing::TestParamInfo<Refusal> &info) {
  return info.param.name;
}

} // namespace visir::testing

#endif // VISIR_TEST_RUNTIME_SUPPORT_REFUSAL_H
