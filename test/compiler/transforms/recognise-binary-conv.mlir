// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-recognise-binary-conv | FileCheck %s

// A magnitude per output; 7 is three channels of +1, bits 0 to 2.
// CHECK-LABEL: func @sign
// CHECK: %[[W:.*]] = visir.constant {{.*}} : tensor<1x1x1x2xsi32>
// CHECK: %[[Z:.*]] = visir.binary_conv %arg0, %[[W]] {at_zero = 0 : i64
// CHECK: %[[Y:.*]] = visir.binary mul %[[Z]]
// CHECK: return %[[Y]]
func.func @sign(%x: tensor<1x3x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = visir.constant dense<[[[[0.5]], [[-0.5]], [[0.5]]], [[[2.0]], [[2.0]], [[2.0]]]]> : tensor<2x3x1x1xf32> : tensor<2x3x1x1xf32>
  %s = visir.unary sign %x : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x4x4xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x4x4xf32>
  return %y : tensor<1x2x4x4xf32>
}

// A choice by comparison counts zeros as +1; weights of one need no factor.
// CHECK-LABEL: func @choice
// CHECK: %[[Z:.*]] = visir.binary_conv %arg0, %{{.*}} {at_zero = 1 : i64
// CHECK: %[[Y:.*]] = visir.binary add %[[Z]]
// CHECK: return %[[Y]]
func.func @choice(%x: tensor<1x1x4xf32>, %b: tensor<1xf32>) -> tensor<1x1x4xf32> {
  %w = visir.constant dense<-1.0> : tensor<1x1x3xf32> : tensor<1x1x3xf32>
  %zero = visir.constant dense<0.0> : tensor<f32> : tensor<f32>
  %up = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %down = visir.constant dense<-1.0> : tensor<f32> : tensor<f32>
  %c = visir.compare ge %x, %zero : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xi1>
  %s = visir.select %c, %up, %down : (tensor<1x1x4xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x4xf32>
  %y = visir.conv %s, %w, %b {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>, tensor<1xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// The same upside down: 1 where not x < 0.
// CHECK-LABEL: func @choice_of_less
// CHECK: visir.binary_conv %arg0, %{{.*}} {at_zero = 1 : i64
func.func @choice_of_less(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %w = visir.constant dense<-1.0> : tensor<1x1x3xf32> : tensor<1x1x3xf32>
  %zero = visir.constant dense<0.0> : tensor<f32> : tensor<f32>
  %up = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %down = visir.constant dense<-1.0> : tensor<f32> : tensor<f32>
  %c = visir.compare lt %x, %zero : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xi1>
  %s = visir.select %c, %down, %up : (tensor<1x1x4xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// 2 * cast(x > 0) - 1
// CHECK-LABEL: func @cast
// CHECK: visir.binary_conv %arg0, %{{.*}} {at_zero = -1 : i64
func.func @cast(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %w = visir.constant dense<-1.0> : tensor<1x1x3xf32> : tensor<1x1x3xf32>
  %zero = visir.constant dense<0.0> : tensor<f32> : tensor<f32>
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %two = visir.constant dense<2.0> : tensor<f32> : tensor<f32>
  %c = visir.compare gt %x, %zero : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xi1>
  %f = visir.cast %c to f32 : (tensor<1x1x4xi1>) -> tensor<1x1x4xf32>
  %t = visir.binary mul %f, %two : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
  %s = visir.binary sub %t, %one : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// sign(sign(x) + 0.1), as others write it.
// CHECK-LABEL: func @twice
// CHECK: visir.binary_conv %arg0, %{{.*}} {at_zero = 1 : i64
func.func @twice(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %w = visir.constant dense<-1.0> : tensor<1x1x3xf32> : tensor<1x1x3xf32>
  %tenth = visir.constant dense<0.1> : tensor<f32> : tensor<f32>
  %a = visir.unary sign %x : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  %b = visir.binary add %a, %tenth : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
  %s = visir.unary sign %b : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// A norm, and what is left of an estimator's gradient; then a clip.
// CHECK-LABEL: func @estimator
// CHECK: visir.binary_conv %arg0, %{{.*}} scaled by %{{.*}} shifted by %{{.*}} {at_zero = 0 : i64
func.func @estimator(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = visir.constant dense<[[[1.0, -1.0, 1.0], [1.0, -1.0, -1.0]]]> : tensor<1x2x3xf32> : tensor<1x2x3xf32>
  %scale = visir.constant dense<[[2.0], [-3.0]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %shift = visir.constant dense<[[0.5], [0.25]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %minus = visir.constant dense<-1.0> : tensor<f32> : tensor<f32>
  %m = visir.binary mul %x, %scale : (tensor<1x2x4xf32>, tensor<2x1xf32>) -> tensor<1x2x4xf32>
  %n = visir.binary add %m, %shift : (tensor<1x2x4xf32>, tensor<2x1xf32>) -> tensor<1x2x4xf32>
  %l = visir.binary max %n, %minus : (tensor<1x2x4xf32>, tensor<f32>) -> tensor<1x2x4xf32>
  %q = visir.binary min %l, %one : (tensor<1x2x4xf32>, tensor<f32>) -> tensor<1x2x4xf32>
  %s = visir.unary sign %q : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %d = visir.binary sub %s, %q : (tensor<1x2x4xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %e = visir.binary add %d, %q : (tensor<1x2x4xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %y = visir.conv %e, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x2x4xf32>, tensor<1x2x3xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// A weight of 0 is half of +1 and -1.
// CHECK-LABEL: func @zero_weight
// CHECK: %[[A:.*]] = visir.binary_conv %arg0
// CHECK: %[[B:.*]] = visir.binary_conv %arg0
// CHECK: %[[S:.*]] = visir.binary add %[[A]], %[[B]]
// CHECK: visir.binary mul %[[S]]
func.func @zero_weight(%x: tensor<1x2x4xf32>) -> tensor<1x1x4xf32> {
  %w = visir.constant dense<[[[1.0, 0.0, 1.0], [1.0, -1.0, -1.0]]]> : tensor<1x2x3xf32> : tensor<1x2x3xf32>
  %s = visir.unary sign %x : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x2x4xf32>, tensor<1x2x3xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// What others read of a shift stands in memory: it is read there.
// CHECK-LABEL: func @shift_that_others_read
// CHECK: %[[T:.*]] = visir.binary add %arg0
// CHECK: visir.binary_conv %[[T]]
func.func @shift_that_others_read(%a: tensor<1x2x4xf32>) -> (tensor<1x1x4xf32>, tensor<1x2x4xf32>) {
  %w = visir.constant dense<1.0> : tensor<1x2x3xf32> : tensor<1x2x3xf32>
  %shift = visir.constant dense<[[0.5], [0.25]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %x = visir.binary add %a, %shift : (tensor<1x2x4xf32>, tensor<2x1xf32>) -> tensor<1x2x4xf32>
  %s = visir.unary sign %x : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x2x4xf32>, tensor<1x2x3xf32>) -> tensor<1x1x4xf32>
  return %y, %x : tensor<1x1x4xf32>, tensor<1x2x4xf32>
}

// Two groups of 16 channels each, a word for a group.
// CHECK-LABEL: func @groups
// CHECK: %[[W:.*]] = visir.constant {{.*}} : tensor<3x1x4xsi32>
// CHECK: visir.binary_conv %arg0, %[[W]] {{{.*}}groups = 2 : i64
func.func @groups(%x: tensor<1x32x4xf32>) -> tensor<1x4x4xf32> {
  %w = visir.constant dense<-1.0> : tensor<4x16x3xf32> : tensor<4x16x3xf32>
  %s = visir.unary sign %x : (tensor<1x32x4xf32>) -> tensor<1x32x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 2 : i64} : (tensor<1x32x4xf32>, tensor<4x16x3xf32>) -> tensor<1x4x4xf32>
  return %y : tensor<1x4x4xf32>
}

// The signs of weights that an index chooses among three: so are their bits.
// CHECK-LABEL: func @experts
// CHECK: %[[W:.*]] = visir.constant {{.*}} : tensor<3x3x2xsi32>
// CHECK: %[[G:.*]] = visir.gather %[[W]], %arg1 {axis = 0 : i64}
// CHECK: %[[T:.*]] = visir.transpose %[[G]]
// CHECK: %[[Z:.*]] = visir.binary_conv %arg0, %[[T]]
// CHECK: return %[[Z]]
func.func @experts(%x: tensor<1x16x4xf32>, %e: tensor<1xsi64>) -> tensor<1x2x4xf32> {
  %w = visir.constant dense<-0.3> : tensor<3x2x16x3xf32> : tensor<3x2x16x3xf32>
  %g = visir.gather %w, %e {axis = 0 : i64} : (tensor<3x2x16x3xf32>, tensor<1xsi64>) -> tensor<1x2x16x3xf32>
  %signs = visir.unary sign %g : (tensor<1x2x16x3xf32>) -> tensor<1x2x16x3xf32>
  %chosen = visir.reshape %signs {shape = array<i64: 2, 16, 3>} : (tensor<1x2x16x3xf32>) -> tensor<2x16x3xf32>
  %s = visir.unary sign %x : (tensor<1x16x4xf32>) -> tensor<1x16x4xf32>
  %y = visir.conv %s, %chosen {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x16x4xf32>, tensor<2x16x3xf32>) -> tensor<1x2x4xf32>
  return %y : tensor<1x2x4xf32>
}

// Two samples as groups, signs in front of the reshape, a magnitude for each
// alternative and output.
// CHECK-LABEL: func @samples
// CHECK: %[[M:.*]] = visir.gather {{.*}} : (tensor<2x1xf32>
// CHECK: %[[R:.*]] = visir.reshape %arg0
// CHECK: %[[Z:.*]] = visir.binary_conv %[[R]], %{{.*}} {{{.*}}groups = 2 : i64
// CHECK: visir.binary mul %[[Z]], %[[M]]
func.func @samples(%x: tensor<2x16x4xf32>, %e: tensor<2xsi64>) -> tensor<1x2x4xf32> {
  %w = visir.constant dense<0.3> : tensor<2x1x16x3xf32> : tensor<2x1x16x3xf32>
  %g = visir.gather %w, %e {axis = 0 : i64} : (tensor<2x1x16x3xf32>, tensor<2xsi64>) -> tensor<2x1x16x3xf32>
  %chosen = visir.reshape %g {shape = array<i64: 2, 16, 3>} : (tensor<2x1x16x3xf32>) -> tensor<2x16x3xf32>
  %signs = visir.unary sign %x : (tensor<2x16x4xf32>) -> tensor<2x16x4xf32>
  %s = visir.reshape %signs {shape = array<i64: 1, 32, 4>} : (tensor<2x16x4xf32>) -> tensor<1x32x4xf32>
  %y = visir.conv %s, %chosen {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 2 : i64} : (tensor<1x32x4xf32>, tensor<2x16x3xf32>) -> tensor<1x2x4xf32>
  return %y : tensor<1x2x4xf32>
}
