// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt --visir-graph-to-dispatch --visir-fuse-dispatches %s | FileCheck %s

// Frames moved by one, zeros at the end: one padded address.
// CHECK-LABEL: func.func @shift_is_an_address
// CHECK-NOT: visir.dispatch
// CHECK: visir.dispatch <reduce
// CHECK-SAME: loads [#visir.access<(d0, d1, d2) -> (d0 + 1, d1, d2) , padded = true>]
// CHECK-NOT: visir.dispatch
func.func @shift_is_an_address(%x: tensor<8x4x9xf32>) -> tensor<8x4xf32> {
  %0 = visir.move %x {map = #visir.map<[
      #visir.box<sizes = [8, 4, 9], source = -1, src = (d0, d1, d2) -> (),
          dst = (d0, d1, d2) -> (d0, d1, d2)>,
      #visir.box<sizes = [7, 4, 9], source = 0,
          src = (d0, d1, d2) -> (d0 + 1, d1, d2),
          dst = (d0, d1, d2) -> (d0, d1, d2)>], fill = 0.0 : f64>}
      : (tensor<8x4x9xf32>) -> tensor<8x4x9xf32>
  %1 = visir.reduce sum %0 {axes = array<i64: 2>, keepdims = false}
      : (tensor<8x4x9xf32>) -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}

// A block from the middle is none: its neighbours lie in the tensor.
// CHECK-LABEL: func.func @block_of_the_middle
// CHECK: visir.dispatch <map>
// CHECK: visir.dispatch <map>
// CHECK: visir.dispatch <reduce
// CHECK-NOT: padded
func.func @block_of_the_middle(%x: tensor<8x4x9xf32>) -> tensor<8x4xf32> {
  %0 = visir.move %x {map = #visir.map<[
      #visir.box<sizes = [8, 4, 9], source = -1, src = (d0, d1, d2) -> (),
          dst = (d0, d1, d2) -> (d0, d1, d2)>,
      #visir.box<sizes = [6, 4, 9], source = 0,
          src = (d0, d1, d2) -> (d0 + 1, d1, d2),
          dst = (d0, d1, d2) -> (d0, d1, d2)>], fill = 0.0 : f64>}
      : (tensor<8x4x9xf32>) -> tensor<8x4x9xf32>
  %1 = visir.reduce sum %0 {axes = array<i64: 2>, keepdims = false}
      : (tensor<8x4x9xf32>) -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}

// A gated tensor and what the gate leaves are computed where they are read:
// also behind the shift, as a product is zero where its factors are.
// CHECK-LABEL: func.func @gated_and_left
// CHECK-NOT: visir.dispatch <map
// CHECK: visir.dispatch <reduce
// CHECK-SAME: padded = true
// CHECK-NOT: visir.dispatch <map
// CHECK: visir.dispatch <reduce
// CHECK-NOT: visir.dispatch
func.func @gated_and_left(%x: tensor<8x4x9xf32>, %g: tensor<8x1x9xf32>)
    -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  %0 = visir.binary mul %g, %x
      : (tensor<8x1x9xf32>, tensor<8x4x9xf32>) -> tensor<8x4x9xf32>
  %1 = visir.binary sub %x, %0
      : (tensor<8x4x9xf32>, tensor<8x4x9xf32>) -> tensor<8x4x9xf32>
  %2 = visir.move %0 {map = #visir.map<[
      #visir.box<sizes = [8, 4, 9], source = -1, src = (d0, d1, d2) -> (),
          dst = (d0, d1, d2) -> (d0, d1, d2)>,
      #visir.box<sizes = [7, 4, 9], source = 0,
          src = (d0, d1, d2) -> (d0, d1, d2),
          dst = (d0, d1, d2) -> (d0 + 1, d1, d2)>], fill = 0.0 : f64>}
      : (tensor<8x4x9xf32>) -> tensor<8x4x9xf32>
  %3 = visir.reduce sum %2 {axes = array<i64: 2>, keepdims = false}
      : (tensor<8x4x9xf32>) -> tensor<8x4xf32>
  %4 = visir.reduce sum %1 {axes = array<i64: 2>, keepdims = false}
      : (tensor<8x4x9xf32>) -> tensor<8x4xf32>
  return %3, %4 : tensor<8x4xf32>, tensor<8x4xf32>
}

// One more than the product is one where it is shifted out.
// CHECK-LABEL: func.func @not_zero_outside
// CHECK: visir.dispatch <map
// CHECK: visir.dispatch <reduce
func.func @not_zero_outside(%x: tensor<8x4x9xf32>, %g: tensor<8x1x9xf32>)
    -> (tensor<8x4xf32>, tensor<8x4x9xf32>) {
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %0 = visir.binary mul %g, %x
      : (tensor<8x1x9xf32>, tensor<8x4x9xf32>) -> tensor<8x4x9xf32>
  %1 = visir.binary add %0, %one
      : (tensor<8x4x9xf32>, tensor<f32>) -> tensor<8x4x9xf32>
  %2 = visir.move %1 {map = #visir.map<[
      #visir.box<sizes = [8, 4, 9], source = -1, src = (d0, d1, d2) -> (),
          dst = (d0, d1, d2) -> (d0, d1, d2)>,
      #visir.box<sizes = [7, 4, 9], source = 0,
          src = (d0, d1, d2) -> (d0, d1, d2),
          dst = (d0, d1, d2) -> (d0 + 1, d1, d2)>], fill = 0.0 : f64>}
      : (tensor<8x4x9xf32>) -> tensor<8x4x9xf32>
  %3 = visir.reduce sum %2 {axes = array<i64: 2>, keepdims = false}
      : (tensor<8x4x9xf32>) -> tensor<8x4xf32>
  return %3, %0 : tensor<8x4xf32>, tensor<8x4x9xf32>
}
