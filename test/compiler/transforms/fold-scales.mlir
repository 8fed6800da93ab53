// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-lower-batch-norm -visir-fold-scales | FileCheck %s

// Behind a convolution: scale 2, shift 1 - 3 * 2 = -5.
// CHECK-LABEL: func @behind_conv
// CHECK-DAG: %[[W:.*]] = visir.constant dense_resource<[[W1:c[0-9a-f]+]]> : tensor<1x1x1x1xf32>
// CHECK-DAG: %[[B:.*]] = visir.constant dense_resource<[[B1:c[0-9a-f]+]]> : tensor<1xf32>
// CHECK: %[[Y:.*]] = visir.conv %arg0, %[[W]], %[[B]]
// CHECK-NEXT: return %[[Y]]
func.func @behind_conv(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %w = visir.constant dense<3.0> : tensor<1x1x1x1xf32> : tensor<1x1x1x1xf32>
  %gamma = visir.constant dense<2.0> : tensor<1xf32> : tensor<1xf32>
  %beta = visir.constant dense<1.0> : tensor<1xf32> : tensor<1xf32>
  %mean = visir.constant dense<3.0> : tensor<1xf32> : tensor<1xf32>
  %var = visir.constant dense<1.0> : tensor<1xf32> : tensor<1xf32>
  %0 = visir.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x4x4xf32>
  %1 = visir.batch_norm %0, %gamma, %beta, %mean, %var {epsilon = 0.0 : f64} : (tensor<1x1x4x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x4x4xf32>
  return %1 : tensor<1x1x4x4xf32>
}

// In front of a 1x1 convolution: weights [1, 2] * [2, 4], bias 1 * 10 + 2 * 20.
// CHECK-LABEL: func @before_conv
// CHECK-DAG: visir.constant dense_resource<[[W2:c[0-9a-f]+]]> : tensor<1x2x1x1xf32>
// CHECK-DAG: visir.constant dense_resource<[[B2:c[0-9a-f]+]]> : tensor<1xf32>
// CHECK-NOT: visir.binary
func.func @before_conv(%x: tensor<1x2x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %w = visir.constant dense<[[[[1.0]], [[2.0]]]]> : tensor<1x2x1x1xf32> : tensor<1x2x1x1xf32>
  %s = visir.constant dense<[[[2.0]], [[4.0]]]> : tensor<2x1x1xf32> : tensor<2x1x1xf32>
  %t = visir.constant dense<[[[[10.0]], [[20.0]]]]> : tensor<1x2x1x1xf32> : tensor<1x2x1x1xf32>
  %0 = visir.binary mul %x, %s : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = visir.binary add %0, %t : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %2 = visir.conv %1, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x4x4xf32>
  return %2 : tensor<1x1x4x4xf32>
}

// A shift does not pass the zeros of a padding, a scale does.
// CHECK-LABEL: func @before_padded_conv
// CHECK: visir.binary add %arg0
// CHECK-NEXT: visir.conv
// CHECK-NEXT: return
func.func @before_padded_conv(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %w = visir.constant dense<1.0> : tensor<1x1x3x3xf32> : tensor<1x1x3x3xf32>
  %c = visir.constant dense<2.0> : tensor<f32> : tensor<f32>
  %0 = visir.binary add %x, %c : (tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  %1 = visir.binary mul %0, %c : (tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  %2 = visir.conv %1, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x1x4x4xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x4x4xf32>
  return %2 : tensor<1x1x4x4xf32>
}

// Batch norm, mean over space, classifier: the norm ends in the classifier.
// CHECK-LABEL: func @through_mean
// CHECK: %[[M:.*]] = visir.reduce mean %arg0
// CHECK-NEXT: %[[R:.*]] = visir.reshape %[[M]]
// CHECK-NEXT: %[[Y:.*]] = visir.matmul %[[R]], %{{.*}}
// CHECK-NEXT: %[[Z:.*]] = visir.binary add %[[Y]], %{{.*}} : (tensor<1x3xf32>, tensor<3xf32>)
// CHECK-NEXT: return %[[Z]]
func.func @through_mean(%x: tensor<1x2x4x4xf32>) -> tensor<1x3xf32> {
  %w = visir.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32> : tensor<2x3xf32>
  %gamma = visir.constant dense<[2.0, 3.0]> : tensor<2xf32> : tensor<2xf32>
  %beta = visir.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %mean = visir.constant dense<[3.0, 4.0]> : tensor<2xf32> : tensor<2xf32>
  %0 = visir.batch_norm %x, %gamma, %beta, %mean, %gamma {epsilon = 1.0e-5 : f64} : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  %1 = visir.reduce mean %0 {axes = array<i64: 2, 3>, keepdims = true} : (tensor<1x2x4x4xf32>) -> tensor<1x2x1x1xf32>
  %2 = visir.reshape %1 {shape = array<i64: 1, 2>} : (tensor<1x2x1x1xf32>) -> tensor<1x2xf32>
  %3 = visir.matmul %2, %w : (tensor<1x2xf32>, tensor<2x3xf32>) -> tensor<1x3xf32>
  return %3 : tensor<1x3xf32>
}

// CHECK-LABEL: func @layer_scale
// CHECK: %[[Y:.*]] = visir.matmul %arg0, %{{.*}}
// CHECK-NEXT: %[[Z:.*]] = visir.binary add %[[Y]], %{{.*}}
// CHECK-NEXT: return %[[Z]]
func.func @layer_scale(%x: tensor<5x2xf32>) -> tensor<5x2xf32> {
  %w = visir.constant dense<[[1.0, 2.0], [4.0, 5.0]]> : tensor<2x2xf32> : tensor<2x2xf32>
  %b = visir.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %s = visir.constant dense<[3.0, 4.0]> : tensor<2xf32> : tensor<2xf32>
  %0 = visir.matmul %x, %w : (tensor<5x2xf32>, tensor<2x2xf32>) -> tensor<5x2xf32>
  %1 = visir.binary add %0, %b : (tensor<5x2xf32>, tensor<2xf32>) -> tensor<5x2xf32>
  %2 = visir.binary mul %s, %1 : (tensor<2xf32>, tensor<5x2xf32>) -> tensor<5x2xf32>
  return %2 : tensor<5x2xf32>
}

// Groups: each weight takes the factor of its own channel.
// CHECK-LABEL: func @groups
// CHECK-NOT: visir.binary
// CHECK: return
func.func @groups(%x: tensor<1x4x2x2xf32>) -> (tensor<1x2x2x2xf32>, tensor<1x4x4x4xf32>) {
  %w = visir.constant dense<[[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]]> : tensor<2x2x1x1xf32> : tensor<2x2x1x1xf32>
  %in = visir.constant dense<[[[1.0]], [[2.0]], [[5.0]], [[7.0]]]> : tensor<4x1x1xf32> : tensor<4x1x1xf32>
  %out = visir.constant dense<[[[3.0]], [[-2.0]]]> : tensor<2x1x1xf32> : tensor<2x1x1xf32>
  %0 = visir.binary div %x, %in : (tensor<1x4x2x2xf32>, tensor<4x1x1xf32>) -> tensor<1x4x2x2xf32>
  %1 = visir.binary sub %0, %in : (tensor<1x4x2x2xf32>, tensor<4x1x1xf32>) -> tensor<1x4x2x2xf32>
  %2 = visir.conv %1, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 2 : i64} : (tensor<1x4x2x2xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %3 = visir.binary mul %2, %out : (tensor<1x2x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %4 = visir.binary add %3, %out : (tensor<1x2x2x2xf32>, tensor<2x1x1xf32>) -> tensor<1x2x2x2xf32>
  %tw = visir.constant dense<[[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]], [[[9.0, 1.0], [2.0, 3.0]], [[4.0, 5.0], [6.0, 7.0]]], [[[8.0, 9.0], [1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]], [[[7.0, 8.0], [9.0, 1.0]], [[2.0, 3.0], [4.0, 5.0]]]]> : tensor<4x2x2x2xf32> : tensor<4x2x2x2xf32>
  %5 = visir.binary mul %x, %in : (tensor<1x4x2x2xf32>, tensor<4x1x1xf32>) -> tensor<1x4x2x2xf32>
  %6 = visir.conv_transpose %5, %tw {strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 2 : i64, output_padding = array<i64: 0, 0>} : (tensor<1x4x2x2xf32>, tensor<4x2x2x2xf32>) -> tensor<1x4x4x4xf32>
  %7 = visir.binary mul %6, %in : (tensor<1x4x4x4xf32>, tensor<4x1x1xf32>) -> tensor<1x4x4x4xf32>
  %8 = visir.binary add %7, %in : (tensor<1x4x4x4xf32>, tensor<4x1x1xf32>) -> tensor<1x4x4x4xf32>
  return %4, %8 : tensor<1x2x2x2xf32>, tensor<1x4x4x4xf32>
}

// CHECK-LABEL: func @before_matmul
// CHECK: %[[Y:.*]] = visir.matmul %arg0, %{{.*}}
// CHECK-NEXT: %[[Z:.*]] = visir.binary add %[[Y]], %{{.*}}
// CHECK-NEXT: return %[[Z]]
func.func @before_matmul(%x: tensor<5x2xf32>) -> tensor<5x3xf32> {
  %w = visir.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32> : tensor<2x3xf32>
  %s = visir.constant dense<[3.0, 4.0]> : tensor<2xf32> : tensor<2xf32>
  %0 = visir.binary mul %x, %s : (tensor<5x2xf32>, tensor<2xf32>) -> tensor<5x2xf32>
  %1 = visir.binary add %0, %s : (tensor<5x2xf32>, tensor<2xf32>) -> tensor<5x2xf32>
  %2 = visir.matmul %1, %w : (tensor<5x2xf32>, tensor<2x3xf32>) -> tensor<5x3xf32>
  return %2 : tensor<5x3xf32>
}

// Parameters that are not constant are computed.
// CHECK-LABEL: func @parameters
// CHECK-NOT: visir.batch_norm
// CHECK: visir.unary sqrt
// CHECK: return
func.func @parameters(%x: tensor<2x3x2xf32>, %g: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<2x3x2xf32> {
  %var = visir.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32> : tensor<3xf32>
  %0 = visir.batch_norm %x, %g, %b, %b, %var {epsilon = 1.0e-5 : f64} : (tensor<2x3x2xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x2xf32>
  return %0 : tensor<2x3x2xf32>
}

// A layer's scale behind the way back to channels first.
// CHECK-LABEL: func @layer_scale_transposed
// CHECK: %[[Y:.*]] = visir.matmul %arg0, %{{.*}}
// CHECK-NEXT: %[[Z:.*]] = visir.binary add %[[Y]], %{{.*}}
// CHECK-NEXT: %[[T:.*]] = visir.transpose %[[Z]]
// CHECK-NEXT: return %[[T]]
func.func @layer_scale_transposed(%x: tensor<1x4x3x2xf32>) -> tensor<1x2x4x3xf32> {
  %w = visir.constant dense<[[1.0, 2.0], [4.0, 5.0]]> : tensor<2x2xf32> : tensor<2x2xf32>
  %b = visir.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %s = visir.constant dense<[[[3.0]], [[4.0]]]> : tensor<2x1x1xf32> : tensor<2x1x1xf32>
  %0 = visir.matmul %x, %w : (tensor<1x4x3x2xf32>, tensor<2x2xf32>) -> tensor<1x4x3x2xf32>
  %1 = visir.binary add %0, %b : (tensor<1x4x3x2xf32>, tensor<2xf32>) -> tensor<1x4x3x2xf32>
  %2 = visir.transpose %1 {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x4x3x2xf32>) -> tensor<1x2x4x3xf32>
  %3 = visir.binary mul %2, %s : (tensor<1x2x4x3xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x3xf32>
  return %3 : tensor<1x2x4x3xf32>
}

// Frames are normalised, then put in front of the channels.
// CHECK-LABEL: func @normalised_clip
// CHECK: %[[T:.*]] = visir.transpose %arg0
// CHECK: %[[R:.*]] = visir.reshape %[[T]]
// CHECK: %[[Y:.*]] = visir.conv %[[R]], %{{.*}}, %{{.*}} {
// CHECK-NEXT: return %[[Y]]
func.func @normalised_clip(%x: tensor<1x2x3x4x4xf32>) -> tensor<3x1x1x1xf32> {
  %w = visir.constant dense<3.0> : tensor<1x2x4x4xf32> : tensor<1x2x4x4xf32>
  %s = visir.constant dense<[[[[2.0]]], [[[3.0]]]]> : tensor<2x1x1x1xf32> : tensor<2x1x1x1xf32>
  %0 = visir.binary mul %x, %s : (tensor<1x2x3x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x3x4x4xf32>
  %1 = visir.binary sub %0, %s : (tensor<1x2x3x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x3x4x4xf32>
  %2 = visir.transpose %1 {permutation = array<i64: 0, 2, 1, 3, 4>} : (tensor<1x2x3x4x4xf32>) -> tensor<1x3x2x4x4xf32>
  %3 = visir.reshape %2 {shape = array<i64: 3, 2, 4, 4>} : (tensor<1x3x2x4x4xf32>) -> tensor<3x2x4x4xf32>
  %4 = visir.conv %3, %w {strides = array<i64: 4, 4>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<3x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<3x1x1x1xf32>
  return %4 : tensor<3x1x1x1xf32>
}

// Padding is not normalised: the shift stays, behind the transpose.
// CHECK-LABEL: func @normalised_and_padded
// CHECK: visir.binary sub
// CHECK: visir.conv
func.func @normalised_and_padded(%x: tensor<1x2x3x4x4xf32>) -> tensor<3x1x4x4xf32> {
  %w = visir.constant dense<3.0> : tensor<1x2x3x3xf32> : tensor<1x2x3x3xf32>
  %s = visir.constant dense<[[[[2.0]]], [[[3.0]]]]> : tensor<2x1x1x1xf32> : tensor<2x1x1x1xf32>
  %0 = visir.binary sub %x, %s : (tensor<1x2x3x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x3x4x4xf32>
  %1 = visir.transpose %0 {permutation = array<i64: 0, 2, 1, 3, 4>} : (tensor<1x2x3x4x4xf32>) -> tensor<1x3x2x4x4xf32>
  %2 = visir.reshape %1 {shape = array<i64: 3, 2, 4, 4>} : (tensor<1x3x2x4x4xf32>) -> tensor<3x2x4x4xf32>
  %3 = visir.conv %2, %w {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<3x2x4x4xf32>, tensor<1x2x3x3xf32>) -> tensor<3x1x4x4xf32>
  return %3 : tensor<3x1x4x4xf32>
}

// Two users need the value between: nothing folds.
// CHECK-LABEL: func @shared
// CHECK: visir.conv %arg0, %{{[a-z0-9_]+}} {
// CHECK: visir.binary mul
func.func @shared(%x: tensor<1x1x4x4xf32>) -> (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) {
  %w = visir.constant dense<3.0> : tensor<1x1x1x1xf32> : tensor<1x1x1x1xf32>
  %c = visir.constant dense<2.0> : tensor<f32> : tensor<f32>
  %0 = visir.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x4x4xf32>
  %1 = visir.binary mul %0, %c : (tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  return %0, %1 : tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>
}

// CHECK: dialect_resources
// CHECK-DAG: [[W1]]: "0x400000000000C040"
// CHECK-DAG: [[B1]]: "0x400000000000A0C0"
// CHECK-DAG: [[W2]]: "0x400000000000004000000041"
// CHECK-DAG: [[B2]]: "0x4000000000004842"
