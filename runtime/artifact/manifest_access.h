// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Small things that all readers of the manifest need.
#ifndef VISIR_RUNTIME_ARTIFACT_MANIFEST_ACCESS_H
#define VISIR_RUNTIME_ARTIFACT_MANIFEST_ACCESS_H

#include "runtime/artifact/artifact.h"

namespace visir::runtime {

// For printf's %llu.
inline unsigned long long wide(uint64_t value) { return value; }

// A vector that is absent is empty.
template <typename Vector> uint32_t sizeOf(const Vector *vector) {
  return vector ? vector->size() : 0;
}

// An input or output of an entry; the outputs are numbered behind the inputs.
inline const schema::Tensor &tensorOf(const schema::Entry &entry,
                                      uint32_t index) {
  uint32_t inputs = sizeOf(entry.inputs());
  return index < inputs ? *entry.inputs()->Get(index)
                        : *entry.outputs()->Get(index - inputs);
}

} // namespace visir::runtime

#endif // VISIR_RUNTIME_ARTIFACT_MANIFEST_ACCESS_H
