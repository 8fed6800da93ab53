// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-fold-constants -mlir-elide-resource-strings-if-larger=1000 | FileCheck %s
// RUN: visir-opt %s -visir-fold-constants=max-bytes=8 | FileCheck %s --check-prefix=BUDGET

// 2 * 3 + 1 = 7, as f32.
// CHECK-LABEL: func @elementwise
// CHECK-NEXT: %[[C:.*]] = visir.constant dense_resource<[[SEVEN:c[0-9a-f]+]]> : tensor<f32>
// CHECK-NEXT: return %[[C]]
// BUDGET-LABEL: func @elementwise
// BUDGET-NOT: visir.binary
func.func @elementwise() -> tensor<f32> {
  %two = visir.constant dense<2.0> : tensor<f32> : tensor<f32>
  %three = visir.constant dense<3.0> : tensor<f32> : tensor<f32>
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %0 = visir.binary mul %two, %three : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %1 = visir.binary add %0, %one : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %1 : tensor<f32>
}

// CHECK-LABEL: func @transposed_weight
// CHECK: visir.constant dense_resource<[[W:c[0-9a-f]+]]> : tensor<3x2xf32>
// CHECK-NOT: visir.transpose
// BUDGET-LABEL: func @transposed_weight
// BUDGET: visir.transpose
func.func @transposed_weight(%x: tensor<4x3xf32>) -> tensor<4x2xf32> {
  %w = visir.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32> : tensor<2x3xf32>
  %t = visir.transpose %w {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %0 = visir.matmul %x, %t : (tensor<4x3xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
  return %0 : tensor<4x2xf32>
}

// CHECK-LABEL: func @index_arithmetic
// CHECK: visir.constant dense_resource<[[I:c[0-9a-f]+]]> : tensor<2xsi64>
// CHECK-NOT: visir.gather
func.func @index_arithmetic() -> tensor<2xsi64> {
  %shape = visir.constant dense<[5, 6, 7]> : tensor<3xsi64> : tensor<3xsi64>
  %at = visir.constant dense<[-1, 0]> : tensor<2xsi64> : tensor<2xsi64>
  %two = visir.constant dense<2> : tensor<si64> : tensor<si64>
  %0 = visir.gather %shape, %at {axis = 0 : i64} : (tensor<3xsi64>, tensor<2xsi64>) -> tensor<2xsi64>
  %1 = visir.binary div %0, %two : (tensor<2xsi64>, tensor<si64>) -> tensor<2xsi64>
  return %1 : tensor<2xsi64>
}

// The end of a text is its largest id; ties go to the first or to the last.
// CHECK-LABEL: func @arg_reduce
// CHECK-DAG: visir.constant dense_resource<[[FIRST:c[0-9a-f]+]]> : tensor<2xsi64>
// CHECK-DAG: visir.constant dense_resource<[[LAST:c[0-9a-f]+]]> : tensor<2xsi64>
// CHECK-DAG: visir.constant dense_resource<[[MIN:c[0-9a-f]+]]> : tensor<1x3xsi64>
// CHECK-NOT: visir.arg_reduce
func.func @arg_reduce() -> (tensor<2xsi64>, tensor<2xsi64>, tensor<1x3xsi64>) {
  %x = visir.constant dense<[[1, 5, 5], [7, 2, 0]]> : tensor<2x3xsi64> : tensor<2x3xsi64>
  %0 = visir.arg_reduce max %x {axis = 1 : i64, keepdims = false} : (tensor<2x3xsi64>) -> tensor<2xsi64>
  %1 = visir.arg_reduce max %x {axis = 1 : i64, keepdims = false, select_last} : (tensor<2x3xsi64>) -> tensor<2xsi64>
  %2 = visir.arg_reduce min %x {axis = 0 : i64, keepdims = true} : (tensor<2x3xsi64>) -> tensor<1x3xsi64>
  return %0, %1, %2 : tensor<2xsi64>, tensor<2xsi64>, tensor<1x3xsi64>
}

// A broadcast of little to much stays; so does what would fail.
// CHECK-LABEL: func @not_worth_it
// CHECK: visir.expand
// CHECK: visir.binary div
func.func @not_worth_it() -> (tensor<1024x1024xf32>, tensor<si64>) {
  %one = visir.constant dense<1.0> : tensor<f32> : tensor<f32>
  %0 = visir.expand %one {shape = array<i64: 1024, 1024>} : (tensor<f32>) -> tensor<1024x1024xf32>
  %zero = visir.constant dense<0> : tensor<si64> : tensor<si64>
  %1 = visir.binary div %zero, %zero : (tensor<si64>, tensor<si64>) -> tensor<si64>
  return %0, %1 : tensor<1024x1024xf32>, tensor<si64>
}

// CHECK: dialect_resources
// CHECK-DAG: [[SEVEN]]: "0x400000000000E040"
// CHECK-DAG: [[W]]: "0x400000000000803F00008040000000400000A040000040400000C040"
// CHECK-DAG: [[I]]: "0x4000000003000000000000000200000000000000"
// CHECK-DAG: [[FIRST]]: "0x4000000001000000000000000000000000000000"
// CHECK-DAG: [[LAST]]: "0x4000000002000000000000000000000000000000"
// CHECK-DAG: [[MIN]]: "0x40000000000000000000000001000000000000000100000000000000"
