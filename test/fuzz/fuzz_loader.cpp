// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any file through both loaders, with every digest that stands in it checked.
// The digest of the manifest is made right, so that the rest is reached.
#include "runtime/exec/module.h"
#include "test/fuzz/scratch.h"
#include "test/fuzz/touch_context.h"
#include "test/runtime/support/artifact_builder.h"

#include <cstdlib>
#include <cstring>

using namespace visir::runtime;

namespace {

void check(Status status, Module *module) {
  if (status.ok() != (module != nullptr))
    abort();
  if (!status.ok() && status.text()[0] == '\0')
    abort(); // an error says what is wrong
  if (module)
    module->release();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static Context *context = visir::testing::makeTouchContext();
  visir::testing::Bytes file(data, data + bytes);
  if (bytes >= sizeof(visir_file_header_t)) {
    const visir_file_header_t &header = *visir::testing::headerOf(file);
    if (header.manifest_offset < bytes &&
        header.manifest_bytes <= bytes - header.manifest_offset)
      visir::testing::sealManifest(file);
  }
  ModuleOptions options;
  options.verifyFull = bytes % 2;
  options.copyCode = options.copyConstants = bytes % 4 < 2;
  Module *module = nullptr;
  check(
      Module::openMemory(*context, file.data(), file.size(), options, &module),
      module);
  module = nullptr;
  visir::testing::MemoryFile stored(file.data(), file.size());
  check(Module::openFile(*context, stored.path().c_str(), options, &module),
        module);
  return 0;
}
