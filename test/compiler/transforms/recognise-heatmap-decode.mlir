// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-recognise-heatmap-decode -visir-canonicalize | FileCheck %s

// The quotient of the index.
// CHECK-LABEL: func @row
// CHECK: %{{.*}}, %[[Y:.*]], %{{.*}} = visir.heatmap_decode %arg0, %arg0 {fill = 0.000000e+00 : f64, kind = "none"
// CHECK: return %[[Y]]
func.func @row(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x64xf32>
  %1 = visir.arg_reduce max %0 {axis = 2 : i64, keepdims = false} : (tensor<1x2x64xf32>) -> tensor<1x2xsi64>
  %c0 = visir.constant dense<8> : tensor<si64> : tensor<si64>
  %2 = visir.binary mod %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %3 = visir.binary div %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %4 = visir.cast %3 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  return %4 : tensor<1x2xf32>
}

// The same as an integer, counted from the other end.
// CHECK-LABEL: func @row_from_below
// CHECK: %{{.*}}, %[[Y:.*]], %{{.*}} = visir.heatmap_decode %arg0, %arg0 {{.*}}kind = "none"
// CHECK: %[[R:.*]] = visir.cast %{{.*}} to si64
// CHECK: return %[[R]]
func.func @row_from_below(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xsi64> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x64xf32>
  %1 = visir.arg_reduce max %0 {axis = 2 : i64, keepdims = false} : (tensor<1x2x64xf32>) -> tensor<1x2xsi64>
  %c0 = visir.constant dense<8> : tensor<si64> : tensor<si64>
  %2 = visir.binary div %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %c1 = visir.constant dense<7> : tensor<si64> : tensor<si64>
  %3 = visir.binary sub %c1, %2 : (tensor<si64>, tensor<1x2xsi64>) -> tensor<1x2xsi64>
  return %3 : tensor<1x2xsi64>
}

// Floats instead: i - floor(i / 8) * 8, times 4 plus 0.5.
// CHECK-LABEL: func @column_of_floats
// CHECK: %[[X:.*]], %{{.*}}, %{{.*}} = visir.heatmap_decode %arg0, %arg0 {{.*}}kind = "none"
// CHECK: %[[M:.*]] = visir.binary mul %[[X]]
// CHECK: visir.binary add %[[M]]
func.func @column_of_floats(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x64xf32>
  %1 = visir.arg_reduce max %0 {axis = 2 : i64, keepdims = false} : (tensor<1x2x64xf32>) -> tensor<1x2xsi64>
  %2 = visir.cast %1 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  %c0 = visir.constant dense<8.0> : tensor<f32> : tensor<f32>
  %3 = visir.binary div %2, %c0 : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %4 = visir.unary floor %3 : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %5 = visir.binary mul %4, %c0 : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %6 = visir.binary sub %2, %5 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %c1 = visir.constant dense<4.0> : tensor<f32> : tensor<f32>
  %7 = visir.binary mul %6, %c1 : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %c2 = visir.constant dense<0.5> : tensor<f32> : tensor<f32>
  %8 = visir.binary add %7, %c2 : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  return %8 : tensor<1x2xf32>
}

// A quarter towards the larger neighbour, by flat indices.
// CHECK-LABEL: func @step
// CHECK: %[[X:.*]], %{{.*}}, %{{.*}} = visir.heatmap_decode %arg0, %arg0 {fill = 0.000000e+00 : f64, kind = "step", margin = 1 : i64, scale = 2.500000e-01 : f64
// CHECK: return %[[X]]
func.func @step(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x64xf32>
  %1 = visir.arg_reduce max %0 {axis = 2 : i64, keepdims = false} : (tensor<1x2x64xf32>) -> tensor<1x2xsi64>
  %c0 = visir.constant dense<8> : tensor<si64> : tensor<si64>
  %2 = visir.binary mod %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %3 = visir.binary div %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %c1 = visir.constant dense<1> : tensor<si64> : tensor<si64>
  %4 = visir.compare ge %2, %c1 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xi1>
  %c2 = visir.constant dense<7> : tensor<si64> : tensor<si64>
  %5 = visir.compare lt %2, %c2 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xi1>
  %6 = visir.binary and %4, %5 : (tensor<1x2xi1>, tensor<1x2xi1>) -> tensor<1x2xi1>
  %7 = visir.compare ge %3, %c1 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xi1>
  %8 = visir.binary and %6, %7 : (tensor<1x2xi1>, tensor<1x2xi1>) -> tensor<1x2xi1>
  %9 = visir.compare lt %3, %c2 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xi1>
  %10 = visir.binary and %8, %9 : (tensor<1x2xi1>, tensor<1x2xi1>) -> tensor<1x2xi1>
  %11 = visir.binary add %1, %c1 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %12 = visir.reshape %11 {shape = array<i64: 1, 2, 1>} : (tensor<1x2xsi64>) -> tensor<1x2x1xsi64>
  %13 = visir.gather_elements %0, %12 {axis = 2 : i64} : (tensor<1x2x64xf32>, tensor<1x2x1xsi64>) -> tensor<1x2x1xf32>
  %14 = visir.reshape %13 {shape = array<i64: 1, 2>} : (tensor<1x2x1xf32>) -> tensor<1x2xf32>
  %c3 = visir.constant dense<-1> : tensor<si64> : tensor<si64>
  %15 = visir.binary add %1, %c3 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %16 = visir.reshape %15 {shape = array<i64: 1, 2, 1>} : (tensor<1x2xsi64>) -> tensor<1x2x1xsi64>
  %17 = visir.gather_elements %0, %16 {axis = 2 : i64} : (tensor<1x2x64xf32>, tensor<1x2x1xsi64>) -> tensor<1x2x1xf32>
  %18 = visir.reshape %17 {shape = array<i64: 1, 2>} : (tensor<1x2x1xf32>) -> tensor<1x2xf32>
  %19 = visir.binary sub %14, %18 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %20 = visir.unary sign %19 : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %c4 = visir.constant dense<0.25> : tensor<f32> : tensor<f32>
  %21 = visir.binary mul %20, %c4 : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %22 = visir.cast %2 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  %23 = visir.binary add %22, %21 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %24 = visir.select %10, %23, %22 : (tensor<1x2xi1>, tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  return %24 : tensor<1x2xf32>
}

// A softmax of nine elements; zeros outside.
// CHECK-LABEL: func @window
// CHECK: %[[X:.*]], %{{.*}}, %{{.*}} = visir.heatmap_decode %arg0, %arg0 {fill = 0.000000e+00 : f64, kind = "softmax", margin = 0 : i64, scale = 1.000000e+01 : f64, window = 3 : i64}
// CHECK: return %[[X]]
func.func @window(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x64xf32>
  %1 = visir.arg_reduce max %0 {axis = 2 : i64, keepdims = false} : (tensor<1x2x64xf32>) -> tensor<1x2xsi64>
  %c0 = visir.constant dense<8> : tensor<si64> : tensor<si64>
  %2 = visir.binary mod %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %3 = visir.binary div %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %4 = visir.pad %h {low = array<i64: 0, 0, 1, 1>, high = array<i64: 0, 0, 1, 1>, mode = #visir<pad_mode constant>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x10x10xf32>
  %5 = visir.reshape %4 {shape = array<i64: 1, 2, 100>} : (tensor<1x2x10x10xf32>) -> tensor<1x2x100xf32>
  %c1 = visir.constant dense<10> : tensor<si64> : tensor<si64>
  %6 = visir.binary mul %3, %c1 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %7 = visir.binary add %6, %2 : (tensor<1x2xsi64>, tensor<1x2xsi64>) -> tensor<1x2xsi64>
  %8 = visir.reshape %7 {shape = array<i64: 1, 2, 1>} : (tensor<1x2xsi64>) -> tensor<1x2x1xsi64>
  %c2 = visir.constant dense<[0, 1, 2, 10, 11, 12, 20, 21, 22]> : tensor<9xsi64> : tensor<9xsi64>
  %9 = visir.binary add %8, %c2 : (tensor<1x2x1xsi64>, tensor<9xsi64>) -> tensor<1x2x9xsi64>
  %10 = visir.gather_elements %5, %9 {axis = 2 : i64} : (tensor<1x2x100xf32>, tensor<1x2x9xsi64>) -> tensor<1x2x9xf32>
  %c3 = visir.constant dense<10.0> : tensor<f32> : tensor<f32>
  %11 = visir.binary mul %10, %c3 : (tensor<1x2x9xf32>, tensor<f32>) -> tensor<1x2x9xf32>
  %c4 = visir.constant dense<[-1.0, 0.0, 1.0, -1.0, 0.0, 1.0, -1.0, 0.0, 1.0]> : tensor<9xf32> : tensor<9xf32>
  %12 = visir.softmax %11 {axis = 2 : i64} : (tensor<1x2x9xf32>) -> tensor<1x2x9xf32>
  %13 = visir.binary mul %12, %c4 : (tensor<1x2x9xf32>, tensor<9xf32>) -> tensor<1x2x9xf32>
  %14 = visir.reduce sum %13 {axes = array<i64: 2>, keepdims = false} : (tensor<1x2x9xf32>) -> tensor<1x2xf32>
  %15 = visir.cast %2 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  %16 = visir.binary add %15, %14 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  return %16 : tensor<1x2xf32>
}

// Sums of exponentials and their quotient; -1 outside.
// CHECK-LABEL: func @window_of_exponentials
// CHECK: %[[X:.*]], %{{.*}}, %{{.*}} = visir.heatmap_decode %arg0, %arg0 {fill = -1.000000e+00 : f64, kind = "softmax", margin = 0 : i64, scale = 1.000000e+01 : f64, window = 3 : i64}
// CHECK: return %[[X]]
func.func @window_of_exponentials(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x64xf32>
  %1 = visir.arg_reduce max %0 {axis = 2 : i64, keepdims = false} : (tensor<1x2x64xf32>) -> tensor<1x2xsi64>
  %c0 = visir.constant dense<8> : tensor<si64> : tensor<si64>
  %2 = visir.binary mod %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %3 = visir.binary div %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %4 = visir.pad %h {low = array<i64: 0, 0, 1, 1>, high = array<i64: 0, 0, 1, 1>, mode = #visir<pad_mode constant>, value = -1.0 : f64} : (tensor<1x2x8x8xf32>) -> tensor<1x2x10x10xf32>
  %5 = visir.reshape %4 {shape = array<i64: 1, 2, 100>} : (tensor<1x2x10x10xf32>) -> tensor<1x2x100xf32>
  %c1 = visir.constant dense<10> : tensor<si64> : tensor<si64>
  %6 = visir.binary mul %3, %c1 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %7 = visir.binary add %6, %2 : (tensor<1x2xsi64>, tensor<1x2xsi64>) -> tensor<1x2xsi64>
  %8 = visir.reshape %7 {shape = array<i64: 1, 2, 1>} : (tensor<1x2xsi64>) -> tensor<1x2x1xsi64>
  %c2 = visir.constant dense<[0, 1, 2, 10, 11, 12, 20, 21, 22]> : tensor<9xsi64> : tensor<9xsi64>
  %9 = visir.binary add %8, %c2 : (tensor<1x2x1xsi64>, tensor<9xsi64>) -> tensor<1x2x9xsi64>
  %10 = visir.gather_elements %5, %9 {axis = 2 : i64} : (tensor<1x2x100xf32>, tensor<1x2x9xsi64>) -> tensor<1x2x9xf32>
  %c3 = visir.constant dense<10.0> : tensor<f32> : tensor<f32>
  %11 = visir.binary mul %10, %c3 : (tensor<1x2x9xf32>, tensor<f32>) -> tensor<1x2x9xf32>
  %c4 = visir.constant dense<[-1.0, 0.0, 1.0, -1.0, 0.0, 1.0, -1.0, 0.0, 1.0]> : tensor<9xf32> : tensor<9xf32>
  %12 = visir.unary exp %11 : (tensor<1x2x9xf32>) -> tensor<1x2x9xf32>
  %13 = visir.binary mul %12, %c4 : (tensor<1x2x9xf32>, tensor<9xf32>) -> tensor<1x2x9xf32>
  %14 = visir.reduce sum %13 {axes = array<i64: 2>, keepdims = false} : (tensor<1x2x9xf32>) -> tensor<1x2xf32>
  %15 = visir.reduce sum %12 {axes = array<i64: 2>, keepdims = false} : (tensor<1x2x9xf32>) -> tensor<1x2xf32>
  %16 = visir.binary div %14, %15 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %17 = visir.cast %2 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  %18 = visir.binary add %17, %16 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  return %18 : tensor<1x2xf32>
}

// One of all squares of a map, from tables of indices that grow evenly.
// CHECK-LABEL: func @unfolded
// CHECK: %[[X:.*]], %{{.*}}, %{{.*}} = visir.heatmap_decode %arg0, %arg0 {{.*}}kind = "softmax"
// CHECK-NOT: visir.gather
// CHECK: return %[[X]]
func.func @unfolded(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x64xf32>
  %1 = visir.arg_reduce max %0 {axis = 2 : i64, keepdims = false} : (tensor<1x2x64xf32>) -> tensor<1x2xsi64>
  %c0 = visir.constant dense<8> : tensor<si64> : tensor<si64>
  %2 = visir.binary mod %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %3 = visir.pad %h {high = array<i64: 0, 0, 1, 1>, low = array<i64: 0, 0, 1, 1>, mode = #visir<pad_mode constant>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x10x10xf32>
  %c1 = visir.constant dense<[[0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7, 8], [2, 3, 4, 5, 6, 7, 8, 9]]> : tensor<3x8xsi64> : tensor<3x8xsi64>
  %c2 = visir.constant dense<[[0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7, 8], [2, 3, 4, 5, 6, 7, 8, 9]]> : tensor<3x8xsi64> : tensor<3x8xsi64>
  %4 = visir.gather %3, %c1 {axis = 2 : i64} : (tensor<1x2x10x10xf32>, tensor<3x8xsi64>) -> tensor<1x2x3x8x10xf32>
  %5 = visir.gather %4, %c2 {axis = 4 : i64} : (tensor<1x2x3x8x10xf32>, tensor<3x8xsi64>) -> tensor<1x2x3x8x3x8xf32>
  %6 = visir.transpose %5 {permutation = array<i64: 0, 1, 2, 4, 3, 5>} : (tensor<1x2x3x8x3x8xf32>) -> tensor<1x2x3x3x8x8xf32>
  %7 = visir.reshape %6 {shape = array<i64: 1, 2, 9, 64>} : (tensor<1x2x3x3x8x8xf32>) -> tensor<1x2x9x64xf32>
  %8 = visir.reshape %1 {shape = array<i64: 1, 2, 1, 1>} : (tensor<1x2xsi64>) -> tensor<1x2x1x1xsi64>
  %9 = visir.expand %8 {shape = array<i64: 1, 2, 9, 1>} : (tensor<1x2x1x1xsi64>) -> tensor<1x2x9x1xsi64>
  %10 = visir.gather_elements %7, %9 {axis = 3 : i64} : (tensor<1x2x9x64xf32>, tensor<1x2x9x1xsi64>) -> tensor<1x2x9x1xf32>
  %11 = visir.reshape %10 {shape = array<i64: 1, 2, 9>} : (tensor<1x2x9x1xf32>) -> tensor<1x2x9xf32>
  %12 = visir.softmax %11 {axis = 2 : i64} : (tensor<1x2x9xf32>) -> tensor<1x2x9xf32>
  %c3 = visir.constant dense<[-1.0, 0.0, 1.0, -1.0, 0.0, 1.0, -1.0, 0.0, 1.0]> : tensor<9xf32> : tensor<9xf32>
  %13 = visir.binary mul %12, %c3 : (tensor<1x2x9xf32>, tensor<9xf32>) -> tensor<1x2x9xf32>
  %14 = visir.reduce sum %13 {axes = array<i64: 2>, keepdims = false} : (tensor<1x2x9xf32>) -> tensor<1x2xf32>
  %15 = visir.cast %2 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  %16 = visir.binary add %15, %14 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  return %16 : tensor<1x2xf32>
}
