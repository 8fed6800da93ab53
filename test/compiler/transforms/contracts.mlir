// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-verify-canonical -split-input-file -verify-diagnostics

func.func @dynamic(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{result has type 'tensor<?x4xf32>', expected a tensor of static shape}}
  %0 = visir.unary relu %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

func.func @dead(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{visir.unary has no use, expected no dead code}}
  %0 = visir.unary relu %x : (tensor<4xf32>) -> tensor<4xf32>
  return %x : tensor<4xf32>
}

// -----

func.func @idle(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{visir.cast changes nothing}}
  %0 = visir.cast %x to f32 : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
