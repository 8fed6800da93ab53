// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt --visir-graph-to-dispatch --visir-fuse-dispatches --visir-fuse-prologues %s | FileCheck %s

// A layer norm is a normalised load; its scale and bias follow in the prologue.
// CHECK-LABEL: func.func @layer_norm
// CHECK-NOT: <norm
// CHECK: visir.dispatch <contract>
// CHECK-SAME: #visir.access<(d0, d1, d2) -> (d0, d2) , norm = {epsilon = 1.000000e-05 : f64}>
// CHECK: prologue
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK-NOT: visir.dispatch
func.func @layer_norm(%x: tensor<4x6xf32>, %s: tensor<6xf32>,
    %b: tensor<6xf32>, %w: tensor<6x8xf32>) -> tensor<4x8xf32> {
  %0 = visir.layer_norm %x scale %s bias %b {axis = 1 : i64, epsilon = 1.0e-5 : f64,
      operandSegmentSizes = array<i32: 1, 1, 1>}
      : (tensor<4x6xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<4x6xf32>
  %1 = visir.matmul %0, %w
      : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// CHECK-LABEL: func.func @rms_norm
// CHECK: visir.dispatch <contract>
// CHECK-SAME: norm = {epsilon = 1.000000e-05 : f64, rms}
// CHECK-NOT: visir.dispatch
func.func @rms_norm(%x: tensor<4x6xf32>, %w: tensor<6x8xf32>)
    -> tensor<4x8xf32> {
  %0 = visir.layer_norm %x {axis = 1 : i64, epsilon = 1.0e-5 : f64, rms,
      operandSegmentSizes = array<i32: 1, 0, 0>}
      : (tensor<4x6xf32>) -> tensor<4x6xf32>
  %1 = visir.matmul %0, %w
      : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// The gate of a squeeze-excite block.
// CHECK-LABEL: func.func @gate
// CHECK: visir.dispatch <contract>
// CHECK: prologue
// CHECK: arith.mulf
// CHECK-NOT: visir.dispatch
func.func @gate(%x: tensor<1x8x4x4xf32>, %g: tensor<1x8x1x1xf32>,
    %w: tensor<6x8x1x1xf32>) -> tensor<1x6x4x4xf32> {
  %0 = visir.binary mul %x, %g
      : (tensor<1x8x4x4xf32>, tensor<1x8x1x1xf32>) -> tensor<1x8x4x4xf32>
  %1 = visir.conv %0, %w {strides = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>,
      groups = 1 : i64}
      : (tensor<1x8x4x4xf32>, tensor<6x8x1x1xf32>) -> tensor<1x6x4x4xf32>
  return %1 : tensor<1x6x4x4xf32>
}
