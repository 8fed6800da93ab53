/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Runs one kernel from a file, without a C library: maps the file, calls the
 * kernel on the bindings that lie in it, and exits with its status. All
 * offsets are from the start of the file.
 */
#include "targets/cpu/abi/kernel_abi.h"

struct header {
  uint64_t file_bytes, entry, tiles, scratch, binding_count;
  uint64_t bindings[];
};

static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}

enum { SYS_OPENAT = 56, SYS_MMAP = 222, SYS_MSYNC = 227, SYS_EXIT = 93 };
enum { AT_CWD = -100, READ_WRITE = 2, ALL_ACCESS = 7, SHARED = 1 };

static int run(const char *path) {
  long file = call(SYS_OPENAT, AT_CWD, (long)path, READ_WRITE, 0, 0, 0);
  if (file < 0)
    return 100;
  long head = call(SYS_MMAP, 0, 4096, ALL_ACCESS, SHARED, file, 0);
  if (head < 0 && head > -4096)
    return 101;
  uint64_t bytes = ((struct header *)head)->file_bytes;
  long mapped = call(SYS_MMAP, 0, (long)bytes, ALL_ACCESS, SHARED, file, 0);
  if (mapped < 0 && mapped > -4096)
    return 102;
  char *base = (char *)mapped;
  struct header *header = (struct header *)base;
  void *bindings[16];
  for (uint64_t i = 0; i < header->binding_count; ++i)
    bindings[i] = base + header->bindings[i];
  visir_cpu_env_t env = {VISIR_CPU_ABI_VERSION, 1};
  visir_cpu_args_t args = {bindings, 0};
  visir_cpu_kernel_t kernel = (visir_cpu_kernel_t)(base + header->entry);
  int status = kernel(&env, &args, 0, (uint32_t)header->tiles,
                      base + header->scratch);
  call(SYS_MSYNC, mapped, (long)bytes, 4, 0, 0, 0);
  return status;
}

__attribute__((used)) void start_with(long *stack) {
  call(SYS_EXIT, run((const char *)stack[2]), 0, 0, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n  mov x0, sp\n  bl start_with\n");
