// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// reduce_c1
func.func @f(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis is 2, expected 0 .. 1}}
  %0 = visir.softmax %a {axis = 2 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// reduce_c2
func.func @f(%a: tensor<2x3xf32>) -> tensor<f32> {
  // expected-error @+1 {{axes are not sorted and unique}}
  %0 = visir.reduce sum %a {axes = array<i64: 1, 0>, keepdims = false}
    : (tensor<2x3xf32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

// reduce_c3
func.func @f(%a: tensor<2x3xf32>) -> tensor<3xsi64> {
  // expected-error @+1 {{kind is sum, expected max or min}}
  %0 = visir.arg_reduce sum %a {axis = 0 : i64, keepdims = false}
    : (tensor<2x3xf32>) -> tensor<3xsi64>
  return %0 : tensor<3xsi64>
}

// -----

// reduce_c4
func.func @f(%a: tensor<2x3xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{k is 4, expected 0 .. 3}}
  %0:2 = visir.topk %a {axis = 1 : i64, k = 4 : i64}
    : (tensor<2x3xf32>) -> (tensor<2x4xf32>, tensor<2x4xsi64>)
  return %0#0 : tensor<2x4xf32>
}
