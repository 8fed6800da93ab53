// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// binary_c1
func.func @f(%x: tensor<1x4xf32>, %w: tensor<1x8xsi32>) -> tensor<1x8xf32> {
  // expected-error @+1 {{rank of the input is 2, expected at least 3}}
  %0 = visir.binary_conv %x, %w {strides = array<i64>, pads = array<i64>,
    dilations = array<i64>, at_zero = 0 : i64}
    : (tensor<1x4xf32>, tensor<1x8xsi32>) -> tensor<1x8xf32>
  return %0 : tensor<1x8xf32>
}

// -----

// binary_c2
func.func @f(%x: tensor<1x4x5xf32>, %w: tensor<1x8xsi32>) -> tensor<1x8x5xf32> {
  // expected-error @+1 {{rank of the weight is 2, expected 3}}
  %0 = visir.binary_conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>, at_zero = 0 : i64}
    : (tensor<1x4x5xf32>, tensor<1x8xsi32>) -> tensor<1x8x5xf32>
  return %0 : tensor<1x8x5xf32>
}

// -----

// binary_c3
func.func @f(%x: tensor<1x40x5xf32>, %w: tensor<1x1x8xsi32>) -> tensor<1x8x5xf32> {
  // expected-error @+1 {{number of words is 1, expected 2}}
  %0 = visir.binary_conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>, at_zero = 0 : i64}
    : (tensor<1x40x5xf32>, tensor<1x1x8xsi32>) -> tensor<1x8x5xf32>
  return %0 : tensor<1x8x5xf32>
}

// -----

// binary_c4
func.func @f(%x: tensor<1x4x5xf32>, %w: tensor<9x1x8xsi32>) -> tensor<1x8x5xf32> {
  // expected-error @+1 {{kernel is larger than the padded input in dimension 2}}
  %0 = visir.binary_conv %x, %w {strides = array<i64: 1>, pads = array<i64: 1, 1>,
    dilations = array<i64: 1>, at_zero = 0 : i64}
    : (tensor<1x4x5xf32>, tensor<9x1x8xsi32>) -> tensor<1x8x5xf32>
  return %0 : tensor<1x8x5xf32>
}

// -----

// binary_c5
func.func @f(%x: tensor<1x4x5xsi32>, %w: tensor<1x1x8xsi32>) -> tensor<1x8x5xsi32> {
  // expected-error @+1 {{element type is 'si32', expected a float}}
  %0 = visir.binary_conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>, at_zero = 0 : i64}
    : (tensor<1x4x5xsi32>, tensor<1x1x8xsi32>) -> tensor<1x8x5xsi32>
  return %0 : tensor<1x8x5xsi32>
}

// -----

// binary_c6
func.func @f(%x: tensor<1x4x5xf32>, %w: tensor<1x1x8xf32>) -> tensor<1x8x5xf32> {
  // expected-error @+1 {{element type of the weight is 'f32', expected si32}}
  %0 = visir.binary_conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>, at_zero = 0 : i64}
    : (tensor<1x4x5xf32>, tensor<1x1x8xf32>) -> tensor<1x8x5xf32>
  return %0 : tensor<1x8x5xf32>
}

// -----

// binary_c7
func.func @f(%x: tensor<1x4x5xf32>, %w: tensor<1x1x8xsi32>) -> tensor<1x8x5xf32> {
  // expected-error @+1 {{at_zero is 2, expected -1, 0 or 1}}
  %0 = visir.binary_conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>, at_zero = 2 : i64}
    : (tensor<1x4x5xf32>, tensor<1x1x8xsi32>) -> tensor<1x8x5xf32>
  return %0 : tensor<1x8x5xf32>
}

// -----

// binary_c8
func.func @f(%x: tensor<1x4x5xf32>, %w: tensor<1x1x8xsi32>, %t: tensor<1xf32>) -> tensor<1x8x5xf32> {
  // expected-error @+1 {{type of the shift is 'tensor<1xf32>', expected 'tensor<4xf32>'}}
  %0 = visir.binary_conv %x, %w shifted by %t {strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>, at_zero = 0 : i64}
    : (tensor<1x4x5xf32>, tensor<1x1x8xsi32>, tensor<1xf32>) -> tensor<1x8x5xf32>
  return %0 : tensor<1x8x5xf32>
}

// -----

// binary_c9
func.func @f(%x: tensor<1x64x5xf32>, %w: tensor<1x1x9xsi32>) -> tensor<1x9x5xf32> {
  // expected-error @+1 {{groups is 2, expected a divisor of 9}}
  %0 = visir.binary_conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>, at_zero = 0 : i64, groups = 2 : i64}
    : (tensor<1x64x5xf32>, tensor<1x1x9xsi32>) -> tensor<1x9x5xf32>
  return %0 : tensor<1x9x5xf32>
}

// -----

// binary_c10
func.func @f(%x: tensor<1x65x5xf32>, %w: tensor<1x1x8xsi32>) -> tensor<1x8x5xf32> {
  // expected-error @+1 {{number of channels is 65, expected a multiple of 2}}
  %0 = visir.binary_conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>, at_zero = 0 : i64, groups = 2 : i64}
    : (tensor<1x65x5xf32>, tensor<1x1x8xsi32>) -> tensor<1x8x5xf32>
  return %0 : tensor<1x8x5xf32>
}

// -----

// binary_c11
func.func @f(%x: tensor<1x80x5xf32>, %w: tensor<1x2x8xsi32>) -> tensor<1x8x5xf32> {
  // expected-error @+1 {{number of channels of a group is 40, expected at most 32 or a multiple of 32}}
  %0 = visir.binary_conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>, at_zero = 0 : i64, groups = 2 : i64}
    : (tensor<1x80x5xf32>, tensor<1x2x8xsi32>) -> tensor<1x8x5xf32>
  return %0 : tensor<1x8x5xf32>
}
