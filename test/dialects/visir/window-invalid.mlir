// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// window_c1
func.func @f(%a: tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32> {
  // expected-error @+1 {{number of strides is 1, expected 2}}
  %0 = visir.max_pool %a
    {kernel = array<i64: 2, 2>, strides = array<i64: 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>}
    : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  return %0 : tensor<1x2x2x2xf32>
}

// -----

// window_c2
func.func @f(%a: tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32> {
  // expected-error @+1 {{number of dilations is 1, expected 2}}
  %0 = visir.max_pool %a
    {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1>}
    : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  return %0 : tensor<1x2x2x2xf32>
}

// -----

// window_c3
func.func @f(%a: tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32> {
  // expected-error @+1 {{number of pads is 2, expected 4}}
  %0 = visir.max_pool %a
    {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0>, dilations = array<i64: 1, 1>}
    : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  return %0 : tensor<1x2x2x2xf32>
}

// -----

// window_c4
func.func @f(%a: tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32> {
  // expected-error @+1 {{a stride or dilation is 0, expected at least 1}}
  %0 = visir.max_pool %a
    {kernel = array<i64: 2, 2>, strides = array<i64: 2, 0>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>}
    : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  return %0 : tensor<1x2x2x2xf32>
}

// -----

// window_c5
func.func @f(%a: tensor<1x2x4xf32>) -> tensor<1x2x2xf32> {
  // expected-error @+1 {{rank of the input is 3, expected 4}}
  %0 = visir.max_pool %a
    {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>}
    : (tensor<1x2x4xf32>) -> tensor<1x2x2xf32>
  return %0 : tensor<1x2x2xf32>
}

// -----

// window_c6
func.func @f(%a: tensor<1x2x4x4xf32>) -> tensor<1x2x0x2xf32> {
  // expected-error @+1 {{kernel is larger than the padded input in dimension 2}}
  %0 = visir.max_pool %a
    {kernel = array<i64: 5, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>}
    : (tensor<1x2x4x4xf32>) -> tensor<1x2x0x2xf32>
  return %0 : tensor<1x2x0x2xf32>
}

// -----

// window_c7
func.func @f(%a: tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32> {
  // expected-error @+1 {{number of counted pads is 2, expected 4}}
  %0 = visir.avg_pool %a
    {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, counted_pads = array<i64: 0, 0>}
    : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  return %0 : tensor<1x2x2x2xf32>
}

// -----

// window_c8
func.func @f(%a: tensor<1x2x4x4xf32>, %b: tensor<8x2xsi64>, %c: tensor<8x2xf32>) -> tensor<1x2x4x4xf32> {
  // expected-error @+1 {{axis or table of resize is out of range}}
  %0 = visir.resize %a, %b, %c {axis = 4 : i64}
    : (tensor<1x2x4x4xf32>, tensor<8x2xsi64>, tensor<8x2xf32>) -> tensor<1x2x4x4xf32>
  return %0 : tensor<1x2x4x4xf32>
}

// -----

// window_c9
func.func @f(%a: tensor<1x2x4x4xf32>, %b: tensor<8x2xsi64>, %c: tensor<8x3xf32>) -> tensor<1x2x4x8xf32> {
  // expected-error @+1 {{shape of weights differs from that of indices}}
  %0 = visir.resize %a, %b, %c {axis = 3 : i64}
    : (tensor<1x2x4x4xf32>, tensor<8x2xsi64>, tensor<8x3xf32>) -> tensor<1x2x4x8xf32>
  return %0 : tensor<1x2x4x8xf32>
}

// -----

// window_c10
func.func @f(%a: tensor<1x2x4x4xf32>, %b: tensor<1x3x2xf32>) -> tensor<1x2x3x3xf32> {
  // expected-error @+1 {{rank of the grid is 3, expected 4}}
  %0 = visir.grid_sample %a, %b
    {mode = #visir<sample_mode linear>, border = #visir<border_mode zeros>}
    : (tensor<1x2x4x4xf32>, tensor<1x3x2xf32>) -> tensor<1x2x3x3xf32>
  return %0 : tensor<1x2x3x3xf32>
}

// -----

// window_c11
func.func @f(%a: tensor<1x2x4x4xf32>, %b: tensor<1x3x3x3xf32>) -> tensor<1x2x3x3xf32> {
  // expected-error @+1 {{last dimension of the grid is 3, expected 2}}
  %0 = visir.grid_sample %a, %b
    {mode = #visir<sample_mode linear>, border = #visir<border_mode zeros>}
    : (tensor<1x2x4x4xf32>, tensor<1x3x3x3xf32>) -> tensor<1x2x3x3xf32>
  return %0 : tensor<1x2x3x3xf32>
}
