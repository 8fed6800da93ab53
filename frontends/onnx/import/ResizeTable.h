// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tap tables of ONNX's Resize: which elements of an axis, with which
// weights, make each element of the resized axis.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_RESIZETABLE_H
#define VISIR_FRONTENDS_ONNX_IMPORT_RESIZETABLE_H

#include <cstdint>
#include <vector>

namespace visir::onnx {

/// How an output position becomes an input coordinate (Resize's
/// coordinate_transformation_mode).
enum class Coordinates {
  HalfPixel,
  HalfPixelSymmetric,
  PytorchHalfPixel,
  AlignCorners,
  Asymmetric,
  TfCropAndResize,
};

enum class Interpolation { Nearest, Linear, Cubic };

/// How a coordinate between two elements goes to one of them. `Simple` is
/// that of Resize-10: down when enlarging, up when reducing.
enum class NearestRounding {
  PreferFloor,
  PreferCeil,
  Floor,
  Ceil,
  Simple,
};

struct ResizeMode {
  Coordinates coordinates = Coordinates::HalfPixel;
  Interpolation interpolation = Interpolation::Nearest;
  NearestRounding nearest = NearestRounding::PreferFloor;
  double cubicA = -0.75;
  bool antialias = false;
  bool excludeOutside = false;
};

/// One axis: `in` and `out` elements; `scale` is about out / in; the region of
/// interest (tf_crop_and_resize only) is a part of 0 .. 1.
struct ResizeAxis {
  int64_t in = 0, out = 0;
  double scale = 1.0;
  double roiStart = 0.0, roiEnd = 1.0;
};

struct ResizeTable {
  int64_t taps = 0;
  std::vector<int64_t> indices; ///< out x taps, each in 0 .. in - 1
  std::vector<double> weights;  ///< out x taps
  std::vector<bool> outside;    ///< out; takes Resize's extrapolation value
};

/// Nearest tables have one tap of weight 1.
ResizeTable makeResizeTable(const ResizeAxis &axis, const ResizeMode &mode);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_RESIZETABLE_H
