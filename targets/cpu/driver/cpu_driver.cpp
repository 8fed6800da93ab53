// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The CPU driver: kernels are functions of one position-independent block.
#include "runtime/device/driver.h"
#include "targets/cpu/abi/kernel_abi.h"
#include "targets/cpu/driver/cpu_features.h"

#include <stdio.h>

namespace visir::runtime {

struct DriverCode {
  SectionBytes section;
  Allocator allocator;
};

namespace {

// Round to nearest, denormals kept, all exceptions masked.
#if defined(__x86_64__)
constexpr uint32_t kKernelMxcsr = 0x1f80;

const char *cpuArchitecture() { return "x86-64"; }

uint64_t enter() {
  uint32_t former;
  __asm__ volatile("stmxcsr %0" : "=m"(former));
  __asm__ volatile("ldmxcsr %0" : : "m"(kKernelMxcsr));
  return former;
}

void leave(uint64_t former) {
  uint32_t value = static_cast<uint32_t>(former);
  __asm__ volatile("ldmxcsr %0" : : "m"(value));
}
#elif defined(__aarch64__)
const char *cpuArchitecture() { return "aarch64"; }

uint64_t enter() {
  uint64_t former, kernel = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(former));
  __asm__ volatile("msr fpcr, %0" : : "r"(kernel));
  return former;
}

void leave(uint64_t former) {
  __asm__ volatile("msr fpcr, %0" : : "r"(former));
}
#else
#error "the CPU driver knows x86-64 and aarch64"
#endif

uint32_t rate(const schema::Target &target, const char *which,
              Refusal *refusal) {
  if (which) {
    snprintf(refusal->text, sizeof(refusal->text),
             "device is cpu:%.32s, expected cpu", which);
    return 0;
  }
  const char *name = target.name()->c_str();
  uint32_t level = cpuTargetLevel(name);
  if (level == 0) {
    snprintf(refusal->text, sizeof(refusal->text), "another kind of processor");
    return 0;
  }
  if (target.abi_version() != VISIR_CPU_ABI_VERSION) {
    snprintf(refusal->text, sizeof(refusal->text),
             "kernel ABI version is %u, expected %u", target.abi_version(),
             VISIR_CPU_ABI_VERSION);
    return 0;
  }
  uint32_t host = cpuHostLevel();
  if (level > host) {
    snprintf(refusal->text, sizeof(refusal->text),
             "this processor is of level %u", host);
    return 0;
  }
  uint32_t features = 0;
  const char *next = target.features() ? target.features()->c_str() : "";
  while (*next) {
    size_t length = strcspn(next, ",");
    if (!cpuHasFeature(next, length)) {
      snprintf(refusal->text, sizeof(refusal->text),
               "this processor has no %.*s", static_cast<int>(length), next);
      return 0;
    }
    ++features;
    next += length + (next[length] == ',');
  }
  return level * 1000 + (features < 999 ? features : 999);
}

uint32_t list(DeviceInfo *devices, uint32_t capacity) {
  if (capacity == 0)
    return 1;
  devices[0].present = true;
  snprintf(devices[0].name, sizeof(devices[0].name), "cpu");
  snprintf(devices[0].description, sizeof(devices[0].description),
           "%s of level %u", cpuArchitecture(), cpuHostLevel());
  return 1;
}

void unload(DriverCode *code) { destroy(code->allocator, code); }

Status load(const Artifact &artifact, const schema::Program &program,
            const LoadOptions &options, const Allocator &allocator,
            DriverCode **out) {
  DriverCode *code = create<DriverCode>(allocator);
  if (!code)
    return Status::error(StatusCode::outOfMemory, "no memory to load code");
  code->allocator = allocator;
  if (program.code_section() >= 0) {
    Status status =
        artifact.loadCode(static_cast<uint32_t>(program.code_section()),
                          options.copyCode, &code->section);
    if (!status.ok()) {
      unload(code);
      return status;
    }
  }
  *out = code;
  return Status();
}

const void *function(const DriverCode *code, const schema::Function &function) {
  return code->section.data + function.code_offset();
}

// The undefined-behaviour sanitizer looks for its type tag before a function;
// kernels have none.
#if defined(__clang__)
__attribute__((no_sanitize("function")))
#endif
int32_t
call(const KernelCall &call) {
  visir_cpu_env_t env = {VISIR_CPU_ABI_VERSION, call.threadCount};
  visir_cpu_args_t args = {call.bindings, call.scalars};
  auto kernel = reinterpret_cast<visir_cpu_kernel_t>(
      reinterpret_cast<uintptr_t>(call.function));
  return kernel(&env, &args, call.tileBegin, call.tileEnd, call.scratch);
}

} // namespace

extern const Driver cpuDriver;
const Driver cpuDriver = {"cpu",   schema::DeviceKind::cpu,
                          rate,    list,
                          load,    unload,
                          nullptr, function,
                          enter,   leave,
                          call};

} // namespace visir::runtime
