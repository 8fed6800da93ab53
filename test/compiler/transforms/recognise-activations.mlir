// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-recognise-gelu -visir-recognise-silu -visir-recognise-hard-swish -visir-recognise-mish | FileCheck %s

// CHECK-LABEL: func @gelu_erf
// CHECK: %[[Y:.*]] = visir.unary gelu %arg0
// CHECK-NEXT: return %[[Y]]
func.func @gelu_erf(%x: tensor<8xf32>) -> tensor<8xf32> {
  %sqrt2 = visir.constant dense<1.41421354> : tensor<f32> : tensor<f32>
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = visir.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = visir.binary div %x, %sqrt2 : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = visir.unary erf %0 : (tensor<8xf32>) -> tensor<8xf32>
  %2 = visir.binary add %1, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %3 = visir.binary mul %x, %2 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %4 = visir.binary mul %3, %half : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %4 : tensor<8xf32>
}

// The half stands on the other factor, the argument is a product.
// CHECK-LABEL: func @gelu_erf_reordered
// CHECK: %[[Y:.*]] = visir.unary gelu %arg0
// CHECK-NEXT: return %[[Y]]
func.func @gelu_erf_reordered(%x: tensor<8xf32>) -> tensor<8xf32> {
  %scale = visir.constant dense<0.707106769> : tensor<f32> : tensor<f32>
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = visir.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = visir.binary mul %x, %scale : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = visir.unary erf %0 : (tensor<8xf32>) -> tensor<8xf32>
  %2 = visir.binary add %1, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %3 = visir.binary mul %2, %half : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %4 = visir.binary mul %x, %3 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %4 : tensor<8xf32>
}

// CHECK-LABEL: func @gelu_tanh
// CHECK: %[[Y:.*]] = visir.unary gelu_tanh %arg0
// CHECK-NEXT: return %[[Y]]
func.func @gelu_tanh(%x: tensor<8xf32>) -> tensor<8xf32> {
  %a = visir.constant dense<4.471500e-02> : tensor<f32> : tensor<f32>
  %s = visir.constant dense<0.797884583> : tensor<f32> : tensor<f32>
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = visir.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = visir.binary mul %x, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %1 = visir.binary mul %0, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %2 = visir.binary mul %1, %a : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %3 = visir.binary add %x, %2 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %4 = visir.binary mul %3, %s : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %5 = visir.unary tanh %4 : (tensor<8xf32>) -> tensor<8xf32>
  %6 = visir.binary add %5, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %7 = visir.binary mul %x, %half : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %8 = visir.binary mul %7, %6 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %8 : tensor<8xf32>
}

// x * s * (1 + a * x * x) under the tanh.
// CHECK-LABEL: func @gelu_tanh_factored
// CHECK: %[[Y:.*]] = visir.unary gelu_tanh %arg0
// CHECK-NEXT: return %[[Y]]
func.func @gelu_tanh_factored(%x: tensor<8xf32>) -> tensor<8xf32> {
  %a = visir.constant dense<4.471500e-02> : tensor<f32> : tensor<f32>
  %s = visir.constant dense<0.797884583> : tensor<f32> : tensor<f32>
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = visir.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = visir.binary mul %x, %s : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = visir.binary mul %x, %a : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %2 = visir.binary mul %1, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %3 = visir.binary add %2, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %4 = visir.binary mul %0, %3 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %5 = visir.unary tanh %4 : (tensor<8xf32>) -> tensor<8xf32>
  %6 = visir.binary add %5, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %7 = visir.binary mul %x, %6 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %8 = visir.binary mul %7, %half : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %8 : tensor<8xf32>
}

// Another factor than a half, another argument, another variable: no GELU.
// CHECK-LABEL: func @gelu_near_misses
// CHECK-NOT: gelu
// CHECK: return
func.func @gelu_near_misses(%x: tensor<8xf32>, %y: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %scale = visir.constant dense<0.707106769> : tensor<f32> : tensor<f32>
  %other = visir.constant dense<0.7> : tensor<f32> : tensor<f32>
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = visir.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = visir.binary mul %x, %scale : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = visir.unary erf %0 : (tensor<8xf32>) -> tensor<8xf32>
  %2 = visir.binary add %1, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %3 = visir.binary mul %x, %2 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %4 = visir.binary mul %3, %scale : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %5 = visir.binary mul %x, %other : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %6 = visir.unary erf %5 : (tensor<8xf32>) -> tensor<8xf32>
  %7 = visir.binary add %6, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %8 = visir.binary mul %x, %7 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %9 = visir.binary mul %8, %half : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %10 = visir.binary mul %y, %2 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %11 = visir.binary mul %10, %half : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %4, %9, %11 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: func @silu
// CHECK: visir.unary silu %arg0
// CHECK: %[[S:.*]] = visir.unary sigmoid %arg0
// CHECK: visir.unary silu %arg0
// CHECK: visir.binary mul %arg1, %[[S]]
func.func @silu(%x: tensor<8xf32>, %y: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %0 = visir.unary sigmoid %x : (tensor<8xf32>) -> tensor<8xf32>
  %1 = visir.binary mul %0, %x : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %2 = visir.unary neg %x : (tensor<8xf32>) -> tensor<8xf32>
  %3 = visir.unary exp %2 : (tensor<8xf32>) -> tensor<8xf32>
  %4 = visir.binary add %3, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %5 = visir.unary reciprocal %4 : (tensor<8xf32>) -> tensor<8xf32>
  %6 = visir.binary mul %x, %5 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %7 = visir.binary mul %y, %5 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %1, %6, %7 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: func @hard_swish
// CHECK: visir.unary hard_swish %arg0
// CHECK-NEXT: %[[G:.*]] = visir.unary hard_sigmoid %arg0
// CHECK-NEXT: visir.binary mul %arg1, %[[G]]
func.func @hard_swish(%x: tensor<8xf32>, %y: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %zero = visir.constant dense<0.0> : tensor<f32> : tensor<f32>
  %three = visir.constant dense<3.0> : tensor<f32> : tensor<f32>
  %six = visir.constant dense<6.0> : tensor<f32> : tensor<f32>
  %0 = visir.binary add %x, %three : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = visir.binary max %0, %zero : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %2 = visir.binary min %1, %six : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %3 = visir.binary mul %x, %2 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %4 = visir.binary div %3, %six : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %5 = visir.binary div %2, %six : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %6 = visir.binary mul %y, %5 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %4, %6 : tensor<8xf32>, tensor<8xf32>
}

// relu6 is a clip and stays one; another bound is no hard sigmoid.
// CHECK-LABEL: func @clips
// CHECK-NOT: hard_
// CHECK: return
func.func @clips(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %zero = visir.constant dense<0.0> : tensor<f32> : tensor<f32>
  %three = visir.constant dense<3.0> : tensor<f32> : tensor<f32>
  %five = visir.constant dense<5.0> : tensor<f32> : tensor<f32>
  %six = visir.constant dense<6.0> : tensor<f32> : tensor<f32>
  %0 = visir.binary max %x, %zero : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = visir.binary min %0, %six : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %2 = visir.binary add %x, %three : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %3 = visir.binary max %2, %zero : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %4 = visir.binary min %3, %five : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %5 = visir.binary div %4, %six : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %1, %5 : tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: func @mish
// CHECK: %[[Y:.*]] = visir.unary mish %arg0
// CHECK-NEXT: return %[[Y]]
func.func @mish(%x: tensor<8xf32>) -> tensor<8xf32> {
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %0 = visir.unary exp %x : (tensor<8xf32>) -> tensor<8xf32>
  %1 = visir.binary add %0, %one : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %2 = visir.unary log %1 : (tensor<8xf32>) -> tensor<8xf32>
  %3 = visir.unary tanh %2 : (tensor<8xf32>) -> tensor<8xf32>
  %4 = visir.binary mul %x, %3 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %4 : tensor<8xf32>
}
