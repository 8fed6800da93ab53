// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_DRIVER_PREPROCESS_H
#define VISIR_COMPILER_DRIVER_PREPROCESS_H

#include "compiler/artifact/WriteArtifact.h"

#include "llvm/ADT/StringRef.h"

namespace visir {

/// Reads how pictures become an input: "imagenet" (shorter side to 256,
/// centre crop 224, mean and deviation of ImageNet) or the path of a file
/// with lines KEY = VALUE. Returns an error text, or an empty string.
std::string readPreprocess(llvm::StringRef text, PreprocessSpec &spec);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_PREPROCESS_H
