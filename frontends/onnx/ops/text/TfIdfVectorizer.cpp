// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

#include <map>
#include <vector>

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

namespace {
/// The sequences of one length that are counted.
struct Grams {
  int64_t length;
  std::vector<std::vector<int64_t>> items;
  /// Where each is counted.
  SmallVector<int64_t> places;
};
} // namespace

/// So many comparisons with a pool are written out.
static constexpr int64_t kMaxComparisons = 1024;

/// The pool by lengths from `shortest` to `longest`. Of equal sequences the
/// last one counts.
static FailureOr<std::vector<Grams>> readPool(Node &node, int64_t shortest,
                                              int64_t longest) {
  SmallVector<int64_t> pool = node.intsAttr("pool_int64s");
  SmallVector<int64_t> starts = node.intsAttr("ngram_counts");
  SmallVector<int64_t> places = node.intsAttr("ngram_indexes");
  std::vector<Grams> all;
  size_t number = 0;
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t length = i + 1, begin = starts[i];
    int64_t end = i + 1 < starts.size() ? starts[i + 1] : pool.size();
    if (begin < 0 || end < begin || end > int64_t(pool.size()) ||
        (end - begin) % length != 0)
      return node.refuse("ngram_counts do not fit pool_int64s");
    std::map<std::vector<int64_t>, int64_t> known;
    for (int64_t at = begin; at < end; at += length, ++number) {
      if (number >= places.size())
        return node.refuse("number of ngram_indexes",
                           Twine(places.size()), "one per sequence");
      known[{pool.begin() + at, pool.begin() + at + length}] = places[number];
    }
    if (length < shortest || length > longest || known.empty())
      continue;
    Grams grams{length, {}, {}};
    for (const auto &[item, place] : known) {
      grams.items.push_back(item);
      grams.places.push_back(place);
    }
    all.push_back(std::move(grams));
  }
  return all;
}

/// How often each sequence is met in the rows of (rows, items) when `distance`
/// lies between its items: (rows, sequences), f32.
static Value countOf(Node &node, Value input, const Grams &grams,
                     int64_t distance) {
  int64_t rows = shapeOf(input)[0];
  int64_t windows = shapeOf(input)[1] - (grams.length - 1) * distance;
  Value matches;
  for (int64_t i = 0; i < grams.length; ++i) {
    SmallVector<int64_t> wanted;
    for (const std::vector<int64_t> &item : grams.items)
      wanted.push_back(item[i]);
    Value items = reshape(node, sliceAxis(node, input, 1, i * distance, windows),
                          {rows, windows, 1});
    Value equal =
        compare(node, CompareKind::Equal, items, intsConstant(node, wanted));
    matches =
        matches ? binary(node, BinaryKind::And, matches, equal) : equal;
  }
  return reduce(node, ReduceKind::Sum, cast(node, matches, f32(node)), {1},
                false);
}

/// Counts at the places of `grams`: (rows, sequences) to (rows, size).
static Value place(Node &node, Value counts, const Grams &grams,
                   int64_t size) {
  std::vector<double> isAt(grams.places.size() * size);
  for (auto [i, at] : llvm::enumerate(grams.places))
    isAt[i * size + at] = 1;
  auto type = RankedTensorType::get({int64_t(grams.places.size()), size},
                                    f32(node));
  return node.create<MatMulOp>(counts, doublesConstant(node, type, isAt));
}

/// What is met at all (IDF) or how often (TFIDF), times weights.
static Value weigh(Node &node, Value counts, StringRef mode,
                   ArrayRef<double> weights) {
  if (mode == "IDF")
    counts = cast(node,
                  compare(node, CompareKind::Greater, counts,
                          scalarLike(node, counts, 0)),
                  f32(node));
  if (mode == "TF" || weights.empty())
    return counts;
  auto type = RankedTensorType::get({int64_t(weights.size())}, f32(node));
  return binary(node, BinaryKind::Mul, counts,
                doublesConstant(node, type, weights));
}

/// Every distance counts for sequences of two and more, the first alone for
/// single items.
static Value countAll(Node &node, Value input, ArrayRef<Grams> pool,
                      int64_t skips, int64_t size) {
  Value total = filled(node, {shapeOf(input)[0], size}, f32(node), 0);
  for (const Grams &grams : pool) {
    Value counts;
    for (int64_t distance = 1; distance <= skips + 1; ++distance) {
      if ((grams.length - 1) * distance >= shapeOf(input)[1] ||
          (grams.length == 1 && distance > 1))
        break;
      Value more = countOf(node, input, grams, distance);
      counts = counts ? binary(node, BinaryKind::Add, counts, more) : more;
    }
    if (counts)
      total = binary(node, BinaryKind::Add, total,
                     place(node, counts, grams, size));
  }
  return total;
}

static LogicalResult importTfIdfVectorizer(Node &node) {
  int64_t shortest = node.intAttr("min_gram_length", 1);
  int64_t longest = node.intAttr("max_gram_length", 1);
  int64_t skips = node.intAttr("max_skip_count", 0);
  std::string mode = node.stringAttr("mode", "TF");
  SmallVector<double> weights = node.floatsAttr("weights");
  FailureOr<std::vector<Grams>> pool = readPool(node, shortest, longest);
  if (failed(pool))
    return failure();
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF")
    return node.refuse("mode", mode, "TF, IDF or TFIDF");
  if (node.rank(0) < 1 || node.rank(0) > 2 || !isInteger(node.elementType(0)))
    return node.refuse("the input is not one or two dimensions of integers");
  int64_t lengths = 0;
  for (const Grams &grams : *pool)
    lengths += grams.length;
  if (skips < 0 || skips >= kMaxComparisons ||
      lengths * (skips + 1) > kMaxComparisons)
    return node.refuse("lengths of sequences or skips are out of range");
  SmallVector<int64_t> places = node.intsAttr("ngram_indexes");
  constexpr int64_t kLastPlace = int64_t(1) << 40;
  if (places.empty() || *llvm::min_element(places) < 0 ||
      *llvm::max_element(places) >= kLastPlace)
    return node.refuse("ngram_indexes are missing or out of range");
  int64_t size = *llvm::max_element(places) + 1;
  if (!weights.empty() && int64_t(weights.size()) != size)
    return node.refuse("number of weights", Twine(weights.size()),
                       Twine(size));
  int64_t rows = node.rank(0) == 2 ? node.shape(0)[0] : 1;
  int64_t items = node.shape(0).back();
  if (failed(checkElements(node, {rows, items, int64_t(places.size())})) ||
      failed(checkElements(node, {rows, size})) ||
      failed(checkElements(node, {int64_t(places.size()), size})) ||
      failed(checkConstantSize(node, int64_t(places.size()) * size)))
    return failure();
  Value input = reshape(node, cast(node, node.input(0), si64(node)),
                        {rows, items});
  if (!input)
    return failure();
  Value result = countAll(node, input, *pool, skips, size);
  if (!result)
    return failure();
  result = weigh(node, result, mode, weights);
  return node.setOutput(0, node.rank(0) == 2 ? result
                                             : reshape(node, result, {size}));
}

VISIR_ONNX_OP(TfIdfVectorizer, 9, 1, importTfIdfVectorizer)
