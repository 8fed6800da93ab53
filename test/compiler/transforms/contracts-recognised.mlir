// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-verify-recognised -split-input-file -verify-diagnostics

// All refused operators are named, not only the first.
func.func @opaque(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // expected-error @+1 {{operator Unique (opset 11) is not supported: the result's shape depends on data; attributes: axis = 0 : i64}}
  %0 = visir.opaque "Unique", "", 11, "the result's shape depends on data" {axis = 0 : i64} (%x) : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error @+1 {{operator com.example.Foo (opset 1) is not supported: unknown operator}}
  %1 = visir.opaque "Foo", "com.example", 1, "unknown operator" {} (%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

func.func @movement(%x: tensor<2x4xf32>) -> tensor<4x2xf32> {
  // expected-error @+1 {{visir.transpose is left, expected visir.move}}
  %0 = visir.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  return %0 : tensor<4x2xf32>
}

// -----

func.func @batch_norm(%x: tensor<1x2x4xf32>, %p: tensor<2xf32>) -> tensor<1x2x4xf32> {
  // expected-error @+1 {{visir.batch_norm is left, expected a scale and a shift}}
  %0 = visir.batch_norm %x, %p, %p, %p, %p {epsilon = 1.0e-5 : f64} : (tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
  return %0 : tensor<1x2x4xf32>
}
