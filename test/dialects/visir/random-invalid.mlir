// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// random_c1
func.func @f(%seed: tensor<si64>) -> tensor<2xf32> {
  // expected-error @+1 {{shape has an extent of -2, expected none below 0}}
  %0 = visir.random %seed {kind = "uniform", shape = array<i64: -2>,
    stream = 0 : i64} : (tensor<si64>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// random_c2
func.func @f(%seed: tensor<1xsi64>) -> tensor<2xf32> {
  // expected-error @+1 {{type of the seed is 'tensor<1xsi64>', expected 'tensor<si64>'}}
  %0 = visir.random %seed {kind = "uniform", shape = array<i64: 2>,
    stream = 0 : i64} : (tensor<1xsi64>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// random_c3
func.func @f(%seed: tensor<si64>) -> tensor<2xf32> {
  // expected-error @+1 {{kind is gamma, expected uniform or normal}}
  %0 = visir.random %seed {kind = "gamma", shape = array<i64: 2>,
    stream = 0 : i64} : (tensor<si64>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
