/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Classifies a picture of 28x28 bytes from standard input with a model that
 * is part of the program. Prints the digit.
 */
#include "digits.h"

#include <stdio.h>
#include <stdlib.h>

static void check(visir_status_t status) {
  if (status.code == VISIR_OK)
    return;
  fprintf(stderr, "error: %s\n", status.message);
  exit(1);
}

int main(void) {
  static _Alignas(64) float image[28 * 28], scores[10];
  static const int64_t image_dims[] = {1, 1, 28, 28}, score_dims[] = {1, 10};
  unsigned char pixels[28 * 28];
  if (fread(pixels, 1, sizeof(pixels), stdin) != sizeof(pixels)) {
    fprintf(stderr, "error: picture is too short, expected 784 bytes\n");
    return 1;
  }
  for (int i = 0; i < 28 * 28; ++i)
    image[i] = (float)pixels[i] / 255.0f;

  visir_context_t *context;
  visir_module_t *module;
  visir_session_t *session;
  check(visir_context_create(NULL, &context));
  check(visir_module_open_memory(context, visir_artifact_digits,
                                 visir_artifact_digits_bytes, NULL, &module));
  check(visir_session_create(module, NULL, &session));
  visir_tensor_t input = {image, VISIR_F32, 4, image_dims, NULL};
  visir_tensor_t output = {scores, VISIR_F32, 2, score_dims, NULL};
  check(visir_run(session, 0, &input, 1, &output, 1));

  int best = 0;
  for (int i = 1; i < 10; ++i)
    if (scores[i] > scores[best])
      best = i;
  printf("%d\n", best);

  visir_session_release(session);
  visir_module_release(module);
  visir_context_release(context);
  return 0;
}
