// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-merge-convs | FileCheck %s

// 40 -> 64 -> 24 channels cost more than 40 -> 24.
// CHECK-LABEL: func @all_into_one
// CHECK: visir.constant dense_resource<{{.*}}> : tensor<24x40x3x3xf32>
// CHECK: visir.conv %arg0
// CHECK-SAME: pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>
// CHECK-NOT: visir.conv
func.func @all_into_one(%x: tensor<1x40x12x12xf32>) -> tensor<1x24x6x6xf32> {
  %a = visir.constant dense<2.0> : tensor<64x40x1x1xf32> : tensor<64x40x1x1xf32>
  %b = visir.constant dense<3.0> : tensor<24x64x3x3xf32> : tensor<24x64x3x3xf32>
  %0 = visir.conv %x, %a {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x40x12x12xf32>, tensor<64x40x1x1xf32>) -> tensor<1x64x12x12xf32>
  %1 = visir.conv %0, %b {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x12x12xf32>, tensor<24x64x3x3xf32>) -> tensor<1x24x6x6xf32>
  return %1 : tensor<1x24x6x6xf32>
}

// 64 -> 16 -> 64 channels cost less than 64 -> 64.
// CHECK-LABEL: func @factors_stay
// CHECK-COUNT-2: visir.conv
func.func @factors_stay(%x: tensor<1x64x28x28xf32>) -> tensor<1x64x28x28xf32> {
  %a = visir.constant dense<2.0> : tensor<16x64x1x1xf32> : tensor<16x64x1x1xf32>
  %b = visir.constant dense<3.0> : tensor<64x16x1x1xf32> : tensor<64x16x1x1xf32>
  %0 = visir.conv %x, %a {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x28x28xf32>, tensor<16x64x1x1xf32>) -> tensor<1x16x28x28xf32>
  %1 = visir.conv %0, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x16x28x28xf32>, tensor<64x16x1x1xf32>) -> tensor<1x64x28x28xf32>
  return %1 : tensor<1x64x28x28xf32>
}

// A product over the reshaped image is one over the image.
// CHECK-LABEL: func @over_a_reshaped_image
// CHECK: visir.conv %arg0
// CHECK-SAME: -> tensor<1x24x12x12xf32>
// CHECK-NOT: visir.conv
func.func @over_a_reshaped_image(%x: tensor<1x40x12x12xf32>) -> tensor<1x24x12x12xf32> {
  %a = visir.constant dense<2.0> : tensor<64x40x1xf32> : tensor<64x40x1xf32>
  %b = visir.constant dense<3.0> : tensor<24x64x1x1xf32> : tensor<24x64x1x1xf32>
  %0 = visir.reshape %x {shape = array<i64: 1, 40, 144>} : (tensor<1x40x12x12xf32>) -> tensor<1x40x144xf32>
  %1 = visir.conv %0, %a {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x40x144xf32>, tensor<64x40x1xf32>) -> tensor<1x64x144xf32>
  %2 = visir.reshape %1 {shape = array<i64: 1, 64, 12, 12>} : (tensor<1x64x144xf32>) -> tensor<1x64x12x12xf32>
  %3 = visir.conv %2, %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x64x12x12xf32>, tensor<24x64x1x1xf32>) -> tensor<1x24x12x12xf32>
  return %3 : tensor<1x24x12x12xf32>
}

// A bias between, another reader, padding behind padding: none is a chain.
// CHECK-LABEL: func @near_misses
// CHECK-COUNT-6: visir.conv
func.func @near_misses(%x: tensor<1x24x6x6xf32>) -> (tensor<1x24x6x6xf32>, tensor<1x24x6x6xf32>, tensor<1x48x6x6xf32>, tensor<1x24x6x6xf32>) {
  %up = visir.constant dense<2.0> : tensor<48x24x1x1xf32> : tensor<48x24x1x1xf32>
  %down = visir.constant dense<3.0> : tensor<24x48x1x1xf32> : tensor<24x48x1x1xf32>
  %wide = visir.constant dense<3.0> : tensor<24x24x3x3xf32> : tensor<24x24x3x3xf32>
  %bias = visir.constant dense<1.0> : tensor<48xf32> : tensor<48xf32>
  %0 = visir.conv %x, %up, %bias {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x24x6x6xf32>, tensor<48x24x1x1xf32>, tensor<48xf32>) -> tensor<1x48x6x6xf32>
  %1 = visir.conv %0, %down {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x48x6x6xf32>, tensor<24x48x1x1xf32>) -> tensor<1x24x6x6xf32>
  %2 = visir.conv %x, %up {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x24x6x6xf32>, tensor<48x24x1x1xf32>) -> tensor<1x48x6x6xf32>
  %3 = visir.conv %2, %down {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x48x6x6xf32>, tensor<24x48x1x1xf32>) -> tensor<1x24x6x6xf32>
  %4 = visir.conv %x, %wide {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x24x6x6xf32>, tensor<24x24x3x3xf32>) -> tensor<1x24x6x6xf32>
  %5 = visir.conv %4, %wide {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x24x6x6xf32>, tensor<24x24x3x3xf32>) -> tensor<1x24x6x6xf32>
  return %1, %3, %2, %5 : tensor<1x24x6x6xf32>, tensor<1x24x6x6xf32>, tensor<1x48x6x6xf32>, tensor<1x24x6x6xf32>
}
