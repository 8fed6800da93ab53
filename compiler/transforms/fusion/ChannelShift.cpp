// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/fusion/ChannelShift.h"

using namespace mlir;
using namespace visir;

/// The coordinates along `channels` where a piece begins or ends.
static SmallVector<int64_t> cutsOf(ArrayRef<ShiftPiece> pieces,
                                   unsigned channels, int64_t extent) {
  SmallVector<int64_t> cuts = {0, extent};
  for (const ShiftPiece &piece : pieces) {
    cuts.push_back(piece.region.first[channels]);
    cuts.push_back(piece.region.last[channels]);
  }
  llvm::sort(cuts);
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

/// Sets where elements of a piece come from along an axis; fails if others of
/// the same channels say otherwise.
static LogicalResult setSources(const ShiftPiece &piece, unsigned axis,
                                MutableArrayRef<int64_t> sources) {
  int64_t extent = sources.size();
  for (int64_t p = piece.region.first[axis]; p < piece.region.last[axis]; ++p) {
    int64_t from = p + piece.offset[axis];
    if (from < 0 || from >= extent || (sources[p] >= 0 && sources[p] != from))
      return failure();
    sources[p] = from;
  }
  return success();
}

/// Whether no element is read twice; all are read where none moves.
static bool isPermutation(ArrayRef<int64_t> sources) {
  SmallVector<bool> read(sources.size(), false);
  bool moves = false, complete = true;
  for (auto [p, from] : llvm::enumerate(sources)) {
    complete &= from >= 0;
    if (from < 0)
      continue;
    if (read[from])
      return false;
    read[from] = true;
    moves |= from != int64_t(p);
  }
  return moves || complete;
}

/// Where elements come from along each axis but that of the channels, if the
/// pieces, which are disjoint, are all combinations of such places.
static std::optional<SmallVector<SmallVector<int64_t>>>
sourcesOf(ArrayRef<const ShiftPiece *> pieces, ArrayRef<int64_t> shape,
          unsigned channels) {
  SmallVector<SmallVector<int64_t>> sources(shape.size());
  int64_t combinations = 1, given = 0;
  for (unsigned j = 0; j < shape.size(); ++j) {
    if (j == channels)
      continue;
    sources[j].assign(shape[j], -1);
    for (const ShiftPiece *piece : pieces)
      if (failed(setSources(*piece, j, sources[j])))
        return std::nullopt;
    if (!isPermutation(sources[j]))
      return std::nullopt;
    combinations *=
        llvm::count_if(sources[j], [](int64_t from) { return from >= 0; });
  }
  for (const ShiftPiece *piece : pieces)
    given += piece->region.volume() /
             (piece->region.last[channels] - piece->region.first[channels]);
  if (given != combinations)
    return std::nullopt;
  return sources;
}

std::optional<ChannelShift> ChannelShift::of(Value source,
                                             ArrayRef<ShiftPiece> pieces,
                                             ArrayRef<TensorBox> zeros,
                                             unsigned channels) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(source.getType()).getShape();
  SmallVector<SmallVector<int64_t>> tables(shape.size());
  for (unsigned j = 0; j < shape.size(); ++j)
    for (int64_t p = 0; j != channels && p < shape[j]; ++p)
      tables[j].append(shape[channels], p);
  for (const ShiftPiece &piece : pieces)
    if (piece.offset[channels] != 0 ||
        llvm::any_of(zeros, [&](const TensorBox &region) {
          return region.meets(piece.region);
        }))
      return std::nullopt;
  SmallVector<int64_t> cuts = cutsOf(pieces, channels, shape[channels]);
  for (auto [first, last] :
       llvm::zip(cuts, ArrayRef<int64_t>(cuts).drop_front())) {
    SmallVector<const ShiftPiece *> own;
    for (const ShiftPiece &piece : pieces)
      if (piece.region.first[channels] <= first &&
          piece.region.last[channels] >= last)
        own.push_back(&piece);
    if (own.empty()) {
      // Channels that nothing is said of stay where they are.
      if (llvm::any_of(zeros, [&, low = first,
                               high = last](const TensorBox &region) {
            return region.first[channels] < high && region.last[channels] > low;
          }))
        return std::nullopt;
      continue;
    }
    auto sources = sourcesOf(own, shape, channels);
    if (!sources)
      return std::nullopt;
    for (unsigned j = 0; j < shape.size(); ++j)
      for (int64_t p = 0; j != channels && p < shape[j]; ++p)
        for (int64_t c = first; c < last; ++c)
          tables[j][p * shape[channels] + c] = (*sources)[j][p];
  }
  ChannelShift shift;
  shift.channels = shape[channels];
  for (unsigned j = 0; j < shape.size(); ++j)
    if (llvm::any_of(llvm::enumerate(tables[j]), [&](auto it) {
          return it.value() != int64_t(it.index()) / shift.channels;
        })) {
      shift.axes.push_back(j);
      shift.sources.push_back(std::move(tables[j]));
    }
  if (shift.axes.empty())
    return std::nullopt;
  return shift;
}

bool ChannelShift::moves(int64_t channel) const {
  for (const SmallVector<int64_t> &table : sources)
    for (int64_t p = 0; p * channels < int64_t(table.size()); ++p)
      if (table[p * channels + channel] != p)
        return true;
  return false;
}

std::optional<SmallVector<int64_t>>
ChannelShift::offsets(unsigned number) const {
  ArrayRef<int64_t> table = sources[number];
  int64_t extent = table.size() / channels;
  SmallVector<int64_t> result;
  for (int64_t c = 0; c < channels; ++c) {
    std::optional<int64_t> offset;
    for (int64_t p = 0; p < extent && !offset; ++p)
      if (table[p * channels + c] >= 0)
        offset = table[p * channels + c] - p;
    for (int64_t p = 0; offset && p < extent; ++p) {
      int64_t from = p + *offset;
      if (table[p * channels + c] != (from < 0 || from >= extent ? -1 : from))
        return std::nullopt;
    }
    if (!offset)
      return std::nullopt;
    result.push_back(*offset);
  }
  return result;
}

int visir::dimOf(const DispatchForm &form, const LinearAccess &access,
                 unsigned j) {
  int dim = -1;
  for (unsigned d = 0; d < form.extents.size(); ++d) {
    if (access.coefficients[j][d] == 0)
      continue;
    if (dim >= 0 || access.coefficients[j][d] != 1)
      return -1;
    dim = int(d);
  }
  return access.offsets[j] == 0 ? dim : -1;
}
