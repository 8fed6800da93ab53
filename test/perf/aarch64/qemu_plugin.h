// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The part of qemu's plugin interface (version 1) that counting needs;
// distributions do not install its header.
#ifndef VISIR_TEST_PERF_AARCH64_QEMU_PLUGIN_H
#define VISIR_TEST_PERF_AARCH64_QEMU_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

typedef void (*qemu_plugin_tb_callback)(qemu_plugin_id_t,
                                        struct qemu_plugin_tb *);
typedef void (*qemu_plugin_exit_callback)(qemu_plugin_id_t, void *);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
                                           qemu_plugin_tb_callback);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t,
                                    qemu_plugin_exit_callback, void *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *,
                                              enum qemu_plugin_op, void *,
                                              uint64_t);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *,
                                                 size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
void qemu_plugin_outs(const char *);

#endif // VISIR_TEST_PERF_AARCH64_QEMU_PLUGIN_H
