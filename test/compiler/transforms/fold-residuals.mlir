// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-fold-residuals | FileCheck %s

// CHECK-LABEL: func @residual
// CHECK: %[[W:.*]] = visir.constant dense_resource<[[W1:c[0-9a-f]+]]> : tensor<1x1x3x3xf32>
// CHECK: %[[Y:.*]] = visir.conv %arg0, %[[W]], %arg1
// CHECK-NEXT: return %[[Y]]
func.func @residual(%x: tensor<1x1x4x4xf32>, %b: tensor<1xf32>) -> tensor<1x1x4x4xf32> {
  %w = visir.constant dense<2.0> : tensor<1x1x3x3xf32> : tensor<1x1x3x3xf32>
  %0 = visir.conv %x, %w, %b {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x1x4x4xf32>, tensor<1x1x3x3xf32>, tensor<1xf32>) -> tensor<1x1x4x4xf32>
  %1 = visir.binary add %x, %0 : (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
  return %1 : tensor<1x1x4x4xf32>
}

// CHECK-LABEL: func @dense
// CHECK: visir.binary add
func.func @dense(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = visir.constant dense<2.0> : tensor<2x2x3x3xf32> : tensor<2x2x3x3xf32>
  %0 = visir.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x2x4x4xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x4x4xf32>
  %1 = visir.binary add %x, %0 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  return %1 : tensor<1x2x4x4xf32>
}

// CHECK: [[W1]]: "0x40000000000000400000004000000040000000400000404000000040000000400000004000000040"
