// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-compose-movement -visir-sample-first -visir-compose-movement | FileCheck %s

// Of 16 normalised tokens every fourth is read: 4 are normalised.
// CHECK-LABEL: func @tokens
// CHECK-NEXT: %[[S:.*]] = visir.move %arg0 {{.*}} -> tensor<1x4x8xf32>
// CHECK-NEXT: %[[N:.*]] = visir.layer_norm %[[S]] scale %arg1 {axis = 2 : i64, {{.*}} -> tensor<1x4x8xf32>
// CHECK-NEXT: return %[[N]]
func.func @tokens(%x: tensor<1x16x8xf32>, %g: tensor<8xf32>) -> tensor<1x4x8xf32> {
  %0 = visir.layer_norm %x scale %g {axis = 2 : i64, epsilon = 1.0e-6 : f64} : (tensor<1x16x8xf32>, tensor<8xf32>) -> tensor<1x16x8xf32>
  %1 = visir.transpose %0 {permutation = array<i64: 0, 2, 1>} : (tensor<1x16x8xf32>) -> tensor<1x8x16xf32>
  %2 = visir.reshape %1 {shape = array<i64: 1, 8, 4, 4>} : (tensor<1x8x16xf32>) -> tensor<1x8x4x4xf32>
  %3 = visir.avg_pool %2 {kernel = array<i64: 1, 1>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x8x4x4xf32>) -> tensor<1x8x2x2xf32>
  %4 = visir.reshape %3 {shape = array<i64: 1, 8, 4>} : (tensor<1x8x2x2xf32>) -> tensor<1x8x4xf32>
  %5 = visir.transpose %4 {permutation = array<i64: 0, 2, 1>} : (tensor<1x8x4xf32>) -> tensor<1x4x8xf32>
  return %5 : tensor<1x4x8xf32>
}

// The sampled rows leave transposed: they are normalised before.
// CHECK-LABEL: func @transposed_tokens
// CHECK-NEXT: %[[S:.*]] = visir.move %arg0 {{.*}} -> tensor<4x8xf32>
// CHECK-NEXT: %[[N:.*]] = visir.layer_norm %[[S]] {axis = 1 : i64, {{.*}} -> tensor<4x8xf32>
// CHECK-NEXT: %[[Y:.*]] = visir.move %[[N]] {{.*}} -> tensor<8x4xf32>
// CHECK-NEXT: return %[[Y]]
func.func @transposed_tokens(%x: tensor<16x8xf32>) -> tensor<8x4xf32> {
  %0 = visir.layer_norm %x {axis = 1 : i64, epsilon = 1.0e-6 : f64} : (tensor<16x8xf32>) -> tensor<16x8xf32>
  %1 = visir.slice %0 {offsets = array<i64: 3, 0>, sizes = array<i64: 4, 8>, strides = array<i64: 4, 1>} : (tensor<16x8xf32>) -> tensor<4x8xf32>
  %2 = visir.transpose %1 {permutation = array<i64: 1, 0>} : (tensor<4x8xf32>) -> tensor<8x4xf32>
  return %2 : tensor<8x4xf32>
}

// Half of each row is no sampling of rows; another use needs all rows.
// CHECK-LABEL: func @near_misses
// CHECK: visir.layer_norm %arg0 {{.*}} -> tensor<16x8xf32>
// CHECK: visir.layer_norm %arg0 {{.*}} -> tensor<16x8xf32>
// CHECK: return
func.func @near_misses(%x: tensor<16x8xf32>) -> (tensor<16x4xf32>, tensor<4x8xf32>, tensor<16x8xf32>) {
  %0 = visir.layer_norm %x {axis = 1 : i64, epsilon = 1.0e-6 : f64} : (tensor<16x8xf32>) -> tensor<16x8xf32>
  %1 = visir.slice %0 {offsets = array<i64: 0, 0>, sizes = array<i64: 16, 4>, strides = array<i64: 1, 1>} : (tensor<16x8xf32>) -> tensor<16x4xf32>
  %2 = visir.layer_norm %x {axis = 1 : i64, epsilon = 1.0e-5 : f64} : (tensor<16x8xf32>) -> tensor<16x8xf32>
  %3 = visir.slice %2 {offsets = array<i64: 0, 0>, sizes = array<i64: 4, 8>, strides = array<i64: 1, 1>} : (tensor<16x8xf32>) -> tensor<4x8xf32>
  return %1, %3, %2 : tensor<16x4xf32>, tensor<4x8xf32>, tensor<16x8xf32>
}

// CHECK-LABEL: func @elementwise
// CHECK: %[[S:.*]] = visir.move %arg0
// CHECK-NEXT: visir.unary gelu %[[S]] : (tensor<4x8xf32>) -> tensor<4x8xf32>
func.func @elementwise(%x: tensor<16x8xf32>) -> tensor<4x8xf32> {
  %0 = visir.unary gelu %x : (tensor<16x8xf32>) -> tensor<16x8xf32>
  %1 = visir.slice %0 {offsets = array<i64: 1, 0>, sizes = array<i64: 4, 8>, strides = array<i64: 3, 1>} : (tensor<16x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// Sampled rows that are put beside another one are normalised alone.
// CHECK-LABEL: func @beside_another_row
// CHECK: %[[S:.*]] = visir.move %arg0 {{.*}} -> tensor<4x8xf32>
// CHECK-NEXT: %[[N:.*]] = visir.layer_norm %[[S]] {axis = 1 : i64, {{.*}} -> tensor<4x8xf32>
// CHECK-NEXT: %[[Y:.*]] = visir.move %arg1, %[[N]]
// CHECK-NEXT: return %[[Y]]
func.func @beside_another_row(%x: tensor<4x16x8xf32>, %t: tensor<1x8xf32>) -> tensor<5x8xf32> {
  %0 = visir.layer_norm %x {axis = 2 : i64, epsilon = 1.0e-6 : f64} : (tensor<4x16x8xf32>) -> tensor<4x16x8xf32>
  %1 = visir.slice %0 {offsets = array<i64: 0, 0, 0>, sizes = array<i64: 4, 1, 8>, strides = array<i64: 1, 1, 1>} : (tensor<4x16x8xf32>) -> tensor<4x1x8xf32>
  %2 = visir.reshape %1 {shape = array<i64: 4, 8>} : (tensor<4x1x8xf32>) -> tensor<4x8xf32>
  %3 = visir.concat %t, %2 {axis = 0 : i64} : (tensor<1x8xf32>, tensor<4x8xf32>) -> tensor<5x8xf32>
  return %3 : tensor<5x8xf32>
}
