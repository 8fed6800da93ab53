// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Resample.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static FailureOr<Coordinates> coordinates(Node &node) {
  std::string mode =
      node.stringAttr("coordinate_transformation_mode", "half_pixel");
  auto found =
      llvm::StringSwitch<std::optional<Coordinates>>(mode)
          .Case("half_pixel", Coordinates::HalfPixel)
          .Case("half_pixel_symmetric", Coordinates::HalfPixelSymmetric)
          .Case("pytorch_half_pixel", Coordinates::PytorchHalfPixel)
          .Case("align_corners", Coordinates::AlignCorners)
          .Case("asymmetric", Coordinates::Asymmetric)
          .Case("tf_crop_and_resize", Coordinates::TfCropAndResize)
          .Default(std::nullopt);
  if (found)
    return *found;
  return node.refuse("coordinate_transformation_mode", mode,
                     "a mode of the operator's specification");
}

static FailureOr<NearestRounding> nearestRounding(Node &node) {
  std::string mode = node.stringAttr("nearest_mode", "round_prefer_floor");
  auto found = llvm::StringSwitch<std::optional<NearestRounding>>(mode)
                   .Case("round_prefer_floor", NearestRounding::PreferFloor)
                   .Case("round_prefer_ceil", NearestRounding::PreferCeil)
                   .Case("floor", NearestRounding::Floor)
                   .Case("ceil", NearestRounding::Ceil)
                   .Default(std::nullopt);
  if (found)
    return *found;
  return node.refuse("nearest_mode", mode,
                     "round_prefer_floor, round_prefer_ceil, floor or ceil");
}

static FailureOr<ResizeMode> resizeMode(Node &node) {
  FailureOr<Coordinates> where = coordinates(node);
  FailureOr<Interpolation> kind = interpolation(node);
  FailureOr<NearestRounding> nearest = nearestRounding(node);
  ResizeMode mode;
  mode.cubicA = node.floatAttr("cubic_coeff_a", -0.75);
  mode.antialias = node.intAttr("antialias", 0);
  mode.excludeOutside = node.intAttr("exclude_outside", 0);
  if (failed(where) || failed(kind) || failed(nearest))
    return failure();
  if (mode.antialias && *kind == Interpolation::Nearest)
    return node.refuse("antialias", "1", "0 with the mode nearest");
  mode.coordinates = *where;
  mode.interpolation = *kind;
  mode.nearest = *nearest;
  return mode;
}

/// Output extents for the input `sizes`, which keep_aspect_ratio_policy may
/// make smaller or larger so that all scales are one.
static LogicalResult applySizes(Node &node, ArrayRef<int64_t> which,
                                SmallVectorImpl<ResizeAxis> &axes) {
  FailureOr<SmallVector<int64_t>> sizes = node.requireInts(3, "sizes");
  std::string policy = node.stringAttr("keep_aspect_ratio_policy", "stretch");
  if (failed(sizes))
    return failure();
  if (sizes->size() != which.size())
    return node.refuse("number of sizes", Twine(sizes->size()),
                       Twine(which.size()));
  for (auto [i, size] : llvm::zip_equal(which, *sizes)) {
    if (size < 1)
      return node.refuse("a size", Twine(size), "at least 1");
    axes[i].out = size;
    axes[i].scale = double(size) / axes[i].in;
  }
  if (policy == "stretch" || which.empty())
    return success();
  if (policy != "not_larger" && policy != "not_smaller")
    return node.refuse("keep_aspect_ratio_policy", policy,
                       "stretch, not_larger or not_smaller");
  double scale = axes[which.front()].scale;
  for (int64_t i : which)
    scale = policy == "not_larger" ? std::min(scale, axes[i].scale)
                                   : std::max(scale, axes[i].scale);
  for (int64_t i : which) {
    axes[i].scale = scale;
    axes[i].out = int64_t(scale * axes[i].in + 0.5);
  }
  return success();
}

static LogicalResult applyScales(Node &node, ArrayRef<int64_t> which,
                                 SmallVectorImpl<ResizeAxis> &axes) {
  FailureOr<SmallVector<double>> scales = node.requireDoubles(2, "scales");
  if (failed(scales))
    return failure();
  Shape extents;
  for (int64_t i : which)
    extents.push_back(axes[i].in);
  FailureOr<SmallVector<ResizeAxis>> scaled =
      axesFromScales(node, extents, *scales);
  if (failed(scaled))
    return failure();
  for (auto [i, axis] : llvm::zip_equal(which, *scaled))
    axes[i] = axis;
  return success();
}

static LogicalResult applyRegion(Node &node, ArrayRef<int64_t> which,
                                 SmallVectorImpl<ResizeAxis> &axes) {
  FailureOr<SmallVector<double>> roi = node.requireDoubles(1, "roi");
  if (failed(roi))
    return failure();
  if (roi->size() != 2 * which.size())
    return node.refuse("number of roi", Twine(roi->size()),
                       Twine(2 * which.size()));
  for (auto [n, i] : llvm::enumerate(which)) {
    axes[i].roiStart = (*roi)[n];
    axes[i].roiEnd = (*roi)[which.size() + n];
  }
  return success();
}

/// An optional input that is present but has no elements is absent.
static bool isGiven(Node &node, unsigned i) {
  return node.hasInput(i) && node.type(i).getNumElements() != 0;
}

static LogicalResult importResize(Node &node) {
  FailureOr<ResizeMode> mode = resizeMode(node);
  double extrapolation = node.floatAttr("extrapolation_value", 0);
  node.ignoreAttr("keep_aspect_ratio_policy"); // without sizes
  Shape which = node.intsAttr("axes");
  if (failed(mode))
    return failure();
  SmallVector<ResizeAxis> axes;
  for (int64_t extent : node.shape(0)) {
    if (extent < 1)
      return node.refuse("an extent of the input", Twine(extent),
                         "at least 1");
    axes.push_back({extent, extent, 1.0, 0.0, 1.0});
  }
  if (which.empty())
    which = llvm::to_vector(llvm::seq<int64_t>(0, node.rank(0)));
  for (int64_t &axis : which) {
    FailureOr<int64_t> normal = normaliseAxis(node, axis, node.rank(0));
    if (failed(normal))
      return failure();
    axis = *normal;
  }
  if (isGiven(node, 2) == isGiven(node, 3))
    return node.refuse("exactly one of scales and sizes must be given");
  if (failed(isGiven(node, 3) ? applySizes(node, which, axes)
                              : applyScales(node, which, axes)))
    return failure();
  if (mode->coordinates != Coordinates::TfCropAndResize)
    node.ignoreInput(1);
  else if (failed(applyRegion(node, which, axes)))
    return failure();
  return node.setOutput(
      0, resample(node, node.input(0), axes, *mode, extrapolation));
}

/// Opset 10: scales only, asymmetric coordinates.
static LogicalResult importResize10(Node &node) {
  FailureOr<Interpolation> kind = interpolation(node);
  FailureOr<SmallVector<double>> scales = node.requireDoubles(1, "scales");
  if (failed(kind) || failed(scales))
    return failure();
  FailureOr<SmallVector<ResizeAxis>> axes =
      axesFromScales(node, node.shape(0), *scales);
  if (failed(axes))
    return failure();
  ResizeMode mode;
  mode.coordinates = Coordinates::Asymmetric;
  mode.interpolation = *kind;
  mode.nearest = NearestRounding::Simple;
  return node.setOutput(0, resample(node, node.input(0), *axes, mode, 0));
}

VISIR_ONNX_OP(Resize, 10, 2, importResize10)
VISIR_ONNX_OP(Resize, 11, 1, importResize)
