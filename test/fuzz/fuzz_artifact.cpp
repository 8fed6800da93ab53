// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any manifest through the verifier and, when it passes, through a run that
// touches all the memory it may. The input is a manifest; the header and the
// sections that it names are made around it.
#include "runtime/exec/session.h"
#include "test/fuzz/touch_context.h"
#include "test/runtime/support/artifact_builder.h"
#include "test/runtime/support/mutation.h"
#include "test/runtime/support/sample.h"

#include <cstdlib>

using namespace visir::runtime;
namespace schema = visir::schema;

namespace {

constexpr uint64_t kFileBytes = 4 * VISIR_SECTION_ALIGNMENT;

visir::testing::Bytes makeFile(const uint8_t *manifest, size_t bytes) {
  visir::testing::Bytes file = visir::testing::makeSample().finish();
  visir_file_header_t header = *visir::testing::headerOf(file);
  file.assign(kFileBytes, 0);
  // The file ends where the last section says, when it says so soundly.
  flatbuffers::Verifier verifier(manifest, bytes);
  if (schema::VerifyManifestBuffer(verifier)) {
    const auto *sections = schema::GetManifest(manifest)->sections();
    uint64_t end = sizeof(header) + bytes;
    if (sections && sections->size() != 0) {
      const schema::Section &last = *sections->Get(sections->size() - 1);
      end = last.offset() + last.size();
    }
    if (end <= kFileBytes && end >= sizeof(header) + bytes)
      file.resize(end);
  }
  header.file_bytes = file.size();
  header.manifest_bytes = bytes;
  memcpy(file.data(), &header, sizeof(header));
  memcpy(file.data() + sizeof(header), manifest, bytes);
  visir::testing::sealManifest(file);
  return file;
}

// Dense tensors of the declared sizes.
template <typename List>
std::vector<TensorView> makeViews(const List *list,
                                  std::vector<visir::testing::Bytes> &memory,
                                  std::vector<std::vector<int64_t>> &dims) {
  std::vector<TensorView> views;
  for (uint32_t i = 0; list && i < list->size(); ++i) {
    const schema::Tensor &tensor = *list->Get(i);
    memory.emplace_back(tensor.bytes());
    dims.emplace_back();
    for (uint32_t d = 0; tensor.dims() && d < tensor.dims()->size(); ++d)
      dims.back().push_back(
          static_cast<int64_t>(tensor.dims()->Get(d)->value()));
    views.push_back({memory.back().data(),
                     static_cast<uint32_t>(tensor.dtype()),
                     static_cast<uint32_t>(dims.back().size()),
                     dims.back().data(), nullptr});
  }
  return views;
}

void runEntry(Session &session, const schema::Entry &entry, uint32_t index) {
  std::vector<visir::testing::Bytes> memory;
  std::vector<std::vector<int64_t>> dims;
  memory.reserve(2048);
  dims.reserve(2048);
  std::vector<TensorView> inputs = makeViews(entry.inputs(), memory, dims);
  std::vector<TensorView> outputs = makeViews(entry.outputs(), memory, dims);
  Status status =
      session.run(index, inputs.data(), static_cast<uint32_t>(inputs.size()),
                  outputs.data(), static_cast<uint32_t>(outputs.size()));
  if (status.code() == StatusCode::kernelFailed)
    abort(); // a scalar outside of its range reached a kernel
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static Context *context = visir::testing::makeTouchContext();
  if (bytes > kFileBytes / 2)
    return 0;
  visir::testing::Bytes file = makeFile(data, bytes);
  ModuleOptions options;
  Module *module = nullptr;
  if (!Module::openMemory(*context, file.data(), file.size(), options, &module)
           .ok())
    return 0;
  // The session's memory limit bounds the tensors, which it stages.
  Session *session = nullptr;
  if (Session::make(*module, false, &session).ok()) {
    for (uint32_t i = 0; i < module->program().entries()->size(); ++i)
      runEntry(*session, *module->program().entries()->Get(i), i);
    session->release();
  }
  module->release();
  return 0;
}

// Changes one field by meaning as often as libFuzzer changes bytes.
extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes,
                                          size_t most, unsigned seed) {
  std::mt19937 random(seed);
  flatbuffers::Verifier verifier(data, bytes);
  if (random() % 4 == 0 || !schema::VerifyManifestBuffer(verifier))
    return LLVMFuzzerMutate(data, bytes, most);
  visir::testing::mutate(visir::testing::findFields(data), random);
  return bytes;
}
