// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Makes artifacts by hand. Fill `manifest` (FlatBuffers' object API) and add
// sections; finish() lays out the file and computes all digests.
#ifndef VISIR_TEST_RUNTIME_SUPPORT_ARTIFACT_BUILDER_H
#define VISIR_TEST_RUNTIME_SUPPORT_ARTIFACT_BUILDER_H

#include "runtime/schema/file_format.h"
#include "runtime/schema/visir_generated.h"

#include <string>
#include <vector>

namespace visir::testing {

using Bytes = std::vector<uint8_t>;

class ArtifactBuilder {
public:
  ArtifactBuilder();

  schema::ManifestT manifest;

  // Returns the section's index.
  uint32_t addSection(schema::SectionKind kind, int32_t target, Bytes bytes);
  // Sections' bytes, to change before finish.
  std::vector<Bytes> sections;

  Bytes finish();

private:
  Bytes packManifest() const;
};

// Header and manifest of a finished artifact, to break it.
visir_file_header_t *headerOf(Bytes &artifact);
uint8_t *manifestOf(Bytes &artifact);
// Recomputes the digest of the manifest after a change.
void sealManifest(Bytes &artifact);

// Shorthands of the object API.
std::unique_ptr<schema::TensorT> makeTensor(const std::string &name,
                                            schema::DType dtype,
                                            std::vector<uint64_t> dims);
std::unique_ptr<schema::BindingRefT> makeRef(schema::BufferKind kind,
                                             uint32_t index, uint64_t offset,
                                             uint64_t size);
std::unique_ptr<schema::BindingT>
makeBinding(schema::Access access, uint64_t minBytes, int32_t tie = -1);
std::unique_ptr<schema::ScalarT> makeScalar(schema::ScalarKind kind,
                                            uint32_t value);

struct DispatchSpec {
  uint32_t function = 0;
  std::vector<std::unique_ptr<schema::BindingRefT>> bindings;
  std::vector<std::unique_ptr<schema::ScalarT>> scalars;
  uint32_t tileEnd = 1;
  bool parallel = true;
};
std::unique_ptr<schema::CommandT> makeDispatch(DispatchSpec spec,
                                               std::vector<uint32_t> dependsOn);
std::unique_ptr<schema::CommandT>
makeCopy(std::unique_ptr<schema::BindingRefT> from,
         std::unique_ptr<schema::BindingRefT> to,
         std::vector<uint32_t> dependsOn);
std::unique_ptr<schema::CommandT>
makeFill(std::unique_ptr<schema::BindingRefT> to, uint8_t value,
         std::vector<uint32_t> dependsOn);

// Code of test/runtime/kernels/<name>.c, entry at offset 0.
Bytes kernelCode(const std::string &name);
// Appends a kernel to a code section at a multiple of 64; returns its offset.
uint64_t appendKernel(Bytes &section, const std::string &name);
// Name of the baseline target of the machine that the tests run on.
const char *hostTarget();

Bytes floatBytes(const std::vector<float> &values);

} // namespace visir::testing

#endif // VISIR_TEST_RUNTIME_SUPPORT_ARTIFACT_BUILDER_H
