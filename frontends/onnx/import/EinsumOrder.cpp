// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/EinsumOrder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <limits>
#include <vector>

using namespace visir::onnx;

using Pairs = llvm::SmallVector<std::pair<unsigned, unsigned>>;

/// With more operands each step takes the cheapest pair.
static constexpr size_t kMostSearched = 8;
/// What a multiply-add costs where nothing is summed, and where batches of
/// small products are.
static constexpr double kUnsummed = 4, kBatched = 4;
/// Multiply-adds that an element read or written, and a step, are worth.
static constexpr double kElement = 3, kStep = 2000;
/// How many times as large as the constants behind it a constant may be that
/// is computed while compiling, and what is small enough in any case.
static constexpr double kMostGrowth = 16, kSmall = 1 << 18;
/// Of two ways to make a constant, the one of fewer multiply-adds.
static constexpr double kCompiling = 1e-9;

namespace {

/// What the operands of a set give when they are contracted.
struct Term {
  uint64_t labels = 0;
  bool constant = false;
  double leaves = 0; ///< elements of the operands
};

class Search {
public:
  Search(llvm::ArrayRef<EinsumOperand> operands, uint64_t output,
         llvm::ArrayRef<int64_t> sizes)
      : operands(operands), output(output), sizes(sizes) {}

  Pairs best();
  Pairs greedy();

private:
  double elements(uint64_t labels) const;
  Term termOf(uint64_t set) const;
  double cost(const Term &a, const Term &b, const Term &result) const;
  unsigned emit(uint32_t set, llvm::ArrayRef<uint32_t> halves,
                Pairs &pairs) const;

  llvm::ArrayRef<EinsumOperand> operands;
  uint64_t output;
  llvm::ArrayRef<int64_t> sizes;
};

} // namespace

double Search::elements(uint64_t labels) const {
  double count = 1;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (labels >> i & 1)
      count *= double(sizes[i]);
  return count;
}

Term Search::termOf(uint64_t set) const {
  Term term{0, true, 0};
  uint64_t needed = output;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    if (set >> i & 1) {
      term.labels |= operand.labels;
      term.constant &= operand.constant;
      term.leaves += elements(operand.labels);
    } else {
      needed |= operand.labels;
    }
  }
  if (llvm::has_single_bit(set))
    return term;
  term.labels &= needed;
  term.constant &=
      elements(term.labels) <= std::max(kSmall, kMostGrowth * term.leaves);
  return term;
}

/// In multiply-adds, about.
double Search::cost(const Term &a, const Term &b, const Term &result) const {
  double products = elements(a.labels | b.labels);
  if (result.constant)
    return kCompiling * products;
  uint64_t both = a.labels & b.labels, summed = both & ~result.labels;
  double traffic = elements(a.labels) + elements(b.labels) +
                   elements(result.labels);
  double factor = 1;
  if (!summed)
    factor = kUnsummed;
  else if (elements(both & result.labels) > 1)
    factor = kBatched;
  return factor * products + kElement * traffic + kStep;
}

/// Writes the pairs of the tree of `set`; the number of its term.
unsigned Search::emit(uint32_t set, llvm::ArrayRef<uint32_t> halves,
                      Pairs &pairs) const {
  if (llvm::has_single_bit(set))
    return llvm::countr_zero(set);
  unsigned a = emit(halves[set], halves, pairs);
  unsigned b = emit(set & ~halves[set], halves, pairs);
  pairs.push_back({std::min(a, b), std::max(a, b)});
  return unsigned(operands.size() + pairs.size() - 1);
}

/// The least cost of each set of operands over all ways to part it in two.
Pairs Search::best() {
  uint32_t all = (uint32_t(1) << operands.size()) - 1;
  std::vector<Term> terms;
  for (uint32_t set = 0; set <= all; ++set)
    terms.push_back(termOf(set));
  std::vector<double> costs(all + 1, 0);
  std::vector<uint32_t> halves(all + 1, 0);
  for (uint32_t set = 1; set <= all; ++set) {
    if (llvm::has_single_bit(set))
      continue;
    costs[set] = std::numeric_limits<double>::infinity();
    uint32_t lowest = set & -set;
    for (uint32_t half = (set - 1) & set; half; half = (half - 1) & set) {
      if (!(half & lowest))
        continue;
      uint32_t rest = set & ~half;
      double total = costs[half] + costs[rest] +
                     cost(terms[half], terms[rest], terms[set]);
      if (total < costs[set]) {
        costs[set] = total;
        halves[set] = half;
      }
    }
  }
  Pairs pairs;
  emit(all, halves, pairs);
  return pairs;
}

Pairs Search::greedy() {
  // Term numbers and the operands behind each.
  llvm::SmallVector<std::pair<unsigned, uint64_t>> left;
  for (unsigned i = 0; i < operands.size(); ++i)
    left.push_back({i, uint64_t(1) << i});
  Pairs pairs;
  while (left.size() > 1) {
    size_t first = 0, second = 1;
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < left.size(); ++i)
      for (size_t j = i + 1; j < left.size(); ++j) {
        uint64_t a = left[i].second, b = left[j].second;
        double value = cost(termOf(a), termOf(b), termOf(a | b));
        if (value < least) {
          least = value;
          first = i, second = j;
        }
      }
    auto [a, b] = std::pair(left[first].first, left[second].first);
    pairs.push_back({std::min(a, b), std::max(a, b)});
    left[first] = {unsigned(operands.size() + pairs.size() - 1),
                   left[first].second | left[second].second};
    left.erase(left.begin() + second);
  }
  return pairs;
}

Pairs visir::onnx::einsumOrder(llvm::ArrayRef<EinsumOperand> operands,
                               uint64_t output,
                               llvm::ArrayRef<int64_t> sizes) {
  Search search(operands, output, sizes);
  if (operands.size() < 2)
    return {};
  return operands.size() <= kMostSearched ? search.best() : search.greedy();
}
