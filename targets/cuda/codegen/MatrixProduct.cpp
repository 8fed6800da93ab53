// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stages are used in turn. In each step a block waits for that step's tiles,
// begins to copy those of a later one to where it has computed last, and
// computes; what is not copied is loaded before and stored after that.
#include "targets/cuda/codegen/MatrixProduct.h"

#include "targets/common/Payload.h"
#include "targets/common/tiled/ProductFrame.h"
#include "targets/cuda/codegen/MatrixUnits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::cuda;

using Values = scalar::Invocation::Values;

namespace {

/// A side's tile in shared memory, and the chunks that this thread brings.
struct Tile {
  const tiled::ProductSide &side;
  const MatrixSide &shape;
  int64_t offset; ///< of the tile among the stage's elements
  Value source;   ///< what copies read, as a pointer

  /// Elements that go together.
  struct Piece {
    SmallVector<Value> index; ///< of the nest, except for the sums
    Value deep;               ///< of its first element in the tile
    Value target;             ///< its place in the tile in shared memory
  };
  struct Chunk {
    Value mine; ///< whether it is one of the tile's; null: always
    Value target;
    SmallVector<Piece> pieces;
  };
  SmallVector<Chunk> chunks = {};
};

class Emitter : tiled::ProductFrame {
public:
  Emitter(OpBuilder &b, DispatchOp op, const MatrixPlan &plan, Value thread,
          scalar::Memory &memory, func::FuncOp func, Value shared)
      : ProductFrame(b, op, plan.product, thread, memory), matrices(plan),
        units(b, op.getLoc(), plan.narrow),
        rows{plan.product.rows, plan.rows, 0, source(func, plan.rows)},
        columns{plan.product.columns, plan.columns, plan.rows.elements(),
                source(func, plan.columns)},
        shared(units.pointerOf(shared)) {}

  void emit(Value block);

private:
  Value source(func::FuncOp func, const MatrixSide &side) {
    return side.isCopied() ? units.pointerOf(func.getArgument(side.load))
                           : Value();
  }
  void prepare(Tile &tile, Value first);
  void preparePieces(Tile &tile, Tile::Chunk &made, Value first, Value line,
                     Value chunk);
  void copy(const Tile &tile, Value step, Value buffer);
  Values load(const Tile &tile, Value step);
  void store(const Tile &tile, ArrayRef<Value> values, Value buffer);
  void onlyIf(Value condition, function_ref<void()> body);
  /// How many elements the thread loads in a step.
  int64_t loadedElements() const {
    int64_t count = 0;
    for (const Tile *tile : {&rows, &columns})
      if (!tile->shape.isCopied())
        count += tile->chunks.size() * kChunk;
    return count;
  }
  Values bring(Value step);
  void storeBrought(ArrayRef<Value> values, Value step);
  Value bufferOf(Value step);
  void commit();
  void wait(int64_t pending);
  MatrixUnits::Tile tileAt(const Tile &tile, Value buffer) {
    return {tile.shape, tile.side.deepFast, shared,
            plus(buffer, number(tile.offset))};
  }
  Values multiply(Value buffer, ValueRange sums);
  Values step(Value number, ValueRange sums);

  const MatrixPlan &matrices;
  MatrixUnits units;
  Tile rows, columns;
  Value shared; ///< a pointer
};

} // namespace

void Emitter::preparePieces(Tile &tile, Tile::Chunk &made, Value first,
                            Value line, Value chunk) {
  const tiled::ProductSide &side = tile.side;
  int64_t run = tile.shape.run;
  made.target = plus(units.placeOf(tile.shape, line, chunk), number(tile.offset));
  for (int64_t i = 0; i < kChunk; i += run) {
    Tile::Piece piece;
    Value along = plus(times(chunk, kChunk), number(i));
    piece.deep = side.deepFast ? along : line;
    piece.target = plus(made.target, number(i));
    Value point = plus(first, side.deepFast ? line : along);
    // What lies beyond the extent is read at its end: nothing is stored of it.
    if (side.tiles() * side.tile != side.extent || made.mine)
      point = at.make<arith::MinUIOp>(
          point, number(side.extent - (side.deepFast ? 1 : run)));
    placeSide(side, point);
    piece.index = at.index;
    made.pieces.push_back(std::move(piece));
  }
}

/// Shares the tile's chunks among the threads, neighbours to neighbours.
void Emitter::prepare(Tile &tile, Value first) {
  int64_t count = tile.shape.lines * tile.shape.chunks;
  int64_t threads = plan.threads();
  for (int64_t done = 0; done < count; done += threads) {
    Tile::Chunk made;
    if (count < threads)
      made.mine = below(thread, count);
    auto [line, chunk] = split(plus(thread, number(done)), tile.shape.chunks);
    preparePieces(tile, made, first, line, chunk);
    tile.chunks.push_back(std::move(made));
  }
}

void Emitter::onlyIf(Value condition, function_ref<void()> body) {
  OpBuilder::InsertionGuard guard(b);
  if (condition)
    b.setInsertionPointToStart(branch(condition));
  body();
}

/// Begins to copy what the side needs for a step; beyond the end of a sum and
/// outside of the tensor there are zeros.
void Emitter::copy(const Tile &tile, Value step, Value buffer) {
  int64_t run = tile.shape.run, bytes = 2 * run;
  const NestAccess &access = plan.nest.loads[tile.shape.load];
  for (const Tile::Chunk &chunk : tile.chunks)
    onlyIf(chunk.mine, [&] {
      for (const Tile::Piece &piece : chunk.pieces) {
        at.index = piece.index;
        Value valid = placeSums(step, piece.deep, /*mayExceed=*/false,
                                tile.side.deepFast ? run : 1);
        auto [from, inside] = at.resolve(access);
        Value size;
        if (inside)
          valid = valid ? at.make<arith::AndIOp>(valid, inside) : inside;
        if (valid)
          size = at.make<arith::SelectOp>(valid, units.integer(bytes),
                                          units.integer(0));
        NVVM::CpAsyncOp::create(
            b, at.loc, units.element(shared, plus(buffer, piece.target)),
            units.element(tile.source, from), uint32_t(bytes),
            bytes == 16 ? NVVM::LoadCacheModifierKind::CG
                        : NVVM::LoadCacheModifierKind::CA,
            size);
      }
    });
}

/// The bits of the thread's elements of a step; 0 beyond the end of the sum.
Values Emitter::load(const Tile &tile, Value step) {
  Values values;
  for (const Tile::Chunk &chunk : tile.chunks)
    for (const Tile::Piece &piece : chunk.pieces) {
      at.index = piece.index;
      // Chunks that are not the thread's may begin beyond the depth.
      Value valid = placeSums(step, piece.deep, bool(chunk.mine));
      Value factor = b.createOrFold<arith::TruncFOp>(
          at.loc, matrices.narrow, at.operand(tile.side.yield));
      Value bits = at.make<arith::BitcastOp>(b.getI16Type(), factor);
      if (valid)
        bits = at.make<arith::SelectOp>(
            valid, bits, makeConstant(b, at.loc, b.getI16Type(), 0));
      values.push_back(bits);
    }
  return values;
}

void Emitter::store(const Tile &tile, ArrayRef<Value> values, Value buffer) {
  auto type = VectorType::get(kChunk, b.getI16Type());
  for (auto [i, chunk] : llvm::enumerate(tile.chunks))
    onlyIf(chunk.mine, [&, i = i, &chunk = chunk] {
      Value packed = LLVM::PoisonOp::create(b, at.loc, type);
      for (int64_t j = 0; j < kChunk; ++j)
        packed = LLVM::InsertElementOp::create(
            b, at.loc, packed, values[i * kChunk + j], units.integer(j));
      LLVM::StoreOp::create(b, at.loc, packed,
                            units.element(shared, plus(buffer, chunk.target)),
                            /*alignment=*/2 * kChunk);
    });
}

Value Emitter::bufferOf(Value step) {
  int64_t buffers = std::min(matrices.stages, plan.steps());
  if (buffers == 1)
    return number(0);
  return times(at.make<arith::RemUIOp>(step, number(buffers)),
               matrices.stageElements());
}

/// Begins the copies of a step and loads what is not copied.
Values Emitter::bring(Value step) {
  Values values;
  Value buffer = bufferOf(step);
  for (const Tile *tile : {&rows, &columns})
    if (tile->shape.isCopied())
      copy(*tile, step, buffer);
    else
      llvm::append_range(values, load(*tile, step));
  return values;
}

void Emitter::storeBrought(ArrayRef<Value> values, Value step) {
  if (values.empty())
    return;
  Value buffer = bufferOf(step);
  for (const Tile *tile : {&rows, &columns})
    if (!tile->shape.isCopied()) {
      store(*tile, values, buffer);
      values = values.drop_front(tile->chunks.size() * kChunk);
    }
}

void Emitter::commit() {
  if (matrices.copies())
    NVVM::CpAsyncCommitGroupOp::create(b, at.loc);
}

void Emitter::wait(int64_t pending) {
  if (matrices.copies())
    NVVM::CpAsyncWaitGroupOp::create(b, at.loc, uint32_t(pending));
  NVVM::Barrier0Op::create(b, at.loc);
}

/// Adds the products of the tiles at `buffer` to the thread's sums.
Values Emitter::multiply(Value buffer, ValueRange sums) {
  int64_t width = plan.columns.perThread;
  Values result(sums);
  MatrixUnits::Tile left = tileAt(rows, buffer);
  MatrixUnits::Tile right = tileAt(columns, buffer);
  for (int64_t deep = 0; deep < plan.depth; deep += 16) {
    SmallVector<Values> x, y;
    for (int64_t row = 0; row < plan.rows.perThread * 8; row += 16)
      x.push_back(units.readFragment(left, lane, plus(warpRow, number(row)),
                                     deep, /*placesFirst=*/true));
    for (int64_t column = 0; column < width * 4; column += 16)
      y.push_back(units.readFragment(right, lane,
                                     plus(warpColumn, number(column)), deep,
                                     /*placesFirst=*/false));
    for (size_t m = 0; m < x.size(); ++m)
      for (size_t n = 0; n < 2 * y.size(); ++n) {
        // Two neighbours in each of two rows.
        size_t upper = 2 * m * width + 2 * n, lower = upper + width;
        Values part{result[upper], result[upper + 1], result[lower],
                    result[lower + 1]};
        part = units.multiply(x[m], ArrayRef(y[n / 2]).slice(n % 2 * 2, 2),
                              part);
        std::copy_n(part.begin(), 2, result.begin() + upper);
        std::copy_n(part.begin() + 2, 2, result.begin() + lower);
      }
  }
  return result;
}

Values Emitter::step(Value index, ValueRange sums) {
  wait(matrices.stages - 2);
  int64_t ahead = matrices.stages - 1;
  Value next = plus(index, number(ahead));
  if (plan.steps() <= ahead) {
    commit();
    return multiply(bufferOf(index), sums);
  }
  Value more = below(next, plan.steps());
  Values values;
  {
    OpBuilder::InsertionGuard guard(b);
    int64_t count = loadedElements();
    auto guarded = scf::IfOp::create(
        b, at.loc, SmallVector<Type>(count, b.getI16Type()), more,
        /*addThenBlock=*/true, /*addElseBlock=*/true);
    b.setInsertionPointToStart(guarded.thenBlock());
    scf::YieldOp::create(b, at.loc, bring(next));
    b.setInsertionPointToStart(guarded.elseBlock());
    Value zero = makeConstant(b, at.loc, b.getI16Type(), 0);
    scf::YieldOp::create(b, at.loc, Values(count, zero));
    llvm::append_range(values, guarded.getResults());
  }
  commit();
  Values result = multiply(bufferOf(index), sums);
  if (!values.empty())
    onlyIf(more, [&] { storeBrought(values, next); });
  return result;
}

void Emitter::emit(Value block) {
  placeGroup(block);
  placeThread();
  prepare(rows, tileRow);
  prepare(columns, tileColumn);
  for (int64_t first = 0; first < matrices.stages - 1; ++first) {
    if (first < plan.steps())
      storeBrought(bring(number(first)), number(first));
    commit();
  }
  Values sums(plan.rows.perThread * plan.columns.perThread,
              makeConstant(b, at.loc, plan.element, 0));
  finish(at.loop(plan.steps(), sums, [&](Value index, ValueRange running) {
    return step(index, running);
  }));
}

void cuda::emitMatrixProduct(OpBuilder &b, DispatchOp op,
                             const MatrixPlan &plan, Value block, Value thread,
                             scalar::Memory &memory, func::FuncOp func,
                             Value shared) {
  Emitter(b, op, plan, thread, memory, func, shared).emit(block);
}
