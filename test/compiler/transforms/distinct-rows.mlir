// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-distinct-rows -cse -canonicalize -split-input-file | FileCheck %s

// Three texts of four tokens that share the first two: eight rows of twelve
// differ, before the attention and behind it.
// CHECK-LABEL: func.func @shared_start
// CHECK: visir.matmul {{.*}} -> tensor<8x8xf32>
// CHECK: visir.gather {{.*}} -> tensor<12x8xf32>
// CHECK: visir.attention {{.*}} -> tensor<3x4x8xf32>
// CHECK: visir.gather {{.*}} -> tensor<8x8xf32>
// CHECK: visir.matmul {{.*}} -> tensor<8x8xf32>
// CHECK: visir.gather {{.*}} -> tensor<12x8xf32>
func.func @shared_start(%p: tensor<2x1x8xf32>, %s: tensor<2x3x8xf32>,
                        %w: tensor<8x8xf32>)
    -> (tensor<3x4x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %x = visir.move %p, %s {map = #visir.map<[<sizes = [2, 3, 8], source = 0,
      src = (d0, d1, d2) -> (d0, 0, d2), dst = (d0, d1, d2) -> (d0, d1, d2)>,
      <sizes = [2, 3, 8], source = 1, src = (d0, d1, d2) -> (d0, d1, d2),
      dst = (d0, d1, d2) -> (d0 + 2, d1, d2)>]>}
      : (tensor<2x1x8xf32>, tensor<2x3x8xf32>) -> tensor<4x3x8xf32>
  %y = visir.matmul %x, %w
      : (tensor<4x3x8xf32>, tensor<8x8xf32>) -> tensor<4x3x8xf32>
  %h = visir.move %y {map = #visir.map<[<sizes = [3, 4, 8], source = 0,
      src = (d0, d1, d2) -> (d1, d0, d2),
      dst = (d0, d1, d2) -> (d0, d1, d2)>]>}
      : (tensor<4x3x8xf32>) -> tensor<3x4x8xf32>
  %a = visir.attention %h, %h, %h {causal, scale = 0.5 : f64}
      : (tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>)
      -> tensor<3x4x8xf32>
  %o = visir.matmul %a, %w
      : (tensor<3x4x8xf32>, tensor<8x8xf32>) -> tensor<3x4x8xf32>
  return %o : tensor<3x4x8xf32>
}

// -----

// Equal tokens behind different ones see different rows.
// CHECK-LABEL: func.func @shared_end
// CHECK: visir.matmul {{.*}} -> tensor<8x8xf32>
// CHECK: visir.attention
// CHECK: visir.matmul {{.*}} -> tensor<3x4x8xf32>
func.func @shared_end(%p: tensor<2x1x8xf32>, %s: tensor<2x3x8xf32>,
                      %w: tensor<8x8xf32>)
    -> (tensor<3x4x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %x = visir.move %s, %p {map = #visir.map<[<sizes = [2, 3, 8], source = 0,
      src = (d0, d1, d2) -> (d0, d1, d2), dst = (d0, d1, d2) -> (d1, d0, d2)>,
      <sizes = [2, 3, 8], source = 1, src = (d0, d1, d2) -> (d0, 0, d2),
      dst = (d0, d1, d2) -> (d1, d0 + 2, d2)>]>}
      : (tensor<2x3x8xf32>, tensor<2x1x8xf32>) -> tensor<3x4x8xf32>
  %y = visir.matmul %x, %w
      : (tensor<3x4x8xf32>, tensor<8x8xf32>) -> tensor<3x4x8xf32>
  %a = visir.attention %y, %y, %y {causal, scale = 0.5 : f64}
      : (tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>)
      -> tensor<3x4x8xf32>
  %o = visir.matmul %a, %w
      : (tensor<3x4x8xf32>, tensor<8x8xf32>) -> tensor<3x4x8xf32>
  return %o : tensor<3x4x8xf32>
}

// -----

// Texts end at rows 1, 3 and 0 of four: of twelve rows seven are needed, and
// three behind the attention.
// CHECK-LABEL: func.func @ends
// CHECK: visir.matmul {{.*}} -> tensor<7x8xf32>
// CHECK: visir.attention
// CHECK: visir.matmul {{.*}} -> tensor<3x8xf32>
// CHECK-NOT: visir.gather_nd
func.func @ends(%x: tensor<3x4x8xf32>, %w: tensor<8x8xf32>)
    -> (tensor<3x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %ends = visir.constant dense<[[0, 1], [1, 3], [2, 0]]> : tensor<3x2xsi64>
      : tensor<3x2xsi64>
  %y = visir.matmul %x, %w
      : (tensor<3x4x8xf32>, tensor<8x8xf32>) -> tensor<3x4x8xf32>
  %a = visir.attention %y, %y, %y {causal, scale = 0.5 : f64}
      : (tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>)
      -> tensor<3x4x8xf32>
  %o = visir.matmul %a, %w
      : (tensor<3x4x8xf32>, tensor<8x8xf32>) -> tensor<3x4x8xf32>
  %r = visir.gather_nd %o, %ends
      : (tensor<3x4x8xf32>, tensor<3x2xsi64>) -> tensor<3x8xf32>
  return %r : tensor<3x8xf32>
}

// -----

// A masked attention may see anything: all rows stay.
// CHECK-LABEL: func.func @masked
// CHECK-COUNT-2: visir.matmul {{.*}} -> tensor<3x4x8xf32>
func.func @masked(%p: tensor<4x8xf32>, %m: tensor<4x4xf32>,
                  %w: tensor<8x8xf32>)
    -> (tensor<3x4x8xf32> {visir.name = "y"},
        tensor<4x8xf32> {visir.name = "z"}) attributes {visir.entry} {
  %z = visir.attention %p, %p, %p {causal, scale = 0.5 : f64}
      : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %x = visir.expand %p {shape = array<i64: 3, 4, 8>}
      : (tensor<4x8xf32>) -> tensor<3x4x8xf32>
  %y = visir.matmul %x, %w
      : (tensor<3x4x8xf32>, tensor<8x8xf32>) -> tensor<3x4x8xf32>
  %a = visir.attention %y, %y, %y, %m {causal, scale = 0.5 : f64}
      : (tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>,
         tensor<4x4xf32>) -> tensor<3x4x8xf32>
  %o = visir.matmul %a, %w
      : (tensor<3x4x8xf32>, tensor<8x8xf32>) -> tensor<3x4x8xf32>
  return %o, %z : tensor<3x4x8xf32>, tensor<4x8xf32>
}

// -----

// Without a causal attention this is not the pass to look at rows.
// CHECK-LABEL: func.func @no_causality
// CHECK-COUNT-2: visir.matmul {{.*}} -> tensor<3x4x8xf32>
func.func @no_causality(%x: tensor<3x4x8xf32>, %w: tensor<8x8xf32>)
    -> (tensor<3x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %ends = visir.constant dense<[[0, 1], [1, 3], [2, 0]]> : tensor<3x2xsi64>
      : tensor<3x2xsi64>
  %y = visir.matmul %x, %w
      : (tensor<3x4x8xf32>, tensor<8x8xf32>) -> tensor<3x4x8xf32>
  %o = visir.matmul %y, %w
      : (tensor<3x4x8xf32>, tensor<8x8xf32>) -> tensor<3x4x8xf32>
  %r = visir.gather_nd %o, %ends
      : (tensor<3x4x8xf32>, tensor<3x2xsi64>) -> tensor<3x8xf32>
  return %r : tensor<3x8xf32>
}
