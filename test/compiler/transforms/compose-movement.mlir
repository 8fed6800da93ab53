// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-compose-movement | FileCheck %s
// RUN: visir-opt %s -visir-compose-movement=max-boxes=2 | FileCheck %s --check-prefix=FEW

// NCHW to tokens and back is nothing.
// CHECK-LABEL: func @round_trip
// CHECK-NEXT: return %arg0
func.func @round_trip(%x: tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32> {
  %0 = visir.reshape %x {shape = array<i64: 1, 8, 16>} : (tensor<1x8x4x4xf32>) -> tensor<1x8x16xf32>
  %1 = visir.transpose %0 {permutation = array<i64: 0, 2, 1>} : (tensor<1x8x16xf32>) -> tensor<1x16x8xf32>
  %2 = visir.transpose %1 {permutation = array<i64: 0, 2, 1>} : (tensor<1x16x8xf32>) -> tensor<1x8x16xf32>
  %3 = visir.reshape %2 {shape = array<i64: 1, 8, 4, 4>} : (tensor<1x8x16xf32>) -> tensor<1x8x4x4xf32>
  return %3 : tensor<1x8x4x4xf32>
}

// Queries and keys of two heads: each is one box of the projection.
// CHECK-LABEL: func @heads
// CHECK: visir.move %arg0 {map = #visir.map<[<sizes = [2, 4, 3], source = 0, src = (d0, d1, d2) -> (0, d1, d0 * 3 + d2), dst = (d0, d1, d2) -> (0, d0, d1, d2)>]>}
// CHECK-NEXT: visir.move %arg0 {map = #visir.map<[<sizes = [2, 4, 3], source = 0, src = (d0, d1, d2) -> (0, d1, d0 * 3 + d2 + 6), dst = (d0, d1, d2) -> (0, d0, d1, d2)>]>}
// CHECK-NEXT: return
func.func @heads(%x: tensor<1x4x18xf32>) -> (tensor<1x2x4x3xf32>, tensor<1x2x4x3xf32>) {
  %i0 = visir.constant dense<0> : tensor<si64> : tensor<si64>
  %i1 = visir.constant dense<-2> : tensor<si64> : tensor<si64>
  %0 = visir.reshape %x {shape = array<i64: 1, 4, 3, 2, 3>} : (tensor<1x4x18xf32>) -> tensor<1x4x3x2x3xf32>
  %1 = visir.transpose %0 {permutation = array<i64: 2, 0, 3, 1, 4>} : (tensor<1x4x3x2x3xf32>) -> tensor<3x1x2x4x3xf32>
  %q = visir.gather %1, %i0 {axis = 0 : i64} : (tensor<3x1x2x4x3xf32>, tensor<si64>) -> tensor<1x2x4x3xf32>
  %k = visir.gather %1, %i1 {axis = 0 : i64} : (tensor<3x1x2x4x3xf32>, tensor<si64>) -> tensor<1x2x4x3xf32>
  return %q, %k : tensor<1x2x4x3xf32>, tensor<1x2x4x3xf32>
}

// A pool of kernel 1 samples.
// CHECK-LABEL: func @sampler
// CHECK: visir.move %arg0 {map = #visir.map<[<sizes = [2, 2, 8], source = 0, src = (d0, d1, d2) -> (0, d2, d0 * 2, d1 * 2), dst = (d0, d1, d2) -> (0, d0 * 2 + d1, d2)>]>}
// CHECK-NOT: visir.avg_pool
func.func @sampler(%x: tensor<1x8x4x4xf32>) -> tensor<1x4x8xf32> {
  %0 = visir.avg_pool %x {kernel = array<i64: 1, 1>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<1x8x4x4xf32>) -> tensor<1x8x2x2xf32>
  %1 = visir.reshape %0 {shape = array<i64: 1, 8, 4>} : (tensor<1x8x2x2xf32>) -> tensor<1x8x4xf32>
  %2 = visir.transpose %1 {permutation = array<i64: 0, 2, 1>} : (tensor<1x8x4xf32>) -> tensor<1x4x8xf32>
  return %2 : tensor<1x4x8xf32>
}

// A shift with zeros: slice, pad, concat.
// CHECK-LABEL: func @shift
// CHECK: visir.move %arg0 {map = #visir.map<[
// CHECK-SAME: <sizes = [3], source = 0, src = (d0) -> (0, d0), dst = (d0) -> (0, d0 + 1)>,
// CHECK-SAME: <sizes = [], source = -1, src = () -> (), dst = () -> (0, 0)>,
// CHECK-SAME: <sizes = [4], source = 0, src = (d0) -> (1, d0), dst = (d0) -> (1, d0)>], fill = 0.000000e+00 : f64>}
func.func @shift(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = visir.slice %x {offsets = array<i64: 0, 0>, sizes = array<i64: 1, 3>, strides = array<i64: 1, 1>} : (tensor<2x4xf32>) -> tensor<1x3xf32>
  %1 = visir.pad %0 {low = array<i64: 0, 1>, high = array<i64: 0, 0>, mode = #visir<pad_mode constant>} : (tensor<1x3xf32>) -> tensor<1x4xf32>
  %2 = visir.slice %x {offsets = array<i64: 1, 0>, sizes = array<i64: 1, 4>, strides = array<i64: 1, 1>} : (tensor<2x4xf32>) -> tensor<1x4xf32>
  %3 = visir.concat %1, %2 {axis = 0 : i64} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return %3 : tensor<2x4xf32>
}

// What has too many boxes stays as it is.
// CHECK-LABEL: func @irregular
// CHECK: visir.move
// CHECK-NOT: visir.gather
// FEW-LABEL: func @irregular
// FEW: %[[T:.*]] = visir.move %arg0
// FEW-NEXT: visir.gather %[[T]]
func.func @irregular(%x: tensor<8x2xf32>) -> tensor<2x5xf32> {
  %i = visir.constant dense<[0, 5, 1, 7, 2]> : tensor<5xsi64> : tensor<5xsi64>
  %0 = visir.transpose %x {permutation = array<i64: 1, 0>} : (tensor<8x2xf32>) -> tensor<2x8xf32>
  %1 = visir.gather %0, %i {axis = 1 : i64} : (tensor<2x8xf32>, tensor<5xsi64>) -> tensor<2x5xf32>
  return %1 : tensor<2x5xf32>
}

// Others may read what lies between; both are made from the source.
// CHECK-LABEL: func @shared
// CHECK: %[[A:.*]] = visir.move %arg0
// CHECK: %[[B:.*]] = visir.move %arg0
// CHECK: visir.unary exp %[[A]]
func.func @shared(%x: tensor<2x6xf32>) -> (tensor<6x2xf32>, tensor<3x4xf32>) {
  %0 = visir.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x6xf32>) -> tensor<6x2xf32>
  %1 = visir.reshape %0 {shape = array<i64: 3, 4>} : (tensor<6x2xf32>) -> tensor<3x4xf32>
  %2 = visir.unary exp %0 : (tensor<6x2xf32>) -> tensor<6x2xf32>
  return %2, %1 : tensor<6x2xf32>, tensor<3x4xf32>
}

// A shift written as an assignment into zeros: one index vector per element.
// CHECK-LABEL: func @assigned_shift
// CHECK: visir.move %arg0 {map = #visir.map<[
// CHECK-SAME: <sizes = [1, 1, 3, 3], source = -1,
// CHECK-SAME: <sizes = [3, 2], source = 0, src = (d0, d1) -> (0, 0, d0, d1 + 1), dst = (d0, d1) -> (0, 0, d0, d1)>], fill = 0.000000e+00 : f64>}
// CHECK-NOT: visir.scatter_nd
func.func @assigned_shift(%x: tensor<1x1x3x3xf32>) -> tensor<1x1x3x3xf32> {
  %zero = visir.constant dense<0.0> : tensor<1x1x3x3xf32> : tensor<1x1x3x3xf32>
  %i = visir.constant dense<[[[[[0, 0, 0, 0], [0, 0, 0, 1]], [[0, 0, 1, 0], [0, 0, 1, 1]], [[0, 0, 2, 0], [0, 0, 2, 1]]]]]> : tensor<1x1x3x2x4xsi64> : tensor<1x1x3x2x4xsi64>
  %u = visir.slice %x {offsets = array<i64: 0, 0, 0, 1>, sizes = array<i64: 1, 1, 3, 2>, strides = array<i64: 1, 1, 1, 1>} : (tensor<1x1x3x3xf32>) -> tensor<1x1x3x2xf32>
  %0 = visir.scatter_nd replace %zero, %i, %u : (tensor<1x1x3x3xf32>, tensor<1x1x3x2x4xsi64>, tensor<1x1x3x2xf32>) -> tensor<1x1x3x3xf32>
  return %0 : tensor<1x1x3x3xf32>
}

// Rows assigned into another tensor, and rows taken by index vectors.
// CHECK-LABEL: func @rows
// CHECK: visir.move %arg0, %arg1
// CHECK: visir.move %arg0
// CHECK-NOT: visir.{{gather|scatter}}_nd
func.func @rows(%x: tensor<2x4x3xf32>, %u: tensor<2x3xf32>) -> (tensor<2x4x3xf32>, tensor<2x3xf32>) {
  %i = visir.constant dense<[[0, -2], [1, 3]]> : tensor<2x2xsi64> : tensor<2x2xsi64>
  %0 = visir.scatter_nd replace %x, %i, %u : (tensor<2x4x3xf32>, tensor<2x2xsi64>, tensor<2x3xf32>) -> tensor<2x4x3xf32>
  %1 = visir.gather_nd %x, %i : (tensor<2x4x3xf32>, tensor<2x2xsi64>) -> tensor<2x3xf32>
  return %0, %1 : tensor<2x4x3xf32>, tensor<2x3xf32>
}

// The same assignment by index vectors that are spelled, not stored: one range
// per dimension, broadcast and put side by side. Every second column from the
// end is a box as well.
// CHECK-LABEL: func @spelled_indices
// CHECK: visir.move %arg0 {map = #visir.map<[
// CHECK-SAME: <sizes = [3, 2], source = 0, src = (d0, d1) -> (d0, d1 + 1), dst = (d0, d1) -> (d0, d1)>], fill = 0.000000e+00 : f64>}
// CHECK: visir.move %arg0 {map = #visir.map<[<sizes = [3, 2], source = 0, src = (d0, d1) -> (d0, d1 * -2 + 2), dst = (d0, d1) -> (d0, d1)>]>}
// CHECK-NOT: visir.{{gather|scatter}}_nd
func.func @spelled_indices(%x: tensor<3x3xf32>) -> (tensor<3x3xf32>, tensor<3x2xf32>) {
  %zero = visir.constant dense<0.0> : tensor<3x3xf32> : tensor<3x3xf32>
  %r = visir.constant dense<[[[0]], [[1]], [[2]]]> : tensor<3x1x1xsi64> : tensor<3x1x1xsi64>
  %c = visir.constant dense<[[[0], [1]]]> : tensor<1x2x1xsi64> : tensor<1x2x1xsi64>
  %b = visir.constant dense<[[[-1], [-3]]]> : tensor<1x2x1xsi64> : tensor<1x2x1xsi64>
  %rows = visir.expand %r {shape = array<i64: 3, 2, 1>} : (tensor<3x1x1xsi64>) -> tensor<3x2x1xsi64>
  %columns = visir.expand %c {shape = array<i64: 3, 2, 1>} : (tensor<1x2x1xsi64>) -> tensor<3x2x1xsi64>
  %backwards = visir.expand %b {shape = array<i64: 3, 2, 1>} : (tensor<1x2x1xsi64>) -> tensor<3x2x1xsi64>
  %i = visir.concat %rows, %columns {axis = 2 : i64} : (tensor<3x2x1xsi64>, tensor<3x2x1xsi64>) -> tensor<3x2x2xsi64>
  %j = visir.concat %rows, %backwards {axis = 2 : i64} : (tensor<3x2x1xsi64>, tensor<3x2x1xsi64>) -> tensor<3x2x2xsi64>
  %u = visir.slice %x {offsets = array<i64: 0, 1>, sizes = array<i64: 3, 2>, strides = array<i64: 1, 1>} : (tensor<3x3xf32>) -> tensor<3x2xf32>
  %0 = visir.scatter_nd replace %zero, %i, %u : (tensor<3x3xf32>, tensor<3x2x2xsi64>, tensor<3x2xf32>) -> tensor<3x3xf32>
  %1 = visir.gather_nd %x, %j : (tensor<3x3xf32>, tensor<3x2x2xsi64>) -> tensor<3x2xf32>
  return %0, %1 : tensor<3x3xf32>, tensor<3x2xf32>
}

// Every row twice is no box; neither are indices that the model's input gives.
// CHECK-LABEL: func @no_formulas
// CHECK-COUNT-2: visir.scatter_nd
func.func @no_formulas(%x: tensor<3x3xf32>, %u: tensor<3x2xf32>, %k: tensor<3x2x1xsi64>) -> (tensor<3x3xf32>, tensor<3x3xf32>) {
  %r = visir.constant dense<[[[0]], [[1]], [[2]]]> : tensor<3x1x1xsi64> : tensor<3x1x1xsi64>
  %c = visir.constant dense<[[[1]]]> : tensor<1x1x1xsi64> : tensor<1x1x1xsi64>
  %rows = visir.expand %r {shape = array<i64: 3, 2, 1>} : (tensor<3x1x1xsi64>) -> tensor<3x2x1xsi64>
  %columns = visir.expand %c {shape = array<i64: 3, 2, 1>} : (tensor<1x1x1xsi64>) -> tensor<3x2x1xsi64>
  %i = visir.concat %rows, %columns {axis = 2 : i64} : (tensor<3x2x1xsi64>, tensor<3x2x1xsi64>) -> tensor<3x2x2xsi64>
  %j = visir.concat %rows, %k {axis = 2 : i64} : (tensor<3x2x1xsi64>, tensor<3x2x1xsi64>) -> tensor<3x2x2xsi64>
  %0 = visir.scatter_nd replace %x, %i, %u : (tensor<3x3xf32>, tensor<3x2x2xsi64>, tensor<3x2xf32>) -> tensor<3x3xf32>
  %1 = visir.scatter_nd replace %x, %j, %u : (tensor<3x3xf32>, tensor<3x2x2xsi64>, tensor<3x2xf32>) -> tensor<3x3xf32>
  return %0, %1 : tensor<3x3xf32>, tensor<3x3xf32>
}

// A frame assigned by a tensor of indices that is as large as the frame.
// CHECK-LABEL: func @assigned_frame
// CHECK: visir.move %arg0, %arg1 {map = #visir.map<[
// CHECK-SAME: source = 0
// CHECK-SAME: <sizes = [2, 3], source = 1, src = (d0, d1) -> (d0, 0, d1), dst = (d0, d1) -> (d0, 3, d1)>
// CHECK-NOT: visir.scatter_elements
func.func @assigned_frame(%x: tensor<2x4x3xf32>, %u: tensor<2x1x3xf32>) -> tensor<2x4x3xf32> {
  %i = visir.constant dense<-1> : tensor<2x1x3xsi64> : tensor<2x1x3xsi64>
  %0 = visir.scatter_elements replace %x, %i, %u {axis = 1 : i64} : (tensor<2x4x3xf32>, tensor<2x1x3xsi64>, tensor<2x1x3xf32>) -> tensor<2x4x3xf32>
  return %0 : tensor<2x4x3xf32>
}

// Rows in another order by a tensor of indices as large as the result.
// CHECK-LABEL: func @reversed
// CHECK: visir.move %arg0 {map = #visir.map<[<sizes = [3, 2], source = 0, src = (d0, d1) -> (-d0 + 2, d1), dst = (d0, d1) -> (d0, d1)>]>}
// CHECK-NOT: visir.gather_elements
func.func @reversed(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %i = visir.constant dense<[[2, 2], [1, 1], [0, 0]]> : tensor<3x2xsi64> : tensor<3x2xsi64>
  %0 = visir.gather_elements %x, %i {axis = 0 : i64} : (tensor<3x2xf32>, tensor<3x2xsi64>) -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}

// Indices that differ beside the axis, fewer updates beside it, and sums stay.
// CHECK-LABEL: func @no_frames
// CHECK-COUNT-3: visir.scatter_elements
// CHECK: visir.gather_elements
func.func @no_frames(%x: tensor<2x4x3xf32>, %u: tensor<2x1x3xf32>, %v: tensor<1x1x3xf32>) -> (tensor<2x4x3xf32>, tensor<2x4x3xf32>, tensor<2x4x3xf32>, tensor<2x1x3xf32>) {
  %i = visir.constant dense<[[[0, 0, 1]], [[0, 0, 0]]]> : tensor<2x1x3xsi64> : tensor<2x1x3xsi64>
  %j = visir.constant dense<1> : tensor<1x1x3xsi64> : tensor<1x1x3xsi64>
  %k = visir.constant dense<1> : tensor<2x1x3xsi64> : tensor<2x1x3xsi64>
  %0 = visir.scatter_elements replace %x, %i, %u {axis = 1 : i64} : (tensor<2x4x3xf32>, tensor<2x1x3xsi64>, tensor<2x1x3xf32>) -> tensor<2x4x3xf32>
  %1 = visir.scatter_elements replace %x, %j, %v {axis = 1 : i64} : (tensor<2x4x3xf32>, tensor<1x1x3xsi64>, tensor<1x1x3xf32>) -> tensor<2x4x3xf32>
  %2 = visir.scatter_elements add %x, %k, %u {axis = 1 : i64} : (tensor<2x4x3xf32>, tensor<2x1x3xsi64>, tensor<2x1x3xf32>) -> tensor<2x4x3xf32>
  %3 = visir.gather_elements %x, %i {axis = 1 : i64} : (tensor<2x4x3xf32>, tensor<2x1x3xsi64>) -> tensor<2x1x3xf32>
  return %0, %1, %2, %3 : tensor<2x4x3xf32>, tensor<2x4x3xf32>, tensor<2x4x3xf32>, tensor<2x1x3xf32>
}

// Shapes without common factors meet in the flat one.
// CHECK-LABEL: func @flat
// CHECK: %[[F:.*]] = visir.move %arg0 {{.*}} -> tensor<3500xf32>
// CHECK-NEXT: visir.move %[[F]] {{.*}} -> tensor<35x100xf32>
func.func @flat(%x: tensor<125x28xf32>) -> tensor<35x100xf32> {
  %0 = visir.reshape %x {shape = array<i64: 35, 100>} : (tensor<125x28xf32>) -> tensor<35x100xf32>
  return %0 : tensor<35x100xf32>
}

// A cyclic shift of rows and columns, then windows of two: the shift is four
// boxes and the windows one, the composition would be nine.
// CHECK-LABEL: func @rolled_windows
// CHECK: %[[R:.*]] = visir.move %arg0 {map = #visir.map<[<{{.*}}>, <{{.*}}>, <{{.*}}>, <{{.*}}>]>} {{.*}} -> tensor<6x6xf32>
// CHECK-NEXT: visir.move %[[R]] {map = #visir.map<[<sizes = [3, 3, 2, 2], source = 0, src = (d0, d1, d2, d3) -> (d0 * 2 + d2, d1 * 2 + d3), dst = (d0, d1, d2, d3) -> (d0, d1, d2, d3)>]>}
func.func @rolled_windows(%x: tensor<6x6xf32>) -> tensor<3x3x2x2xf32> {
  %a = visir.slice %x {offsets = array<i64: 1, 0>, sizes = array<i64: 5, 6>, strides = array<i64: 1, 1>} : (tensor<6x6xf32>) -> tensor<5x6xf32>
  %b = visir.slice %x {offsets = array<i64: 0, 0>, sizes = array<i64: 1, 6>, strides = array<i64: 1, 1>} : (tensor<6x6xf32>) -> tensor<1x6xf32>
  %0 = visir.concat %a, %b {axis = 0 : i64} : (tensor<5x6xf32>, tensor<1x6xf32>) -> tensor<6x6xf32>
  %c = visir.slice %0 {offsets = array<i64: 0, 1>, sizes = array<i64: 6, 5>, strides = array<i64: 1, 1>} : (tensor<6x6xf32>) -> tensor<6x5xf32>
  %d = visir.slice %0 {offsets = array<i64: 0, 0>, sizes = array<i64: 6, 1>, strides = array<i64: 1, 1>} : (tensor<6x6xf32>) -> tensor<6x1xf32>
  %1 = visir.concat %c, %d {axis = 1 : i64} : (tensor<6x5xf32>, tensor<6x1xf32>) -> tensor<6x6xf32>
  %2 = visir.reshape %1 {shape = array<i64: 3, 2, 3, 2>} : (tensor<6x6xf32>) -> tensor<3x2x3x2xf32>
  %3 = visir.transpose %2 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<3x2x3x2xf32>) -> tensor<3x3x2x2xf32>
  return %3 : tensor<3x3x2x2xf32>
}

// The shorter concat is read by others anyway.
// CHECK-LABEL: func @growing
// CHECK: %[[A:.*]] = visir.move %arg0, %arg1, %arg2
// CHECK: visir.move %[[A]], %arg3 {{.*}} -> tensor<7xf32>
func.func @growing(%a: tensor<2xf32>, %b: tensor<2xf32>, %c: tensor<1xf32>, %d: tensor<2xf32>) -> (tensor<5xf32>, tensor<7xf32>) {
  %0 = visir.concat %a, %b, %c {axis = 0 : i64} : (tensor<2xf32>, tensor<2xf32>, tensor<1xf32>) -> tensor<5xf32>
  %1 = visir.concat %0, %d {axis = 0 : i64} : (tensor<5xf32>, tensor<2xf32>) -> tensor<7xf32>
  %2 = visir.unary relu %0 : (tensor<5xf32>) -> tensor<5xf32>
  return %2, %1 : tensor<5xf32>, tensor<7xf32>
}
