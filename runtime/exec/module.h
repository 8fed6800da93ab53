// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A verified artifact and the one of its programs that this machine runs.
#ifndef VISIR_RUNTIME_EXEC_MODULE_H
#define VISIR_RUNTIME_EXEC_MODULE_H

#include "runtime/exec/context.h"

namespace visir::runtime {

struct ModuleOptions {
  bool verifyFull = false;
  bool copyCode = false;
  bool copyConstants = false;
  bool inspectOnly = false;     // load nothing
  SelfTestMode selfTest = SelfTestMode::firstUse;
  const char *target = nullptr; // null: the best that runs here
  const char *device = nullptr; // "kind" or "kind:which"; null: the best
};

// Reference-counted; immutable and thread-safe once opened.
class Module {
public:
  static Status openFile(Context &context, const char *path,
                         const ModuleOptions &options, Module **out);
  static Status openMemory(Context &context, const void *data, uint64_t bytes,
                           const ModuleOptions &options, Module **out);
  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release();
  ~Module();

  Context &context() const { return *owner; }
  const Artifact &artifact() const { return file; }
  const schema::Program &program() const { return *chosen; }
  const schema::Target &target() const {
    return *file.manifest().targets()->Get(chosen->target());
  }
  // Null when opened for inspection only.
  const Driver *driver() const { return device; }
  DriverCode *driverCode() const { return code; }
  // For people; empty when opened for inspection only.
  const char *deviceName() const { return name; }
  const void *function(const schema::Function &function) const {
    return device->function(code, function);
  }
  const uint8_t *constant(uint32_t index) const;
  const Array<SectionBytes> &sections() const { return loaded; }

private:
  template <typename T> friend T *create(const Allocator &allocator);
  Module() = default;

  static Status finish(Status opened, Module *module,
                       const ModuleOptions &options, Module **out);
  Status chooseProgram(const ModuleOptions &options);
  // Chooses and loads until one of the programs runs here.
  Status chooseAndLoad(const ModuleOptions &options);
  bool isRefused(const schema::Program *program) const;
  // Rates the drivers for a program; true: one is better than `best`.
  bool chooseDriver(const schema::Program &program,
                    const ModuleOptions &options, uint32_t *best,
                    Refusal *refusal);
  Status load(const ModuleOptions &options);
  Status loadConstants(const ModuleOptions &options);

  std::atomic<uint32_t> references{1};
  Context *owner = nullptr;
  Artifact file;
  const schema::Program *chosen = nullptr;
  const Driver *device = nullptr;
  DriverCode *code = nullptr;
  // Programs whose devices failed their self tests.
  static constexpr uint32_t kMaxRefused = 8;
  const schema::Program *refused[kMaxRefused] = {};
  uint32_t refusedCount = 0;
  char name[512] = "";
  Array<SectionBytes> loaded; // by section; empty where not loaded
};

} // namespace visir::runtime

#endif // VISIR_RUNTIME_EXEC_MODULE_H
