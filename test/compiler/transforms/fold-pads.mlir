// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-fold-pads | FileCheck %s

// CHECK-LABEL: func @conv
// CHECK-NOT: visir.pad
// CHECK: visir.conv %arg0, {{.*}}pads = array<i64: 1, 2, 2, 1>
func.func @conv(%x: tensor<1x1x4x4xf32>, %w: tensor<1x1x3x3xf32>) -> tensor<1x1x5x5xf32> {
  %0 = visir.pad %x {low = array<i64: 0, 0, 0, 1>, high = array<i64: 0, 0, 1, 0>, mode = #visir<pad_mode constant>} : (tensor<1x1x4x4xf32>) -> tensor<1x1x5x5xf32>
  %1 = visir.conv %0, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x1x5x5xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x5x5xf32>
  return %1 : tensor<1x1x5x5xf32>
}

// Zeros that were elements still count.
// CHECK-LABEL: func @avg_pool
// CHECK: visir.avg_pool %arg0 {counted_pads = array<i64: 1, 1, 1, 1>, {{.*}}pads = array<i64: 1, 1, 1, 1>
func.func @avg_pool(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %0 = visir.pad %x {low = array<i64: 0, 0, 1, 1>, high = array<i64: 0, 0, 1, 1>, mode = #visir<pad_mode constant>} : (tensor<1x1x4x4xf32>) -> tensor<1x1x6x6xf32>
  %1 = visir.avg_pool %0 {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x1x6x6xf32>) -> tensor<1x1x4x4xf32>
  return %1 : tensor<1x1x4x4xf32>
}

// Zeros are not the lowest value.
// CHECK-LABEL: func @max_pool
// CHECK: visir.pad
func.func @max_pool(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %0 = visir.pad %x {low = array<i64: 0, 0, 1, 1>, high = array<i64: 0, 0, 1, 1>, mode = #visir<pad_mode constant>} : (tensor<1x1x4x4xf32>) -> tensor<1x1x6x6xf32>
  %1 = visir.max_pool %0 {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x1x6x6xf32>) -> tensor<1x1x4x4xf32>
  return %1 : tensor<1x1x4x4xf32>
}
