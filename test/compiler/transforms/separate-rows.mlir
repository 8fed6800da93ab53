// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-separate-rows -visir-canonicalize -split-input-file | FileCheck %s

// The rows that the reshapes join stay those of 4 texts of 6 tokens, and picked
// ones are picked by text and token.
// CHECK-LABEL: func.func @joined_around_a_product
// CHECK-NOT: tensor<24x8xf32>
// CHECK: visir.matmul {{.*}} -> tensor<4x6x8xf32>
// CHECK: visir.binary add {{.*}} -> tensor<4x6x8xf32>
// CHECK: visir.gather_nd {{.*}}(tensor<4x6x8xf32>, tensor<2x2xsi64>) -> tensor<2x8xf32>
func.func @joined_around_a_product(%x: tensor<4x6x8xf32>, %w: tensor<8x8xf32>,
                                   %b: tensor<8xf32>)
    -> (tensor<2x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %i = visir.constant dense<[3, 17]> : tensor<2xsi64> : tensor<2xsi64>
  %a = visir.attention %x, %x, %x {causal, scale = 0.5 : f64}
      : (tensor<4x6x8xf32>, tensor<4x6x8xf32>, tensor<4x6x8xf32>)
      -> tensor<4x6x8xf32>
  %j = visir.reshape %a {shape = array<i64: 24, 8>}
      : (tensor<4x6x8xf32>) -> tensor<24x8xf32>
  %p = visir.matmul %j, %w
      : (tensor<24x8xf32>, tensor<8x8xf32>) -> tensor<24x8xf32>
  %q = visir.binary add %p, %b
      : (tensor<24x8xf32>, tensor<8xf32>) -> tensor<24x8xf32>
  %s = visir.reshape %q {shape = array<i64: 4, 6, 8>}
      : (tensor<24x8xf32>) -> tensor<4x6x8xf32>
  %r = visir.reshape %s {shape = array<i64: 24, 8>}
      : (tensor<4x6x8xf32>) -> tensor<24x8xf32>
  %u = visir.unary relu %r : (tensor<24x8xf32>) -> tensor<24x8xf32>
  %t = visir.reshape %u {shape = array<i64: 4, 6, 8>}
      : (tensor<24x8xf32>) -> tensor<4x6x8xf32>
  %f = visir.reshape %t {shape = array<i64: 24, 8>}
      : (tensor<4x6x8xf32>) -> tensor<24x8xf32>
  %y = visir.gather %f, %i {axis = 0 : i64}
      : (tensor<24x8xf32>, tensor<2xsi64>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// Without a causal attention nothing needs the rows apart.
// CHECK-LABEL: func.func @no_texts
// CHECK: visir.matmul {{.*}} -> tensor<24x8xf32>
func.func @no_texts(%x: tensor<24x8xf32>, %w: tensor<8x8xf32>)
    -> (tensor<4x6x8xf32> {visir.name = "y"}) attributes {visir.entry} {
  %p = visir.matmul %x, %w
      : (tensor<24x8xf32>, tensor<8x8xf32>) -> tensor<24x8xf32>
  %y = visir.reshape %p {shape = array<i64: 4, 6, 8>}
      : (tensor<24x8xf32>) -> tensor<4x6x8xf32>
  return %y : tensor<4x6x8xf32>
}

// -----

// A reshape that takes columns apart separates no rows.
// CHECK-LABEL: func.func @reshape_of_columns
// CHECK: visir.matmul {{.*}} -> tensor<24x8xf32>
func.func @reshape_of_columns(%x: tensor<24x8xf32>, %w: tensor<8x8xf32>)
    -> (tensor<48x2x2xf32> {visir.name = "y"}) attributes {visir.entry} {
  %a = visir.attention %x, %x, %x {causal, scale = 0.5 : f64}
      : (tensor<24x8xf32>, tensor<24x8xf32>, tensor<24x8xf32>)
      -> tensor<24x8xf32>
  %p = visir.matmul %a, %w
      : (tensor<24x8xf32>, tensor<8x8xf32>) -> tensor<24x8xf32>
  %y = visir.reshape %p {shape = array<i64: 48, 2, 2>}
      : (tensor<24x8xf32>) -> tensor<48x2x2xf32>
  return %y : tensor<48x2x2xf32>
}
