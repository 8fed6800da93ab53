// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// movement_c1
func.func @f(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{shape has more than one -1}}
  %0 = visir.reshape %a {shape = array<i64: -1, -1>}
    : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// movement_c2
func.func @f(%a: tensor<2x3xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{number of elements is 4, expected 6}}
  %0 = visir.reshape %a {shape = array<i64: 4>}
    : (tensor<2x3xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// movement_c3
func.func @f(%a: tensor<2x3xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{length of permutation is 1, expected 2}}
  %0 = visir.transpose %a {permutation = array<i64: 0>}
    : (tensor<2x3xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// movement_c4
func.func @f(%a: tensor<2x3xf32>) -> tensor<2x2xf32> {
  // expected-error @+1 {{permutation is not one}}
  %0 = visir.transpose %a {permutation = array<i64: 0, 0>}
    : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

// movement_c5
func.func @f(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{offsets, sizes and strides must have one entry for each of the 2 dimensions}}
  %0 = visir.slice %a
    {offsets = array<i64: 0>, sizes = array<i64: 2, 3>, strides = array<i64: 1, 1>}
    : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// movement_c6
func.func @f(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{slice of dimension 1 covers 1 .. 3, expected within 0 .. 2}}
  %0 = visir.slice %a
    {offsets = array<i64: 0, 1>, sizes = array<i64: 2, 3>, strides = array<i64: 1, 1>}
    : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// movement_c7
func.func @f(%a: tensor<2x3xf32>) -> tensor<4x5xf32> {
  // expected-error @+1 {{length of the paddings is 1, expected 2}}
  %0 = visir.pad %a
    {low = array<i64: 1>, high = array<i64: 1, 1>, mode = #visir<pad_mode constant>}
    : (tensor<2x3xf32>) -> tensor<4x5xf32>
  return %0 : tensor<4x5xf32>
}

// -----

// movement_c8
func.func @f(%a: tensor<2x3xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{padding is -1, expected >= 0}}
  %0 = visir.pad %a
    {low = array<i64: -1, 0>, high = array<i64: 1, 1>, mode = #visir<pad_mode constant>}
    : (tensor<2x3xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// movement_c9
func.func @f(%a: tensor<2x3xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{operand 'tensor<2x3xf32>' does not broadcast to the shape}}
  %0 = visir.expand %a {shape = array<i64: 2, 4>}
    : (tensor<2x3xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// movement_c10
func.func @f() -> tensor<2x3xf32> {
  // expected-error @+1 {{concat has no operands}}
  %0 = visir.concat  {axis = 0 : i64} : () -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// movement_c11
func.func @f(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis is 2, expected less than 2}}
  %0 = visir.concat %a, %b {axis = 2 : i64}
    : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// movement_c12
func.func @f(%a: tensor<2x3xf32>, %b: tensor<2xf32>) -> tensor<4x3xf32> {
  // expected-error @+1 {{rank of an operand is 1, expected 2}}
  %0 = visir.concat %a, %b {axis = 0 : i64}
    : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// -----

// movement_c13
func.func @f(%a: tensor<2x3xf32>, %b: tensor<2x3xf64>) -> tensor<4x3xf32> {
  // expected-error @+1 {{element type of an operand is 'f64', expected 'f32'}}
  %0 = visir.concat %a, %b {axis = 0 : i64}
    : (tensor<2x3xf32>, tensor<2x3xf64>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// -----

// movement_c14
func.func @f(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>) -> tensor<4x3xf32> {
  // expected-error @+1 {{dimension 1 of an operand is 4, expected 3}}
  %0 = visir.concat %a, %b {axis = 0 : i64}
    : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// -----

// movement_c15
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{map of the source is affine_map<(d0) -> (d0, d0)>, expected 1 dimensions and 1 results}}
  %0 = visir.move %a
    {map = #visir.map<[<sizes = [4], source = 0, src = (d0) -> (d0, d0), dst = (d0) -> (d0)>]>}
    : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// movement_c16
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{map of the source is not linear: affine_map<(d0) -> (d0 floordiv 2)>}}
  %0 = visir.move %a
    {map = #visir.map<[<sizes = [4], source = 0, src = (d0) -> (d0 floordiv 2), dst = (d0) -> (d0)>]>}
    : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// movement_c17
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{box covers 1 .. 4 of the source, expected within 0 .. 3}}
  %0 = visir.move %a
    {map = #visir.map<[<sizes = [4], source = 0, src = (d0) -> (d0 + 1), dst = (d0) -> (d0)>]>}
    : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// movement_c18
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{source of a box is 1, expected less than 1}}
  %0 = visir.move %a
    {map = #visir.map<[<sizes = [4], source = 1, src = (d0) -> (d0), dst = (d0) -> (d0)>]>}
    : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
