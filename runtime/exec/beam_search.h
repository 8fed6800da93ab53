// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Greedy and beam search over the logits that a decoder gives, by the rules of
// transformers 4.15.
#ifndef VISIR_RUNTIME_EXEC_BEAM_SEARCH_H
#define VISIR_RUNTIME_EXEC_BEAM_SEARCH_H

#include "runtime/base/allocator.h"

namespace visir::runtime {

struct SearchOptions {
  uint32_t beams = 1;   // 1: greedy
  uint32_t longest = 0; // tokens, the prompt included
  uint32_t shortest = 0; // no end before so many
  float lengthPenalty = 1; // scores are sums / length to this power
  float repetitionPenalty = 1;
  bool early = false; // stop when `beams` texts have ended
  int64_t end = -1;   // the token that ends a text; -1: none
};

// Memory is taken by prepare alone.
class BeamSearch {
public:
  // false: no memory.
  bool prepare(const Allocator &allocator, const SearchOptions &options);

  // Begins anew; count <= options.longest.
  void start(const int64_t *prompt, uint32_t count);
  // Takes the logits behind each living text, rows x vocabulary, the first row
  // alone behind the prompt; changes them. False: the search is over. A row
  // that is not a number ends it, too: isBroken.
  bool advance(float *logits, uint32_t vocabulary);
  bool isBroken() const { return broken; }

  // Of the texts that live after `advance`.
  uint32_t living() const { return alive; }
  uint32_t length() const { return count; }
  int64_t token(uint32_t beam) const { return text(beam)[count - 1]; }
  // The row of the last logits that the beam continues.
  uint32_t parent(uint32_t beam) const { return parents[beam]; }

  // The best text, the end included where it was reached.
  const int64_t *best(uint32_t *length, float *score) const;

private:
  struct Candidate {
    double score;
    uint32_t row;
    int64_t token;
  };
  struct Finished {
    double score;
    uint32_t length, place; // of its tokens, in `finishedTexts`
  };

  int64_t *text(uint32_t beam) const {
    return const_cast<int64_t *>(texts.data()) + beam * options.longest;
  }
  void adjust(float *row, uint32_t vocabulary, const int64_t *past,
                float shift) const;
  bool advanceGreedily(float *logits, uint32_t vocabulary);
  void collect(float *row, uint32_t vocabulary, uint32_t index);
  void insert(const Candidate &candidate);
  void finish(const int64_t *tokens, uint32_t length, double sum);
  bool isSettled(double bestSum, uint32_t length) const;
  void keepLiving();

  SearchOptions options;
  Array<int64_t> texts, oldTexts, finishedTexts;
  Array<double> sums, oldSums;
  Array<uint32_t> parents;
  Array<Candidate> candidates; // best first
  Array<Finished> finished;    // best first
  uint32_t alive = 0, count = 0, candidateCount = 0, finishedCount = 0;
  bool broken = false;
};

} // namespace visir::runtime

#endif // VISIR_RUNTIME_EXEC_BEAM_SEARCH_H
