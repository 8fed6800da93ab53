// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/runtime/support/artifact_builder.h"

#include "runtime/base/sha256.h"
#include "targets/cpu/abi/kernel_abi.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace visir::testing {
namespace {

uint64_t alignUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

} // namespace

ArtifactBuilder::ArtifactBuilder() {
  manifest.schema_version = VISIR_SCHEMA_VERSION;
  manifest.producer = "test";
  auto target = std::make_unique<schema::TargetT>();
  target->name = hostTarget();
  target->abi_version = VISIR_CPU_ABI_VERSION;
  manifest.targets.push_back(std::move(target));
}

uint32_t ArtifactBuilder::addSection(schema::SectionKind kind, int32_t target,
                                     Bytes bytes) {
  auto section = std::make_unique<schema::SectionT>();
  section->kind = kind;
  section->target = target;
  // Not the default, so that the manifest's size does not depend on it.
  section->offset = VISIR_SECTION_ALIGNMENT;
  section->size = bytes.size();
  section->digest.resize(VISIR_SHA256_BYTES);
  manifest.sections.push_back(std::move(section));
  sections.push_back(std::move(bytes));
  return static_cast<uint32_t>(sections.size() - 1);
}

Bytes ArtifactBuilder::packManifest() const {
  flatbuffers::FlatBufferBuilder builder;
  builder.ForceDefaults(true);
  schema::FinishManifestBuffer(builder,
                               schema::Manifest::Pack(builder, &manifest));
  return Bytes(builder.GetBufferPointer(),
               builder.GetBufferPointer() + builder.GetSize());
}

Bytes ArtifactBuilder::finish() {
  uint64_t manifestEnd = sizeof(visir_file_header_t) + packManifest().size();
  uint64_t end = manifestEnd;
  for (size_t i = 0; i < sections.size(); ++i) {
    schema::SectionT &section = *manifest.sections[i];
    section.offset = alignUp(end, VISIR_SECTION_ALIGNMENT);
    section.size = sections[i].size();
    runtime::sha256(sections[i].data(), sections[i].size(),
                    section.digest.data());
    end = section.offset + section.size;
  }
  Bytes packed = packManifest();
  Bytes file(end);
  visir_file_header_t header = {};
  memcpy(header.magic, VISIR_FILE_MAGIC, sizeof(header.magic));
  header.header_bytes = sizeof(header);
  header.file_version = VISIR_FILE_VERSION;
  header.file_bytes = end;
  header.manifest_offset = sizeof(header);
  header.manifest_bytes = packed.size();
  memcpy(file.data(), &header, sizeof(header));
  memcpy(file.data() + sizeof(header), packed.data(), packed.size());
  for (size_t i = 0; i < sections.size(); ++i)
    memcpy(file.data() + manifest.sections[i]->offset, sections[i].data(),
           sections[i].size());
  sealManifest(file);
  return file;
}

visir_file_header_t *headerOf(Bytes &artifact) {
  return reinterpret_cast<visir_file_header_t *>(artifact.data());
}

uint8_t *manifestOf(Bytes &artifact) {
  return artifact.data() + headerOf(artifact)->manifest_offset;
}

void sealManifest(Bytes &artifact) {
  visir_file_header_t *header = headerOf(artifact);
  runtime::sha256(manifestOf(artifact), header->manifest_bytes,
                  header->manifest_digest);
}

std::unique_ptr<schema::TensorT> makeTensor(const std::string &name,
                                            schema::DType dtype,
                                            std::vector<uint64_t> dims) {
  static const uint32_t elementBytes[] = {0, 4, 8, 2, 2, 1, 1,
                                          2, 2, 4, 4, 8, 8, 1};
  auto tensor = std::make_unique<schema::TensorT>();
  tensor->name = name;
  tensor->dtype = dtype;
  tensor->bytes = elementBytes[static_cast<int>(dtype)];
  for (uint64_t value : dims) {
    auto dim = std::make_unique<schema::DimT>();
    dim->value = value;
    tensor->dims.push_back(std::move(dim));
    tensor->bytes *= value;
  }
  return tensor;
}

std::unique_ptr<schema::BindingRefT> makeRef(schema::BufferKind kind,
                                             uint32_t index, uint64_t offset,
                                             uint64_t size) {
  auto ref = std::make_unique<schema::BindingRefT>();
  ref->kind = kind;
  ref->index = index;
  ref->offset = offset;
  ref->size = size;
  return ref;
}

std::unique_ptr<schema::BindingT> makeBinding(schema::Access access,
                                              uint64_t minBytes, int32_t tie) {
  auto binding = std::make_unique<schema::BindingT>();
  binding->access = access;
  binding->min_bytes = minBytes;
  binding->tie = tie;
  return binding;
}

std::unique_ptr<schema::ScalarT> makeScalar(schema::ScalarKind kind,
                                            uint32_t value) {
  auto scalar = std::make_unique<schema::ScalarT>();
  scalar->kind = kind;
  scalar->value = value;
  return scalar;
}

std::unique_ptr<schema::CommandT>
makeDispatch(DispatchSpec spec, std::vector<uint32_t> dependsOn) {
  schema::DispatchT dispatch;
  dispatch.function = spec.function;
  dispatch.bindings = std::move(spec.bindings);
  dispatch.scalars = std::move(spec.scalars);
  dispatch.tile_end = spec.tileEnd;
  dispatch.parallel = spec.parallel;
  auto command = std::make_unique<schema::CommandT>();
  command->operation.Set(std::move(dispatch));
  command->depends_on = std::move(dependsOn);
  return command;
}

std::unique_ptr<schema::CommandT>
makeCopy(std::unique_ptr<schema::BindingRefT> from,
         std::unique_ptr<schema::BindingRefT> to,
         std::vector<uint32_t> dependsOn) {
  schema::CopyT copy;
  copy.source = std::move(from);
  copy.destination = std::move(to);
  auto command = std::make_unique<schema::CommandT>();
  command->operation.Set(std::move(copy));
  command->depends_on = std::move(dependsOn);
  return command;
}

std::unique_ptr<schema::CommandT>
makeFill(std::unique_ptr<schema::BindingRefT> to, uint8_t value,
         std::vector<uint32_t> dependsOn) {
  schema::FillT fill;
  fill.destination = std::move(to);
  fill.value = value;
  auto command = std::make_unique<schema::CommandT>();
  command->operation.Set(std::move(fill));
  command->depends_on = std::move(dependsOn);
  return command;
}

Bytes kernelCode(const std::string &name) {
  std::string path = VISIR_TEST_KERNELS "/" + name + ".bin";
  FILE *file = fopen(path.c_str(), "rb");
  if (!file) {
    fprintf(stderr, "cannot open %s\n", path.c_str());
    abort();
  }
  Bytes code(1 << 16);
  code.resize(fread(code.data(), 1, code.size(), file));
  fclose(file);
  return code;
}

uint64_t appendKernel(Bytes &section, const std::string &name) {
  section.resize(alignUp(section.size(), 64));
  uint64_t offset = section.size();
  Bytes code = kernelCode(name);
  section.insert(section.end(), code.begin(), code.end());
  return offset;
}

const char *hostTarget() {
#if defined(__x86_64__)
  return "x86-64";
#else
  return "aarch64";
#endif
}

Bytes floatBytes(const std::vector<float> &values) {
  Bytes bytes(values.size() * sizeof(float));
  memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

} // namespace visir::testing
