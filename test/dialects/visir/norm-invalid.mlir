// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// norm_c1
func.func @f(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis is 2, expected 0 .. 1}}
  %0 = visir.layer_norm %a {axis = 2 : i64, epsilon = 1.0e-5 : f64}
    : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// norm_c2
func.func @f(%a: tensor<2x3xf32>, %b: tensor<2xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{scale or bias of type 'tensor<2xf32>' does not broadcast to the normalised dimensions}}
  %0 = visir.layer_norm %a scale %b {axis = 1 : i64, epsilon = 1.0e-5 : f64}
    : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// norm_c3
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{rank of the input is 1, expected at least 2}}
  %0 = visir.group_norm %a {groups = 1 : i64, epsilon = 1.0e-5 : f64}
    : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// norm_c4
func.func @f(%a: tensor<1x4x2xf32>, %b: tensor<3xf32>) -> tensor<1x4x2xf32> {
  // expected-error @+1 {{a parameter has type 'tensor<3xf32>', expected 4 elements}}
  %0 = visir.group_norm %a scale %b {groups = 1 : i64, epsilon = 1.0e-5 : f64}
    : (tensor<1x4x2xf32>, tensor<3xf32>) -> tensor<1x4x2xf32>
  return %0 : tensor<1x4x2xf32>
}

// -----

// norm_c5
func.func @f(%a: tensor<1x4x2xf32>) -> tensor<1x4x2xf32> {
  // expected-error @+1 {{number of groups is 3, expected a divisor of 4}}
  %0 = visir.group_norm %a {groups = 3 : i64, epsilon = 1.0e-5 : f64}
    : (tensor<1x4x2xf32>) -> tensor<1x4x2xf32>
  return %0 : tensor<1x4x2xf32>
}
