// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights of one magnitude per output channel, as bits: constants, or what an
// index chooses among several constants.
#ifndef VISIR_COMPILER_TRANSFORMS_RECOGNISE_SIGNWEIGHTS_H
#define VISIR_COMPILER_TRANSFORMS_RECOGNISE_SIGNWEIGHTS_H

#include "dialects/visir/Visir.h"

#include <optional>
#include <string>

namespace visir {

/// Signs of a convolution's weights. A weight of 0 is half the sum of +1 and
/// -1: `others` are then the bits with zeros as +1.
struct SignWeights {
  mlir::Value words;      ///< kernel x words x outputs of si32
  mlir::Value others;     ///< likewise, or null
  mlir::Value magnitudes; ///< outputs x 1 ..., or null where all are 1
};

/// The weights of a convolution of signs; nothing, and `reason` says why, if
/// they are not known or an output has several magnitudes.
std::optional<SignWeights> signWeightsOf(mlir::OpBuilder &builder, ConvOp op,
                                         std::string &reason);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_RECOGNISE_SIGNWEIGHTS_H
