// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// structure_c1
func.func @f() -> tensor<2xf32> {
  // expected-error @+1 {{type of the value is 'tensor<3xf32>', expected 'tensor<2xf32>'}}
  %0 = "visir.constant"() {value = dense<1.0> : tensor<3xf32>} : () -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// structure_c2
func.func @f(%a: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // expected-error @+1 {{result is 'tensor<3x2xf32>', expected the shape and element type of 'tensor<2x3xf32>'}}
  %0 = visir.relayout %a : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}
