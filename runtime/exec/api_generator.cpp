// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// visir_generator_*.
#include "runtime/exec/api.h"
#include "runtime/exec/generator.h"

using namespace visir::runtime;

visir_status_t
visir_generator_create(visir_session_t *session,
                       const visir_generator_options_t *options,
                       visir_generator_t **out_generator) {
  visir_generator_options_t given = readOptions(options);
  Generator::Options settings;
  settings.prefill = given.prefill;
  settings.step = given.step;
  SearchOptions &search = settings.search;
  search.beams = given.beams ? given.beams : 1;
  search.longest = given.max_length;
  search.shortest = given.min_length;
  search.lengthPenalty = given.length_penalty;
  search.repetitionPenalty =
      given.repetition_penalty != 0 ? given.repetition_penalty : 1;
  search.early = given.early_stopping != 0;
  search.end = given.end_token;
  Generator *generator = nullptr;
  Status status = Generator::make(*unwrap(session), settings, &generator);
  *out_generator = reinterpret_cast<visir_generator_t *>(generator);
  return toC(status);
}

void visir_generator_release(visir_generator_t *generator) {
  if (generator)
    reinterpret_cast<Generator *>(generator)->release();
}

visir_status_t visir_generator_run(visir_generator_t *generator,
                                   const int64_t *prompt,
                                   uint32_t prompt_length, int64_t *out_tokens,
                                   uint32_t *out_length, float *out_score) {
  return toC(reinterpret_cast<Generator *>(generator)->run(
      prompt, prompt_length, out_tokens, out_length, out_score));
}
