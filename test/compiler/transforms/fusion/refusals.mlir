// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt --visir-graph-to-dispatch --visir-fuse-dispatches --visir-fuse-prologues --visir-fuse-sums -verify-diagnostics %s

func.func @two_readers(%x: tensor<4x6xf32>, %w: tensor<6x8xf32>)
    -> (tensor<4x8xf32>, tensor<4x6xf32>) {
  // expected-note @below {{the norm}}
  %0 = visir.layer_norm %x {axis = 1 : i64, epsilon = 1.0e-5 : f64,
      operandSegmentSizes = array<i32: 1, 0, 0>}
      : (tensor<4x6xf32>) -> tensor<4x6xf32>
  // expected-remark @below {{not fused with the norm that it reads: as its prologue: others read its result, too}}
  %1 = visir.matmul %0, %w
      : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32>
  return %1, %0 : tensor<4x8xf32>, tensor<4x6xf32>
}

// Patches of 2 x 2 rows: a norm's row is a part of what the product sums over.
func.func @patches(%x: tensor<4x4x6xf32>, %w: tensor<24x8xf32>)
    -> tensor<4x8xf32> {
  // expected-note @below {{the norm}}
  %0 = visir.layer_norm %x {axis = 2 : i64, epsilon = 1.0e-5 : f64,
      operandSegmentSizes = array<i32: 1, 0, 0>}
      : (tensor<4x4x6xf32>) -> tensor<4x4x6xf32>
  // expected-remark @below {{as its prologue: the norm's rows are not what the product sums over}}
  %1 = visir.move %0 {map = #visir.map<[#visir.box<sizes = [4, 24],
      source = 0, src = (d0, d1) -> (d0, 0, 0),
      dst = (d0, d1) -> (d0, d1)>]>}
      : (tensor<4x4x6xf32>) -> tensor<4x24xf32>
  %2 = visir.matmul %1, %w
      : (tensor<4x24xf32>, tensor<24x8xf32>) -> tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

func.func @sum_over_channels(%x: tensor<4x6xf32>, %w: tensor<6x8xf32>)
    -> tensor<4xf32> {
  // expected-note @below {{the contract}}
  %0 = visir.matmul %x, %w
      : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32>
  // expected-remark @below {{not fused with the contract that it reads: as sums beside its store: the sum runs over what the producer's vectors run over}}
  %1 = visir.reduce sum %0 {axes = array<i64: 1>, keepdims = false}
      : (tensor<4x8xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

func.func @two_points(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  // expected-note @below {{the contract}}
  %0 = visir.matmul %x, %x
      : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  // expected-remark @below {{as its epilogue: it is read at several points}}
  %1 = visir.move %0 {map = #visir.map<[#visir.box<sizes = [4, 4],
      source = 0, src = (d0, d1) -> (d1, d0), dst = (d0, d1) -> (d0, d1)>]>}
      : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = visir.binary add %0, %1
      : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}
