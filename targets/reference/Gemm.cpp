// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Gemm.h"

#include "targets/reference/Walk.h"

#include <type_traits>
#include <vector>

using namespace llvm;
using namespace visir::reference;

#if defined(__x86_64__)
#define VISIR_CLONES                                                           \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VISIR_CLONES
#endif

// A panel of the left matrix is tileRows wide, one of the right tileColumns;
// a block of blockDepth x blockColumns of the right stays in the L2 cache.
static constexpr int64_t tileRows = 6;
static constexpr int64_t lanes = 8;
static constexpr int64_t tileColumns = 2 * lanes;
static constexpr int64_t blockDepth = 256;
static constexpr int64_t blockColumns = 16 * tileColumns;
static constexpr int64_t pieceRows = 32 * tileRows;

typedef double DoubleLanes __attribute__((vector_size(lanes * 8)));
typedef uint64_t IntLanes __attribute__((vector_size(lanes * 8)));

namespace {
/// The type that integers are summed in: unsigned ones wrap.
template <class T> struct LaneOf {
  using type = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
};
} // namespace

/// tile[r][c] = sum over k of lhs[k][r] * rhs[k][c] of two packed panels.
template <class Lanes, class T>
static inline __attribute__((always_inline)) void
multiplyPanels(int64_t depth, const T *lhs, const T *rhs, T *tile) {
  Lanes sums[tileRows][2] = {};
  for (int64_t k = 0; k < depth; ++k) {
    Lanes low, high;
    __builtin_memcpy(&low, rhs + k * tileColumns, sizeof(low));
    __builtin_memcpy(&high, rhs + k * tileColumns + lanes, sizeof(high));
#pragma clang loop unroll(full)
    for (int64_t r = 0; r < tileRows; ++r) {
      auto factor =
          static_cast<typename LaneOf<T>::type>(lhs[k * tileRows + r]);
      sums[r][0] += low * factor;
      sums[r][1] += high * factor;
    }
  }
#pragma clang loop unroll(full)
  for (int64_t r = 0; r < tileRows; ++r)
    for (int64_t half = 0; half < 2; ++half)
      __builtin_memcpy(tile + r * tileColumns + half * lanes, &sums[r][half],
                       sizeof(Lanes));
}

VISIR_CLONES static void microKernel(int64_t depth, const double *lhs,
                                     const double *rhs, double *tile) {
#pragma clang fp contract(fast)
  multiplyPanels<DoubleLanes>(depth, lhs, rhs, tile);
}

VISIR_CLONES static void microKernel(int64_t depth, const int64_t *lhs,
                                     const int64_t *rhs, int64_t *tile) {
  multiplyPanels<IntLanes>(depth, lhs, rhs, tile);
}

/// Packs `width` outer indices (fewer at the edge, then zeros) of a depth
/// range: to[k][i].
template <class T>
static void packPanel(const GemmOperand<T> &from, int64_t outer, int64_t width,
                      ArrayRef<int64_t> inner, T *to) {
  int64_t valid = std::min<int64_t>(width, from.outer.size() - outer);
  for (int64_t i = 0; i < width; ++i) {
    if (i >= valid) {
      for (size_t k = 0; k < inner.size(); ++k)
        to[k * width + i] = T();
      continue;
    }
    for (size_t k = 0; k < inner.size(); ++k)
      to[k * width + i] = from.base[from.outer[outer + i] + inner[k]];
  }
}

/// Adds (or, in the first block of depth, stores) the valid part of a tile.
template <class T>
static void storeTile(const GemmResult<T> &to, const T *tile, int64_t row,
                      int64_t column, bool first) {
  int64_t rows = std::min<int64_t>(tileRows, to.rows.size() - row);
  int64_t columns = std::min<int64_t>(tileColumns, to.columns.size() - column);
  for (int64_t r = 0; r < rows; ++r) {
    T *base = to.base + to.rows[row + r];
    for (int64_t c = 0; c < columns; ++c) {
      T &element = base[to.columns[column + c]];
      T value = tile[r * tileColumns + c];
      using Lane = typename LaneOf<T>::type;
      element = first ? value : T(Lane(element) + Lane(value));
    }
  }
}

namespace {
/// A part of one product that a thread computes alone.
struct Piece {
  size_t gemm;
  int64_t row, column;
};
} // namespace

template <class T> static void runPiece(const Gemm<T> &gemm, Piece piece) {
  int64_t rows =
      std::min<int64_t>(gemm.result.rows.size(), piece.row + pieceRows);
  int64_t columns = std::min<int64_t>(gemm.result.columns.size(),
                                      piece.column + blockColumns);
  int64_t depth = gemm.lhs.inner.size();
  std::vector<T> lhs(blockDepth * tileRows), tile(tileRows * tileColumns);
  std::vector<T> rhs(blockDepth * blockColumns);
  for (int64_t k = 0; k < std::max<int64_t>(depth, 1); k += blockDepth) {
    int64_t size = std::min(blockDepth, depth - k);
    ArrayRef<int64_t> lhsInner = gemm.lhs.inner.slice(k, size);
    ArrayRef<int64_t> rhsInner = gemm.rhs.inner.slice(k, size);
    for (int64_t c = piece.column; c < columns; c += tileColumns)
      packPanel(gemm.rhs, c, tileColumns, rhsInner,
                rhs.data() + (c - piece.column) * size);
    for (int64_t r = piece.row; r < rows; r += tileRows) {
      packPanel(gemm.lhs, r, tileRows, lhsInner, lhs.data());
      for (int64_t c = piece.column; c < columns; c += tileColumns) {
        microKernel(size, lhs.data(), rhs.data() + (c - piece.column) * size,
                    tile.data());
        storeTile(gemm.result, tile.data(), r, c, k == 0);
      }
    }
  }
}

template <class T> static void runAll(ArrayRef<Gemm<T>> gemms) {
  std::vector<Piece> pieces;
  int64_t work = 0;
  for (size_t i = 0; i < gemms.size(); ++i) {
    int64_t rows = gemms[i].result.rows.size();
    int64_t columns = gemms[i].result.columns.size();
    work += rows * columns * int64_t(gemms[i].lhs.inner.size());
    for (int64_t r = 0; r < rows; r += pieceRows)
      for (int64_t c = 0; c < columns; c += blockColumns)
        pieces.push_back({i, r, c});
  }
  // Below a million products a second thread costs more than it saves.
  int64_t grain = work < 1000000 ? int64_t(pieces.size()) : 1;
  parallelFor(pieces.size(), std::max<int64_t>(grain, 1),
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i)
                  runPiece(gemms[pieces[i].gemm], pieces[i]);
              });
}

void visir::reference::runGemms(ArrayRef<Gemm<double>> gemms) { runAll(gemms); }

void visir::reference::runGemms(ArrayRef<Gemm<int64_t>> gemms) {
  runAll(gemms);
}
