// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The caller's tensors: checked against the entry, used in place or staged.
#ifndef VISIR_RUNTIME_EXEC_TENSOR_H
#define VISIR_RUNTIME_EXEC_TENSOR_H

#include "runtime/base/status.h"
#include "runtime/schema/visir_generated.h"

namespace visir::runtime {

// Layout equals visir_tensor_t of visir/runtime.h.
struct TensorView {
  void *data;
  uint32_t dtype; // schema::DType
  uint32_t rank;
  const int64_t *dims;
  const int64_t *strides; // in elements; null: dense
};

// What the checks found out about a view.
struct TensorLayout {
  bool dense;
  uint64_t bytes;     // of the elements
  int64_t begin, end; // the bytes it touches, relative to data
};

// Checks dtype, rank, dims (against the symbols' values, which inputs define
// and outputs must match; `symbols` holds -1 where not yet defined), strides
// and data.
Status checkTensor(const schema::Entry &entry, const schema::Tensor &expected,
                   const TensorView &view, int64_t *symbols,
                   TensorLayout *layout);

// Whether the touched bytes of two views have one in common.
bool tensorsOverlap(const TensorView &a, const TensorLayout &layoutA,
                    const TensorView &b, const TensorLayout &layoutB);

// Copy between a view of a tensor and memory of the program, where the tensor
// has the strides of its largest dims.
void gather(const TensorView &from, const schema::Tensor &tensor, uint8_t *to);
void scatter(const uint8_t *from, const schema::Tensor &tensor,
             const TensorView &to);

} // namespace visir::runtime

#endif // VISIR_RUNTIME_EXEC_TENSOR_H
