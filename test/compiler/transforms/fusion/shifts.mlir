// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt --visir-graph-to-dispatch --visir-fuse-dispatches --visir-fuse-shifts %s 2>/dev/null | FileCheck %s

// Two groups of channels come from the frames before and behind, the rest from
// the same frame: one load, whose frame a table gives per channel.
// CHECK-LABEL: func.func @temporal_shift
// CHECK: %[[TABLE:.*]] = visir.constant dense_resource<[[BYTES:[a-z0-9]+]]> : tensor<4xsi64>
// CHECK: visir.dispatch <contract>
// CHECK-SAME: %[[TABLE]])
// CHECK-SAME: (d0 - 1, d6, d1, d2)
// CHECK-SAME: padded = true
// CHECK-SAME: index_axes = [0], index_loads = [2]
// CHECK-NOT: visir.dispatch
// CHECK: [[BYTES]]: "0x400000000200000000000000000000000000000001000000000000000100000000000000"
func.func @temporal_shift(%x: tensor<3x4x5x6xf32>, %w: tensor<8x4x1x1xf32>)
    -> tensor<3x8x5x6xf32> {
  %0 = visir.move %x {map = #visir.map<[
      #visir.box<sizes = [2, 1, 5, 6], source = 0,
          src = (d0, d1, d2, d3) -> (d0 + 1, d1, d2, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1, d2, d3)>,
      #visir.box<sizes = [1, 1, 5, 6], source = -1, src = () -> (),
          dst = (d0, d1, d2, d3) -> (2, d1, d2, d3)>,
      #visir.box<sizes = [1, 1, 5, 6], source = -1, src = () -> (),
          dst = (d0, d1, d2, d3) -> (0, d1 + 1, d2, d3)>,
      #visir.box<sizes = [2, 1, 5, 6], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1 + 1, d2, d3),
          dst = (d0, d1, d2, d3) -> (d0 + 1, d1 + 1, d2, d3)>,
      #visir.box<sizes = [3, 2, 5, 6], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1 + 2, d2, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1 + 2, d2, d3)>]>}
      : (tensor<3x4x5x6xf32>) -> tensor<3x4x5x6xf32>
  %1 = visir.conv %0, %w {strides = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>,
      groups = 1 : i64}
      : (tensor<3x4x5x6xf32>, tensor<8x4x1x1xf32>) -> tensor<3x8x5x6xf32>
  return %1 : tensor<3x8x5x6xf32>
}
