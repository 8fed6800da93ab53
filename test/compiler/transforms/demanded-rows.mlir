// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-demanded-rows -canonicalize -split-input-file | FileCheck %s

// Only the first of 9 tokens is read at the end: the product and the residual
// are computed for it alone, what the attention reads stays whole.
// CHECK-LABEL: func.func @class_token
// CHECK: visir.matmul %arg0, %{{.*}} -> tensor<1x9x8xf32>
// CHECK: visir.move {{.*}} -> tensor<1x2x1x4xf32>
// CHECK: visir.attention {{.*}} -> tensor<1x2x1x4xf32>
// CHECK: visir.move {{.*}} -> tensor<1x1x8xf32>
// CHECK: visir.matmul {{.*}} -> tensor<1x1x8xf32>
// CHECK: visir.move {{.*}}(tensor<1x9x8xf32>) -> tensor<1x1x8xf32>
// CHECK: visir.binary add {{.*}} -> tensor<1x1x8xf32>
func.func @class_token(%x: tensor<1x9x8xf32>, %w: tensor<8x8xf32>)
    -> (tensor<1x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %qkv = visir.matmul %x, %w
      : (tensor<1x9x8xf32>, tensor<8x8xf32>) -> tensor<1x9x8xf32>
  %heads = visir.move %qkv {map = #visir.map<[<sizes = [2, 9, 4], source = 0,
      src = (d0, d1, d2) -> (0, d1, d0 * 4 + d2),
      dst = (d0, d1, d2) -> (0, d0, d1, d2)>]>}
      : (tensor<1x9x8xf32>) -> tensor<1x2x9x4xf32>
  %a = visir.attention %heads, %heads, %heads {scale = 0.5 : f64}
      : (tensor<1x2x9x4xf32>, tensor<1x2x9x4xf32>, tensor<1x2x9x4xf32>)
      -> tensor<1x2x9x4xf32>
  %rows = visir.move %a {map = #visir.map<[<sizes = [9, 2, 4], source = 0,
      src = (d0, d1, d2) -> (0, d1, d0, d2),
      dst = (d0, d1, d2) -> (0, d0, d1 * 4 + d2)>]>}
      : (tensor<1x2x9x4xf32>) -> tensor<1x9x8xf32>
  %p = visir.matmul %rows, %w
      : (tensor<1x9x8xf32>, tensor<8x8xf32>) -> tensor<1x9x8xf32>
  %s = visir.binary add %x, %p
      : (tensor<1x9x8xf32>, tensor<1x9x8xf32>) -> tensor<1x9x8xf32>
  %y = visir.move %s {map = #visir.map<[<sizes = [8], source = 0,
      src = (d0) -> (0, 0, d0), dst = (d0) -> (0, d0)>]>}
      : (tensor<1x9x8xf32>) -> tensor<1x8xf32>
  return %y : tensor<1x8xf32>
}

// -----

// A row that is known at run time only; under causality it keeps its number.
// CHECK-LABEL: func.func @end_of_text
// CHECK: visir.attention {{.*}} -> tensor<1x9x8xf32>
// CHECK: visir.gather {{.*}} {axis = 1 : i64} {{.*}} -> tensor<1x1x8xf32>
// CHECK: visir.matmul {{.*}} -> tensor<1x1x8xf32>
func.func @end_of_text(%x: tensor<1x9x8xf32>, %w: tensor<8x8xf32>,
                       %i: tensor<1xsi64>)
    -> (tensor<1x1x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %a = visir.attention %x, %x, %x {causal, scale = 0.5 : f64}
      : (tensor<1x9x8xf32>, tensor<1x9x8xf32>, tensor<1x9x8xf32>)
      -> tensor<1x9x8xf32>
  %p = visir.matmul %a, %w
      : (tensor<1x9x8xf32>, tensor<8x8xf32>) -> tensor<1x9x8xf32>
  %y = visir.gather %p, %i {axis = 1 : i64}
      : (tensor<1x9x8xf32>, tensor<1xsi64>) -> tensor<1x1x8xf32>
  return %y : tensor<1x1x8xf32>
}

// -----

// What another op reads as a whole is computed as a whole, once.
// CHECK-LABEL: func.func @read_elsewhere
// CHECK: visir.matmul {{.*}} -> tensor<1x9x8xf32>
// CHECK-NOT: visir.matmul
func.func @read_elsewhere(%x: tensor<1x9x8xf32>, %w: tensor<8x8xf32>)
    -> (tensor<1x9x8xf32> {visir.name = "p"},
        tensor<1x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %p = visir.matmul %x, %w
      : (tensor<1x9x8xf32>, tensor<8x8xf32>) -> tensor<1x9x8xf32>
  %y = visir.move %p {map = #visir.map<[<sizes = [8], source = 0,
      src = (d0) -> (0, 0, d0), dst = (d0) -> (0, d0)>]>}
      : (tensor<1x9x8xf32>) -> tensor<1x8xf32>
  return %p, %y : tensor<1x9x8xf32>, tensor<1x8xf32>
}

// -----

// The longest of the texts ends at row 4 of 9: no row behind it is computed,
// neither as a query nor as a key.
// CHECK-LABEL: func.func @ends_of_texts
// CHECK: visir.matmul {{.*}} -> tensor<2x5x8xf32>
// CHECK: visir.attention {{.*}} {causal{{.*}}(tensor<2x5x8xf32>, tensor<2x5x8xf32>, tensor<2x5x8xf32>)
// CHECK: visir.gather_nd {{.*}}(tensor<2x5x8xf32>, tensor<2x2xsi64>) -> tensor<2x8xf32>
func.func @ends_of_texts(%x: tensor<2x9x8xf32>, %w: tensor<8x8xf32>)
    -> (tensor<2x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %i = visir.constant dense<[[0, 4], [1, 2]]> : tensor<2x2xsi64> : tensor<2x2xsi64>
  %p = visir.matmul %x, %w
      : (tensor<2x9x8xf32>, tensor<8x8xf32>) -> tensor<2x9x8xf32>
  %a = visir.attention %p, %p, %p {causal, scale = 0.5 : f64}
      : (tensor<2x9x8xf32>, tensor<2x9x8xf32>, tensor<2x9x8xf32>)
      -> tensor<2x9x8xf32>
  %y = visir.gather_nd %a, %i
      : (tensor<2x9x8xf32>, tensor<2x2xsi64>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// The same, picked by a move along a diagonal.
// CHECK-LABEL: func.func @diagonal
// CHECK: visir.attention {{.*}}(tensor<2x5x8xf32>, tensor<2x5x8xf32>, tensor<2x5x8xf32>)
// CHECK: visir.move {{.*}}(tensor<2x5x8xf32>) -> tensor<2x8xf32>
func.func @diagonal(%x: tensor<2x9x8xf32>)
    -> (tensor<2x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %a = visir.attention %x, %x, %x {causal, scale = 0.5 : f64}
      : (tensor<2x9x8xf32>, tensor<2x9x8xf32>, tensor<2x9x8xf32>)
      -> tensor<2x9x8xf32>
  %y = visir.move %a {map = #visir.map<[<sizes = [2, 8], source = 0,
      src = (d0, d1) -> (d0, d0 + 3, d1), dst = (d0, d1) -> (d0, d1)>]>}
      : (tensor<2x9x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// Without causality each row needs all others.
// CHECK-LABEL: func.func @no_causality
// CHECK: visir.attention {{.*}} -> tensor<2x9x8xf32>
func.func @no_causality(%x: tensor<2x9x8xf32>)
    -> (tensor<2x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %i = visir.constant dense<[[0, 4], [1, 2]]> : tensor<2x2xsi64> : tensor<2x2xsi64>
  %a = visir.attention %x, %x, %x {scale = 0.5 : f64}
      : (tensor<2x9x8xf32>, tensor<2x9x8xf32>, tensor<2x9x8xf32>)
      -> tensor<2x9x8xf32>
  %y = visir.gather_nd %a, %i
      : (tensor<2x9x8xf32>, tensor<2x2xsi64>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// A row counted from the end would become another one.
// CHECK-LABEL: func.func @counted_from_the_end
// CHECK: visir.attention {{.*}} -> tensor<2x9x8xf32>
func.func @counted_from_the_end(%x: tensor<2x9x8xf32>)
    -> (tensor<2x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %i = visir.constant dense<[[0, 4], [1, -7]]> : tensor<2x2xsi64> : tensor<2x2xsi64>
  %a = visir.attention %x, %x, %x {causal, scale = 0.5 : f64}
      : (tensor<2x9x8xf32>, tensor<2x9x8xf32>, tensor<2x9x8xf32>)
      -> tensor<2x9x8xf32>
  %y = visir.gather_nd %a, %i
      : (tensor<2x9x8xf32>, tensor<2x2xsi64>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// Something else reads all rows.
// CHECK-LABEL: func.func @read_as_a_whole
// CHECK: visir.attention {{.*}} -> tensor<2x9x8xf32>
func.func @read_as_a_whole(%x: tensor<2x9x8xf32>)
    -> (tensor<2x8xf32> {visir.name = "y"}, tensor<2x9x8xf32> {visir.name = "a"})
    attributes {visir.entry} {
  %i = visir.constant dense<[[0, 4], [1, 2]]> : tensor<2x2xsi64> : tensor<2x2xsi64>
  %a = visir.attention %x, %x, %x {causal, scale = 0.5 : f64}
      : (tensor<2x9x8xf32>, tensor<2x9x8xf32>, tensor<2x9x8xf32>)
      -> tensor<2x9x8xf32>
  %y = visir.gather_nd %a, %i
      : (tensor<2x9x8xf32>, tensor<2x2xsi64>) -> tensor<2x8xf32>
  return %y, %a : tensor<2x8xf32>, tensor<2x9x8xf32>
}
