// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-recognise-softmax -visir-recognise-attention -visir-canonicalize | FileCheck %s

// The key is transposed for the product; attention takes it as it was.
// CHECK-LABEL: func @scaled_scores
// CHECK: %[[Y:.*]] = visir.attention %arg0, %arg1, %arg2 {scale = 5.000000e-01 : f64}
// CHECK-NEXT: return %[[Y]]
func.func @scaled_scores(%q: tensor<1x2x4x4xf32>, %k: tensor<1x2x6x4xf32>, %v: tensor<1x2x6x3xf32>) -> tensor<1x2x4x3xf32> {
  %half = visir.constant dense<0.5> : tensor<f32> : tensor<f32>
  %kt = visir.transpose %k {permutation = array<i64: 0, 1, 3, 2>} : (tensor<1x2x6x4xf32>) -> tensor<1x2x4x6xf32>
  %0 = visir.matmul %q, %kt : (tensor<1x2x4x4xf32>, tensor<1x2x4x6xf32>) -> tensor<1x2x4x6xf32>
  %1 = visir.binary mul %0, %half : (tensor<1x2x4x6xf32>, tensor<f32>) -> tensor<1x2x4x6xf32>
  %2 = visir.softmax %1 {axis = 3 : i64} : (tensor<1x2x4x6xf32>) -> tensor<1x2x4x6xf32>
  %3 = visir.matmul %2, %v : (tensor<1x2x4x6xf32>, tensor<1x2x6x3xf32>) -> tensor<1x2x4x3xf32>
  return %3 : tensor<1x2x4x3xf32>
}

// The root of the scale on both operands, one of them before its transpose;
// a mask, and a quotient over it.
// CHECK-LABEL: func @scaled_operands
// CHECK: %[[Y:.*]] = visir.attention %arg0, %arg1, %arg2, %arg3 {scale = 1.250000e-01 : f64}
// CHECK-NEXT: return %[[Y]]
func.func @scaled_operands(%q: tensor<2x4x4xf32>, %k: tensor<2x6x4xf32>, %v: tensor<2x6x3xf32>, %m: tensor<4x6xf32>) -> tensor<2x4x3xf32> {
  %half = visir.constant dense<0.5> : tensor<f32> : tensor<f32>
  %two = visir.constant dense<2.0> : tensor<f32> : tensor<f32>
  %qs = visir.binary mul %q, %half : (tensor<2x4x4xf32>, tensor<f32>) -> tensor<2x4x4xf32>
  %ks = visir.binary mul %k, %half : (tensor<2x6x4xf32>, tensor<f32>) -> tensor<2x6x4xf32>
  %kt = visir.transpose %ks {permutation = array<i64: 0, 2, 1>} : (tensor<2x6x4xf32>) -> tensor<2x4x6xf32>
  %0 = visir.matmul %qs, %kt : (tensor<2x4x4xf32>, tensor<2x4x6xf32>) -> tensor<2x4x6xf32>
  %1 = visir.binary div %0, %two : (tensor<2x4x6xf32>, tensor<f32>) -> tensor<2x4x6xf32>
  %2 = visir.binary add %1, %m : (tensor<2x4x6xf32>, tensor<4x6xf32>) -> tensor<2x4x6xf32>
  %3 = visir.softmax %2 {axis = 2 : i64} : (tensor<2x4x6xf32>) -> tensor<2x4x6xf32>
  %4 = visir.matmul %3, %v : (tensor<2x4x6xf32>, tensor<2x6x3xf32>) -> tensor<2x4x3xf32>
  return %4 : tensor<2x4x3xf32>
}

// Two masks, one behind a reshape for windows, as in Swin.
// CHECK-LABEL: func @windows
// CHECK: %[[M:.*]] = visir.reshape %arg4 {shape = array<i64: 2, 1, 4, 4>}
// CHECK: %[[S:.*]] = visir.binary add %[[M]], %arg3
// CHECK: %[[Y:.*]] = visir.attention %arg0, %arg1, %arg2, %[[S]] {scale = 1.000000e+00 : f64}
// CHECK-NEXT: return %[[Y]]
func.func @windows(%q: tensor<2x3x4x4xf32>, %k: tensor<2x3x4x4xf32>, %v: tensor<2x3x4x4xf32>, %bias: tensor<3x4x4xf32>, %mask: tensor<1x2x1x4x4xf32>) -> tensor<2x3x4x4xf32> {
  %kt = visir.transpose %k {permutation = array<i64: 0, 1, 3, 2>} : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  %0 = visir.matmul %q, %kt : (tensor<2x3x4x4xf32>, tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  %1 = visir.binary add %0, %bias : (tensor<2x3x4x4xf32>, tensor<3x4x4xf32>) -> tensor<2x3x4x4xf32>
  %2 = visir.reshape %1 {shape = array<i64: 1, 2, 3, 4, 4>} : (tensor<2x3x4x4xf32>) -> tensor<1x2x3x4x4xf32>
  %3 = visir.binary add %2, %mask : (tensor<1x2x3x4x4xf32>, tensor<1x2x1x4x4xf32>) -> tensor<1x2x3x4x4xf32>
  %4 = visir.reshape %3 {shape = array<i64: 2, 3, 4, 4>} : (tensor<1x2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  %5 = visir.softmax %4 {axis = 3 : i64} : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  %6 = visir.matmul %5, %v : (tensor<2x3x4x4xf32>, tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  return %6 : tensor<2x3x4x4xf32>
}

// A constant that hides what lies right of the diagonal is causal; the guard
// against NaN is not needed then.
// CHECK-LABEL: func @causal
// CHECK: %[[Y:.*]] = visir.attention %arg0, %arg1, %arg2 {causal, scale = 1.000000e+00 : f64}
// CHECK-NEXT: return %[[Y]]
func.func @causal(%q: tensor<1x2x4xf32>, %k: tensor<1x2x4xf32>, %v: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  %mask = visir.constant dense<[[0.0, 0xFF800000], [0.0, 0.0]]> : tensor<2x2xf32> : tensor<2x2xf32>
  %zero = visir.constant dense<0.0> : tensor<f32> : tensor<f32>
  %kt = visir.transpose %k {permutation = array<i64: 0, 2, 1>} : (tensor<1x2x4xf32>) -> tensor<1x4x2xf32>
  %0 = visir.matmul %q, %kt : (tensor<1x2x4xf32>, tensor<1x4x2xf32>) -> tensor<1x2x2xf32>
  %1 = visir.binary add %0, %mask : (tensor<1x2x2xf32>, tensor<2x2xf32>) -> tensor<1x2x2xf32>
  %2 = visir.softmax %1 {axis = 2 : i64} : (tensor<1x2x2xf32>) -> tensor<1x2x2xf32>
  %3 = visir.unary is_nan %2 : (tensor<1x2x2xf32>) -> tensor<1x2x2xi1>
  %4 = visir.select %3, %zero, %2 : (tensor<1x2x2xi1>, tensor<f32>, tensor<1x2x2xf32>) -> tensor<1x2x2xf32>
  %5 = visir.matmul %4, %v : (tensor<1x2x2xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  return %5 : tensor<1x2x4xf32>
}

// CHECK-LABEL: func @hidden_by_select
// CHECK: %[[M:.*]] = visir.select %arg3
// CHECK: visir.attention %arg0, %{{.*}}, %arg2, %[[M]]
func.func @hidden_by_select(%q: tensor<1x2x4xf32>, %k: tensor<1x4x2xf32>, %v: tensor<1x2x4xf32>, %c: tensor<2x2xi1>) -> tensor<1x2x4xf32> {
  %inf = visir.constant dense<0xFF800000> : tensor<f32> : tensor<f32>
  %0 = visir.matmul %q, %k : (tensor<1x2x4xf32>, tensor<1x4x2xf32>) -> tensor<1x2x2xf32>
  %1 = visir.select %c, %inf, %0 : (tensor<2x2xi1>, tensor<f32>, tensor<1x2x2xf32>) -> tensor<1x2x2xf32>
  %2 = visir.softmax %1 {axis = 2 : i64} : (tensor<1x2x2xf32>) -> tensor<1x2x2xf32>
  %3 = visir.matmul %2, %v : (tensor<1x2x2xf32>, tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  return %3 : tensor<1x2x4xf32>
}

// The softmax as exponential, sum and quotient.
// CHECK-LABEL: func @decomposed_softmax
// CHECK: %[[S:.*]] = visir.softmax %arg0 {axis = 1 : i64}
// CHECK-NEXT: %[[L:.*]] = visir.softmax %arg0 {axis = 1 : i64, log}
// CHECK-NEXT: return %[[S]], %[[L]]
func.func @decomposed_softmax(%x: tensor<2x6xf32>) -> (tensor<2x6xf32>, tensor<2x6xf32>) {
  %0 = visir.reduce max %x {axes = array<i64: 1>, keepdims = true} : (tensor<2x6xf32>) -> tensor<2x1xf32>
  %1 = visir.binary sub %x, %0 : (tensor<2x6xf32>, tensor<2x1xf32>) -> tensor<2x6xf32>
  %2 = visir.unary exp %1 : (tensor<2x6xf32>) -> tensor<2x6xf32>
  %3 = visir.reduce sum %2 {axes = array<i64: 1>, keepdims = true} : (tensor<2x6xf32>) -> tensor<2x1xf32>
  %4 = visir.binary div %2, %3 : (tensor<2x6xf32>, tensor<2x1xf32>) -> tensor<2x6xf32>
  %5 = visir.unary log %3 : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %6 = visir.binary sub %1, %5 : (tensor<2x6xf32>, tensor<2x1xf32>) -> tensor<2x6xf32>
  return %4, %6 : tensor<2x6xf32>, tensor<2x6xf32>
}

// Another axis, no softmax, scores that somebody else reads, a scale over the
// mask: none is attention.
// CHECK-LABEL: func @near_misses
// CHECK-NOT: visir.attention
// CHECK: return
func.func @near_misses(%q: tensor<1x4x4xf32>, %k: tensor<1x4x4xf32>, %v: tensor<1x4x4xf32>, %m: tensor<4x4xf32>) -> (tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>) {
  %half = visir.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = visir.matmul %q, %k : (tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %1 = visir.softmax %0 {axis = 1 : i64} : (tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %2 = visir.matmul %1, %v : (tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %3 = visir.matmul %q, %k : (tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %4 = visir.matmul %3, %v : (tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %5 = visir.matmul %q, %k : (tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %6 = visir.softmax %5 {axis = 2 : i64} : (tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %7 = visir.matmul %6, %v : (tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %8 = visir.matmul %q, %k : (tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %9 = visir.binary add %8, %m : (tensor<1x4x4xf32>, tensor<4x4xf32>) -> tensor<1x4x4xf32>
  %10 = visir.binary mul %9, %half : (tensor<1x4x4xf32>, tensor<f32>) -> tensor<1x4x4xf32>
  %11 = visir.softmax %10 {axis = 2 : i64} : (tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %12 = visir.matmul %11, %v : (tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  return %2, %4, %5, %7, %12 : tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>
}
