// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/exec/tensor.h"

#include "runtime/artifact/verify.h"

#include <string.h>

namespace visir::runtime {
namespace {

Status invalid(const char *format, ...) __attribute__((format(printf, 1, 2)));
Status invalid(const char *format, ...) {
  va_list list;
  va_start(list, format);
  Status status = Status::errorList(StatusCode::invalidArgument, format, list);
  va_end(list);
  return status;
}

Status checkDim(const schema::Entry &entry, const schema::Dim &dim,
                uint32_t index, int64_t actual, int64_t *symbols) {
  if (dim.symbol() < 0) {
    if (actual < 0 || static_cast<uint64_t>(actual) != dim.value())
      return invalid("dimension %u is %lld, expected %llu", index,
                     static_cast<long long>(actual),
                     static_cast<unsigned long long>(dim.value()));
    return Status();
  }
  const schema::Symbol &symbol = *entry.symbols()->Get(dim.symbol());
  int64_t &value = symbols[dim.symbol()];
  if (actual < 0 || static_cast<uint64_t>(actual) < symbol.min() ||
      static_cast<uint64_t>(actual) > symbol.max())
    return invalid("dimension %u is %lld, expected %llu..%llu (\"%.32s\")",
                   index, static_cast<long long>(actual),
                   static_cast<unsigned long long>(symbol.min()),
                   static_cast<unsigned long long>(symbol.max()),
                   symbol.name()->c_str());
  if (value >= 0 && value != actual)
    return invalid("dimension %u is %lld, expected %lld as elsewhere "
                   "(\"%.32s\")",
                   index, static_cast<long long>(actual),
                   static_cast<long long>(value), symbol.name()->c_str());
  value = actual;
  return Status();
}

// Finds whether strides are those of a dense tensor, and the bytes touched.
Status findLayout(const TensorView &view, uint32_t elementBytes,
                  TensorLayout *layout) {
  int64_t begin = 0, end = 0; // in elements
  uint64_t count = 1;
  bool dense = true;
  for (uint32_t i = view.rank; i-- > 0;) {
    int64_t dim = view.dims[i];
    if (view.strides && dim != 1) {
      dense &= view.strides[i] == static_cast<int64_t>(count);
      int64_t reach;
      if (__builtin_mul_overflow(view.strides[i], dim - 1, &reach) ||
          __builtin_add_overflow(reach < 0 ? begin : end, reach,
                                 reach < 0 ? &begin : &end))
        return invalid("stride %u is %lld, expected one within memory", i,
                       static_cast<long long>(view.strides[i]));
    }
    count *= static_cast<uint64_t>(dim); // The entry's dims fit, so do these.
  }
  layout->dense = dense || count == 0;
  layout->bytes = count * elementBytes;
  if (layout->dense) {
    layout->begin = 0;
    layout->end = static_cast<int64_t>(layout->bytes);
    return Status();
  }
  if (__builtin_mul_overflow(begin, int64_t(elementBytes), &layout->begin) ||
      __builtin_mul_overflow(end + 1, int64_t(elementBytes), &layout->end))
    return invalid("strides reach beyond memory, expected smaller ones");
  return Status();
}

// Walks rows of the innermost dimension; `copy(element offset in the view,
// element offset in memory, stride in the view, count)` handles one.
template <typename CopyRow>
void forEachRow(const TensorView &view, const schema::Tensor &tensor,
                CopyRow copy) {
  int64_t position[16] = {};
  uint32_t outer = view.rank ? view.rank - 1 : 0;
  int64_t row = view.rank ? view.dims[outer] : 1;
  int64_t stride = view.rank && view.strides ? view.strides[outer] : 1;
  int64_t strides[16], inner[16], dense = row;
  int64_t largest =
      view.rank ? static_cast<int64_t>(tensor.dims()->Get(outer)->value()) : 1;
  for (uint32_t i = outer; i-- > 0;) {
    strides[i] = view.strides ? view.strides[i] : dense;
    dense *= view.dims[i];
    inner[i] = largest;
    largest *= static_cast<int64_t>(tensor.dims()->Get(i)->value());
  }
  if (dense == 0)
    return;
  int64_t offset = 0, index = 0;
  while (true) {
    copy(offset, index, stride, row);
    uint32_t i = outer;
    for (; i-- > 0;) {
      offset += strides[i];
      index += inner[i];
      if (++position[i] < view.dims[i])
        break;
      offset -= strides[i] * view.dims[i];
      index -= inner[i] * view.dims[i];
      position[i] = 0;
    }
    if (i == UINT32_MAX)
      return;
  }
}

} // namespace

Status checkTensor(const schema::Entry &entry, const schema::Tensor &expected,
                   const TensorView &view, int64_t *symbols,
                   TensorLayout *layout) {
  auto dtype = static_cast<schema::DType>(view.dtype);
  if (view.dtype != static_cast<uint32_t>(expected.dtype()))
    return invalid("dtype is %s, expected %s",
                   view.dtype < 256 ? dtypeName(dtype) : "invalid",
                   dtypeName(expected.dtype()));
  uint32_t rank = expected.dims() ? expected.dims()->size() : 0;
  if (view.rank != rank)
    return invalid("rank is %u, expected %u", view.rank, rank);
  if (rank != 0 && !view.dims)
    return invalid("dims are null, expected %u", rank);
  for (uint32_t i = 0; i < rank; ++i)
    VISIR_RETURN_IF_ERROR(
        checkDim(entry, *expected.dims()->Get(i), i, view.dims[i], symbols));
  uint32_t elementBytes = dtypeBytes(dtype);
  VISIR_RETURN_IF_ERROR(findLayout(view, elementBytes, layout));
  if (!view.data && layout->bytes != 0)
    return invalid("data is null, expected %llu bytes",
                   static_cast<unsigned long long>(layout->bytes));
  return Status();
}

bool tensorsOverlap(const TensorView &a, const TensorLayout &layoutA,
                    const TensorView &b, const TensorLayout &layoutB) {
  uintptr_t beginA = reinterpret_cast<uintptr_t>(a.data) + layoutA.begin;
  uintptr_t endA = reinterpret_cast<uintptr_t>(a.data) + layoutA.end;
  uintptr_t beginB = reinterpret_cast<uintptr_t>(b.data) + layoutB.begin;
  uintptr_t endB = reinterpret_cast<uintptr_t>(b.data) + layoutB.end;
  return beginA < endB && beginB < endA && layoutA.bytes && layoutB.bytes;
}

void gather(const TensorView &from, const schema::Tensor &tensor, uint8_t *to) {
  const uint8_t *data = static_cast<const uint8_t *>(from.data);
  const uint32_t elementBytes = dtypeBytes(tensor.dtype());
  const int64_t size = elementBytes;
  forEachRow(
      from, tensor,
      [&](int64_t offset, int64_t index, int64_t stride, int64_t count) {
        const uint8_t *source = data + offset * size;
        uint8_t *target = to + index * size;
        if (stride == 1) {
          memcpy(target, source, static_cast<size_t>(count * size));
          return;
        }
        for (int64_t i = 0; i < count; ++i)
          memcpy(target + i * size, source + i * stride * size, elementBytes);
      });
}

void scatter(const uint8_t *from, const schema::Tensor &tensor,
             const TensorView &to) {
  uint8_t *data = static_cast<uint8_t *>(to.data);
  const uint32_t elementBytes = dtypeBytes(tensor.dtype());
  const int64_t size = elementBytes;
  forEachRow(
      to, tensor,
      [&](int64_t offset, int64_t index, int64_t stride, int64_t count) {
        const uint8_t *source = from + index * size;
        uint8_t *target = data + offset * size;
        if (stride == 1) {
          memcpy(target, source, static_cast<size_t>(count * size));
          return;
        }
        for (int64_t i = 0; i < count; ++i)
          memcpy(target + i * stride * size, source + i * size, elementBytes);
      });
}

} // namespace visir::runtime
