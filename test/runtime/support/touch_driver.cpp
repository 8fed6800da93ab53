// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/runtime/support/touch_driver.h"

namespace visir::testing {
namespace {

using namespace visir::runtime;

uint32_t rate(const schema::Target &, const char *, Refusal *) { return 1; }

uint32_t list(DeviceInfo *, uint32_t) { return 0; }

Status load(const Artifact &, const schema::Program &, const LoadOptions &,
            const Allocator &, DriverCode **) {
  return Status();
}

void unload(DriverCode *) {}

const void *function(const DriverCode *, const schema::Function &function) {
  return &function;
}

uint64_t enter() { return 0; }
void leave(uint64_t) {}

// Whether a written binding may lie on binding `index`.
bool isTied(const schema::Function &function, uint32_t index) {
  for (const schema::Binding *binding : *function.bindings())
    if (binding->tie() == static_cast<int64_t>(index))
      return true;
  return false;
}

int32_t call(const KernelCall &call) {
  const auto &function = *static_cast<const schema::Function *>(call.function);
  volatile uint8_t sink = 0;
  for (uint64_t i = 0; i < function.scratch_bytes(); ++i)
    static_cast<volatile uint8_t *>(call.scratch)[i] = 1;
  const auto *bindings = function.bindings();
  for (uint32_t b = 0; bindings && b < bindings->size(); ++b) {
    auto *bytes = static_cast<volatile uint8_t *>(call.bindings[b]);
    bool written = bindings->Get(b)->access() != schema::Access::read;
    // Tiles may run at once: each keeps to its slice of what is written.
    bool sliced = written || isTied(function, b);
    uint64_t size = bindings->Get(b)->min_bytes();
    uint64_t tiles = function.tile_count();
    uint64_t begin = sliced ? size * call.tileBegin / tiles : 0;
    uint64_t end = sliced ? size * call.tileEnd / tiles : size;
    for (uint64_t i = begin; i < end; ++i) {
      if (written)
        bytes[i] = static_cast<uint8_t>(call.tileBegin);
      else
        sink = static_cast<uint8_t>(sink + bytes[i]);
    }
  }
  const auto *scalars = function.scalars();
  for (uint32_t i = 0; scalars && i < scalars->size(); ++i)
    if (call.scalars[i] < scalars->Get(i)->min() ||
        call.scalars[i] > scalars->Get(i)->max())
      return 1;
  return 0;
}

} // namespace

const Driver touchDriver = {"touch", schema::DeviceKind::cpu,
                            rate,    list,
                            load,    unload,
                            nullptr, function,
                            enter,   leave,
                            call};

} // namespace visir::testing
