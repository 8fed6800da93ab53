// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// visir_module_*.
#include "runtime/artifact/manifest_access.h"
#include "runtime/exec/api.h"

namespace schema = visir::schema;
using namespace visir::runtime;

namespace {

ModuleOptions moduleOptions(const visir_module_options_t *options) {
  visir_module_options_t given = readOptions(options);
  ModuleOptions result;
  result.verifyFull = given.flags & VISIR_MODULE_VERIFY_FULL;
  result.copyCode = given.flags & VISIR_MODULE_COPY_CODE;
  result.copyConstants = given.flags & VISIR_MODULE_COPY_CONSTANTS;
  result.inspectOnly = given.flags & VISIR_MODULE_INSPECT;
  if (given.flags & VISIR_MODULE_SELF_TEST)
    result.selfTest = SelfTestMode::always;
  if (given.flags & VISIR_MODULE_NO_SELF_TEST)
    result.selfTest = SelfTestMode::never;
  result.target = given.target;
  result.device = given.device;
  return result;
}

Status outOfRange(const char *what, uint32_t index, uint32_t count) {
  return Status::error(StatusCode::invalidArgument,
                       "%s is %u, expected less than %u", what, index, count);
}

Status entryOf(const visir_module_t *module, uint32_t index,
               const schema::Entry **out) {
  const auto *entries = unwrap(module)->program().entries();
  if (index >= entries->size())
    return outOfRange("entry", index, entries->size());
  *out = entries->Get(index);
  return Status();
}

Status commandOf(const visir_module_t *module, uint32_t entry, uint32_t index,
                 const schema::Command **out) {
  const schema::Entry *found = nullptr;
  Status status = entryOf(module, entry, &found);
  if (!status.ok())
    return status;
  if (index >= sizeOf(found->commands()))
    return outOfRange("command", index, sizeOf(found->commands()));
  *out = found->commands()->Get(index);
  return status;
}

using Tensors = flatbuffers::Vector<flatbuffers::Offset<schema::Tensor>>;

Status tensorInfo(const schema::Entry &entry, const Tensors *tensors,
                  const char *what, uint32_t index, visir_tensor_info_t *out) {
  if (index >= sizeOf(tensors))
    return outOfRange(what, index, sizeOf(tensors));
  const schema::Tensor &tensor = *tensors->Get(index);
  *out = {};
  out->name = tensor.name()->c_str();
  out->dtype = static_cast<visir_dtype_t>(tensor.dtype());
  out->rank = sizeOf(tensor.dims());
  out->bytes = tensor.bytes();
  for (uint32_t i = 0; i < out->rank; ++i) {
    const schema::Dim &dim = *tensor.dims()->Get(i);
    out->dims[i] = static_cast<int64_t>(dim.value());
    if (dim.symbol() >= 0)
      out->dim_symbols[i] = entry.symbols()->Get(dim.symbol())->name()->c_str();
  }
  return Status();
}

// The share of a function's work that a dispatch does.
double flopsOf(const Module &module, const schema::Command &command) {
  const auto *dispatch = command.operation_as_Dispatch();
  if (!dispatch)
    return 0;
  const schema::Function &function =
      *module.program().functions()->Get(dispatch->function());
  return function.flops() * (dispatch->tile_end() - dispatch->tile_begin()) /
         function.tile_count();
}

void dispatchInfo(const Module &module, const schema::Dispatch &dispatch,
                  visir_command_info_t *out) {
  const schema::Function &function =
      *module.program().functions()->Get(dispatch.function());
  out->kind = VISIR_COMMAND_DISPATCH;
  out->function = function.name()->c_str();
  out->config = textOf(function.config());
  out->tile_count = dispatch.tile_end() - dispatch.tile_begin();
  out->parallel = dispatch.parallel();
  for (uint32_t i = 0; i < sizeOf(dispatch.bindings()); ++i) {
    bool both =
        function.bindings()->Get(i)->access() == schema::Access::read_write;
    out->bytes += dispatch.bindings()->Get(i)->size() * (both ? 2 : 1);
  }
}

void commandInfo(const Module &module, const schema::Command &command,
                 visir_command_info_t *out) {
  *out = {};
  out->config = "";
  out->flops = flopsOf(module, command);
  out->source_count = sizeOf(command.source_nodes());
  if (const auto *dispatch = command.operation_as_Dispatch()) {
    dispatchInfo(module, *dispatch, out);
  } else if (const auto *copy = command.operation_as_Copy()) {
    out->kind = VISIR_COMMAND_COPY;
    out->function = "copy";
    out->parallel = 1;
    out->bytes = 2 * copy->source()->size();
  } else if (const auto *fill = command.operation_as_Fill()) {
    out->kind = VISIR_COMMAND_FILL;
    out->function = "fill";
    out->parallel = 1;
    out->bytes = fill->destination()->size();
  }
}

// The binding of a number; null beyond the last.
const schema::BindingRef *bindingOf(const Module &module,
                                    const schema::Command &command,
                                    uint32_t number, schema::Access *access) {
  if (const auto *dispatch = command.operation_as_Dispatch()) {
    if (number >= sizeOf(dispatch->bindings()))
      return nullptr;
    const schema::Function &function =
        *module.program().functions()->Get(dispatch->function());
    *access = function.bindings()->Get(number)->access();
    return dispatch->bindings()->Get(number);
  }
  *access = schema::Access::write;
  if (const auto *fill = command.operation_as_Fill())
    return number == 0 ? fill->destination() : nullptr;
  const auto *copy = command.operation_as_Copy();
  if (!copy || number > 1)
    return nullptr;
  if (number == 0)
    *access = schema::Access::read;
  return number == 0 ? copy->source() : copy->destination();
}

void bindingInfo(const schema::BindingRef &binding, schema::Access access,
                 visir_binding_info_t *out) {
  out->kind = static_cast<visir_memory_kind_t>(binding.kind());
  out->index = binding.index();
  out->offset = binding.offset();
  out->bytes = binding.size();
  out->is_read = access != schema::Access::write;
  out->is_written = access != schema::Access::read;
}

void preprocessInfo(const schema::Preprocess &preprocess,
                    visir_preprocess_info_t *out) {
  *out = {};
  out->input = preprocess.input();
  out->resize_filter = static_cast<uint32_t>(preprocess.filter());
  out->antialias = preprocess.antialias();
  out->resize_shorter = preprocess.resize_shorter();
  out->crop_height = preprocess.crop_height();
  out->crop_width = preprocess.crop_width();
  out->channels = preprocess.channels();
  out->bgr = preprocess.bgr();
  out->channels_last = preprocess.channels_last();
  out->scale = preprocess.scale();
  for (uint32_t i = 0; i < out->channels; ++i) {
    out->mean[i] = preprocess.mean()->Get(i);
    out->std[i] = preprocess.std()->Get(i);
  }
}

} // namespace

visir_status_t visir_module_open_file(visir_context_t *context,
                                      const char *path,
                                      const visir_module_options_t *options,
                                      visir_module_t **out_module) {
  Module *module = nullptr;
  Status status =
      Module::openFile(*unwrap(context), path, moduleOptions(options), &module);
  *out_module = reinterpret_cast<visir_module_t *>(module);
  return toC(status);
}

visir_status_t visir_module_open_memory(visir_context_t *context,
                                        const void *data, size_t bytes,
                                        const visir_module_options_t *options,
                                        visir_module_t **out_module) {
  Module *module = nullptr;
  Status status = Module::openMemory(*unwrap(context), data, bytes,
                                     moduleOptions(options), &module);
  *out_module = reinterpret_cast<visir_module_t *>(module);
  return toC(status);
}

void visir_module_release(visir_module_t *module) {
  if (module)
    unwrap(module)->release();
}

void visir_module_info(const visir_module_t *opaque,
                       visir_module_info_t *out_info) {
  const Module &module = *unwrap(opaque);
  const schema::Manifest &manifest = module.artifact().manifest();
  const schema::Program &program = module.program();
  *out_info = {};
  out_info->producer = manifest.producer()->c_str();
  out_info->options = textOf(manifest.options());
  out_info->target = module.target().name()->c_str();
  out_info->schema_version = manifest.schema_version();
  out_info->program_count = manifest.programs()->size();
  out_info->entry_count = program.entries()->size();
  out_info->function_count = sizeOf(program.functions());
  out_info->state_count = sizeOf(program.states());
  out_info->manifest_bytes = module.artifact().manifestBytes();
  if (program.code_section() >= 0)
    out_info->code_bytes =
        manifest.sections()->Get(program.code_section())->size();
  for (uint32_t i = 0; i < sizeOf(program.constants()); ++i)
    out_info->constant_bytes += program.constants()->Get(i)->size();
}

const char *visir_module_device(const visir_module_t *module) {
  return unwrap(module)->deviceName();
}

uint32_t visir_dtype_bytes(visir_dtype_t dtype) {
  return dtype <= VISIR_BOOL ? dtypeBytes(static_cast<schema::DType>(dtype))
                             : 0;
}

const char *visir_dtype_name(visir_dtype_t dtype) {
  return dtypeName(dtype <= VISIR_BOOL ? static_cast<schema::DType>(dtype)
                                       : schema::DType::invalid);
}

visir_status_t visir_module_find_entry(const visir_module_t *module,
                                       const char *name, uint32_t *out_entry) {
  const auto *entries = unwrap(module)->program().entries();
  *out_entry = 0;
  if (!name)
    return toC(Status());
  for (uint32_t i = 0; i < entries->size(); ++i) {
    if (strcmp(entries->Get(i)->name()->c_str(), name) == 0) {
      *out_entry = i;
      return toC(Status());
    }
  }
  return toC(Status::error(StatusCode::notFound,
                           "entry \"%.64s\" does not exist, expected one of "
                           "%u such as \"%.64s\"",
                           name, entries->size(),
                           entries->Get(0)->name()->c_str()));
}

visir_status_t visir_module_entry_info(const visir_module_t *module,
                                       uint32_t entry,
                                       visir_entry_info_t *out_info) {
  const schema::Entry *found = nullptr;
  Status status = entryOf(module, entry, &found);
  if (!status.ok())
    return toC(status);
  *out_info = {};
  out_info->name = found->name()->c_str();
  out_info->input_count = sizeOf(found->inputs());
  out_info->output_count = sizeOf(found->outputs());
  out_info->command_count = sizeOf(found->commands());
  out_info->arena_bytes = found->arena_bytes();
  for (uint32_t i = 0; i < out_info->command_count; ++i)
    out_info->flops += flopsOf(*unwrap(module), *found->commands()->Get(i));
  return toC(status);
}

visir_status_t visir_module_input_info(const visir_module_t *module,
                                       uint32_t entry, uint32_t input,
                                       visir_tensor_info_t *out_info) {
  const schema::Entry *found = nullptr;
  Status status = entryOf(module, entry, &found);
  if (status.ok())
    status = tensorInfo(*found, found->inputs(), "input", input, out_info);
  return toC(status);
}

visir_status_t visir_module_output_info(const visir_module_t *module,
                                        uint32_t entry, uint32_t output,
                                        visir_tensor_info_t *out_info) {
  const schema::Entry *found = nullptr;
  Status status = entryOf(module, entry, &found);
  if (status.ok())
    status = tensorInfo(*found, found->outputs(), "output", output, out_info);
  return toC(status);
}

visir_status_t visir_module_state_info(const visir_module_t *module,
                                       uint32_t index,
                                       visir_state_info_t *out_info) {
  const schema::Program &program = unwrap(module)->program();
  if (index >= sizeOf(program.states()))
    return toC(outOfRange("state", index, sizeOf(program.states())));
  const schema::State &state = *program.states()->Get(index);
  *out_info = {state.name()->c_str(), state.bytes(), "", 0};
  for (const schema::Entry *entry : *program.entries()) {
    for (uint32_t i = 0; i < sizeOf(entry->state_lengths()); ++i) {
      const schema::StateLength &length = *entry->state_lengths()->Get(i);
      if (length.state() != index || length.before() < 0)
        continue;
      const schema::Symbol &symbol = *entry->symbols()->Get(length.before());
      out_info->symbol = symbol.name()->c_str();
      out_info->max_length = symbol.max();
      return toC(Status());
    }
  }
  return toC(Status());
}

visir_status_t visir_module_preprocess_info(const visir_module_t *module,
                                            uint32_t entry, uint32_t input,
                                            visir_preprocess_info_t *out_info) {
  const schema::Entry *found = nullptr;
  Status status = entryOf(module, entry, &found);
  if (!status.ok())
    return toC(status);
  for (uint32_t i = 0; i < sizeOf(found->preprocess()); ++i) {
    if (found->preprocess()->Get(i)->input() == input) {
      preprocessInfo(*found->preprocess()->Get(i), out_info);
      return toC(status);
    }
  }
  return toC(Status::error(StatusCode::notFound,
                           "input %u has no stored preprocessing", input));
}

visir_status_t visir_module_command_info(const visir_module_t *module,
                                         uint32_t entry, uint32_t command,
                                         visir_command_info_t *out_info) {
  const schema::Command *found = nullptr;
  Status status = commandOf(module, entry, command, &found);
  if (status.ok())
    commandInfo(*unwrap(module), *found, out_info);
  return toC(status);
}

const char *visir_module_command_source(const visir_module_t *module,
                                        uint32_t entry, uint32_t command,
                                        uint32_t source) {
  const schema::Command *found = nullptr;
  if (!commandOf(module, entry, command, &found).ok())
    return nullptr;
  const auto *nodes = found->source_nodes();
  if (source >= sizeOf(nodes))
    return nullptr;
  return unwrap(module)
      ->artifact()
      .manifest()
      .source_names()
      ->Get(nodes->Get(source))
      ->c_str();
}

visir_status_t
visir_module_command_binding(const visir_module_t *module, uint32_t entry,
                             uint32_t command, uint32_t binding,
                             visir_binding_info_t *out_info) {
  const schema::Command *found = nullptr;
  Status status = commandOf(module, entry, command, &found);
  if (!status.ok())
    return toC(status);
  schema::Access access = schema::Access::read;
  const schema::BindingRef *ref =
      bindingOf(*unwrap(module), *found, binding, &access);
  if (!ref)
    return toC(Status::error(StatusCode::notFound,
                             "command %u has no binding %u", command, binding));
  bindingInfo(*ref, access, out_info);
  return toC(status);
}

visir_status_t
visir_module_constant_info(const visir_module_t *module, uint32_t constant,
                           visir_constant_info_t *out_info) {
  const auto *constants = unwrap(module)->program().constants();
  if (constant >= sizeOf(constants))
    return toC(Status::error(StatusCode::notFound, "constant %u does not exist",
                             constant));
  out_info->name = textOf(constants->Get(constant)->name());
  out_info->bytes = constants->Get(constant)->size();
  return toC(Status());
}

visir_status_t visir_module_verify_digests(const visir_module_t *module) {
  const Artifact &artifact = unwrap(module)->artifact();
  uint32_t sections = sizeOf(artifact.manifest().sections());
  for (uint32_t i = 0; i < sections; ++i) {
    Status status = artifact.verifySection(i);
    if (!status.ok())
      return toC(status);
  }
  return toC(Status());
}
