// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Texts of dispatches with register-tiled kernels, by shape.
#ifndef VISIR_TEST_TARGETS_CPU_TILED_SHAPES_H
#define VISIR_TEST_TARGETS_CPU_TILED_SHAPES_H

#include <cstdint>
#include <string>
#include <vector>

namespace visir::test {

/// What follows the sum: nothing, a bias per channel, that and max(x, 0) or
/// GELU or SiLU, or bias, residual and a longer payload with two results.
enum class Tail { None, Bias, Relu, Gelu, Silu, Long };

struct ConvShape {
  int64_t n = 1, h = 8, w = 8, ci = 16, co = 16, kh = 1, kw = 1;
  int64_t stride = 1, pad = 0, dilation = 1, groups = 1;
  bool channelsLast = true;
  bool imageInput = false; ///< the input stays channels-first
  Tail tail = Tail::Relu;
  /// A function of the input in the prologue.
  bool square = false;
  /// The input is multiplied by a factor per channel in the prologue.
  bool gate = false;
  /// A second result: the sums along the rows of what is stored.
  bool sums = false;

  /// `pad`, along a dimension with more than one tap.
  int64_t padOf(int64_t taps) const { return taps > 1 ? pad : 0; }
  int64_t oh() const {
    return (h + 2 * padOf(kh) - dilation * (kh - 1) - 1) / stride + 1;
  }
  int64_t ow() const {
    return (w + 2 * padOf(kw) - dilation * (kw - 1) - 1) / stride + 1;
  }
};

/// A convolution as the graph's conversion writes it; operand 1 is the
/// weight.
std::string convText(const ConvShape &shape);

/// The same over `depth` images, channels last, with `taps` along them and
/// `pad` images of zeros on both sides; of one group, without a prologue.
std::string convText3d(const ConvShape &shape, int64_t depth, int64_t taps,
                       int64_t pad);

/// A depthwise convolution (co and groups unused), or a pool by `kind`:
/// "depthwise", "max", "avg".
std::string windowText(const ConvShape &shape, const std::string &kind);

struct MatMulShape {
  std::vector<int64_t> batch;
  int64_t m = 16, n = 16, k = 16;
  bool transposedRhs = false; ///< B is stored n x k
  bool sharedRhs = true;      ///< B has no batch dimensions
  Tail tail = Tail::Bias;
  /// f32, f64; f16 (sums in f32, no tail) or si8 (sums in si32, no tail).
  std::string element = "f32";
  /// Operand 0 is normalised, then multiplied by a factor per step: "layer",
  /// "rms" or nothing.
  std::string norm;
};
std::string matmulText(const MatMulShape &shape);

struct AttentionShape {
  int64_t batch = 1, heads = 2, m = 16, n = 16, d = 16, e = 16;
  bool packed = false; ///< q, k, v are parts of tokens x 3 x heads x d
  bool mask = false, causal = false;
  bool transposedKey = false; ///< K is stored d x n
  bool shared = false;        ///< the heads share their keys and values
};
std::string attentionText(const AttentionShape &shape);

} // namespace visir::test

#endif // VISIR_TEST_TARGETS_CPU_TILED_SHAPES_H
