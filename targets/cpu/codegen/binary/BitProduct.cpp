// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/binary/BitProduct.h"

#include "compiler/analysis/DispatchForm.h"
#include "targets/cpu/codegen/Cost.h"
#include "targets/cpu/codegen/Loops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

namespace {

/// The loads whose words make up the product.
struct Factors {
  unsigned signs, weight, mask;
};

/// A product's loops by role and its register tile. The domain is [outer...,
/// row, channel | taps..., column, words].
struct ProductPlan {
  Nest nest;
  Factors factors;
  unsigned row = 0, channel = 0; ///< dimensions that the tile covers
  unsigned column = 0;           ///< the reduction dimension along the row
  int64_t words = 1;             ///< of a place, in all dimensions behind it
  bool copies = false;           ///< borders ask for a copy of the words
  Coordinate place;              ///< the copied coordinate along the row
  int64_t places = 0;            ///< of the copy, along the row
  unsigned rows = 1, vectors = 1, lanes = 1;
  bool countsBytes = false;
  /// Reduction dimensions from here on are summed in bytes.
  unsigned byteDims = 0;

  int64_t extent(unsigned dim) const { return nest.dims[dim].extent; }
  /// Combinations of taps that are not along the row.
  int64_t taps() const {
    int64_t count = 1;
    for (unsigned dim = channel + 1; dim < column; ++dim)
      count *= extent(dim);
    return count;
  }
};

/// A run of channels of the tile.
struct ChannelVector {
  Value start;
  Lanes lanes;
};

class ProductEmitter {
public:
  ProductEmitter(KernelBuilder &kb, const ProductPlan &plan)
      : kb(kb), b(kb.b), loc(kb.loc), plan(plan), nest(plan.nest),
        index(plan.nest.dims.size()) {}
  TileSplit emit();

private:
  using Values = SmallVector<Value>;
  using Channels = ArrayRef<ChannelVector>;
  template <typename Op, typename... Args> Value make(Args... args) {
    return Op::create(b, loc, args...);
  }
  const NestAccess &access(unsigned plane) const {
    return nest.loads[plane == 0 ? plan.factors.signs : plan.factors.mask];
  }
  void placePlanes();
  void copyPlanes();
  void copyTap(unsigned plane, Value inside);
  void forWords(Value from, int64_t count,
                function_ref<void(Value, Value)> body);
  void forBlocks();
  void clearSums(Channels channels);
  void block(Channels channels);
  void tile(Channels channels, Value start, int64_t rows);
  Values zeros(Channels channels, int64_t rows, bool bytes);
  Values sumOver(unsigned dim, Channels channels, int64_t rows, Values sums,
                 bool bytes);
  Values step(Channels channels, int64_t rows, Values sums, bool bytes);
  Value wordOf(unsigned plane, int64_t row);
  Value add(Value sum, Value word, bool bytes);
  Value widen(Value bytes, unsigned lanes);

  KernelBuilder &kb;
  OpBuilder &b;
  Location loc;
  const ProductPlan &plan;
  const Nest &nest;
  Values index;
  /// Where the words of signs (0) and of the mask (1) are read.
  Value memory[2];
  LinearExpr places[2];
};

} // namespace

static std::optional<Factors> matchProduct(DispatchOp op) {
  if (!isSum(op))
    return std::nullopt;
  Value yielded = op.getPrologueBlock().getTerminator()->getOperand(0);
  auto count = yielded.getDefiningOp<math::CtPopOp>();
  if (!count || !yielded.getType().isInteger(32))
    return std::nullopt;
  auto masked = count.getOperand().getDefiningOp<arith::AndIOp>();
  if (!masked)
    return std::nullopt;
  auto differ = masked.getLhs().getDefiningOp<arith::XOrIOp>();
  auto mask = dyn_cast<BlockArgument>(masked.getRhs());
  if (!differ || !mask)
    return std::nullopt;
  auto signs = dyn_cast<BlockArgument>(differ.getLhs());
  auto weight = dyn_cast<BlockArgument>(differ.getRhs());
  if (!signs || !weight)
    return std::nullopt;
  return Factors{signs.getArgNumber(), weight.getArgNumber(),
                 mask.getArgNumber()};
}

bool cpu::isBitProduct(DispatchOp op) { return bool(matchProduct(op)); }

bool cpu::isBitWeight(DispatchOp op, unsigned i) {
  auto factors = matchProduct(op);
  return factors && factors->weight == i;
}

/// What the copy of a row of words holds, where the access has borders.
static bool planCopies(ProductPlan &plan, std::string &reason) {
  const NestAccess &signs = plan.nest.loads[plan.factors.signs];
  plan.copies = !signs.checks.empty();
  if (!plan.copies)
    return true;
  reason = "no coordinate along the row has borders";
  for (const Coordinate &check : signs.checks) {
    if (!check.expr.dependsOn(plan.row))
      continue;
    for (unsigned dim = 0; dim < plan.nest.dims.size(); ++dim)
      if (check.expr.dependsOn(dim) && dim != plan.row && dim != plan.column)
        return false;
    int64_t alongRow = check.expr.factors[plan.row];
    int64_t alongTaps = check.expr.factors[plan.column];
    if (alongRow < 1 || alongTaps < 1 || check.stride % plan.words != 0)
      return false;
    plan.place = check;
    plan.places = alongRow * (plan.extent(plan.row) - 1) +
                  alongTaps * (plan.extent(plan.column) - 1) + 1;
    return true;
  }
  return false;
}

/// Cuts the words of a place so that the counts of a piece fit into bytes.
static void cutWords(ProductPlan &plan, int64_t limit) {
  unsigned word = plan.nest.dims.size() - 1;
  int64_t piece = limit;
  if (plan.words <= limit)
    return;
  while (plan.words % piece != 0)
    --piece;
  plan.nest.dims[word].extent = plan.words / piece;
  plan.nest.dims.push_back({piece, true});
  forEachExpr(plan.nest, [&](LinearExpr &expr) {
    int64_t factor = expr.factors[word];
    expr.factors.insert(expr.factors.begin() + word + 1, factor);
    expr.factors[word] = factor * piece;
  });
}

static void chooseTile(ProductPlan &plan, const CpuSpec &spec) {
  bool many = spec.vectorRegisters >= 32;
  bool words = spec.vectorBytes == 64 &&
               StringRef(spec.features).contains("avx512vpopcntdq");
  plan.countsBytes = !words;
  plan.lanes = spec.lanes(4);
  plan.vectors = many ? 4 : 2;
  int64_t largest = words ? 6 : many || spec.vectorBytes == 32 ? 4 : 2;
  int64_t extent = plan.extent(plan.row);
  plan.rows =
      unsigned(llvm::divideCeil(extent, llvm::divideCeil(extent, largest)));
  if (!plan.countsBytes)
    return;
  // A byte holds the counts of 31 words.
  constexpr int64_t kWords = 31;
  cutWords(plan, kWords);
  plan.byteDims = plan.nest.dims.size() - 1;
  int64_t steps = plan.extent(plan.byteDims);
  while (plan.byteDims > plan.channel + 1 &&
         steps * plan.extent(plan.byteDims - 1) <= kWords)
    steps *= plan.extent(--plan.byteDims);
}

/// Whether the loads are words of places, which all channels share, and of
/// weights, which all places of a row share.
static bool hasRoles(const ProductPlan &plan) {
  const NestAccess &signs = plan.nest.loads[plan.factors.signs];
  const NestAccess &mask = plan.nest.loads[plan.factors.mask];
  const NestAccess &weight = plan.nest.loads[plan.factors.weight];
  unsigned word = plan.nest.dims.size() - 1;
  for (const NestAccess *plane : {&signs, &mask})
    if (plane->dependsOn(plan.channel) || !plane->indexed.empty() ||
        (plan.words > 1 && plane->address.factors[word] != 1))
      return false;
  if (weight.dependsOn(plan.row))
    return false;
  return signs.address.factors == mask.address.factors &&
         signs.address.offset == mask.address.offset &&
         signs.checks.size() == mask.checks.size() && weight.isPlain() &&
         Point::isUnit(weight, plan.nest, plan.channel);
}

/// Joins dimensions `dim` and `dim` + 1 if every access walks them as one.
static bool join(Nest &nest, unsigned dim) {
  int64_t extent = nest.dims[dim + 1].extent;
  bool fits = true;
  forEachExpr(nest, [&](LinearExpr &expr) {
    fits &= expr.factors[dim] == expr.factors[dim + 1] * extent;
  });
  if (!fits)
    return false;
  forEachExpr(nest, [&](LinearExpr &expr) {
    expr.factors.erase(expr.factors.begin() + dim);
  });
  nest.dims[dim + 1].extent *= nest.dims[dim].extent;
  nest.dims.erase(nest.dims.begin() + dim);
  return true;
}

/// Rows that were split, for the sake of a sum that has been taken away since.
static void joinShortRows(Nest &nest) {
  constexpr int64_t kShort = 4;
  unsigned row = nest.parallelRank() - 2;
  while (row > 0 && nest.dims[row].extent <= kShort && join(nest, row - 1))
    --row;
}

/// Whether what is summed are the positions of a row, all in one piece of work.
static bool sumsOverRow(DispatchOp op, const ProductPlan &plan) {
  for (auto [i, store] : llvm::enumerate(plan.nest.stores)) {
    if (!op.getStore(i).getSum())
      continue;
    for (unsigned dim = 0; dim <= plan.channel; ++dim)
      if (plan.extent(dim) > 1 && store.dependsOn(dim) == (dim == plan.row))
        return false;
  }
  return true;
}

static FailureOr<ProductPlan> planProduct(DispatchOp op, const CpuSpec &spec,
                                          std::string &reason) {
  auto factors = matchProduct(op);
  FailureOr<Nest> nest = buildNest(op);
  if (!factors || failed(nest))
    return failure();
  reason = "its rows, channels and words are not where they should be";
  if (nest->parallelRank() < 2 ||
      nest->dims.size() < nest->parallelRank() + 2)
    return failure();
  joinShortRows(*nest);
  unsigned parallel = nest->parallelRank();
  ProductPlan plan;
  plan.nest = *nest;
  plan.factors = *factors;
  plan.row = parallel - 2;
  plan.channel = parallel - 1;
  plan.column = nest->dims.size() - 2;
  plan.words = nest->dims.back().extent;
  if (!hasRoles(plan))
    return failure();
  if (!sumsOverRow(op, plan)) {
    reason = "sums run over other positions than those of a row";
    return failure();
  }
  if (!planCopies(plan, reason))
    return failure();
  chooseTile(plan, spec);
  return plan;
}

DictionaryAttr cpu::bitProductConfig(DispatchOp op, const CpuSpec &spec,
                                     std::string &reason) {
  FailureOr<ProductPlan> plan = planProduct(op, spec, reason);
  if (failed(plan))
    return {};
  Builder b(op.getContext());
  NamedAttrList config;
  config.append("kernel", b.getStringAttr("bits"));
  config.append("rows", b.getI64IntegerAttr(plan->rows));
  config.append("vectors", b.getI64IntegerAttr(plan->vectors));
  if (plan->countsBytes)
    config.append("bytes", b.getUnitAttr());
  return config.getDictionary(op.getContext());
}

/// Says where words are read: in their tensor, or in a copy with borders,
/// taps x places x words.
void ProductEmitter::placePlanes() {
  for (unsigned plane : {0, 1}) {
    places[plane] = access(plane).address;
    memory[plane] = kb.input(plane == 0 ? plan.factors.signs
                                        : plan.factors.mask);
    if (!plan.copies)
      continue;
    int64_t tap = plan.places * plan.words;
    memory[plane] = kb.scratch(plan.taps() * tap, b.getI32Type());
    LinearExpr &expr = places[plane];
    expr.offset = 0;
    std::fill_n(expr.factors.begin(), plan.column, 0);
    for (unsigned dim = plan.column - 1; dim > plan.channel; --dim) {
      expr.factors[dim] = tap;
      tap *= plan.extent(dim);
    }
    for (unsigned dim : {plan.row, plan.column})
      expr.factors[dim] = plan.place.expr.factors[dim] * plan.words;
  }
}

void ProductEmitter::forWords(Value from, int64_t count,
                              function_ref<void(Value, Value)> body) {
  emitFor(kb, kb.index(0), kb.index(count), 1, [&](Value i) {
    body(i, make<arith::AddIOp>(from, i));
  });
}

/// Copies the words of all places at the taps that `index` names, or zeros if
/// they lie outside.
void ProductEmitter::copyTap(unsigned plane, Value inside) {
  Value source = kb.input(plane == 0 ? plan.factors.signs
                                     : plan.factors.mask);
  int64_t before = std::max<int64_t>(0, -plan.place.expr.offset);
  int64_t end =
      std::min(plan.places, plan.place.extent - plan.place.expr.offset);
  before = std::min(before, plan.places);
  end = std::max(end, before);
  Value target = emitLinear(b, loc, places[plane], index);
  Value zero = arith::ConstantIntOp::create(b, loc, 0, 32);
  auto clear = [&](int64_t low, int64_t high) {
    Value from =
        make<arith::AddIOp>(target, kb.index(low * plan.words));
    forWords(from, (high - low) * plan.words, [&](Value, Value at) {
      memref::StoreOp::create(b, loc, zero, memory[plane], ValueRange{at});
    });
  };
  auto copy = [&] {
    Value first = emitLinear(b, loc, access(plane).address, index);
    auto copyWords = [&](Value from, Value to, int64_t count) {
      forWords(to, count, [&](Value i, Value at) {
        Value word = memref::LoadOp::create(
            b, loc, source, ValueRange{make<arith::AddIOp>(from, i)});
        memref::StoreOp::create(b, loc, word, memory[plane], ValueRange{at});
      });
    };
    auto placeOf = [&](Value base, Value place, int64_t step) -> Value {
      return make<arith::AddIOp>(
          base, make<arith::MulIOp>(place, kb.index(step)));
    };
    // The words of all places are neighbours unless there are groups.
    int64_t stride = plan.place.stride;
    if (stride == plan.words) {
      Value low = kb.index(before);
      return copyWords(placeOf(first, low, stride),
                       placeOf(target, low, stride),
                       (end - before) * plan.words);
    }
    emitFor(kb, kb.index(before), kb.index(end), 1, [&](Value place) {
      copyWords(placeOf(first, place, stride),
                placeOf(target, place, plan.words), plan.words);
    });
  };
  clear(0, before);
  clear(end, plan.places);
  if (!inside)
    return copy();
  auto branch = scf::IfOp::create(b, loc, inside, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  copy();
  b.setInsertionPointToStart(branch.elseBlock());
  clear(before, end);
}

void ProductEmitter::copyPlanes() {
  for (unsigned dim = plan.row; dim < index.size(); ++dim)
    index[dim] = kb.index(0);
  emitNest(kb, nest, plan.channel + 1, plan.column, index, [&] {
    for (unsigned plane : {0, 1}) {
      Value inside;
      for (const Coordinate &check : access(plane).checks) {
        if (check.expr.dependsOn(plan.row))
          continue;
        Value at = emitLinear(b, loc, check.expr, index);
        Value good = make<arith::CmpIOp>(arith::CmpIPredicate::ult, at,
                                         kb.index(check.extent));
        inside = inside ? make<arith::AndIOp>(inside, good) : good;
      }
      copyTap(plane, inside);
    }
  });
}

SmallVector<Value> ProductEmitter::zeros(Channels channels, int64_t rows,
                                         bool bytes) {
  Values values;
  for (int64_t row = 0; row < rows; ++row)
    for (const ChannelVector &channel : channels) {
      unsigned lanes = channel.lanes.count;
      Type type = bytes && lanes
                      ? vectorOrScalar(b.getI8Type(), 4 * lanes)
                      : vectorOrScalar(b.getI32Type(), lanes);
      values.push_back(makeConstant(b, loc, type, 0));
    }
  return values;
}

/// The sums of each word's four bytes, which are below 256.
Value ProductEmitter::widen(Value bytes, unsigned lanes) {
  if (lanes == 0)
    return bytes;
  Type type = VectorType::get({int64_t(lanes)}, b.getI32Type());
  Value words = vector::BitCastOp::create(b, loc, type, bytes);
  for (int64_t shift : {8, 16}) {
    Value low = makeConstant(b, loc, type, shift == 8 ? 0x00ff00ff : 0xffff);
    Value high = make<arith::ShRUIOp>(words,
                                      makeConstant(b, loc, type, double(shift)));
    words = make<arith::AddIOp>(make<arith::AndIOp>(words, low),
                                make<arith::AndIOp>(high, low));
  }
  return words;
}

/// The word of a plane at row `row` of the tile.
Value ProductEmitter::wordOf(unsigned plane, int64_t row) {
  LinearExpr expr = places[plane];
  expr.offset += row * expr.factors[plan.row];
  return memref::LoadOp::create(b, loc, memory[plane],
                                ValueRange{emitLinear(b, loc, expr, index)});
}

/// Adds the number of a word's bits, per byte of it where sums are bytes.
Value ProductEmitter::add(Value sum, Value word, bool bytes) {
  if (bytes && lanesOf(word))
    word = vector::BitCastOp::create(b, loc, sum.getType(), word);
  return make<arith::AddIOp>(sum, make<math::CtPopOp>(word));
}

SmallVector<Value> ProductEmitter::step(Channels channels, int64_t rows,
                                        Values sums, bool bytes) {
  Values weights;
  for (const ChannelVector &channel : channels) {
    index[plan.channel] = channel.start;
    weights.push_back(
        Point(kb, nest, index, channel.lanes).load(plan.factors.weight));
  }
  for (int64_t row = 0; row < rows; ++row) {
    Value signs = wordOf(0, row), mask = wordOf(1, row);
    for (auto [i, channel] : llvm::enumerate(channels)) {
      unsigned lanes = channel.lanes.count;
      Value differ = make<arith::XOrIOp>(toLanes(b, loc, signs, lanes),
                                         weights[i]);
      Value word =
          make<arith::AndIOp>(differ, toLanes(b, loc, mask, lanes));
      Value &sum = sums[row * channels.size() + i];
      sum = add(sum, word, bytes);
    }
  }
  return sums;
}

SmallVector<Value> ProductEmitter::sumOver(unsigned dim, Channels channels,
                                           int64_t rows, Values sums,
                                           bool bytes) {
  if (plan.countsBytes && !bytes && dim == plan.byteDims) {
    Values counts = sumOver(dim, channels, rows,
                            zeros(channels, rows, /*bytes=*/true), true);
    for (auto [i, count] : llvm::enumerate(counts)) {
      unsigned lanes = channels[i % channels.size()].lanes.count;
      sums[i] = make<arith::AddIOp>(sums[i], widen(count, lanes));
    }
    return sums;
  }
  if (dim == nest.dims.size())
    return step(channels, rows, sums, bytes);
  return emitForCarrying(kb, kb.index(0), kb.index(plan.extent(dim)), 1, sums,
                         [&](Value at, ValueRange carried) {
                           index[dim] = at;
                           return sumOver(dim + 1, channels, rows,
                                          Values(carried), bytes);
                         });
}

void ProductEmitter::tile(Channels channels, Value start, int64_t rows) {
  index[plan.row] = start;
  Values sums =
      sumOver(plan.channel + 1, channels, rows,
              zeros(channels, rows, /*bytes=*/false), /*bytes=*/false);
  for (unsigned dim = plan.channel + 1; dim < nest.dims.size(); ++dim)
    index[dim] = kb.index(0);
  for (int64_t row = 0; row < rows; ++row) {
    index[plan.row] = make<arith::AddIOp>(start, kb.index(row));
    for (auto [i, channel] : llvm::enumerate(channels)) {
      index[plan.channel] = channel.start;
      Point(kb, nest, index, channel.lanes)
          .epilogue({sums[row * channels.size() + i]});
    }
  }
}

/// Stores zeros where a row's sums are to come.
void ProductEmitter::clearSums(Channels channels) {
  index[plan.row] = kb.index(0);
  for (auto [i, store] : llvm::enumerate(nest.stores)) {
    if (!kb.op.getStore(i).getSum())
      continue;
    for (const ChannelVector &channel : channels) {
      index[plan.channel] = channel.start;
      Type type = vectorOrScalar(scalarType(store.element), channel.lanes.count);
      Point(kb, nest, index, channel.lanes)
          .store(i, makeConstant(b, loc, type, 0));
    }
  }
}

/// All rows of a run of channels.
void ProductEmitter::block(Channels channels) {
  clearSums(channels);
  int64_t extent = plan.extent(plan.row);
  int64_t whole = extent / plan.rows * plan.rows;
  emitFor(kb, kb.index(0), kb.index(whole), plan.rows,
          [&](Value start) { tile(channels, start, plan.rows); });
  if (whole < extent)
    tile(channels, kb.index(whole), extent - whole);
}

void ProductEmitter::forBlocks() {
  int64_t extent = plan.extent(plan.channel), lanes = plan.lanes;
  int64_t width = plan.vectors * lanes, whole = extent / width * width;
  emitFor(kb, kb.index(0), kb.index(whole), width, [&](Value start) {
    SmallVector<ChannelVector> channels;
    for (int64_t i = 0; i < width; i += lanes)
      channels.push_back({make<arith::AddIOp>(start, kb.index(i)),
                          Lanes{plan.lanes, plan.channel, Value()}});
    block(channels);
  });
  SmallVector<ChannelVector> rest;
  int64_t start = whole;
  for (; start + lanes <= extent; start += lanes)
    rest.push_back(
        {kb.index(start), Lanes{plan.lanes, plan.channel, Value()}});
  for (auto [count, active] :
       tailPieces(extent - start, lanes, kb.spec.maskedMemory)) {
    rest.push_back({kb.index(start), Lanes{count > 1 ? count : 0, plan.channel,
                                           makeMask(kb, count, active)}});
    start += active;
  }
  if (!rest.empty())
    block(rest);
}

TileSplit ProductEmitter::emit() {
  placePlanes();
  constexpr int64_t kTilePoints = 1 << 18;
  int64_t inner = plan.extent(plan.row) * plan.extent(plan.channel) *
                  nest.reductionPoints();
  TileSplit tiles = planTiles(nest, plan.row, inner, kTilePoints);
  emitTiles(kb, nest, tiles, plan.row, index, [&](Value, Value) {
    if (plan.copies)
      copyPlanes();
    forBlocks();
  });
  return tiles;
}

FailureOr<KernelInfo> cpu::emitBitProduct(DispatchOp op, const CpuSpec &spec,
                                          ModuleOp kernels, StringRef symbol,
                                          std::string &reason) {
  FailureOr<ProductPlan> plan = planProduct(op, spec, reason);
  if (failed(plan))
    return failure();
  KernelBuilder kb(op, spec, kernels, symbol);
  TileSplit tiles = ProductEmitter(kb, *plan).emit();
  double points =
      double(plan->nest.parallelPoints()) * plan->nest.reductionPoints();
  double vectors = points / plan->lanes;
  KernelWork work;
  // A bit stands for a multiply-add; a word takes four operations.
  constexpr double kBitsOfWord = 32, kOps = 4;
  work.flops = 2 * kBitsOfWord * points;
  work.executedFlops = work.issuedFlops = kOps * points;
  work.cycles = vectors * (plan->countsBytes ? 4 : 1.5) +
                double(plan->nest.parallelPoints()) / plan->lanes *
                    epilogueCycles(op);
  setCost(op, spec, work);
  return kb.finish(tiles.count, work.flops);
}
