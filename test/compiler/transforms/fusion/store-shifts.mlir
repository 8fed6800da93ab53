// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt --visir-graph-to-dispatch --visir-fuse-dispatches --visir-fuse-shifts %s 2>/dev/null | FileCheck %s

// Two groups of channels of what a product makes, along two axes, the third in
// place: its store goes round, by tables of places and of what stays.
// CHECK-LABEL: func.func @stored_shift
// CHECK: visir.dispatch <contract>
// CHECK-SAME: index_axes = [2, 3], index_loads = [2, 4]
// CHECK-COUNT-2: arith.select
// CHECK-NOT: visir.dispatch
// CHECK: return
func.func @stored_shift(
    %x: tensor<1x4x5x5xf32>, %w: tensor<3x4x1x1xf32>)
    -> (tensor<1x3x5x5xf32>) {
  %0 = visir.conv %x, %w {strides = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>,
      groups = 1 : i64}
      : (tensor<1x4x5x5xf32>, tensor<3x4x1x1xf32>) -> tensor<1x3x5x5xf32>
  %1 = visir.move %0 {map = #visir.map<[
      #visir.box<sizes = [1, 1, 1, 5], source = -1,
          src = () -> (),
          dst = (d0, d1, d2, d3) -> (d0, d1, d2 + 4, d3)>, 
      #visir.box<sizes = [1, 1, 4, 5], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1, d2 + 1, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1, d2, d3)>, 
      #visir.box<sizes = [1, 1, 5, 1], source = -1,
          src = () -> (),
          dst = (d0, d1, d2, d3) -> (d0, d1 + 1, d2, d3)>, 
      #visir.box<sizes = [1, 1, 5, 4], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1 + 1, d2, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1 + 1, d2, d3 + 1)>, 
      #visir.box<sizes = [1, 1, 5, 5], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1 + 2, d2, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1 + 2, d2, d3)>]>}
      : (tensor<1x3x5x5xf32>) -> tensor<1x3x5x5xf32>
  return %1 : tensor<1x3x5x5xf32>
}

// What is shifted is read as it is, too.
// CHECK-LABEL: func.func @shift_beside_its_source
// CHECK-NOT: index_axes
// CHECK: return
func.func @shift_beside_its_source(
    %x: tensor<1x4x5x5xf32>, %w: tensor<3x4x1x1xf32>)
    -> (tensor<1x3x5x5xf32>, tensor<1x3x5x5xf32>) {
  %0 = visir.conv %x, %w {strides = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>,
      groups = 1 : i64}
      : (tensor<1x4x5x5xf32>, tensor<3x4x1x1xf32>) -> tensor<1x3x5x5xf32>
  %1 = visir.move %0 {map = #visir.map<[
      #visir.box<sizes = [1, 1, 1, 5], source = -1,
          src = () -> (),
          dst = (d0, d1, d2, d3) -> (d0, d1, d2 + 4, d3)>, 
      #visir.box<sizes = [1, 1, 4, 5], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1, d2 + 1, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1, d2, d3)>, 
      #visir.box<sizes = [1, 1, 5, 1], source = -1,
          src = () -> (),
          dst = (d0, d1, d2, d3) -> (d0, d1 + 1, d2, d3)>, 
      #visir.box<sizes = [1, 1, 5, 4], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1 + 1, d2, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1 + 1, d2, d3 + 1)>, 
      #visir.box<sizes = [1, 1, 5, 5], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1 + 2, d2, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1 + 2, d2, d3)>]>}
      : (tensor<1x3x5x5xf32>) -> tensor<1x3x5x5xf32>
  return %0, %1 : tensor<1x3x5x5xf32>, tensor<1x3x5x5xf32>
}

// The border keeps its values: they would be stored twice.
// CHECK-LABEL: func.func @kept_border
// CHECK-NOT: index_axes
// CHECK: return
func.func @kept_border(
    %x: tensor<1x4x5x5xf32>, %w: tensor<3x4x1x1xf32>)
    -> (tensor<1x3x5x5xf32>) {
  %0 = visir.conv %x, %w {strides = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>,
      groups = 1 : i64}
      : (tensor<1x4x5x5xf32>, tensor<3x4x1x1xf32>) -> tensor<1x3x5x5xf32>
  %1 = visir.move %0 {map = #visir.map<[
      #visir.box<sizes = [1, 1, 1, 5], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1, d2 + 4, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1, d2 + 4, d3)>, 
      #visir.box<sizes = [1, 1, 4, 5], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1, d2 + 1, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1, d2, d3)>, 
      #visir.box<sizes = [1, 1, 5, 1], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1 + 1, d2, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1 + 1, d2, d3)>, 
      #visir.box<sizes = [1, 1, 5, 4], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1 + 1, d2, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1 + 1, d2, d3 + 1)>, 
      #visir.box<sizes = [1, 1, 5, 5], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1 + 2, d2, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1 + 2, d2, d3)>]>}
      : (tensor<1x3x5x5xf32>) -> tensor<1x3x5x5xf32>
  return %1 : tensor<1x3x5x5xf32>
}

// All goes round: no zeros, hence nothing to select by.
// CHECK-LABEL: func.func @rolled
// CHECK: visir.dispatch <contract>
// CHECK-SAME: index_axes = [2], index_loads = [2]
// CHECK-NOT: arith.select
// CHECK-NOT: visir.dispatch
// CHECK: return
func.func @rolled(
    %x: tensor<1x4x5x5xf32>, %w: tensor<3x4x1x1xf32>)
    -> (tensor<1x3x5x5xf32>) {
  %0 = visir.conv %x, %w {strides = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>,
      groups = 1 : i64}
      : (tensor<1x4x5x5xf32>, tensor<3x4x1x1xf32>) -> tensor<1x3x5x5xf32>
  %1 = visir.move %0 {map = #visir.map<[
      #visir.box<sizes = [1, 3, 4, 5], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1, d2 + 1, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1, d2, d3)>,
      #visir.box<sizes = [1, 3, 1, 5], source = 0,
          src = (d0, d1, d2, d3) -> (d0, d1, d2, d3),
          dst = (d0, d1, d2, d3) -> (d0, d1, d2 + 4, d3)>]>}
      : (tensor<1x3x5x5xf32>) -> tensor<1x3x5x5xf32>
  return %1 : tensor<1x3x5x5xf32>
}
