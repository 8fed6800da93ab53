// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decodes of heatmaps. Whatever is computed from the peaks' indices is traced
// as expressions (PeakTrace.h) and compared with those of the op: `margin` 0
// shows under which condition a peak is refined, a second trace with that
// margin what the refinement is.
#include "compiler/transforms/recognise/HeatmapDecode.h"

#include "compiler/transforms/Matching.h"
#include "compiler/transforms/recognise/PeakTrace.h"

#include "compiler/support/Constants.h"
#include "dialects/visir/Heatmap.h"

#include "llvm/ADT/SetVector.h"

#include <cmath>

namespace visir {
#define GEN_PASS_DEF_RECOGNISEHEATMAPDECODE
#include "compiler/transforms/recognise/HeatmapDecode.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

static constexpr StringLiteral kName = "recognise-heatmap-decode";

namespace {

/// The attributes of a decode, and the tensor that it reads around peaks.
struct Decode {
  DecodeKind kind = DecodeKind::None;
  Value values;
  double scale = 1, fill = 0;
  int64_t window = 1, margin = 0;
  std::optional<double> logFloor;
  bool clamp = false;

  bool operator==(const Decode &o) const {
    return kind == o.kind && values == o.values && scale == o.scale &&
           fill == o.fill && window == o.window && margin == o.margin &&
           logFloor == o.logFloor && clamp == o.clamp;
  }
};

/// An element that is scale * result + shift.
struct Element {
  int64_t result = 0; ///< 0: x, 1: y, 2: score
  int64_t map = 0;
  double scale = 1, shift = 0;
  Expr rest = kUnknown; ///< dx or dy
};

/// A traced tensor whose elements are those of a decode.
struct Match {
  Value value;
  Decode decode;
  std::vector<Element> elements;
  bool hasPlaces = false; ///< columns or rows, not scores alone
};

class Matcher {
public:
  explicit Matcher(Value heatmaps) : heatmaps(heatmaps), first(heatmaps, 0) {}

  SmallVector<Match> run(Block &block);
  /// Whether the op that makes a value was followed.
  bool isTraced(Value value) const { return first.known.contains(value); }
  SmallVector<Value> unmatched;

private:
  std::optional<Element> elementOf(Algebra &algebra, Expr expr);
  std::optional<Match> match(Value value);
  bool matchRefined(Match &match);
  PeakTrace &traceInside(int64_t margin);
  std::optional<int64_t> marginOf(Expr rest, int64_t map);
  bool readStep(PeakTrace &trace, Expr rest, Decode &decode);
  bool readTaylor(PeakTrace &trace, Expr rest, Decode &decode);
  bool readSoftmax(Expr rest, Decode &decode);
  std::pair<Expr, Expr> offsets(PeakTrace &trace, const Decode &decode,
                                int64_t map);

  Value heatmaps;
  Block *block = nullptr;
  PeakTrace first;
  std::map<int64_t, std::unique_ptr<PeakTrace>> inside;
};

} // namespace

PeakTrace &Matcher::traceInside(int64_t margin) {
  std::unique_ptr<PeakTrace> &trace = inside[margin];
  if (!trace) {
    trace = std::make_unique<PeakTrace>(heatmaps, margin);
    trace->run(*block);
  }
  return *trace;
}

std::optional<Element> Matcher::elementOf(Algebra &algebra, Expr expr) {
  if (expr == kUnknown)
    return std::nullopt;
  Element element;
  bool found = false;
  for (const Term &term : algebra.sum(expr)) {
    if (term.isConstant())
      element.shift = term.factor;
    if (term.region.map >= 0 || term.atoms.size() != 1 ||
        !term.denominators.empty())
      continue;
    const Atom &atom = algebra.atom(term.atoms.front());
    bool isScore = atom.kind == AtomKind::Score;
    if (!isScore && atom.kind != AtomKind::Column && atom.kind != AtomKind::Row)
      continue;
    if (found)
      return std::nullopt;
    found = true;
    element.result = isScore ? 2 : atom.kind == AtomKind::Row;
    element.map = atom.args[0];
    element.scale = term.factor;
  }
  if (!found)
    return std::nullopt;
  Expr place = element.result == 2
                   ? algebra.atomic({AtomKind::Score, {element.map}})
               : element.result == 1 ? algebra.row(element.map)
                                     : algebra.column(element.map);
  Expr rest = algebra.sub(expr, algebra.constant(element.shift));
  rest = algebra.sub(rest, algebra.scale(place, element.scale));
  element.rest = algebra.scale(rest, 1 / element.scale);
  if (element.result == 2 && algebra.constantOf(element.rest) != 0.0)
    return std::nullopt;
  return element;
}

/// The margin of the one condition under which all terms stand.
std::optional<int64_t> Matcher::marginOf(Expr rest, int64_t map) {
  const Algebra &algebra = first.algebra;
  const PeakRegion &region = algebra.sum(rest).front().region;
  int64_t margin = region.low[0];
  PeakRegion wanted{map,
                    {margin, margin},
                    {algebra.width - 1 - margin, algebra.height - 1 - margin}};
  if (margin < 1 || llvm::any_of(algebra.sum(rest), [&](const Term &term) {
        return !(term.region == wanted);
      }))
    return std::nullopt;
  return margin;
}

/// The first cell among the atoms of an expression and of what they hold.
static const Atom *findCell(const Algebra &algebra, Expr expr,
                            std::optional<double> &logFloor) {
  for (const Term &term : algebra.sum(expr)) {
    for (int32_t number : term.atoms) {
      const Atom &atom = algebra.atom(number);
      if (atom.kind == AtomKind::Cell)
        return &atom;
      if (atom.kind == AtomKind::Max)
        logFloor = floatOf(atom.args[1]);
      if (atom.kind == AtomKind::Exp || atom.kind == AtomKind::Log ||
          atom.kind == AtomKind::Sign || atom.kind == AtomKind::Max)
        if (const Atom *cell = findCell(algebra, Expr(atom.args[0]), logFloor))
          return cell;
    }
  }
  return nullptr;
}

/// dx and dy of a map as the op says them.
std::pair<Expr, Expr> Matcher::offsets(PeakTrace &trace, const Decode &decode,
                                       int64_t map) {
  Algebra &a = trace.algebra;
  int64_t tensor =
      llvm::find(trace.tensors, decode.values) - trace.tensors.begin();
  auto c = [&](int64_t i, int64_t j) {
    Expr row = a.add(a.row(map), a.constant(double(j)));
    Expr column = a.add(a.column(map), a.constant(double(i)));
    if (decode.clamp) {
      row = a.max(a.min(row, double(a.height - 1)), 0);
      column = a.max(a.min(column, double(a.width - 1)), 0);
    }
    Expr cell = a.cell(tensor, map, row, column, decode.fill);
    if (decode.logFloor)
      cell = a.function(AtomKind::Log, a.max(cell, *decode.logFloor));
    return cell;
  };
  auto difference = [&](int64_t i, int64_t j) {
    return a.sub(c(i, j), c(-i, -j));
  };
  if (decode.kind == DecodeKind::Step) {
    auto along = [&](int64_t i, int64_t j) {
      return a.scale(a.function(AtomKind::Sign, difference(i, j)),
                     decode.scale);
    };
    return {along(1, 0), along(0, 1)};
  }
  if (decode.kind == DecodeKind::Softmax) {
    SmallVector<Expr> scaled;
    int64_t reach = decode.window / 2;
    for (int64_t j = -reach; j <= reach; ++j)
      for (int64_t i = -reach; i <= reach; ++i)
        scaled.push_back(a.scale(c(i, j), decode.scale));
    if (llvm::is_contained(scaled, kUnknown))
      return {kUnknown, kUnknown};
    std::pair<Expr, Expr> sums{a.constant(0), a.constant(0)};
    for (auto [n, weight] : llvm::enumerate(a.softmax(scaled))) {
      double i = double(int64_t(n) % decode.window - reach);
      double j = double(int64_t(n) / decode.window - reach);
      sums.first = a.add(sums.first, a.scale(weight, i));
      sums.second = a.add(sums.second, a.scale(weight, j));
    }
    return sums;
  }
  Expr gx = a.scale(difference(1, 0), 0.5), gy = a.scale(difference(0, 1), 0.5);
  auto both = [&](int64_t i, int64_t j) { return a.add(c(i, j), c(-i, -j)); };
  auto second = [&](int64_t i, int64_t j) {
    return a.scale(a.sub(both(i, j), a.scale(c(0, 0), 2)), 0.25);
  };
  Expr gxx = second(2, 0), gyy = second(0, 2);
  Expr gxy = a.scale(a.sub(both(1, 1), both(1, -1)), 0.25);
  Expr determinant = a.sub(a.mul(gxx, gyy), a.mul(gxy, gxy));
  Expr regular = a.negate(a.isZero(determinant));
  auto solve = [&](Expr factor, Expr x, Expr y) {
    Expr step = a.sub(a.mul(gxy, y), a.mul(factor, x));
    return a.mul(regular, a.div(step, determinant));
  };
  return {solve(gyy, gx, gy), solve(gxx, gy, gx)};
}

bool Matcher::readStep(PeakTrace &trace, Expr rest, Decode &decode) {
  const Sum &terms = trace.algebra.sum(rest);
  std::optional<double> none;
  const Atom *cell = findCell(trace.algebra, rest, none);
  if (terms.size() != 1 || !cell || none)
    return false;
  decode.kind = DecodeKind::Step;
  decode.values = trace.tensors[cell->args[0]];
  // The sign of one difference or its opposite; the comparison tells.
  decode.scale = terms.front().factor;
  return true;
}

bool Matcher::readTaylor(PeakTrace &trace, Expr rest, Decode &decode) {
  const Atom *cell = findCell(trace.algebra, rest, decode.logFloor);
  if (!cell || decode.margin < 2 || !trace.algebra.isQuotient(rest))
    return false;
  decode.kind = DecodeKind::Taylor;
  decode.values = trace.tensors[cell->args[0]];
  decode.scale = 1;
  return true;
}

bool Matcher::readSoftmax(Expr rest, Decode &decode) {
  Algebra &algebra = first.algebra;
  const Term &term = algebra.sum(rest).front();
  if (term.denominators.size() != 1)
    return false;
  const Sum &weights = algebra.sum(term.denominators.front());
  decode.window = int64_t(std::lround(std::sqrt(double(weights.size()))));
  decode.kind = DecodeKind::Softmax;
  std::optional<double> none;
  for (const Term &weight : weights) {
    if (weight.atoms.size() != 1 ||
        algebra.atom(weight.atoms.front()).kind != AtomKind::Exp)
      return false;
    Expr exponent = Expr(algebra.atom(weight.atoms.front()).args[0]);
    if (algebra.sum(exponent).size() == 1)
      decode.scale = algebra.sum(exponent).front().factor;
    const Atom *cell = findCell(algebra, exponent, none);
    if (!cell)
      continue;
    decode.values = first.tensors[cell->args[0]];
    if (cell->args[4])
      decode.fill = floatOf(cell->args[5]);
    for (int64_t place : {cell->args[2], cell->args[3]})
      for (const Term &part : algebra.sum(Expr(place)))
        for (int32_t number : part.atoms)
          decode.clamp |= algebra.atom(number).kind == AtomKind::Max ||
                          algebra.atom(number).kind == AtomKind::Min;
  }
  return decode.values && !none && decode.window % 2 == 1 && decode.window <= 9;
}

/// Reads the refinement off one element and compares it with all.
bool Matcher::matchRefined(Match &match) {
  Decode &decode = match.decode;
  const Element *sample = nullptr;
  for (const Element &element : match.elements)
    if (element.result < 2 && !sample)
      sample = &element;
  Expr rest = sample->rest;
  PeakTrace *trace = &first;
  if (first.algebra.sum(rest).empty())
    return false;
  if (first.algebra.sum(rest).front().region.map >= 0) {
    std::optional<int64_t> margin = marginOf(rest, sample->map);
    if (!margin)
      return false;
    decode.margin = *margin;
    trace = &traceInside(*margin);
  }
  auto it = trace->known.find(match.value);
  if (it == trace->known.end())
    return false;
  const PeakTrace::Exprs &exprs = it->second;
  auto restInside = [&](const Element &element, Expr expr) -> Expr {
    Algebra &a = trace->algebra;
    Expr place =
        element.result == 1 ? a.row(element.map) : a.column(element.map);
    Expr moved = a.sub(a.sub(expr, a.constant(element.shift)),
                       a.scale(place, element.scale));
    return a.scale(moved, 1 / element.scale);
  };
  rest = restInside(*sample, exprs[sample - match.elements.data()]);
  bool read =
      rest != kUnknown && !trace->algebra.sum(rest).empty() &&
      (decode.margin == 0                ? readSoftmax(rest, decode)
       : trace->algebra.isQuotient(rest) ? readTaylor(*trace, rest, decode)
                                         : readStep(*trace, rest, decode));
  if (!read)
    return false;
  std::map<int64_t, std::pair<Expr, Expr>> wanted;
  auto agrees = [&] {
    wanted.clear();
    for (auto [i, element] : llvm::enumerate(match.elements)) {
      if (element.result == 2)
        continue;
      if (decode.margin > 0 &&
          marginOf(element.rest, element.map) != std::optional(decode.margin))
        return false;
      auto [place, isNew] = wanted.try_emplace(element.map);
      if (isNew)
        place->second = offsets(*trace, decode, element.map);
      Expr expected =
          element.result == 1 ? place->second.second : place->second.first;
      if (expected == kUnknown || restInside(element, exprs[i]) != expected)
        return false;
    }
    return true;
  };
  if (agrees())
    return true;
  if (decode.kind != DecodeKind::Step)
    return false;
  decode.scale = -decode.scale;
  return agrees();
}

std::optional<Match> Matcher::match(Value value) {
  Match match{value, {}, {}, false};
  match.decode.values = heatmaps;
  bool refined = false;
  for (Expr expr : first.known.find(value)->second) {
    std::optional<Element> element = elementOf(first.algebra, expr);
    if (!element)
      return std::nullopt;
    match.hasPlaces |= element->result < 2;
    refined |= first.algebra.constantOf(element->rest) != 0.0;
    match.elements.push_back(*element);
  }
  if (match.elements.empty() || (refined && !matchRefined(match)))
    return std::nullopt;
  // Integers hold whole columns and rows only.
  if (isa<IntegerType>(elementTypeOf(value)))
    for (const Element &element : match.elements)
      if (refined || element.result == 2 ||
          element.scale != std::floor(element.scale) ||
          element.shift != std::floor(element.shift))
        return std::nullopt;
  return match;
}

SmallVector<Match> Matcher::run(Block &here) {
  block = &here;
  first.run(here);
  SmallVector<Match> matches;
  for (Value value : first.order) {
    bool isRead = llvm::any_of(value.getUsers(), [&](Operation *user) {
      return user->getNumResults() == 0 || !isTraced(user->getResult(0));
    });
    if (!isRead)
      continue;
    if (std::optional<Match> found = match(value))
      matches.push_back(std::move(*found));
    else
      unmatched.push_back(value);
  }
  return matches;
}

namespace {

/// Puts decodes in the place of what was matched.
struct Replacer {
  OpBuilder builder;
  Value heatmaps;
  SmallVector<std::pair<Decode, HeatmapDecodeOp>> made;

  HeatmapDecodeOp decodeOf(const Decode &decode, Location loc);
  Value inOrder(const Match &match, HeatmapDecodeOp decode, Location loc);
  Value valueFor(const Match &match);
};

} // namespace

HeatmapDecodeOp Replacer::decodeOf(const Decode &decode, Location loc) {
  for (auto &[known, op] : made)
    if (known == decode)
      return op;
  Operation *last = heatmaps.getDefiningOp();
  Operation *other = decode.values.getDefiningOp();
  if (other && (!last || last->isBeforeInBlock(other)))
    last = other;
  OpBuilder::InsertionGuard guard(builder);
  if (last)
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(heatmaps.getParentBlock());
  FloatAttr floor;
  if (decode.logFloor)
    floor = builder.getF64FloatAttr(*decode.logFloor);
  auto op = HeatmapDecodeOp::create(
      builder, loc, heatmaps, decode.values, stringifyDecodeKind(decode.kind),
      APFloat(decode.scale), decode.window, decode.margin, APFloat(decode.fill),
      floor, decode.clamp);
  made.emplace_back(decode, op);
  return op;
}

/// Results one after the other along a dimension, where that is what the
/// matched elements are; else a gather from all of them.
Value Replacer::inOrder(const Match &match, HeatmapDecodeOp decode,
                        Location loc) {
  ArrayRef<int64_t> shape = shapeOfValue(match.value);
  int64_t maps = shapeOfValue(decode.getX()).empty()
                     ? 1
                     : ShapedType::getNumElements(shapeOfValue(decode.getX()));
  for (int64_t axis = int64_t(shape.size()); axis >= 0; --axis) {
    int64_t parts = axis < int64_t(shape.size()) ? shape[axis] : 1, inner = 1;
    for (int64_t i = axis + 1; i < int64_t(shape.size()); ++i)
      inner *= shape[i];
    if (int64_t(match.elements.size()) != parts * maps || parts > 3)
      continue;
    SmallVector<int64_t> results(parts, -1), seen(parts, 0);
    bool ordered = true;
    for (auto [i, element] : llvm::enumerate(match.elements)) {
      int64_t part =
          axis < int64_t(shape.size()) ? int64_t(i) / inner % parts : 0;
      if (results[part] < 0)
        results[part] = element.result;
      ordered &= results[part] == element.result && element.map == seen[part]++;
    }
    if (!ordered)
      continue;
    SmallVector<int64_t> one(shape);
    if (axis < int64_t(shape.size()))
      one[axis] = 1;
    SmallVector<Value> pieces;
    for (int64_t result : results)
      pieces.push_back(
          createReshape(builder, loc, decode->getResult(result), one));
    return pieces.size() == 1
               ? pieces.front()
               : ConcatOp::create(builder, loc, pieces, axis).getResult();
  }
  SmallVector<Value> all;
  for (Value result : decode->getResults())
    all.push_back(createReshape(builder, loc, result, {maps}));
  Value joined = ConcatOp::create(builder, loc, all, 0);
  SmallVector<int64_t> indices;
  for (const Element &element : match.elements)
    indices.push_back(element.result * maps + element.map);
  auto type = RankedTensorType::get(
      shape, builder.getIntegerType(64, /*isSigned=*/true));
  Value table = ConstantOp::create(
      builder, loc, makeConstant(type, ArrayRef<int64_t>(indices)));
  return GatherOp::create(builder, loc, joined, table, 0);
}

Value Replacer::valueFor(const Match &match) {
  Location loc = match.value.getLoc();
  HeatmapDecodeOp decode = decodeOf(match.decode, loc);
  Operation *position = match.value.getDefiningOp();
  if (position->isBeforeInBlock(decode))
    position = decode;
  builder.setInsertionPointAfter(position);
  Value result = inOrder(match, decode, loc);
  auto type = cast<RankedTensorType>(result.getType());
  auto apply = [&](BinaryKind kind, double neutral, auto read) {
    SmallVector<double> numbers;
    for (const Element &element : match.elements)
      numbers.push_back(read(element));
    if (llvm::all_of(numbers, [&](double x) { return x == neutral; }))
      return;
    Value constant = llvm::all_equal(numbers)
                         ? createSplat(builder, loc, type, numbers.front())
                         : createConstant(builder, loc, type, numbers);
    result = createBinary(builder, loc, kind, result, constant);
  };
  apply(BinaryKind::Mul, 1, [](const Element &e) { return e.scale; });
  apply(BinaryKind::Add, 0, [](const Element &e) { return e.shift; });
  Type element = elementTypeOf(match.value);
  if (elementTypeOf(result) != element)
    result = CastOp::create(builder, loc, result, TypeAttr::get(element));
  return result;
}

static void rewrite(Value heatmaps, Operation *root) {
  Matcher matcher(heatmaps);
  SmallVector<Match> matches = matcher.run(*heatmaps.getParentBlock());
  for (Value value : matcher.unmatched)
    remarkMissed(value.getDefiningOp(), kName,
                 "what is computed from a peak's index is no known decode");
  if (llvm::none_of(matches, [](const Match &m) { return m.hasPlaces; }))
    return;
  Replacer replacer{OpBuilder(root), heatmaps, {}};
  // Scores come with any decode.
  llvm::stable_sort(matches, [](const Match &a, const Match &b) {
    return a.hasPlaces > b.hasPlaces;
  });
  for (Match &match : matches) {
    if (!match.hasPlaces)
      match.decode = replacer.made.front().first;
    Value made = replacer.valueFor(match);
    remarkRecognised(match.value.getDefiningOp(), kName,
                     Twine("peaks of heatmaps, refined by ") +
                         stringifyDecodeKind(match.decode.kind));
    // A score may also help to make what the decode reads.
    match.value.replaceUsesWithIf(made, [&](OpOperand &use) {
      Operation *user = use.getOwner();
      return made.getDefiningOp()->isBeforeInBlock(user) &&
             (user->getNumResults() == 0 ||
              !matcher.isTraced(user->getResult(0)));
    });
  }
}

namespace {

struct RecogniseHeatmapDecode
    : visir::impl::RecogniseHeatmapDecodeBase<RecogniseHeatmapDecode> {
  void runOnOperation() override {
    llvm::SetVector<Value> heatmaps;
    SmallVector<Operation *> roots;
    getOperation().walk([&](Operation *op) {
      Value maps = isa<ArgReduceOp, TopKOp>(op) ? heatmapsOf(op) : Value();
      if (maps && heatmaps.insert(maps))
        roots.push_back(op);
    });
    for (auto [maps, root] : llvm::zip_equal(heatmaps, roots))
      rewrite(maps, root);
  }
};

} // namespace
