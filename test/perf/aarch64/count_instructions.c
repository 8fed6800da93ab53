// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A plugin of qemu's user emulator that counts what kernels execute:
//
//   qemu-aarch64 -d plugin -D LOG -plugin FILE.so[,dump=PATH] visir-rt run ...
//
// Kernels are all code that lies outside of the program, which is static and
// linked at low addresses. The log gets one line of counts. `dump` gets a line
// "address count instructions multiply_adds scalar" for each block of code.
// Counts are exact on one thread.
#include "qemu_plugin.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int qemu_plugin_version = 1;

// Programs end far below, mapped files begin far above.
static const uint64_t kFirstMapped = 1u << 28;

struct block {
  struct block *next;
  uint64_t address, executed;
  uint64_t instructions, multiply_adds, scalar;
};

static struct block *blocks;
static const char *dump_path;

struct pattern {
  uint32_t mask, value;
};

// Encodings of the A64 instruction set (Arm ARM, C4.1).
static const struct pattern kMultiplyAdds[] = {
    {0xbfa0fc00, 0x0e20cc00}, // fmla v.4s/2d, vector
    {0xbfa0fc00, 0x0ea0cc00}, // fmls
    {0xbfe0fc00, 0x0e400c00}, // fmla v.8h, vector
    {0xbfe0fc00, 0x0ec00c00}, // fmls
    {0xbf80f400, 0x0f801000}, // fmla v.4s/2d, by element
    {0xbf80f400, 0x0f805000}, // fmls
    {0xbfc0f400, 0x0f001000}, // fmla v.8h, by element
    {0xbfc0f400, 0x0f005000}, // fmls
};

static const struct pattern kScalar[] = {
    {0xff000000, 0x1f000000}, // fmadd, fmsub, fnmadd, fnmsub
    {0xff200c00, 0x1e200800}, // fmul, fdiv, fadd, fsub, fmax, fmin
    {0xdf80f400, 0x5f801000}, // fmla s/d, by element
    {0xdf80f400, 0x5f809000}, // fmul s/d, by element
};

static bool matches(uint32_t code, const struct pattern *patterns,
                    size_t count) {
  for (size_t i = 0; i < count; ++i)
    if ((code & patterns[i].mask) == patterns[i].value)
      return true;
  return false;
}

#define MATCHES(code, table) \
  matches(code, table, sizeof(table) / sizeof(*table))

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  if (qemu_plugin_tb_vaddr(tb) < kFirstMapped)
    return;
  struct block *block = calloc(1, sizeof(*block));
  if (!block)
    abort();
  block->address = qemu_plugin_tb_vaddr(tb);
  block->instructions = qemu_plugin_tb_n_insns(tb);
  for (size_t i = 0; i < block->instructions; ++i) {
    uint32_t code;
    memcpy(&code, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, i)), 4);
    block->multiply_adds += MATCHES(code, kMultiplyAdds);
    block->scalar += MATCHES(code, kScalar);
  }
  block->next = blocks;
  blocks = block;
  qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
                                           &block->executed, 1);
}

static void finished(qemu_plugin_id_t id, void *data) {
  FILE *dump = dump_path ? fopen(dump_path, "w") : NULL;
  uint64_t instructions = 0, multiply_adds = 0, scalar = 0;
  for (const struct block *b = blocks; b; b = b->next) {
    instructions += b->executed * b->instructions;
    multiply_adds += b->executed * b->multiply_adds;
    scalar += b->executed * b->scalar;
    if (dump)
      fprintf(dump,
              "%" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
              b->address, b->executed, b->instructions, b->multiply_adds,
              b->scalar);
  }
  if (dump)
    fclose(dump);
  char line[160];
  snprintf(line, sizeof(line),
           "instructions %" PRIu64 " multiply-adds %" PRIu64 " scalar %" PRIu64
           "\n",
           instructions, multiply_adds, scalar);
  qemu_plugin_outs(line);
}

__attribute__((visibility("default"))) int
qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info,
                    int argc, char **argv) {
  for (int i = 0; i < argc; ++i)
    if (strncmp(argv[i], "dump=", 5) == 0)
      dump_path = strdup(argv[i] + 5);
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, finished, NULL);
  return 0;
}
