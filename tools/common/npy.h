// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// NumPy's .npy files (format versions 1 to 3), little-endian, and raw ones.
#ifndef VISIR_TOOLS_COMMON_NPY_H
#define VISIR_TOOLS_COMMON_NPY_H

#include "runtime/include/visir/runtime.hpp"

#include <string>

namespace visir::tools {

// Reads a file in C or Fortran order into a dense row-major tensor. bf16,
// which NumPy does not have, is read as u16. Throws std::runtime_error.
rt::Tensor readNpy(const std::string &path);

// Writes a tensor in C order; bf16 as u16.
void writeNpy(const std::string &path, const rt::Tensor &tensor);

// Raw files have the elements in C order, little-endian, and nothing else: the
// tensor's dtype and dims are known to the caller. Reading throws if the size
// of the file is not that of the tensor.
void readRaw(const std::string &path, rt::Tensor &tensor);
void writeRaw(const std::string &path, const rt::Tensor &tensor);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_NPY_H
