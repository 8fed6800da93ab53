// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/exec/module.h"

#include <stdio.h>

namespace visir::runtime {
namespace {

// A growing line of text for the user.
class Line {
public:
  void add(const char *format, ...) __attribute__((format(printf, 2, 3))) {
    va_list list;
    va_start(list, format);
    int added = vsnprintf(text + length, sizeof(text) - length, format, list);
    va_end(list);
    length += added > 0 ? static_cast<size_t>(added) : 0;
    if (length >= sizeof(text))
      length = sizeof(text) - 1;
  }
  const char *get() const { return text; }

private:
  char text[192] = "";
  size_t length = 0;
};

} // namespace

Status Module::openFile(Context &context, const char *path,
                        const ModuleOptions &options, Module **out) {
  Module *module = create<Module>(context.allocator());
  if (!module)
    return Status::error(StatusCode::outOfMemory, "no memory for a module");
  context.retain();
  module->owner = &context;
  return finish(module->file.openFile(path, context.allocator()), module,
                options, out);
}

Status Module::openMemory(Context &context, const void *data, uint64_t bytes,
                          const ModuleOptions &options, Module **out) {
  Module *module = create<Module>(context.allocator());
  if (!module)
    return Status::error(StatusCode::outOfMemory, "no memory for a module");
  context.retain();
  module->owner = &context;
  return finish(module->file.openMemory(data, bytes, context.allocator()),
                module, options, out);
}

Status Module::finish(Status opened, Module *module,
                      const ModuleOptions &options, Module **out) {
  Status status = opened;
  if (status.ok())
    status = module->chooseProgram(options);
  if (status.ok() && !options.inspectOnly)
    status = module->load(options);
  if (!status.ok()) {
    module->release();
    return status;
  }
  *out = module;
  return status;
}

void Module::release() {
  if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    Context *context = owner;
    destroy(context->allocator(), this);
    context->release();
  }
}

Module::~Module() {
  if (code)
    device->unload(code);
}

Status Module::chooseProgram(const ModuleOptions &options) {
  const schema::Manifest &manifest = file.manifest();
  const ContextOptions &settings = owner->options();
  uint32_t best = 0;
  Line reasons;
  for (uint32_t i = 0; i < manifest.programs()->size(); ++i) {
    const schema::Program *program = manifest.programs()->Get(i);
    const schema::Target &target = *manifest.targets()->Get(program->target());
    const char *name = target.name()->c_str();
    if (options.target && strcmp(options.target, name) != 0) {
      reasons.add("%s%.32s", i ? ", " : "", name);
      continue;
    }
    if (options.inspectOnly) {
      chosen = program;
      return Status();
    }
    Refusal refusal = {"no driver for its device"};
    for (uint32_t d = 0; d < settings.driverCount; ++d) {
      const Driver *driver = settings.drivers[d];
      if (driver->device != target.device())
        continue;
      uint32_t rating = driver->rate(target, &refusal);
      if (rating > best) {
        best = rating;
        chosen = program;
        device = driver;
      }
    }
    if (!chosen)
      reasons.add("%s%.32s (%s)", i ? ", " : "", name, refusal.text);
  }
  if (chosen)
    return Status();
  if (options.target)
    return Status::error(StatusCode::unsupported,
                         "target is %.32s, expected one that is in the "
                         "artifact and runs here: %s",
                         options.target, reasons.get());
  return Status::error(StatusCode::unsupported,
                       "no target of the artifact runs here: %s",
                       reasons.get());
}

Status Module::load(const ModuleOptions &options) {
  VISIR_RETURN_IF_ERROR(
      device->load(file, *chosen, options.copyCode, owner->allocator(), &code));
  VISIR_RETURN_IF_ERROR(loadConstants(options));
  owner->logger().log(LogLevel::info, "runs the program for %s with driver %s",
                      target().name()->c_str(), device->name);
  return Status();
}

Status Module::loadConstants(const ModuleOptions &options) {
  const auto *sections = file.manifest().sections();
  if (!loaded.allocate(owner->allocator(), sections ? sections->size() : 0))
    return Status::error(StatusCode::outOfMemory, "no memory for sections");
  const auto *constants = chosen->constants();
  for (uint32_t i = 0; constants && i < constants->size(); ++i) {
    uint32_t section = constants->Get(i)->section();
    if (loaded[section].data)
      continue;
    VISIR_RETURN_IF_ERROR(file.loadConstants(
        section, options.copyConstants, options.verifyFull, &loaded[section]));
  }
  return Status();
}

const uint8_t *Module::constant(uint32_t index) const {
  const schema::Constant &constant = *chosen->constants()->Get(index);
  return loaded[constant.section()].data + constant.offset();
}

} // namespace visir::runtime
