// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// heatmap_c1
func.func @f(%a: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<f32> {
  // expected-error @+1 {{rank of the heatmaps is 1, expected at least 2}}
  %0:3 = visir.heatmap_decode %a, %b {kind = "softmax", scale = 1.0 : f64, window = 5 : i64,
    margin = 0 : i64, fill = 0.0 : f64}
    : (tensor<8xf32>, tensor<8xf32>)
    -> (tensor<f32>, tensor<f32>, tensor<f32>)
  return %0#0 : tensor<f32>
}

// -----

// heatmap_c2
func.func @f(%a: tensor<2x4x5xf32>, %b: tensor<2x4x4xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{type of values is 'tensor<2x4x4xf32>', expected that of the heatmaps}}
  %0:3 = visir.heatmap_decode %a, %b {kind = "softmax", scale = 1.0 : f64, window = 5 : i64,
    margin = 0 : i64, fill = 0.0 : f64}
    : (tensor<2x4x5xf32>, tensor<2x4x4xf32>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
  return %0#0 : tensor<2xf32>
}

// -----

// heatmap_c3
func.func @f(%a: tensor<2x4x5xsi32>, %b: tensor<2x4x5xsi32>) -> tensor<2xsi32> {
  // expected-error @+1 {{element type is 'si32', expected a float}}
  %0:3 = visir.heatmap_decode %a, %b {kind = "softmax", scale = 1.0 : f64, window = 5 : i64,
    margin = 0 : i64, fill = 0.0 : f64}
    : (tensor<2x4x5xsi32>, tensor<2x4x5xsi32>)
    -> (tensor<2xsi32>, tensor<2xsi32>, tensor<2xsi32>)
  return %0#0 : tensor<2xsi32>
}

// -----

// heatmap_c4
func.func @f(%a: tensor<2x0x5xf32>, %b: tensor<2x0x5xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{a map has no elements, expected at least one}}
  %0:3 = visir.heatmap_decode %a, %b {kind = "softmax", scale = 1.0 : f64, window = 5 : i64,
    margin = 0 : i64, fill = 0.0 : f64}
    : (tensor<2x0x5xf32>, tensor<2x0x5xf32>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
  return %0#0 : tensor<2xf32>
}

// -----

// heatmap_c5
func.func @f(%a: tensor<2x4x5xf32>, %b: tensor<2x4x5xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{window is 4, expected an odd number from 1 to 9}}
  %0:3 = visir.heatmap_decode %a, %b {kind = "softmax", scale = 1.0 : f64, window = 4 : i64,
    margin = 0 : i64, fill = 0.0 : f64}
    : (tensor<2x4x5xf32>, tensor<2x4x5xf32>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
  return %0#0 : tensor<2xf32>
}

// -----

// heatmap_c6
func.func @f(%a: tensor<2x4x5xf32>, %b: tensor<2x4x5xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{margin is 1, expected at least 2}}
  %0:3 = visir.heatmap_decode %a, %b {kind = "taylor", scale = 1.0 : f64, window = 5 : i64,
    margin = 1 : i64, fill = 0.0 : f64}
    : (tensor<2x4x5xf32>, tensor<2x4x5xf32>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
  return %0#0 : tensor<2xf32>
}

// -----

// heatmap_c7
func.func @f(%a: tensor<2x4x5xf32>, %b: tensor<2x4x5xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{log_floor is not positive}}
  %0:3 = visir.heatmap_decode %a, %b {kind = "taylor", scale = 1.0 : f64, window = 5 : i64,
    margin = 2 : i64, fill = 0.0 : f64, log_floor = 0.0 : f64}
    : (tensor<2x4x5xf32>, tensor<2x4x5xf32>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
  return %0#0 : tensor<2xf32>
}

// -----

// heatmap_c8
func.func @f(%a: tensor<2x4x5xf32>, %b: tensor<2x4x5xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{kind is mean, expected none, step, softmax or taylor}}
  %0:3 = visir.heatmap_decode %a, %b {kind = "mean", scale = 1.0 : f64, window = 4 : i64,
    margin = 0 : i64, fill = 0.0 : f64}
    : (tensor<2x4x5xf32>, tensor<2x4x5xf32>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
  return %0#0 : tensor<2xf32>
}

// -----

// dispatch_c27
func.func @f(%a: tensor<2x9xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{number of reduction dimensions is 1, expected 2 for a decode}}
  %0 = visir.dispatch <arg_reduce, {decode = {kind = "none"}}> domain = [2, 9] parallel 1(%a)
    loads [#visir.access<(d0, d1) -> (d0, d1)>]
    stores [#visir.access<(d0, d1) -> (d0)>] ties [-1]
    : (tensor<2x9xf32>) -> tensor<2xf32> prologue {
  ^bb0(%x: f32):
    visir.yield %x, %x : f32, f32
  } epilogue {
  ^bb0(%u: f32, %v: f32, %s: f32, %x: f32):
    visir.yield %u : f32
  }
  return %0 : tensor<2xf32>
}
