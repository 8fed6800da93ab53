// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "frontends/onnx/import/EinsumOrder.h"
#include "frontends/onnx/import/Helpers.h"

#include <map>
#include <set>

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

namespace {

/// A letter of the equation, or a dimension of the ellipsis (256 and up,
/// counted from its last dimension).
using Label = int;
using Labels = SmallVector<Label>;

constexpr Label kEllipsisBase = 256;
constexpr size_t kMostEllipsis = 64;
/// Labels are bits of a word where the order is chosen.
constexpr size_t kMostLabels = 64;

/// An operand and the labels of its dimensions, all of size above 1.
struct Term {
  Value value;
  Labels labels;
};

struct Equation {
  SmallVector<Labels> inputs;
  Labels output;
};

class Einsum {
public:
  explicit Einsum(Node &node) : node(node) {}
  LogicalResult run();

private:
  LogicalResult readLabels(StringRef text, size_t ellipsis, Labels &labels);
  LogicalResult readEquation(StringRef text, Equation &equation);
  LogicalResult measure(const Equation &equation);
  Term normalised(Value value, const Labels &labels);
  Term diagonal(Term term, size_t first, size_t second);
  void sumUnneeded(Term &term, const std::set<Label> &needed);
  Term contracted(const Term &a, const Term &b,
                  const std::set<Label> &needed);
  std::set<Label> neededBeside(const SmallVectorImpl<Term> &terms, size_t i,
                               size_t j) const;
  Value arranged(const Term &term, ArrayRef<Labels> groups);
  SmallVector<std::pair<unsigned, unsigned>>
  orderOf(const SmallVectorImpl<Term> &terms) const;

  Node &node;
  std::map<Label, int64_t> sizes;
  Labels output;
};

} // namespace

static bool has(ArrayRef<Label> labels, Label label) {
  return llvm::is_contained(labels, label);
}

LogicalResult Einsum::readLabels(StringRef text, size_t ellipsis,
                                 Labels &labels) {
  bool sawEllipsis = false;
  while (!text.empty()) {
    if (text.consume_front("...")) {
      if (sawEllipsis)
        return node.refuse("an operand of the equation has two ellipses");
      sawEllipsis = true;
      for (size_t i = ellipsis; i-- > 0;)
        labels.push_back(kEllipsisBase + i);
      continue;
    }
    if (!llvm::isAlpha(text.front()))
      return node.refuse("a label of the equation", text.take_front(1),
                         "a letter");
    labels.push_back(text.front());
    text = text.drop_front();
  }
  return success();
}

/// Number of dimensions that the ellipsis of `text` stands for.
static int64_t ellipsisRank(StringRef text, int64_t rank) {
  return text.contains("...") ? rank - int64_t(text.size()) + 3 : 0;
}

LogicalResult Einsum::readEquation(StringRef text, Equation &equation) {
  auto [left, right] = text.split("->");
  bool isExplicit = text.contains("->");
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  if (parts.size() != node.numInputs())
    return node.refuse("number of operands of the equation",
                       Twine(parts.size()), Twine(node.numInputs()));
  int64_t widest = 0;
  for (auto [i, part] : llvm::enumerate(parts)) {
    int64_t rank = ellipsisRank(part, node.rank(i));
    if (rank < 0 || rank > int64_t(kMostEllipsis))
      return node.refuse("rank of operand " + Twine(i), Twine(node.rank(i)),
                         "that of " + part);
    widest = std::max(widest, rank);
    Labels labels;
    if (failed(readLabels(part, rank, labels)))
      return failure();
    if (int64_t(labels.size()) != node.rank(i))
      return node.refuse("rank of operand " + Twine(i), Twine(node.rank(i)),
                         "that of " + part);
    equation.inputs.push_back(labels);
  }
  if (isExplicit)
    return readLabels(right, widest, equation.output);
  // Implicit: the ellipsis, then the letters that occur once, sorted.
  std::map<Label, int> uses;
  for (const Labels &labels : equation.inputs)
    for (Label label : labels)
      ++uses[label];
  for (int64_t i = widest; i-- > 0;)
    equation.output.push_back(kEllipsisBase + i);
  for (auto [label, count] : uses)
    if (label < kEllipsisBase && count == 1)
      equation.output.push_back(label);
  return success();
}

/// Sizes of the labels; a dimension of size 1 broadcasts.
LogicalResult Einsum::measure(const Equation &equation) {
  for (auto [i, labels] : llvm::enumerate(equation.inputs))
    for (auto [label, extent] : llvm::zip_equal(labels, node.shape(i))) {
      int64_t &size = sizes.try_emplace(label, 1).first->second;
      if (extent != 1 && size != 1 && extent != size)
        return node.refuse("extent of a label in operand " + Twine(i),
                           Twine(extent), Twine(size));
      if (extent != 1)
        size = extent;
    }
  for (auto [i, label] : llvm::enumerate(equation.output)) {
    if (has(ArrayRef(equation.output).take_front(i), label))
      return node.refuse("the output of the equation has a label twice");
    if (!sizes.count(label))
      return node.refuse("the output of the equation has a label that no "
                         "operand has");
  }
  return success();
}

/// Dimensions `first` < `second` have one label: keeps where they are equal.
Term Einsum::diagonal(Term term, size_t first, size_t second) {
  if (!term.value)
    return term;
  Shape order, shape;
  Labels labels;
  for (size_t i = 0; i < term.labels.size(); ++i)
    if (i != first && i != second) {
      order.push_back(i);
      labels.push_back(term.labels[i]);
      shape.push_back(shapeOf(term.value)[i]);
    }
  order.append({int64_t(first), int64_t(second)});
  int64_t extent = shapeOf(term.value)[first];
  labels.push_back(term.labels[first]);
  shape.push_back(extent * extent);
  Value x = reshape(node, transpose(node, term.value, order), shape);
  Shape offsets(shape.size(), 0), steps(shape.size(), 1);
  shape.back() = extent;
  steps.back() = extent + 1;
  return {slice(node, x, offsets, shape, steps), labels};
}

/// Without dimensions of size 1 and labels that occur twice.
Term Einsum::normalised(Value value, const Labels &labels) {
  Term term;
  Shape shape;
  for (auto [label, extent] : llvm::zip_equal(labels, shapeOf(value)))
    if (extent != 1) {
      term.labels.push_back(label);
      shape.push_back(extent);
    }
  term.value = reshape(node, value, shape);
  for (size_t i = 1; i < term.labels.size(); ++i) {
    auto *begin = term.labels.begin(), *found = std::find(
        begin, begin + i, term.labels[i]);
    if (found == begin + i)
      continue;
    term = diagonal(term, found - begin, i);
    i = 0;
  }
  return term;
}

void Einsum::sumUnneeded(Term &term, const std::set<Label> &needed) {
  Shape axes;
  Labels kept;
  for (auto [i, label] : llvm::enumerate(term.labels)) {
    if (needed.count(label))
      kept.push_back(label);
    else
      axes.push_back(i);
  }
  if (axes.empty())
    return;
  term.value = reduce(node, ReduceKind::Sum, term.value, axes, false);
  term.labels = kept;
}

/// The term's dimensions in the order of `groups`; labels that it lacks have
/// size 1.
Value Einsum::arranged(const Term &term, ArrayRef<Labels> groups) {
  Shape order, shape;
  for (const Labels &group : groups)
    for (Label label : group) {
      const auto *found = llvm::find(term.labels, label);
      if (found != term.labels.end())
        order.push_back(found - term.labels.begin());
      shape.push_back(found != term.labels.end() ? sizes[label] : 1);
    }
  return reshape(node, transpose(node, term.value, order), shape);
}

static int64_t product(const std::map<Label, int64_t> &sizes,
                       ArrayRef<Label> labels) {
  int64_t result = 1;
  for (Label label : labels)
    result *= sizes.at(label);
  return result;
}

/// One contraction of two terms: shared labels are summed unless `needed`.
Term Einsum::contracted(const Term &a, const Term &b,
                        const std::set<Label> &needed) {
  Labels batch, inner, rows, columns;
  for (Label label : a.labels) {
    if (!has(b.labels, label))
      rows.push_back(label);
    else
      (needed.count(label) ? batch : inner).push_back(label);
  }
  for (Label label : b.labels)
    if (!has(a.labels, label))
      columns.push_back(label);
  Term result;
  for (const Labels &group : {batch, rows, columns})
    result.labels.append(group);
  if (inner.empty()) {
    result.value =
        binary(node, BinaryKind::Mul, arranged(a, {batch, rows, columns}),
               arranged(b, {batch, rows, columns}));
    return result;
  }
  Shape lead, left, right, out;
  for (Label label : batch)
    lead.push_back(sizes[label]);
  int64_t depth = product(sizes, inner);
  left = right = lead;
  left.append({product(sizes, rows), depth});
  right.append({depth, product(sizes, columns)});
  for (Label label : result.labels)
    out.push_back(sizes[label]);
  Value lhs = reshape(node, arranged(a, {batch, rows, inner}), left);
  Value rhs = reshape(node, arranged(b, {batch, inner, columns}), right);
  Value value = node.create<MatMulOp>(lhs, rhs);
  if (value) // the product of bytes is wider
    value = cast(node, value, elementOf(lhs));
  result.value = reshape(node, value, out);
  return result;
}

/// Labels of the output and of all terms that are left but `i` and `j`.
std::set<Label> Einsum::neededBeside(const SmallVectorImpl<Term> &terms,
                                     size_t i, size_t j) const {
  std::set<Label> needed(output.begin(), output.end());
  for (auto [k, term] : llvm::enumerate(terms))
    if (k != i && k != j)
      needed.insert(term.labels.begin(), term.labels.end());
  return needed;
}

/// Whether constants are all that `value` is made of, at some steps.
static bool isMadeOfConstants(Value value, unsigned steps = 8) {
  Operation *op = value ? value.getDefiningOp() : nullptr;
  if (!op || op->getNumOperands() == 0)
    return op && constantOf(value);
  return steps > 0 && isPure(op) &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           return isMadeOfConstants(operand, steps - 1);
         });
}

SmallVector<std::pair<unsigned, unsigned>>
Einsum::orderOf(const SmallVectorImpl<Term> &terms) const {
  std::map<Label, unsigned> numbers;
  SmallVector<int64_t> extents;
  for (auto [label, size] : sizes) {
    numbers[label] = unsigned(extents.size());
    extents.push_back(size);
  }
  auto bitsOf = [&](ArrayRef<Label> labels) {
    uint64_t bits = 0;
    for (Label label : labels)
      bits |= uint64_t(1) << numbers[label];
    return bits;
  };
  SmallVector<EinsumOperand> operands;
  for (const Term &term : terms)
    operands.push_back({bitsOf(term.labels), isMadeOfConstants(term.value)});
  return einsumOrder(operands, bitsOf(output), extents);
}

LogicalResult Einsum::run() {
  std::string text = node.stringAttr("equation", "");
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  Equation equation;
  if (failed(readEquation(text, equation)) || failed(measure(equation)))
    return failure();
  output = equation.output;
  SmallVector<Term> terms;
  for (auto [i, labels] : llvm::enumerate(equation.inputs))
    terms.push_back(normalised(node.input(i), labels));
  for (size_t i = 0; i < terms.size(); ++i)
    sumUnneeded(terms[i], neededBeside(terms, i, i));
  if (sizes.size() > kMostLabels || terms.size() > kMostLabels)
    return node.refuse("number of labels or operands",
                       Twine(std::max(sizes.size(), terms.size())),
                       "at most " + Twine(kMostLabels));
  // Terms keep their numbers; those that are contracted lose their labels.
  for (auto [first, second] : orderOf(terms)) {
    terms.push_back(contracted(terms[first], terms[second],
                               neededBeside(terms, first, second)));
    terms[first].labels.clear();
    terms[second].labels.clear();
  }
  Shape shape;
  Labels order;
  for (Label label : output) {
    shape.push_back(sizes[label]);
    if (has(terms.back().labels, label))
      order.push_back(label);
  }
  return node.setOutput(
      0, reshape(node, arranged(terms.back(), {order}), shape));
}

static LogicalResult importEinsum(Node &node) { return Einsum(node).run(); }

VISIR_ONNX_OP(Einsum, 12, 1, importEinsum)
