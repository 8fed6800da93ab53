// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt --visir-graph-to-dispatch --visir-fuse-dispatches %s | FileCheck %s

// An activation moves into the convolution that it follows.
// CHECK-LABEL: func.func @conv_relu
// CHECK: visir.dispatch <contract>
// CHECK: arith.select
// CHECK-NOT: visir.dispatch
func.func @conv_relu(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>)
    -> tensor<1x4x8x8xf32> {
  %0 = visir.conv %x, %w {strides = array<i64: 1, 1>,
      pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>,
      groups = 1 : i64}
      : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x8x8xf32>
  %1 = visir.unary relu %0 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return %1 : tensor<1x4x8x8xf32>
}

// A value that others read, too, is stored beside the sum.
// CHECK-LABEL: func.func @two_stores
// CHECK: visir.dispatch <contract>
// CHECK-SAME: -> (tensor<4x4xf32>, tensor<4x4xf32>)
// CHECK: visir.dispatch <softmax>
func.func @two_stores(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>)
    -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %0 = visir.matmul %x, %y
      : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = visir.binary add %0, %x
      : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = visir.softmax %0 {axis = 1 : i64} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %1, %2 : tensor<4x4xf32>, tensor<4x4xf32>
}

// Reading a result at two points needs all of it first.
// CHECK-LABEL: func.func @two_points
// CHECK: visir.dispatch <contract>
// CHECK: visir.dispatch <map>
func.func @two_points(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = visir.matmul %x, %x
      : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = visir.move %0 {map = #visir.map<[#visir.box<sizes = [4, 4],
      source = 0, src = (d0, d1) -> (d1, d0), dst = (d0, d1) -> (d0, d1)>]>}
      : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = visir.binary add %0, %1
      : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}

// Computed indices stay a tensor of their own.
// CHECK-LABEL: func.func @computed_indices
// CHECK: visir.dispatch <map>
// CHECK: visir.dispatch <map>
func.func @computed_indices(%x: tensor<8xf32>, %i: tensor<4xsi64>)
    -> tensor<4xf32> {
  %0 = visir.binary add %i, %i
      : (tensor<4xsi64>, tensor<4xsi64>) -> tensor<4xsi64>
  %1 = visir.gather %x, %0 {axis = 0 : i64}
      : (tensor<8xf32>, tensor<4xsi64>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
