/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Opens an artifact, runs its first entry on inputs of ones, and prints the
 * first values of each output.
 */
#include <visir/runtime.h>

#include <stdio.h>
#include <stdlib.h>

static void check(visir_status_t status) {
  if (status.code == VISIR_OK)
    return;
  fprintf(stderr, "error: %s\n", status.message);
  exit(1);
}

/* A tensor of the declared (largest) dims in aligned memory. */
static visir_tensor_t make_tensor(const visir_tensor_info_t *info) {
  visir_tensor_t tensor = {NULL, info->dtype, info->rank, info->dims, NULL};
  tensor.data = aligned_alloc(64, (info->bytes + 64) / 64 * 64);
  if (!tensor.data)
    exit(1);
  return tensor;
}

static void fill_with_ones(const visir_tensor_info_t *info, void *data) {
  uint32_t size = visir_dtype_bytes(info->dtype);
  for (uint64_t i = 0; i < info->bytes / size; ++i) {
    if (info->dtype == VISIR_F32)
      ((float *)data)[i] = 1.0f;
    else
      ((uint8_t *)data)[i * size] = 1;
  }
}

static void print_tensor(const visir_tensor_info_t *info, const void *data) {
  printf("%s %s", info->name, visir_dtype_name(info->dtype));
  for (uint32_t i = 0; i < info->rank; ++i)
    printf(" %lld", (long long)info->dims[i]);
  printf(":");
  for (uint64_t i = 0; info->dtype == VISIR_F32 && i < 4; ++i)
    if (i * sizeof(float) < info->bytes)
      printf(" %g", (double)((const float *)data)[i]);
  printf("\n");
}

int main(int argc, char **argv) {
  visir_context_t *context;
  visir_module_t *module;
  visir_session_t *session;
  visir_entry_info_t entry;
  visir_tensor_info_t infos[2][16];
  visir_tensor_t inputs[16], outputs[16];

  if (argc != 2) {
    fprintf(stderr, "usage: run-model MODEL.visir\n");
    return 2;
  }
  check(visir_context_create(NULL, &context));
  check(visir_module_open_file(context, argv[1], NULL, &module));
  check(visir_session_create(module, NULL, &session));
  check(visir_module_entry_info(module, 0, &entry));
  if (entry.input_count > 16 || entry.output_count > 16) {
    fprintf(stderr, "error: more than 16 tensors\n");
    return 1;
  }
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    check(visir_module_input_info(module, 0, i, &infos[0][i]));
    inputs[i] = make_tensor(&infos[0][i]);
    fill_with_ones(&infos[0][i], inputs[i].data);
  }
  for (uint32_t i = 0; i < entry.output_count; ++i) {
    check(visir_module_output_info(module, 0, i, &infos[1][i]));
    outputs[i] = make_tensor(&infos[1][i]);
  }
  check(visir_run(session, 0, inputs, entry.input_count, outputs,
                  entry.output_count));
  for (uint32_t i = 0; i < entry.output_count; ++i)
    print_tensor(&infos[1][i], outputs[i].data);

  for (uint32_t i = 0; i < entry.input_count; ++i)
    free(inputs[i].data);
  for (uint32_t i = 0; i < entry.output_count; ++i)
    free(outputs[i].data);
  visir_session_release(session);
  visir_module_release(module);
  visir_context_release(context);
  return 0;
}
