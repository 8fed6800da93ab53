// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// indexing_c1
func.func @f(%a: tensor<2x3xf32>, %b: tensor<2xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{element type of indices is 'f32', expected an integer}}
  %0 = visir.gather %a, %b {axis = 0 : i64}
    : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// indexing_c2
func.func @f(%a: tensor<2x3xf32>, %b: tensor<2x3xsi64>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis is 2, expected 0 .. 1}}
  %0 = visir.gather_elements %a, %b {axis = 2 : i64}
    : (tensor<2x3xf32>, tensor<2x3xsi64>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// indexing_c3
func.func @f(%a: tensor<2x3xf32>, %b: tensor<2xsi64>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis is 2, expected less than 2}}
  %0 = visir.gather %a, %b {axis = 2 : i64}
    : (tensor<2x3xf32>, tensor<2xsi64>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// indexing_c4
func.func @f(%a: tensor<2x3xf32>, %b: tensor<2xsi64>) -> tensor<2xf32> {
  // expected-error @+1 {{rank of indices is 1, expected 2}}
  %0 = visir.gather_elements %a, %b {axis = 0 : i64}
    : (tensor<2x3xf32>, tensor<2xsi64>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// indexing_c5
func.func @f(%a: tensor<2x3xf32>, %b: tensor<4x3xsi64>) -> tensor<4xf32> {
  // expected-error @+1 {{last dimension of indices does not index 'tensor<2x3xf32>'}}
  %0 = visir.gather_nd %a, %b
    : (tensor<2x3xf32>, tensor<4x3xsi64>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// indexing_c6
func.func @f(%a: tensor<2x3xf32>, %b: tensor<1x3xsi64>, %c: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{shape of updates differs from that of indices}}
  %0 = visir.scatter_elements replace %a, %b, %c {axis = 0 : i64}
    : (tensor<2x3xf32>, tensor<1x3xsi64>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// indexing_c7
func.func @f(%a: tensor<2x3xf32>, %b: tensor<4x3xsi64>, %c: tensor<4xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{last dimension of indices does not index 'tensor<2x3xf32>'}}
  %0 = visir.scatter_nd replace %a, %b, %c
    : (tensor<2x3xf32>, tensor<4x3xsi64>, tensor<4xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// indexing_c8
func.func @f(%a: tensor<2x3xf32>, %b: tensor<4x1xsi64>, %c: tensor<4x2xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{updates are 'tensor<4x2xf32>', expected the shape of the indexed slices}}
  %0 = visir.scatter_nd replace %a, %b, %c
    : (tensor<2x3xf32>, tensor<4x1xsi64>, tensor<4x2xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
