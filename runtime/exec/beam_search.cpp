// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/exec/beam_search.h"

#include <math.h>

namespace visir::runtime {
namespace {

// What to subtract from logits to make logarithms of probability.
double logSumExp(const float *row, uint32_t vocabulary) {
  float most = row[0];
  for (uint32_t i = 1; i < vocabulary; ++i)
    most = row[i] > most ? row[i] : most;
  double sum = 0;
  for (uint32_t i = 0; i < vocabulary; ++i)
    sum += expf(row[i] - most);
  return most + log(sum);
}

} // namespace

bool BeamSearch::prepare(const Allocator &allocator,
                         const SearchOptions &wanted) {
  options = wanted;
  size_t beams = options.beams, longest = options.longest;
  return texts.allocate(allocator, beams * longest) &&
         oldTexts.allocate(allocator, beams * longest) &&
         finishedTexts.allocate(allocator, (beams + 1) * longest) &&
         sums.allocate(allocator, beams) &&
         oldSums.allocate(allocator, beams) &&
         parents.allocate(allocator, beams) &&
         candidates.allocate(allocator, 2 * beams) &&
         finished.allocate(allocator, beams + 1);
}

void BeamSearch::start(const int64_t *prompt, uint32_t length) {
  memcpy(text(0), prompt, length * sizeof(int64_t));
  sums[0] = 0;
  parents[0] = 0;
  alive = 1;
  count = length;
  finishedCount = 0;
  broken = false;
  for (uint32_t i = 0; i <= options.beams; ++i)
    finished[i].place = i;
}

// Makes tokens that occurred less likely, and the end impossible where the
// text is too short. Logits minus `shift` are what the penalty is applied to.
void BeamSearch::adjust(float *row, uint32_t vocabulary, const int64_t *past,
                          float shift) const {
  for (uint32_t i = 0; i < count && options.repetitionPenalty != 1; ++i) {
    bool isSecond = false;
    for (uint32_t j = 0; j < i; ++j)
      isSecond |= past[j] == past[i];
    if (isSecond || past[i] < 0 || past[i] >= vocabulary)
      continue;
    float score = row[past[i]] - shift;
    score = score < 0 ? score * options.repetitionPenalty
                      : score / options.repetitionPenalty;
    row[past[i]] = score + shift;
  }
  if (count < options.shortest && options.end >= 0 && options.end < vocabulary)
    row[options.end] = -INFINITY;
}

bool BeamSearch::advanceGreedily(float *logits, uint32_t vocabulary) {
  double shift = logSumExp(logits, vocabulary);
  if (!isfinite(shift)) {
    broken = true;
    return false;
  }
  adjust(logits, vocabulary, text(0), 0);
  Candidate best = {-INFINITY, 0, 0};
  for (uint32_t i = 0; i < vocabulary; ++i)
    if (logits[i] > best.score)
      best = {logits[i], 0, i};
  // The sum is of the model's own probabilities.
  bool isSecond = false;
  for (uint32_t i = 0; i < count; ++i)
    isSecond |= text(0)[i] == best.token;
  double factor = isSecond ? options.repetitionPenalty : 1;
  sums[0] += best.score * (best.score < 0 ? 1 / factor : factor) - shift;
  text(0)[count++] = best.token;
  return best.token != options.end && count < options.longest;
}

void BeamSearch::insert(const Candidate &candidate) {
  uint32_t most = 2 * options.beams;
  if (candidateCount == most &&
      candidate.score <= candidates[most - 1].score)
    return;
  uint32_t place = candidateCount < most ? candidateCount++ : most - 1;
  for (; place > 0 && candidates[place - 1].score < candidate.score; --place)
    candidates[place] = candidates[place - 1];
  candidates[place] = candidate;
}

void BeamSearch::collect(float *row, uint32_t vocabulary, uint32_t index) {
  double shift = logSumExp(row, vocabulary);
  broken |= !isfinite(shift);
  adjust(row, vocabulary, text(index), static_cast<float>(shift));
  double add = sums[index] - shift;
  for (uint32_t i = 0; i < vocabulary; ++i)
    insert({row[i] + add, index, i});
}

void BeamSearch::finish(const int64_t *tokens, uint32_t length, double sum) {
  Finished fresh = {sum / pow(length, options.lengthPenalty), length,
                    finished[finishedCount].place};
  memcpy(finishedTexts.data() + fresh.place * options.longest, tokens,
         length * sizeof(int64_t));
  uint32_t place = finishedCount;
  for (; place > 0 && finished[place - 1].score < fresh.score; --place)
    finished[place] = finished[place - 1];
  finished[place] = fresh;
  // One more place than texts to keep: the last is free for the next.
  if (finishedCount < options.beams)
    ++finishedCount;
}

bool BeamSearch::isSettled(double bestSum, uint32_t length) const {
  if (finishedCount < options.beams)
    return false;
  return options.early || finished[finishedCount - 1].score >=
                              bestSum / pow(length, options.lengthPenalty);
}

// The best candidates go on, those that end are finished.
void BeamSearch::keepLiving() {
  memcpy(oldTexts.data(), texts.data(), texts.size() * sizeof(int64_t));
  memcpy(oldSums.data(), sums.data(), sums.size() * sizeof(double));
  alive = 0;
  for (uint32_t i = 0; i < candidateCount && alive < options.beams; ++i) {
    const Candidate &candidate = candidates[i];
    const int64_t *old = oldTexts.data() + candidate.row * options.longest;
    if (candidate.token == options.end) {
      if (i < options.beams)
        finish(old, count, candidate.score);
      continue;
    }
    memcpy(text(alive), old, count * sizeof(int64_t));
    text(alive)[count] = candidate.token;
    sums[alive] = candidate.score;
    parents[alive++] = candidate.row;
  }
  ++count;
}

bool BeamSearch::advance(float *logits, uint32_t vocabulary) {
  if (options.beams == 1)
    return advanceGreedily(logits, vocabulary);
  candidateCount = 0;
  for (uint32_t i = 0; i < alive; ++i)
    collect(logits + static_cast<size_t>(i) * vocabulary, vocabulary, i);
  if (broken)
    return false;
  uint32_t length = count;
  keepLiving();
  if (alive == 0 || isSettled(candidates[0].score, length))
    return false;
  if (count < options.longest)
    return true;
  for (uint32_t i = 0; i < alive; ++i)
    finish(text(i), count, sums[i]);
  return false;
}

const int64_t *BeamSearch::best(uint32_t *length, float *score) const {
  if (options.beams == 1) {
    *length = count;
    *score = static_cast<float>(sums[0]);
    return text(0);
  }
  const Finished &winner = finished[0];
  int64_t *tokens = const_cast<int64_t *>(finishedTexts.data()) +
                    winner.place * options.longest;
  *length = winner.length;
  *score = static_cast<float>(winner.score);
  if (winner.length < options.longest)
    tokens[(*length)++] = options.end;
  return tokens;
}

} // namespace visir::runtime
