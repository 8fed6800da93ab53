// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stages are used in turn. In each step a block waits for that step's tiles,
// begins to copy those of a later one to where it has computed last, and
// computes; what is not copied is loaded before and stored after that.
#include "targets/cuda/codegen/MatrixProduct.h"

#include "targets/common/Payload.h"
#include "targets/common/tiled/ProductFrame.h"

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
        rows{plan.product.rows, plan.rows, 0, source(func, plan.rows)},
        columns{plan.product.columns, plan.columns, plan.rows.elements(),
                source(func, plan.columns)},
        shared(pointerOf(shared)) {}

  void emit(Value block);

private:
  Value source(func::FuncOp func, const MatrixSide &side) {
    return side.isCopied() ? pointerOf(func.getArgument(side.load)) : Value();
  }
  Value pointerOf(Value memory);
  Value element(Value pointer, Value number);
  Value integer(int64_t value) {
    return arith::ConstantIntOp::create(b, at.loc, value, 32);
  }
  Value toInteger(Value index) {
    return at.make<arith::IndexCastOp>(b.getI32Type(), index);
  }
  /// Where a chunk of the tile lies in it.
  Value placeOf(const MatrixSide &shape, Value line, Value chunk);
  void prepare(Tile &tile, Value first);
  void preparePieces(Tile &tile, Tile::Chunk &made, Value first, Value line,
                     Value chunk);
  /// The piece's first point of the sum, and whether it is one; null: always.
  std::pair<Value, Value> pointOf(const Tile::Piece &piece, Value step,
                                  int64_t run);
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
  Values readFragment(const Tile &tile, Value place, int64_t deep,
                      bool placesFirst, Value buffer);
  Values multiply(Value buffer, ValueRange sums);
  Values multiplyMatrix(ArrayRef<Value> x, ArrayRef<Value> y,
                        ArrayRef<Value> sums);
  Values step(Value number, ValueRange sums);

  const MatrixPlan &matrices;
  Tile rows, columns;
  Value shared; ///< a pointer
};

} // namespace

/// The aligned pointer of a memref's descriptor, whose form conversions give
/// to memrefs with indices of 32 bits.
Value Emitter::pointerOf(Value memory) {
  auto type = cast<MemRefType>(memory.getType());
  MLIRContext *context = b.getContext();
  auto pointer =
      LLVM::LLVMPointerType::get(context, type.getMemorySpaceAsInt());
  Type i32 = b.getI32Type(), one = LLVM::LLVMArrayType::get(i32, 1);
  auto form = LLVM::LLVMStructType::getLiteral(
      context, {pointer, pointer, i32, one, one});
  Value descriptor = UnrealizedConversionCastOp::create(
                         b, at.loc, TypeRange(form), ValueRange(memory))
                         .getResult(0);
  return LLVM::ExtractValueOp::create(b, at.loc, descriptor, 1);
}

Value Emitter::element(Value pointer, Value number) {
  return LLVM::GEPOp::create(b, at.loc, pointer.getType(), b.getI16Type(),
                             pointer, ValueRange{toInteger(number)});
}

Value Emitter::placeOf(const MatrixSide &shape, Value line, Value chunk) {
  Value turned = chunk;
  if (shape.mask() > 0) {
    Value high = at.make<arith::ShRUIOp>(line, number(shape.shift()));
    Value turn = at.make<arith::AndIOp>(high, number(shape.mask()));
    turned = at.make<arith::XOrIOp>(chunk, turn);
  }
  return plus(times(line, shape.chunks * kChunk), times(turned, kChunk));
}

void Emitter::preparePieces(Tile &tile, Tile::Chunk &made, Value first,
                            Value line, Value chunk) {
  const tiled::ProductSide &side = tile.side;
  int64_t run = tile.shape.run;
  made.target = plus(placeOf(tile.shape, line, chunk), number(tile.offset));
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

std::pair<Value, Value> Emitter::pointOf(const Tile::Piece &piece, Value step,
                                         int64_t run) {
  Value point = plus(times(step, plan.depth), piece.deep), valid;
  if (plan.sumCount % plan.depth != 0) {
    valid = below(point, plan.sumCount);
    point = at.make<arith::MinUIOp>(point, number(plan.sumCount - run));
  }
  return {point, valid};
}

void Emitter::onlyIf(Value condition, function_ref<void()> body) {
  OpBuilder::InsertionGuard guard(b);
  if (condition)
    b.setInsertionPointToStart(branch(condition));
  body();
}

/// Begins to copy what the side needs for a step; the end of a sum is filled
/// with zeros.
void Emitter::copy(const Tile &tile, Value step, Value buffer) {
  int64_t run = tile.shape.run, bytes = 2 * run;
  const NestAccess &access = plan.nest.loads[tile.shape.load];
  for (const Tile::Chunk &chunk : tile.chunks)
    onlyIf(chunk.mine, [&] {
      for (const Tile::Piece &piece : chunk.pieces) {
        at.index = piece.index;
        auto [point, valid] =
            pointOf(piece, step, tile.side.deepFast ? run : 1);
        placeSums(point);
        Value from = emitLinear(b, at.loc, access.address, at.index);
        Value size;
        if (valid)
          size = at.make<arith::SelectOp>(valid, integer(bytes), integer(0));
        NVVM::CpAsyncOp::create(
            b, at.loc, element(shared, plus(buffer, piece.target)),
            element(tile.source, from), uint32_t(bytes),
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
      auto [point, valid] = pointOf(piece, step, 1);
      // Chunks that are not the thread's may begin beyond the sum.
      if (chunk.mine && !valid)
        point = at.make<arith::MinUIOp>(point, number(plan.sumCount - 1));
      placeSums(point);
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
            b, at.loc, packed, values[i * kChunk + j], integer(j));
      LLVM::StoreOp::create(b, at.loc, packed,
                            element(shared, plus(buffer, chunk.target)),
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

/// Four registers of 8 x 8 elements: of 16 places and 16 depths, both from a
/// multiple of 16 on. The second register has other places, or other depths.
Values Emitter::readFragment(const Tile &tile, Value place, int64_t deep,
                             bool placesFirst, Value buffer) {
  auto [matrix, line] = split(lane, kChunk);
  auto [high, low] = split(matrix, 2);
  Value placeHalf = placesFirst ? low : high;
  Value deepHalf = placesFirst ? high : low;
  bool deepFast = tile.side.deepFast;
  Value lines, chunk;
  if (deepFast) {
    lines = plus(plus(place, times(placeHalf, kChunk)), line);
    chunk = plus(number(deep / kChunk), deepHalf);
  } else {
    lines = plus(plus(number(deep), times(deepHalf, kChunk)), line);
    chunk = plus(at.make<arith::DivUIOp>(place, number(kChunk)), placeHalf);
  }
  Value from = plus(plus(buffer, placeOf(tile.shape, lines, chunk)),
                    number(tile.offset));
  auto type = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(4, b.getI32Type()));
  auto read = NVVM::LdMatrixOp::create(
      b, at.loc, type, element(shared, from), /*num=*/4,
      deepFast ? NVVM::MMALayout::row : NVVM::MMALayout::col,
      NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8),
      NVVM::LdStMatrixEltType::B16);
  Values registers;
  for (int64_t i = 0; i < 4; ++i)
    registers.push_back(
        LLVM::ExtractValueOp::create(b, at.loc, read.getRes(), i));
  return registers;
}

Values Emitter::multiplyMatrix(ArrayRef<Value> x, ArrayRef<Value> y,
                               ArrayRef<Value> sums) {
  bool half = matrices.narrow.isF16();
  auto pairs = [&](ArrayRef<Value> registers) {
    Values made;
    for (Value value : registers)
      made.push_back(half ? LLVM::BitcastOp::create(
                                b, at.loc,
                                VectorType::get(2, matrices.narrow), value)
                                .getResult()
                          : value);
    return made;
  };
  auto type = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(4, b.getF32Type()));
  NVVM::MMATypes of = half ? NVVM::MMATypes::f16 : NVVM::MMATypes::bf16;
  auto product = NVVM::MmaOp::create(
      b, at.loc, type, pairs(x), pairs(y), sums, /*shape=*/{16, 8, 16},
      /*b1Op=*/std::nullopt, /*intOverflow=*/std::nullopt, std::array{of, of},
      std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  Values results;
  for (int64_t i = 0; i < 4; ++i)
    results.push_back(
        LLVM::ExtractValueOp::create(b, at.loc, product.getRes(), i));
  return results;
}

/// Adds the products of the tiles at `buffer` to the thread's sums.
Values Emitter::multiply(Value buffer, ValueRange sums) {
  int64_t width = plan.columns.perThread;
  Values result(sums);
  for (int64_t deep = 0; deep < plan.depth; deep += 16) {
    SmallVector<Values> x, y;
    for (int64_t row = 0; row < plan.rows.perThread * 8; row += 16)
      x.push_back(readFragment(rows, plus(warpRow, number(row)), deep,
                               /*placesFirst=*/true, buffer));
    for (int64_t column = 0; column < width * 4; column += 16)
      y.push_back(readFragment(columns, plus(warpColumn, number(column)),
                               deep, /*placesFirst=*/false, buffer));
    for (size_t m = 0; m < x.size(); ++m)
      for (size_t n = 0; n < 2 * y.size(); ++n) {
        // Two neighbours in each of two rows.
        size_t upper = 2 * m * width + 2 * n, lower = upper + width;
        Values part{result[upper], result[upper + 1], result[lower],
                    result[lower + 1]};
        part = multiplyMatrix(x[m], ArrayRef(y[n / 2]).slice(n % 2 * 2, 2),
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
