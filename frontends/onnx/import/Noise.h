// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random numbers under `--noise`.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_NOISE_H
#define VISIR_FRONTENDS_ONNX_IMPORT_NOISE_H

#include "frontends/onnx/Import.h"
#include "frontends/onnx/import/Node.h"

namespace visir::onnx {

/// What random numbers come from while an entry point is imported.
struct Noise {
  NoiseSource source = NoiseSource::None;
  int64_t seed = 0;          ///< of frozen numbers
  unsigned inputs = 0;       ///< of the model; noise comes behind them
  Value seedInput;           ///< null until a node needs it
  int64_t draws = 0;         ///< nodes so far
  SmallVector<Value> arguments; ///< added to the entry
  SmallVector<std::string> names; ///< of the arguments
  llvm::StringSet<> taken;   ///< names of the entry's inputs
};

enum class Draw { Uniform, Normal };

/// Random f32 numbers, of [0, 1) or of unit variance. Reads the attribute
/// `seed`. Where they are an input of the entry, it is called as the node's
/// first output. Refuses the node without `--noise`.
Value drawNoise(Node &node, Draw draw, ArrayRef<int64_t> shape);

/// The element type of the attribute `dtype`, or `fallback` without it;
/// refuses all but floats.
mlir::Type noiseType(Node &node, mlir::Type fallback);

/// The operators RandomUniform and RandomNormal on a shape.
LogicalResult setUniform(Node &node, ArrayRef<int64_t> shape, mlir::Type type);
LogicalResult setNormal(Node &node, ArrayRef<int64_t> shape, mlir::Type type);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_NOISE_H
