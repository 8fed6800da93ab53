// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt --visir-graph-to-dispatch --visir-fuse-dispatches %s | FileCheck %s

// Heads go back into the rows by the store: no copy, the domain is not split.
// CHECK-LABEL: func.func @heads_into_store
// CHECK: visir.dispatch <attention
// CHECK-SAME: domain = [1, 2, 5, 4, 5, 4]
// CHECK-SAME: stores [#visir.access<(d0, d1, d2, d3, d4, d5) -> (0, d2, d1 * 4 + d3)
// CHECK-NOT: visir.dispatch
func.func @heads_into_store(%q: tensor<1x2x5x4xf32>) -> tensor<1x5x8xf32> {
  %0 = visir.attention %q, %q, %q {scale = 0.5 : f64}
      : (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>)
      -> tensor<1x2x5x4xf32>
  %1 = visir.move %0 {map = #visir.map<[#visir.box<sizes = [2, 5, 4],
      source = 0, src = (d0, d1, d2) -> (0, d0, d1, d2),
      dst = (d0, d1, d2) -> (0, d1, d0 * 4 + d2)>]>}
      : (tensor<1x2x5x4xf32>) -> tensor<1x5x8xf32>
  return %1 : tensor<1x5x8xf32>
}

// A sampled input is an address of the load.
// CHECK-LABEL: func.func @sample_into_load
// CHECK: visir.dispatch <norm
// CHECK-SAME: loads [#visir.access<(d0, d1) -> (d0 * 2, d1)
// CHECK-NOT: visir.dispatch
func.func @sample_into_load(%x: tensor<8x6xf32>) -> tensor<4x6xf32> {
  %0 = visir.move %x {map = #visir.map<[#visir.box<sizes = [4, 6],
      source = 0, src = (d0, d1) -> (d0 * 2, d1),
      dst = (d0, d1) -> (d0, d1)>]>} : (tensor<8x6xf32>) -> tensor<4x6xf32>
  %1 = visir.layer_norm %0 {axis = 1 : i64, epsilon = 1.0e-5 : f64,
      operandSegmentSizes = array<i32: 1, 0, 0>}
      : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return %1 : tensor<4x6xf32>
}

// Both halves of a concatenation are written where they belong.
// CHECK-LABEL: func.func @concat_by_stores
// CHECK: %[[EMPTY:.*]] = visir.empty
// CHECK: %[[FIRST:.*]] = visir.dispatch <contract>
// CHECK-SAME: %[[EMPTY]])
// CHECK-SAME: -> tensor<4x8xf32>
// CHECK: visir.dispatch <contract>
// CHECK-SAME: %[[FIRST]])
// CHECK-SAME: (d0, d1 + 4)
// CHECK-NOT: visir.dispatch
func.func @concat_by_stores(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>)
    -> tensor<4x8xf32> {
  %0 = visir.matmul %x, %y
      : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = visir.matmul %y, %x
      : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = visir.move %0, %1 {map = #visir.map<[
      #visir.box<sizes = [4, 4], source = 0, src = (d0, d1) -> (d0, d1),
                 dst = (d0, d1) -> (d0, d1)>,
      #visir.box<sizes = [4, 4], source = 1, src = (d0, d1) -> (d0, d1),
                 dst = (d0, d1) -> (d0, d1 + 4)>]>}
      : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// A padded block is a padded access, also behind a convolution's own padding.
// CHECK-LABEL: func.func @pad_into_load
// CHECK: visir.dispatch <contract>
// CHECK-SAME: d1 + d4 - 2
// CHECK-SAME: padded = true
// CHECK-NOT: visir.dispatch
func.func @pad_into_load(%x: tensor<1x2x4x4xf32>, %w: tensor<2x2x3x3xf32>)
    -> tensor<1x2x6x6xf32> {
  %0 = visir.move %x {map = #visir.map<[
      #visir.box<sizes = [2, 6, 6], source = -1, src = () -> (),
                 dst = (d0, d1, d2) -> (0, d0, d1, d2)>,
      #visir.box<sizes = [2, 4, 4], source = 0,
                 src = (d0, d1, d2) -> (0, d0, d1, d2),
                 dst = (d0, d1, d2) -> (0, d0, d1 + 1, d2 + 1)>]>}
      : (tensor<1x2x4x4xf32>) -> tensor<1x2x6x6xf32>
  %1 = visir.conv %0, %w {strides = array<i64: 1, 1>,
      pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>,
      groups = 1 : i64}
      : (tensor<1x2x6x6xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x6x6xf32>
  return %1 : tensor<1x2x6x6xf32>
}

// Channels shuffled behind an activation go to their places by the store of
// the product in front of it, not by the loads of the window behind.
// CHECK-LABEL: func.func @shuffle_into_store
// CHECK: visir.dispatch <contract>
// CHECK-SAME: domain = [1, 2, 4, 4, 3, 1, 1, 16]
// CHECK-SAME: stores [#visir.access<(d0, d1, d2, d3, d4, d5, d6, d7) -> (0, d1 + d4 * 2, d2, d3)
// CHECK: visir.dispatch <reduce
// CHECK-SAME: loads [#visir.access<(d0, d1, d2, d3, d4, d5) -> (d0, d3,
func.func @shuffle_into_store(%x: tensor<1x32x4x4xf32>,
    %v: tensor<6x16x1x1xf32>, %w: tensor<6x1x3x3xf32>) -> tensor<1x6x4x4xf32> {
  %0 = visir.conv %x, %v {strides = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>,
      groups = 2 : i64}
      : (tensor<1x32x4x4xf32>, tensor<6x16x1x1xf32>) -> tensor<1x6x4x4xf32>
  %1 = visir.unary relu %0 : (tensor<1x6x4x4xf32>) -> tensor<1x6x4x4xf32>
  %2 = visir.move %1 {map = #visir.map<[#visir.box<sizes = [1, 3, 2, 4, 4],
      source = 0, src = (d0, d1, d2, d3, d4) -> (d0, d2 * 3 + d1, d3, d4),
      dst = (d0, d1, d2, d3, d4) -> (d0, d1 * 2 + d2, d3, d4)>]>}
      : (tensor<1x6x4x4xf32>) -> tensor<1x6x4x4xf32>
  %3 = visir.conv %2, %w {strides = array<i64: 1, 1>,
      pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>,
      groups = 6 : i64}
      : (tensor<1x6x4x4xf32>, tensor<6x1x3x3xf32>) -> tensor<1x6x4x4xf32>
  return %3 : tensor<1x6x4x4xf32>
}
