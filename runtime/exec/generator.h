// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texts, token by token, by two entries of a session.
#ifndef VISIR_RUNTIME_EXEC_GENERATOR_H
#define VISIR_RUNTIME_EXEC_GENERATOR_H

#include "runtime/exec/beam_search.h"
#include "runtime/exec/session.h"

namespace visir::runtime {

// Used by one thread at a time, with its session.
class Generator {
public:
  struct Options {
    const char *prefill = nullptr, *step = nullptr; // null: so named
    SearchOptions search;
  };

  static Status make(Session &session, const Options &options, Generator **out);
  void release();

  Status run(const int64_t *prompt, uint32_t count, int64_t *tokens,
             uint32_t *length, float *score);

private:
  template <typename T> friend T *create(const Allocator &allocator);
  // What an input is for; -1 where the entry has none.
  struct Entry {
    uint32_t index = 0, inputCount = 0;
    int tokens = -1, parents = -1, position = -1;
  };

  Status prepare(const Options &options);
  Status findEntry(const char *name, Entry *entry);
  Status findInput(const schema::Entry &entry, uint32_t index, Entry *found);
  Status checkEntries();
  const schema::Entry &schemaOf(const Entry &entry) const;
  Status runEntry(const Entry &entry, const int64_t *tokens, uint32_t count);
  void setRows();

  Session *session = nullptr;
  SearchOptions options;
  BeamSearch search;
  Entry prefill, step;
  uint32_t rows = 0, vocabulary = 0;
  Array<int64_t> nextTokens, nextParents;
  int64_t position = 0;
  Array<float> logits;
};

} // namespace visir::runtime

#endif // VISIR_RUNTIME_EXEC_GENERATOR_H
