// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NumPy's files of arrays: .npy (format versions 1 to 3) and .npz (zip
// archives of them, not compressed, below 4 GiB).
#ifndef VISIR_COMPILER_DRIVER_NPZ_H
#define VISIR_COMPILER_DRIVER_NPZ_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace visir {

/// A row-major little-endian array. `dtype` is NumPy's letter and size: "f4",
/// "i8", "b1" ...; bfloat16 has none of its own and is "V2".
struct NpyArray {
  std::string name, dtype;
  std::vector<int64_t> shape;
  std::vector<char> bytes;
};

/// Reads a .npz, or a .npy as one array without a name.
llvm::Expected<std::vector<NpyArray>> readNumpy(llvm::StringRef path);

/// Writes a .npz.
llvm::Error writeNpz(llvm::StringRef path, llvm::ArrayRef<NpyArray> arrays);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_NPZ_H
