// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-recognise-layer-norm -visir-recognise-group-norm | FileCheck %s

// As opset 11 exports it.
// CHECK-LABEL: func @layer_norm
// CHECK: %[[Y:.*]] = visir.layer_norm %arg0 scale %arg1 bias %arg2 {axis = 2 : i64, epsilon = 9.99{{.*}}E-7 : f64}
// CHECK-NEXT: return %[[Y]]
func.func @layer_norm(%x: tensor<1x4x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<1x4x8xf32> {
  %eps = visir.constant dense<1.0e-6> : tensor<f32> : tensor<f32>
  %0 = visir.reduce mean %x {axes = array<i64: 2>, keepdims = true} : (tensor<1x4x8xf32>) -> tensor<1x4x1xf32>
  %1 = visir.binary sub %x, %0 : (tensor<1x4x8xf32>, tensor<1x4x1xf32>) -> tensor<1x4x8xf32>
  %2 = visir.binary mul %1, %1 : (tensor<1x4x8xf32>, tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  %3 = visir.reduce mean %2 {axes = array<i64: 2>, keepdims = true} : (tensor<1x4x8xf32>) -> tensor<1x4x1xf32>
  %4 = visir.binary add %3, %eps : (tensor<1x4x1xf32>, tensor<f32>) -> tensor<1x4x1xf32>
  %5 = visir.unary sqrt %4 : (tensor<1x4x1xf32>) -> tensor<1x4x1xf32>
  %6 = visir.binary div %1, %5 : (tensor<1x4x8xf32>, tensor<1x4x1xf32>) -> tensor<1x4x8xf32>
  %7 = visir.binary mul %6, %g : (tensor<1x4x8xf32>, tensor<8xf32>) -> tensor<1x4x8xf32>
  %8 = visir.binary add %7, %b : (tensor<1x4x8xf32>, tensor<8xf32>) -> tensor<1x4x8xf32>
  return %8 : tensor<1x4x8xf32>
}

// The scale multiplies the inverse root first; moments give the variance.
// CHECK-LABEL: func @layer_norm_moments
// CHECK: %[[Y:.*]] = visir.layer_norm %arg0 scale %arg1 {axis = 1 : i64, epsilon = 1.000000e+00 : f64}
// CHECK-NEXT: return %[[Y]]
func.func @layer_norm_moments(%x: tensor<4x8xf32>, %g: tensor<8xf32>) -> tensor<4x8xf32> {
  %eps = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %0 = visir.reduce mean %x {axes = array<i64: 1>, keepdims = true} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %1 = visir.binary mul %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = visir.reduce mean %1 {axes = array<i64: 1>, keepdims = true} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %3 = visir.binary mul %0, %0 : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  %4 = visir.binary sub %2, %3 : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  %5 = visir.binary add %4, %eps : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %6 = visir.unary sqrt %5 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %7 = visir.unary reciprocal %6 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %8 = visir.binary mul %7, %g : (tensor<4x1xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %9 = visir.binary sub %x, %0 : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %10 = visir.binary mul %9, %8 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %10 : tensor<4x8xf32>
}

// CHECK-LABEL: func @rms_norm
// CHECK: %[[Y:.*]] = visir.layer_norm %arg0 scale %arg1 {axis = 1 : i64, epsilon = 1.000000e+00 : f64, rms}
// CHECK-NEXT: return %[[Y]]
func.func @rms_norm(%x: tensor<4x8xf32>, %g: tensor<8xf32>) -> tensor<4x8xf32> {
  %eps = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %1 = visir.binary mul %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = visir.reduce mean %1 {axes = array<i64: 1>, keepdims = true} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %5 = visir.binary add %2, %eps : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %6 = visir.unary sqrt %5 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %7 = visir.unary reciprocal %6 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %8 = visir.binary mul %x, %7 : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %9 = visir.binary mul %g, %8 : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %9 : tensor<4x8xf32>
}

// Channels first: the channels are brought to the end and back.
// CHECK-LABEL: func @channel_norm
// CHECK: %[[T:.*]] = visir.transpose %arg0 {permutation = array<i64: 0, 2, 3, 1>}
// CHECK: %[[N:.*]] = visir.layer_norm %[[T]] scale %{{.*}} bias %{{.*}} {axis = 3 : i64
// CHECK-NEXT: %[[Y:.*]] = visir.transpose %[[N]] {permutation = array<i64: 0, 3, 1, 2>}
// CHECK-NEXT: return %[[Y]]
func.func @channel_norm(%x: tensor<1x8x2x2xf32>, %g: tensor<8x1x1xf32>, %b: tensor<8x1x1xf32>) -> tensor<1x8x2x2xf32> {
  %eps = visir.constant dense<1.0e-6> : tensor<f32> : tensor<f32>
  %0 = visir.reduce mean %x {axes = array<i64: 1>, keepdims = true} : (tensor<1x8x2x2xf32>) -> tensor<1x1x2x2xf32>
  %1 = visir.binary sub %x, %0 : (tensor<1x8x2x2xf32>, tensor<1x1x2x2xf32>) -> tensor<1x8x2x2xf32>
  %2 = visir.binary mul %1, %1 : (tensor<1x8x2x2xf32>, tensor<1x8x2x2xf32>) -> tensor<1x8x2x2xf32>
  %3 = visir.reduce mean %2 {axes = array<i64: 1>, keepdims = true} : (tensor<1x8x2x2xf32>) -> tensor<1x1x2x2xf32>
  %4 = visir.binary add %3, %eps : (tensor<1x1x2x2xf32>, tensor<f32>) -> tensor<1x1x2x2xf32>
  %5 = visir.unary sqrt %4 : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %6 = visir.binary div %1, %5 : (tensor<1x8x2x2xf32>, tensor<1x1x2x2xf32>) -> tensor<1x8x2x2xf32>
  %7 = visir.binary mul %g, %6 : (tensor<8x1x1xf32>, tensor<1x8x2x2xf32>) -> tensor<1x8x2x2xf32>
  %8 = visir.binary add %7, %b : (tensor<1x8x2x2xf32>, tensor<8x1x1xf32>) -> tensor<1x8x2x2xf32>
  return %8 : tensor<1x8x2x2xf32>
}

// A mean over other axes, or a deviation of another tensor, is no norm.
// CHECK-LABEL: func @near_misses
// CHECK-NOT: layer_norm
// CHECK: return
func.func @near_misses(%x: tensor<4x8xf32>, %z: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %eps = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %0 = visir.reduce mean %x {axes = array<i64: 0, 1>, keepdims = true} : (tensor<4x8xf32>) -> tensor<1x1xf32>
  %1 = visir.binary sub %x, %0 : (tensor<4x8xf32>, tensor<1x1xf32>) -> tensor<4x8xf32>
  %2 = visir.binary mul %1, %1 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %3 = visir.reduce mean %2 {axes = array<i64: 1>, keepdims = true} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %4 = visir.binary add %3, %eps : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %5 = visir.unary sqrt %4 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %6 = visir.binary div %z, %5 : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %7 = visir.reduce mean %z {axes = array<i64: 1>, keepdims = true} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %8 = visir.binary sub %z, %7 : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %9 = visir.binary div %8, %5 : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return %6, %9 : tensor<4x8xf32>, tensor<4x8xf32>
}

// CHECK-LABEL: func @group_norm
// CHECK: %[[Y:.*]] = visir.group_norm %arg0 scale %{{.*}} bias %{{.*}} {epsilon = {{.*}}, groups = 2 : i64}
// CHECK-NEXT: return %[[Y]]
func.func @group_norm(%x: tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32> {
  %one = visir.constant dense<1.0> : tensor<2xf32> : tensor<2xf32>
  %zero = visir.constant dense<0.0> : tensor<2xf32> : tensor<2xf32>
  %g = visir.constant dense<[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]> : tensor<4x1x1xf32> : tensor<4x1x1xf32>
  %0 = visir.reshape %x {shape = array<i64: 1, 2, 8>} : (tensor<1x4x2x2xf32>) -> tensor<1x2x8xf32>
  %1 = visir.group_norm %0 scale %one bias %zero {groups = 2 : i64, epsilon = 1.0e-5 : f64} : (tensor<1x2x8xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x8xf32>
  %2 = visir.reshape %1 {shape = array<i64: 1, 4, 2, 2>} : (tensor<1x2x8xf32>) -> tensor<1x4x2x2xf32>
  %3 = visir.binary mul %2, %g : (tensor<1x4x2x2xf32>, tensor<4x1x1xf32>) -> tensor<1x4x2x2xf32>
  %4 = visir.binary add %3, %g : (tensor<1x4x2x2xf32>, tensor<4x1x1xf32>) -> tensor<1x4x2x2xf32>
  return %4 : tensor<1x4x2x2xf32>
}

// An instance norm with parameters of its own is not that of groups.
// CHECK-LABEL: func @group_norm_near_miss
// CHECK: visir.reshape
// CHECK: groups = 2
func.func @group_norm_near_miss(%x: tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32> {
  %g = visir.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %0 = visir.reshape %x {shape = array<i64: 1, 2, 8>} : (tensor<1x4x2x2xf32>) -> tensor<1x2x8xf32>
  %1 = visir.group_norm %0 scale %g {groups = 2 : i64, epsilon = 1.0e-5 : f64} : (tensor<1x2x8xf32>, tensor<2xf32>) -> tensor<1x2x8xf32>
  %2 = visir.reshape %1 {shape = array<i64: 1, 4, 2, 2>} : (tensor<1x2x8xf32>) -> tensor<1x4x2x2xf32>
  return %2 : tensor<1x4x2x2xf32>
}
