// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// contraction_c1
func.func @f(%a: tensor<3xf32>, %b: tensor<3x4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{rank of an operand is 1, expected at least 2}}
  %0 = visir.matmul %a, %b : (tensor<3xf32>, tensor<3x4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// contraction_c2
func.func @f(%a: tensor<2x3xf32>, %b: tensor<4x5xf32>) -> tensor<2x5xf32> {
  // expected-error @+1 {{number of rows of rhs is 4, expected 3}}
  %0 = visir.matmul %a, %b
    : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return %0 : tensor<2x5xf32>
}

// -----

// contraction_c3
func.func @f(%a: tensor<2x2x3xf32>, %b: tensor<3x3x5xf32>) -> tensor<2x2x5xf32> {
  // expected-error @+1 {{operand shapes do not broadcast: 'tensor<2x2x3xf32>' and 'tensor<3x3x5xf32>'}}
  %0 = visir.matmul %a, %b
    : (tensor<2x2x3xf32>, tensor<3x3x5xf32>) -> tensor<2x2x5xf32>
  return %0 : tensor<2x2x5xf32>
}

// -----

// contraction_c4
func.func @f(%a: tensor<1x2x4x4xf32>, %b: tensor<3x2x1x1xf32>, %c: tensor<2xf32>) -> tensor<1x3x4x4xf32> {
  // expected-error @+1 {{type of the bias is 'tensor<2xf32>', expected 3 elements}}
  %0 = visir.conv %a, %b, %c
    {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64}
    : (tensor<1x2x4x4xf32>, tensor<3x2x1x1xf32>, tensor<2xf32>) -> tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x4x4xf32>
}

// -----

// contraction_c5
func.func @f(%a: tensor<4xf32>, %b: tensor<3xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{rank of the input is 1, expected at least 2}}
  %0 = visir.conv %a, %b
    {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64}
    : (tensor<4xf32>, tensor<3xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// contraction_c6
func.func @f(%a: tensor<1x2x4x4xf32>, %b: tensor<3x2x1xf32>) -> tensor<1x3x4x4xf32> {
  // expected-error @+1 {{rank of the weight is 3, expected 4}}
  %0 = visir.conv %a, %b
    {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64}
    : (tensor<1x2x4x4xf32>, tensor<3x2x1xf32>) -> tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x4x4xf32>
}

// -----

// contraction_c7
func.func @f(%a: tensor<1x4x4x4xf32>, %b: tensor<3x2x1x1xf32>) -> tensor<1x3x4x4xf32> {
  // expected-error @+1 {{number of groups is 2, expected a divisor of 3}}
  %0 = visir.conv %a, %b
    {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 2 : i64}
    : (tensor<1x4x4x4xf32>, tensor<3x2x1x1xf32>) -> tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x4x4xf32>
}

// -----

// contraction_c8
func.func @f(%a: tensor<1x4x4x4xf32>, %b: tensor<3x2x1x1xf32>) -> tensor<1x3x4x4xf32> {
  // expected-error @+1 {{number of input channels is 4, expected 2}}
  %0 = visir.conv %a, %b
    {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64}
    : (tensor<1x4x4x4xf32>, tensor<3x2x1x1xf32>) -> tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x4x4xf32>
}

// -----

// contraction_c9
func.func @f(%a: tensor<1x2x4x4xf32>, %b: tensor<3x2x5x1xf32>) -> tensor<1x3x0x4xf32> {
  // expected-error @+1 {{kernel is larger than the padded input in dimension 2}}
  %0 = visir.conv %a, %b
    {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64}
    : (tensor<1x2x4x4xf32>, tensor<3x2x5x1xf32>) -> tensor<1x3x0x4xf32>
  return %0 : tensor<1x3x0x4xf32>
}

// -----

// contraction_c10
func.func @f(%a: tensor<1x2x4x4xf32>, %b: tensor<2x3x2x2xf32>) -> tensor<1x3x5x5xf32> {
  // expected-error @+1 {{number of output paddings is 1, expected 2}}
  %0 = visir.conv_transpose %a, %b
    {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, output_padding = array<i64: 0>}
    : (tensor<1x2x4x4xf32>, tensor<2x3x2x2xf32>) -> tensor<1x3x5x5xf32>
  return %0 : tensor<1x3x5x5xf32>
}

// -----

// contraction_c11
func.func @f(%a: tensor<1x2x4x4xf32>, %b: tensor<4x3x2x2xf32>) -> tensor<1x3x5x5xf32> {
  // expected-error @+1 {{number of input channels is 2, expected 4}}
  %0 = visir.conv_transpose %a, %b
    {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, output_padding = array<i64: 0, 0>}
    : (tensor<1x2x4x4xf32>, tensor<4x3x2x2xf32>) -> tensor<1x3x5x5xf32>
  return %0 : tensor<1x3x5x5xf32>
}

// -----

// contraction_c12
func.func @f(%a: tensor<1x2x4x4xf32>, %b: tensor<2x3x2x2xf32>) -> tensor<1x3x0x5xf32> {
  // expected-error @+1 {{extent of output dimension 2 is -1, expected at least 0}}
  %0 = visir.conv_transpose %a, %b
    {strides = array<i64: 1, 1>, pads = array<i64: 3, 0, 3, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, output_padding = array<i64: 0, 0>}
    : (tensor<1x2x4x4xf32>, tensor<2x3x2x2xf32>) -> tensor<1x3x0x5xf32>
  return %0 : tensor<1x3x0x5xf32>
}

// -----

// contraction_c13
func.func @f(%a: tensor<4xf32>, %b: tensor<4xf32>, %c: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{rank of query is 1, expected at least 2}}
  %0 = visir.attention %a, %b, %c {scale = 1.0 : f64}
    : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// contraction_c14
func.func @f(%a: tensor<2x4xf32>, %b: tensor<3x4xf32>, %c: tensor<1x3x4xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{rank of value is 3, expected 2}}
  %0 = visir.attention %a, %b, %c {scale = 1.0 : f64}
    : (tensor<2x4xf32>, tensor<3x4xf32>, tensor<1x3x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// contraction_c15
func.func @f(%a: tensor<2x4xf32>, %b: tensor<1x3x4xf32>, %c: tensor<3x4xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{rank of key is 3, expected 2}}
  %0 = visir.attention %a, %b, %c {scale = 1.0 : f64}
    : (tensor<2x4xf32>, tensor<1x3x4xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// contraction_c16
func.func @f(%a: tensor<5x2x4xf32>, %b: tensor<6x3x4xf32>, %c: tensor<5x3x4xf32>) -> tensor<5x2x4xf32> {
  // expected-error @+1 {{leading dimensions of query, key and value differ}}
  %0 = visir.attention %a, %b, %c {scale = 1.0 : f64}
    : (tensor<5x2x4xf32>, tensor<6x3x4xf32>, tensor<5x3x4xf32>) -> tensor<5x2x4xf32>
  return %0 : tensor<5x2x4xf32>
}

// -----

// contraction_c17
func.func @f(%a: tensor<2x4xf32>, %b: tensor<3x5xf32>, %c: tensor<3x4xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{size of a key is 5, expected 4}}
  %0 = visir.attention %a, %b, %c {scale = 1.0 : f64}
    : (tensor<2x4xf32>, tensor<3x5xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// contraction_c18
func.func @f(%a: tensor<2x4xf32>, %b: tensor<3x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{number of values is 2, expected 3}}
  %0 = visir.attention %a, %b, %c {scale = 1.0 : f64}
    : (tensor<2x4xf32>, tensor<3x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// contraction_c19
func.func @f(%a: tensor<2x4xf32>, %b: tensor<0x4xf32>, %c: tensor<0x4xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{number of keys is 0, expected at least 1}}
  %0 = visir.attention %a, %b, %c {scale = 1.0 : f64}
    : (tensor<2x4xf32>, tensor<0x4xf32>, tensor<0x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}
