// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt --visir-graph-to-dispatch --visir-fuse-dispatches --visir-fuse-sums %s | FileCheck %s

// The mean of what others read, too: one partial sum per row of positions
// beside the result.
// CHECK-LABEL: func.func @result_and_mean
// CHECK: visir.dispatch <contract>
// CHECK-SAME: (d0, d1, 0, d3) , sum = true>] ties
// CHECK-SAME: -> (tensor<1x8x4x4xf32>, tensor<1x4x1x8xf32>)
// CHECK: visir.dispatch <reduce
// CHECK-SAME: domain = [1, 8, 4, 1] parallel 2
func.func @result_and_mean(%x: tensor<1x6x4x4xf32>, %w: tensor<8x6x1x1xf32>)
    -> (tensor<1x8x4x4xf32>, tensor<1x8x1x1xf32>) {
  %0 = visir.conv %x, %w {strides = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>,
      groups = 1 : i64}
      : (tensor<1x6x4x4xf32>, tensor<8x6x1x1xf32>) -> tensor<1x8x4x4xf32>
  %1 = visir.reduce mean %0 {axes = array<i64: 2, 3>, keepdims = true}
      : (tensor<1x8x4x4xf32>) -> tensor<1x8x1x1xf32>
  return %0, %1 : tensor<1x8x4x4xf32>, tensor<1x8x1x1xf32>
}

// A result that only the mean reads is not stored.
// CHECK-LABEL: func.func @mean_only
// CHECK: visir.dispatch <reduce
// CHECK-SAME: sum = true>] ties [-1]
// CHECK: visir.dispatch <reduce
// CHECK-NOT: visir.dispatch
func.func @mean_only(%x: tensor<1x6x4x4xf32>, %w: tensor<6x1x3x3xf32>)
    -> tensor<1x6xf32> {
  %0 = visir.conv %x, %w {strides = array<i64: 1, 1>,
      pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>,
      groups = 6 : i64}
      : (tensor<1x6x4x4xf32>, tensor<6x1x3x3xf32>) -> tensor<1x6x4x4xf32>
  %1 = visir.reduce mean %0 {axes = array<i64: 2, 3>, keepdims = false}
      : (tensor<1x6x4x4xf32>) -> tensor<1x6xf32>
  return %1 : tensor<1x6xf32>
}
