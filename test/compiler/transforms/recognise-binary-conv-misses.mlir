// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-recognise-binary-conv | FileCheck %s
// CHECK-NOT: visir.binary_conv

// Two magnitudes in one output, a thousandth apart.
func.func @magnitudes(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %w = visir.constant dense<[[[1.0, -1.001, 1.0]]]> : tensor<1x1x3xf32> : tensor<1x1x3xf32>
  %s = visir.unary sign %x : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// Weights that are not known.
func.func @input(%x: tensor<1x1x4xf32>, %w: tensor<1x1x3xf32>) -> tensor<1x1x4xf32> {
  %s = visir.unary sign %x : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// Groups.
func.func @groups(%x: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  %w = visir.constant dense<1.0> : tensor<2x1x3xf32> : tensor<2x1x3xf32>
  %s = visir.unary sign %x : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 2 : i64} : (tensor<1x2x4xf32>, tensor<2x1x3xf32>) -> tensor<1x2x4xf32>
  return %y : tensor<1x2x4xf32>
}

// 1 and 0 are no signs.
func.func @steps(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %w = visir.constant dense<-1.0> : tensor<1x1x3xf32> : tensor<1x1x3xf32>
  %zero = visir.constant dense<0.0> : tensor<f32> : tensor<f32>
  %c = visir.compare gt %x, %zero : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xi1>
  %s = visir.cast %c to f32 : (tensor<1x1x4xi1>) -> tensor<1x1x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// Another q is subtracted than added.
func.func @estimators(%x: tensor<1x1x4xf32>, %p: tensor<1x1x4xf32>, %q: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %w = visir.constant dense<-1.0> : tensor<1x1x3xf32> : tensor<1x1x3xf32>
  %s = visir.unary sign %x : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  %d = visir.binary sub %s, %p : (tensor<1x1x4xf32>, tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  %e = visir.binary add %d, %q : (tensor<1x1x4xf32>, tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  %y = visir.conv %e, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// sign(sign(x) + 1) is 0 for what is negative.
func.func @far(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %w = visir.constant dense<-1.0> : tensor<1x1x3xf32> : tensor<1x1x3xf32>
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %a = visir.unary sign %x : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  %s = visir.binary add %a, %one : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// A comparison with something else than 0.
func.func @elsewhere(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %w = visir.constant dense<-1.0> : tensor<1x1x3xf32> : tensor<1x1x3xf32>
  %half = visir.constant dense<0.5> : tensor<f32> : tensor<f32>
  %up = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %down = visir.constant dense<-1.0> : tensor<f32> : tensor<f32>
  %c = visir.compare ge %x, %half : (tensor<1x1x4xf32>, tensor<f32>) -> tensor<1x1x4xi1>
  %s = visir.select %c, %up, %down : (tensor<1x1x4xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// Groups of 40 channels begin within words.
func.func @wide_groups(%x: tensor<1x80x4xf32>) -> tensor<1x2x4xf32> {
  %w = visir.constant dense<1.0> : tensor<2x40x3xf32> : tensor<2x40x3xf32>
  %s = visir.unary sign %x : (tensor<1x80x4xf32>) -> tensor<1x80x4xf32>
  %y = visir.conv %s, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 2 : i64} : (tensor<1x80x4xf32>, tensor<2x40x3xf32>) -> tensor<1x2x4xf32>
  return %y : tensor<1x2x4xf32>
}

// Weights chosen along their outputs are no alternatives.
func.func @rows(%x: tensor<1x16x4xf32>, %e: tensor<2xsi64>) -> tensor<1x2x4xf32> {
  %w = visir.constant dense<1.0> : tensor<16x3x3xf32> : tensor<16x3x3xf32>
  %g = visir.gather %w, %e {axis = 1 : i64} : (tensor<16x3x3xf32>, tensor<2xsi64>) -> tensor<16x2x3xf32>
  %chosen = visir.reshape %g {shape = array<i64: 2, 16, 3>} : (tensor<16x2x3xf32>) -> tensor<2x16x3xf32>
  %s = visir.unary sign %x : (tensor<1x16x4xf32>) -> tensor<1x16x4xf32>
  %y = visir.conv %s, %chosen {strides = array<i64: 1>, pads = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x16x4xf32>, tensor<2x16x3xf32>) -> tensor<1x2x4xf32>
  return %y : tensor<1x2x4xf32>
}

// Chosen weights that are no signs.
func.func @chosen(%x: tensor<1x16x4xf32>, %e: tensor<1xsi64>) -> tensor<1x1x4xf32> {
  %wide = visir.constant dense<[[0.5, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]]> : tensor<1x16xf32> : tensor<1x16xf32>
  %g = visir.gather %wide, %e {axis = 0 : i64} : (tensor<1x16xf32>, tensor<1xsi64>) -> tensor<1x16xf32>
  %chosen = visir.reshape %g {shape = array<i64: 1, 16, 1>} : (tensor<1x16xf32>) -> tensor<1x16x1xf32>
  %s = visir.unary sign %x : (tensor<1x16x4xf32>) -> tensor<1x16x4xf32>
  %y = visir.conv %s, %chosen {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x16x4xf32>, tensor<1x16x1xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}
