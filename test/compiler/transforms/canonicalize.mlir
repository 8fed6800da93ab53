// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-canonicalize | FileCheck %s

// CHECK-LABEL: func @casts
// CHECK-NEXT: %[[C:.*]] = visir.cast %arg0 to f64 : (tensor<4xf16>)
// CHECK-NEXT: return %arg0, %[[C]]
func.func @casts(%x: tensor<4xf16>) -> (tensor<4xf16>, tensor<4xf64>) {
  %0 = visir.cast %x to f32 : (tensor<4xf16>) -> tensor<4xf32>
  %1 = visir.cast %0 to f16 : (tensor<4xf32>) -> tensor<4xf16>
  %2 = visir.cast %0 to f64 : (tensor<4xf32>) -> tensor<4xf64>
  return %1, %2 : tensor<4xf16>, tensor<4xf64>
}

// A narrowing cast in between changes values.
// CHECK-LABEL: func @narrowing
// CHECK-COUNT-2: visir.cast
func.func @narrowing(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = visir.cast %x to si32 : (tensor<4xf32>) -> tensor<4xsi32>
  %1 = visir.cast %0 to f32 : (tensor<4xsi32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func @movement
// CHECK-NEXT: %[[S:.*]] = visir.slice %arg0 {offsets = array<i64: 1, 0>, sizes = array<i64: 2, 4>, strides = array<i64: 2, 1>}
// CHECK-NEXT: return %arg0, %[[S]]
func.func @movement(%x: tensor<6x4xf32>) -> (tensor<6x4xf32>, tensor<2x4xf32>) {
  %0 = visir.transpose %x {permutation = array<i64: 1, 0>} : (tensor<6x4xf32>) -> tensor<4x6xf32>
  %1 = visir.transpose %0 {permutation = array<i64: 1, 0>} : (tensor<4x6xf32>) -> tensor<6x4xf32>
  %2 = visir.reshape %1 {shape = array<i64: 24>} : (tensor<6x4xf32>) -> tensor<24xf32>
  %3 = visir.reshape %2 {shape = array<i64: 6, -1>} : (tensor<24xf32>) -> tensor<6x4xf32>
  %4 = visir.slice %3 {offsets = array<i64: 1, 0>, sizes = array<i64: 4, 4>, strides = array<i64: 1, 1>} : (tensor<6x4xf32>) -> tensor<4x4xf32>
  %5 = visir.slice %4 {offsets = array<i64: 0, 0>, sizes = array<i64: 2, 4>, strides = array<i64: 2, 1>} : (tensor<4x4xf32>) -> tensor<2x4xf32>
  return %3, %5 : tensor<6x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func @neutral
// CHECK-NEXT: return %arg0
func.func @neutral(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %zero = visir.constant dense<0.0> : tensor<f32> : tensor<f32>
  %one = visir.constant dense<1.0> : tensor<3xf32> : tensor<3xf32>
  %0 = visir.binary add %zero, %x : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = visir.binary mul %0, %one : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %2 = visir.binary div %1, %one : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %2 : tensor<2x3xf32>
}

// Adding zero must not lose a broadcast.
// CHECK-LABEL: func @neutral_broadcasts
// CHECK: visir.binary add
func.func @neutral_broadcasts(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  %zero = visir.constant dense<0.0> : tensor<2x1xf32> : tensor<2x1xf32>
  %0 = visir.binary add %x, %zero : (tensor<3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func @bounds
// CHECK-DAG: %[[TWO:.*]] = visir.constant dense<2.0
// CHECK: %[[R:.*]] = visir.unary relu %arg0
// CHECK-NEXT: %[[M:.*]] = visir.binary min %[[R]], %[[TWO]]
// CHECK-NEXT: return %[[M]]
func.func @bounds(%x: tensor<4xf32>) -> tensor<4xf32> {
  %six = visir.constant dense<6.0> : tensor<f32> : tensor<f32>
  %two = visir.constant dense<2.0> : tensor<f32> : tensor<f32>
  %0 = visir.unary relu %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = visir.unary relu %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = visir.binary min %1, %six : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = visir.binary min %two, %2 : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// CHECK-LABEL: func @powers
// CHECK: %[[S:.*]] = visir.binary mul %arg0, %arg0
// CHECK-NEXT: %[[C:.*]] = visir.binary mul %[[S]], %arg0
// CHECK-NEXT: %[[R:.*]] = visir.unary sqrt %[[C]]
// CHECK-NEXT: return %[[R]]
func.func @powers(%x: tensor<4xf32>) -> tensor<4xf32> {
  %three = visir.constant dense<3.0> : tensor<f32> : tensor<f32>
  %half = visir.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = visir.binary pow %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = visir.binary pow %0, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func @selects
// CHECK: %[[S:.*]] = visir.select %arg0, %arg2, %arg1
// CHECK-NEXT: return %arg1, %[[S]]
func.func @selects(%c: tensor<4xi1>, %a: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %true = visir.constant dense<true> : tensor<4xi1> : tensor<4xi1>
  %0 = visir.select %true, %a, %b : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %n = visir.unary not %c : (tensor<4xi1>) -> tensor<4xi1>
  %1 = visir.select %n, %a, %b : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// What is put together already is extended.
// CHECK-LABEL: func @concat_prefix
// CHECK-NEXT: %[[A:.*]] = visir.concat %arg0, %arg1 {axis = 0
// CHECK-NEXT: %[[B:.*]] = visir.concat %[[A]], %arg2 {axis = 0
// CHECK-NEXT: return %[[A]], %[[B]]
func.func @concat_prefix(%a: tensor<2xf32>, %b: tensor<3xf32>, %c: tensor<4xf32>) -> (tensor<5xf32>, tensor<9xf32>) {
  %0 = visir.concat %a, %b {axis = 0 : i64} : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  %1 = visir.concat %a, %b, %c {axis = 0 : i64} : (tensor<2xf32>, tensor<3xf32>, tensor<4xf32>) -> tensor<9xf32>
  return %0, %1 : tensor<5xf32>, tensor<9xf32>
}

// A pad of nothing is its fill value.
// CHECK-LABEL: func @pad_nothing
// CHECK-NEXT: %[[C:.*]] = visir.constant {{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %[[C]]
func.func @pad_nothing(%a: tensor<0x2xf32>) -> tensor<2x3xf32> {
  %0 = visir.pad %a {low = array<i64: 1, 0>, high = array<i64: 1, 1>, mode = #visir<pad_mode constant>, value = 2.0 : f64} : (tensor<0x2xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// Means over one axis after the other are one mean.
// CHECK-LABEL: func @means_over_two_axes
// CHECK-NEXT: %[[M:.*]] = visir.reduce mean %arg0 {axes = array<i64: 1, 3>, keepdims = false}
// CHECK-NEXT: %[[R:.*]] = visir.reshape %[[M]] {shape = array<i64: 2, 1, 4>}
// CHECK-NEXT: return %[[R]]
func.func @means_over_two_axes(%x: tensor<2x3x4x5xf32>) -> tensor<2x1x4xf32> {
  %0 = visir.reduce mean %x {axes = array<i64: 3>, keepdims = false} : (tensor<2x3x4x5xf32>) -> tensor<2x3x4xf32>
  %1 = visir.reduce mean %0 {axes = array<i64: 1>, keepdims = true} : (tensor<2x3x4xf32>) -> tensor<2x1x4xf32>
  return %1 : tensor<2x1x4xf32>
}

// A sum of maxima, and a mean that another op reads as well, stay.
// CHECK-LABEL: func @other_reduces
// CHECK-COUNT-4: visir.reduce
func.func @other_reduces(%x: tensor<2x3x4xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2x3xf32>) {
  %0 = visir.reduce max %x {axes = array<i64: 2>, keepdims = false} : (tensor<2x3x4xf32>) -> tensor<2x3xf32>
  %1 = visir.reduce sum %0 {axes = array<i64: 1>, keepdims = false} : (tensor<2x3xf32>) -> tensor<2xf32>
  %2 = visir.reduce mean %x {axes = array<i64: 2>, keepdims = false} : (tensor<2x3x4xf32>) -> tensor<2x3xf32>
  %3 = visir.reduce mean %2 {axes = array<i64: 1>, keepdims = false} : (tensor<2x3xf32>) -> tensor<2xf32>
  return %1, %3, %2 : tensor<2xf32>, tensor<2xf32>, tensor<2x3xf32>
}
