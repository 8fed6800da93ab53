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
  char text[240] = "";
  size_t length = 0;
};

// Whether a driver's name is the part of "kind:which" before the colon.
bool isOfKind(const char *device, const char *name) {
  if (!device)
    return true;
  size_t length = strcspn(device, ":");
  return strlen(name) == length && strncmp(device, name, length) == 0;
}

// The part behind the colon, or null.
const char *whichDevice(const char *device) {
  const char *colon = device ? strchr(device, ':') : nullptr;
  return colon ? colon + 1 : nullptr;
}

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
    status = module->chooseAndLoad(options);
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

bool Module::chooseDriver(const schema::Program &program,
                          const ModuleOptions &options, uint32_t *best,
                          Refusal *refusal) {
  const schema::Target &target =
      *file.manifest().targets()->Get(program.target());
  const ContextOptions &settings = owner->options();
  bool better = false;
  snprintf(refusal->text, sizeof(refusal->text), "no driver for its device");
  for (uint32_t i = 0; i < settings.driverCount; ++i) {
    const Driver *driver = settings.drivers[i];
    if (driver->device != target.device())
      continue;
    if (!isOfKind(options.device, driver->name)) {
      snprintf(refusal->text, sizeof(refusal->text), "for another device");
      continue;
    }
    uint32_t rating =
        driver->rate(target, whichDevice(options.device), refusal);
    if (rating > *best) {
      *best = rating;
      chosen = &program;
      device = driver;
      better = true;
    }
  }
  return better;
}

bool Module::isRefused(const schema::Program *program) const {
  for (uint32_t i = 0; i < refusedCount; ++i)
    if (refused[i] == program)
      return true;
  return false;
}

// A program that computes wrong results on its device is left out, but never
// in silence: the reason stands beside the name of the device that runs another
// one, which is among those that the options allow.
Status Module::chooseAndLoad(const ModuleOptions &options) {
  Status first;
  for (;;) {
    Status status = chooseProgram(options);
    if (!status.ok())
      return refusedCount ? first : status;
    if (options.inspectOnly)
      return status;
    status = load(options);
    if (status.ok() && refusedCount) {
      size_t length = strlen(name);
      snprintf(name + length, sizeof(name) - length, " (refused: %s)",
               first.text());
    }
    if (status.code() != StatusCode::selfTestFailed ||
        refusedCount == kMaxRefused)
      return status;
    owner->logger().log(LogLevel::warning, "refused: %s", status.text());
    if (refusedCount == 0)
      first = status;
    refused[refusedCount++] = chosen;
    chosen = nullptr;
  }
}

Status Module::chooseProgram(const ModuleOptions &options) {
  const schema::Manifest &manifest = file.manifest();
  uint32_t best = 0;
  Line reasons;
  Refusal last = {}; // of the programs listed last; said once for all
  auto finishReason = [&] {
    if (last.text[0])
      reasons.add(" (%s)", last.text);
    last.text[0] = '\0';
  };
  for (uint32_t i = 0; i < manifest.programs()->size(); ++i) {
    const schema::Program *program = manifest.programs()->Get(i);
    if (isRefused(program))
      continue;
    const char *name =
        manifest.targets()->Get(program->target())->name()->c_str();
    if (options.target && strcmp(options.target, name) != 0) {
      finishReason();
      reasons.add("%s%.32s", i ? ", " : "", name);
      continue;
    }
    if (options.inspectOnly) {
      chosen = program;
      return Status();
    }
    Refusal refusal;
    if (chooseDriver(*program, options, &best, &refusal) || chosen)
      continue;
    if (strcmp(refusal.text, last.text) != 0)
      finishReason();
    reasons.add("%s%.32s", i ? ", " : "", name);
    last = refusal;
  }
  finishReason();
  if (chosen)
    return Status();
  if (options.target)
    return Status::error(StatusCode::unsupported,
                         "target is %.32s, expected one that is in the "
                         "artifact and runs here: %s",
                         options.target, reasons.get());
  if (options.device)
    return Status::error(StatusCode::unsupported,
                         "device is %.32s, expected one that runs a target of "
                         "the artifact: %s",
                         options.device, reasons.get());
  return Status::error(StatusCode::unsupported,
                       "no target of the artifact runs here: %s",
                       reasons.get());
}

Status Module::load(const ModuleOptions &options) {
  LoadOptions how = {options.copyCode, whichDevice(options.device),
                     options.selfTest};
  VISIR_RETURN_IF_ERROR(
      device->load(file, *chosen, how, owner->allocator(), &code));
  VISIR_RETURN_IF_ERROR(loadConstants(options));
  if (device->sessions) {
    VISIR_RETURN_IF_ERROR(device->sessions->upload(code, loaded.data()));
    snprintf(name, sizeof(name), "%s: %s", device->name,
             device->sessions->describe(code));
  } else {
    snprintf(name, sizeof(name), "%s", device->name);
  }
  owner->logger().log(LogLevel::info, "runs the program for %s on %s",
                      target().name()->c_str(), name);
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
