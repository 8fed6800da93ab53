// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/driver/cuda_code.h"

#include "targets/cuda/abi/kernel_abi.h"

#include <stdio.h>
#include <string.h>

namespace visir::runtime::cuda {
namespace {

// More dynamic shared memory than this must be asked for.
constexpr uint64_t kPlainSharedBytes = 48 << 10;
constexpr uint64_t kElfHeaderBytes = 64;

Status tooMuch(const char *what, uint64_t actual, int64_t limit) {
  return Status::error(StatusCode::unsupported,
                       "%s is %llu, expected at most %lld as the device allows",
                       what, static_cast<unsigned long long>(actual),
                       static_cast<long long>(limit));
}

Status malformed(const char *what) {
  return Status::error(StatusCode::malformed,
                       "code section for CUDA has %s, expected a header, text "
                       "with a final NUL and an ELF file",
                       what);
}

// What the header promises must lie in the section.
Status findCode(const SectionBytes &section, visir_cuda_code_t *code) {
  if (section.size < sizeof(*code))
    return malformed("no header");
  memcpy(code, section.data, sizeof(*code));
  if (code->magic != VISIR_CUDA_CODE_MAGIC)
    return malformed("no header");
  if (code->ptx_bytes == 0 ||
      !rangeFits(code->ptx_offset, code->ptx_bytes, section.size) ||
      section.data[code->ptx_offset + code->ptx_bytes - 1] != 0)
    return malformed("no text");
  if (code->cubin_bytes != 0 &&
      (code->cubin_bytes < kElfHeaderBytes ||
       !rangeFits(code->cubin_offset, code->cubin_bytes, section.size) ||
       memcmp(section.data + code->cubin_offset,
              "\x7f"
              "ELF",
              4) != 0))
    return malformed("machine code that is no ELF file");
  return Status();
}

} // namespace

Code::~Code() {
  if (!device.context)
    return;
  Current current(device);
  constants.release();
  if (module)
    (void)device.api.ModuleUnload(module);
}

Status Code::load(const Artifact &artifact, const char *which) {
  int architecture = targetArchitecture(
      artifact.manifest().targets()->Get(program->target())->name()->c_str());
  VISIR_RETURN_IF_ERROR(device.open(which, architecture));
  snprintf(text, sizeof(text), "%s", device.description());
  uint32_t count = sizeOf(program->functions());
  if (!functions.allocate(allocator, count))
    return Status::error(StatusCode::outOfMemory, "no memory to load code");
  if (count == 0)
    return Status();
  VISIR_RETURN_IF_ERROR(artifact.loadConstants(
      static_cast<uint32_t>(program->code_section()), false, true, &section));
  Current current(device);
  VISIR_RETURN_IF_ERROR(current.status());
  VISIR_RETURN_IF_ERROR(loadModule(architecture));
  for (uint32_t i = 0; i < count; ++i) {
    const schema::Function &function = *program->functions()->Get(i);
    VISIR_RETURN_IF_ERROR_AT(findFunction(function, &functions[i]),
                             "function %u \"%.48s\"", i,
                             function.name()->c_str());
  }
  return Status();
}

// Machine code where the device runs it. A driver that is older than the
// assembler may not know its format, but compiles the text.
Status Code::loadModule(int architecture) {
  visir_cuda_code_t code;
  VISIR_RETURN_IF_ERROR(findCode(section, &code));
  const Api &api = device.api;
  if (code.cubin_bytes != 0 &&
      runsMachineCode(architecture, device.properties.architecture)) {
    Result result =
        api.ModuleLoadData(&module, section.data + code.cubin_offset);
    if (result == kSuccess)
      return Status();
    module = nullptr;
    if (result != kInvalidImage && result != kNoBinary)
      return toStatus(api, result, "cuModuleLoadData");
  }
  Result result = api.ModuleLoadData(&module, section.data + code.ptx_offset);
  if (result == kUnsupportedPtx) {
    int version = 0;
    VISIR_CUDA_TRY(api, DriverGetVersion, &version);
    module = nullptr;
    return Status::error(StatusCode::unsupported,
                         "driver's version of CUDA is %d.%d, expected a newer "
                         "one that knows the program's PTX",
                         version / 1000, version % 1000 / 10);
  }
  if (result != kSuccess)
    module = nullptr;
  else
    snprintf(text, sizeof(text), "%s, compiled by the driver",
             device.description());
  return toStatus(api, result, "cuModuleLoadData of text");
}

Status Code::findFunction(const schema::Function &function,
                          Function *out) const {
  const Api &api = device.api;
  VISIR_CUDA_TRY(api, ModuleGetFunction, out, module, function.name()->c_str());
  int mostThreads = 0, fixedShared = 0, mostShared = 0;
  VISIR_CUDA_TRY(api, FuncGetAttribute, &mostThreads, kFunctionMaxThreads,
                 *out);
  VISIR_CUDA_TRY(api, FuncGetAttribute, &fixedShared, kFunctionStaticShared,
                 *out);
  VISIR_CUDA_TRY(api, DeviceGetAttribute, &mostShared, kMaxSharedOptin,
                 device.properties.number);
  uint64_t threads = uint64_t(function.workgroup_x()) * function.workgroup_y() *
                     function.workgroup_z();
  if (threads > static_cast<uint64_t>(mostThreads))
    return tooMuch("count of threads", threads, mostThreads);
  uint64_t shared = function.shared_bytes();
  if (shared + static_cast<uint64_t>(fixedShared) >
      static_cast<uint64_t>(mostShared))
    return tooMuch("shared size", shared + static_cast<uint64_t>(fixedShared),
                   mostShared);
  if (shared > kPlainSharedBytes)
    VISIR_CUDA_TRY(api, FuncSetAttribute, *out, kFunctionMaxDynamicShared,
                   static_cast<int>(shared));
  return Status();
}

Status Code::upload(const SectionBytes *sections) {
  const auto *list = program->constants();
  uint32_t count = sizeOf(list);
  if (!constantOffsets.allocate(allocator, count))
    return Status::error(StatusCode::outOfMemory, "no memory for constants");
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i) {
    constantOffsets[i] = bytes;
    // The verifier bounds each by the file's size.
    uint64_t size =
        alignUp(list->Get(i)->size(), VISIR_CUDA_WORKSPACE_ALIGNMENT);
    if (!checkedAdd(bytes, size, &bytes))
      return Status::error(StatusCode::outOfMemory, "no memory for constants");
  }
  Current current(device);
  VISIR_RETURN_IF_ERROR(current.status());
  VISIR_RETURN_IF_ERROR_AT(constants.allocate(device.api, bytes, false),
                           "constants of %llu bytes",
                           static_cast<unsigned long long>(bytes));
  for (uint32_t i = 0; i < count; ++i) {
    const schema::Constant &constant = *list->Get(i);
    if (constant.size() != 0)
      VISIR_CUDA_TRY(device.api, MemcpyHtoD,
                     constants.get() + constantOffsets[i],
                     sections[constant.section()].data + constant.offset(),
                     constant.size());
  }
  return Status();
}

} // namespace visir::runtime::cuda
