// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// bitcast_c1
func.func @f(%a: tensor<2xf32>) -> tensor<2xsi64> {
  // expected-error @+1 {{element type of the result is 'si64', expected one of 32 bits}}
  %0 = visir.bitcast %a to si64 : (tensor<2xf32>) -> tensor<2xsi64>
  return %0 : tensor<2xsi64>
}
