// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// elementwise_c1
func.func @f(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{operand shapes do not broadcast: 'tensor<2x3xf32>' and 'tensor<2x4xf32>'}}
  %0 = visir.binary add %a, %b
    : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// elementwise_c2
func.func @f(%a: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{number of parameters is 0, expected 1}}
  %0 = visir.unary elu %a : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// elementwise_c3
func.func @f(%a: tensor<2xf32>, %b: tensor<2xf64>) -> tensor<2xf32> {
  // expected-error @+1 {{element type of rhs is 'f64', expected 'f32'}}
  %0 = visir.binary add %a, %b : (tensor<2xf32>, tensor<2xf64>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// elementwise_c4
func.func @f(%a: tensor<2xf32>, %b: tensor<2xf64>) -> tensor<2xi1> {
  // expected-error @+1 {{element type of rhs is 'f64', expected 'f32'}}
  %0 = visir.compare lt %a, %b : (tensor<2xf32>, tensor<2xf64>) -> tensor<2xi1>
  return %0 : tensor<2xi1>
}

// -----

// elementwise_c5
func.func @f(%a: tensor<2xf32>, %b: tensor<2xf32>, %c: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{element type of condition is 'f32', expected i1}}
  %0 = visir.select %a, %b, %c
    : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// elementwise_c6
func.func @f(%a: tensor<2xi1>, %b: tensor<2xf32>, %c: tensor<2xf64>) -> tensor<2xf32> {
  // expected-error @+1 {{element type of on_false is 'f64', expected 'f32'}}
  %0 = visir.select %a, %b, %c
    : (tensor<2xi1>, tensor<2xf32>, tensor<2xf64>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
