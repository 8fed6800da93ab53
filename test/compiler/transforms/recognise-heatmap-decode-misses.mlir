// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-recognise-heatmap-decode -visir-canonicalize | FileCheck %s

// What looks like a decode and is none.
// Maps are 4 x 16, and the index is divided by 4.
// CHECK-LABEL: func @divided_by_the_height
// CHECK-NOT: heatmap_decode
// CHECK: return
func.func @divided_by_the_height(%h: tensor<1x2x4x16xf32>) -> tensor<1x2xf32> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x4x16xf32>) -> tensor<1x2x64xf32>
  %1 = visir.arg_reduce max %0 {axis = 2 : i64, keepdims = false} : (tensor<1x2x64xf32>) -> tensor<1x2xsi64>
  %c0 = visir.constant dense<4> : tensor<si64> : tensor<si64>
  %2 = visir.binary mod %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %3 = visir.binary div %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %4 = visir.cast %3 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  return %4 : tensor<1x2xf32>
}

// The last of equal elements.
// CHECK-LABEL: func @last_of_equals
// CHECK-NOT: heatmap_decode
// CHECK: return
func.func @last_of_equals(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x64xf32>
  %1 = visir.arg_reduce max %0 {axis = 2 : i64, keepdims = false, select_last} : (tensor<1x2x64xf32>) -> tensor<1x2xsi64>
  %c0 = visir.constant dense<8> : tensor<si64> : tensor<si64>
  %2 = visir.binary mod %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %3 = visir.binary div %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %4 = visir.cast %3 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  return %4 : tensor<1x2xf32>
}

// The smallest element.
// CHECK-LABEL: func @smallest
// CHECK-NOT: heatmap_decode
// CHECK: return
func.func @smallest(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x64xf32>
  %1 = visir.arg_reduce min %0 {axis = 2 : i64, keepdims = false} : (tensor<1x2x64xf32>) -> tensor<1x2xsi64>
  %c0 = visir.constant dense<8> : tensor<si64> : tensor<si64>
  %2 = visir.binary mod %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %3 = visir.binary div %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %4 = visir.cast %3 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  return %4 : tensor<1x2xf32>
}

// Refined at the left border, too, where the neighbour is in another row.
// CHECK-LABEL: func @one_sided_margin
// CHECK-NOT: heatmap_decode
// CHECK: return
func.func @one_sided_margin(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x64xf32>
  %1 = visir.arg_reduce max %0 {axis = 2 : i64, keepdims = false} : (tensor<1x2x64xf32>) -> tensor<1x2xsi64>
  %c0 = visir.constant dense<8> : tensor<si64> : tensor<si64>
  %2 = visir.binary mod %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %3 = visir.binary div %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %c1 = visir.constant dense<0> : tensor<si64> : tensor<si64>
  %4 = visir.compare ge %2, %c1 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xi1>
  %c2 = visir.constant dense<7> : tensor<si64> : tensor<si64>
  %5 = visir.compare lt %2, %c2 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xi1>
  %6 = visir.binary and %4, %5 : (tensor<1x2xi1>, tensor<1x2xi1>) -> tensor<1x2xi1>
  %c3 = visir.constant dense<1> : tensor<si64> : tensor<si64>
  %7 = visir.compare ge %3, %c3 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xi1>
  %8 = visir.binary and %6, %7 : (tensor<1x2xi1>, tensor<1x2xi1>) -> tensor<1x2xi1>
  %9 = visir.compare lt %3, %c2 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xi1>
  %10 = visir.binary and %8, %9 : (tensor<1x2xi1>, tensor<1x2xi1>) -> tensor<1x2xi1>
  %11 = visir.binary add %1, %c3 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %12 = visir.reshape %11 {shape = array<i64: 1, 2, 1>} : (tensor<1x2xsi64>) -> tensor<1x2x1xsi64>
  %13 = visir.gather_elements %0, %12 {axis = 2 : i64} : (tensor<1x2x64xf32>, tensor<1x2x1xsi64>) -> tensor<1x2x1xf32>
  %14 = visir.reshape %13 {shape = array<i64: 1, 2>} : (tensor<1x2x1xf32>) -> tensor<1x2xf32>
  %c4 = visir.constant dense<-1> : tensor<si64> : tensor<si64>
  %15 = visir.binary add %1, %c4 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %16 = visir.reshape %15 {shape = array<i64: 1, 2, 1>} : (tensor<1x2xsi64>) -> tensor<1x2x1xsi64>
  %17 = visir.gather_elements %0, %16 {axis = 2 : i64} : (tensor<1x2x64xf32>, tensor<1x2x1xsi64>) -> tensor<1x2x1xf32>
  %18 = visir.reshape %17 {shape = array<i64: 1, 2>} : (tensor<1x2x1xf32>) -> tensor<1x2xf32>
  %19 = visir.binary sub %14, %18 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %20 = visir.unary sign %19 : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %c5 = visir.constant dense<0.25> : tensor<f32> : tensor<f32>
  %21 = visir.binary mul %20, %c5 : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %22 = visir.cast %2 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  %23 = visir.binary add %22, %21 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %24 = visir.select %10, %23, %22 : (tensor<1x2xi1>, tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  return %24 : tensor<1x2xf32>
}

// The neighbours after the next ones.
// CHECK-LABEL: func @other_neighbours
// CHECK-NOT: heatmap_decode
// CHECK: return
func.func @other_neighbours(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
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
  %c3 = visir.constant dense<2> : tensor<si64> : tensor<si64>
  %11 = visir.binary add %1, %c3 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %12 = visir.reshape %11 {shape = array<i64: 1, 2, 1>} : (tensor<1x2xsi64>) -> tensor<1x2x1xsi64>
  %13 = visir.gather_elements %0, %12 {axis = 2 : i64} : (tensor<1x2x64xf32>, tensor<1x2x1xsi64>) -> tensor<1x2x1xf32>
  %14 = visir.reshape %13 {shape = array<i64: 1, 2>} : (tensor<1x2x1xf32>) -> tensor<1x2xf32>
  %c4 = visir.constant dense<-2> : tensor<si64> : tensor<si64>
  %15 = visir.binary add %1, %c4 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %16 = visir.reshape %15 {shape = array<i64: 1, 2, 1>} : (tensor<1x2xsi64>) -> tensor<1x2x1xsi64>
  %17 = visir.gather_elements %0, %16 {axis = 2 : i64} : (tensor<1x2x64xf32>, tensor<1x2x1xsi64>) -> tensor<1x2x1xf32>
  %18 = visir.reshape %17 {shape = array<i64: 1, 2>} : (tensor<1x2x1xf32>) -> tensor<1x2xf32>
  %19 = visir.binary sub %14, %18 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %20 = visir.unary sign %19 : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %c5 = visir.constant dense<0.25> : tensor<f32> : tensor<f32>
  %21 = visir.binary mul %20, %c5 : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %22 = visir.cast %2 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  %23 = visir.binary add %22, %21 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %24 = visir.select %10, %23, %22 : (tensor<1x2xi1>, tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  return %24 : tensor<1x2xf32>
}

// One element of the square is missing.
// CHECK-LABEL: func @eight_elements
// CHECK-NOT: heatmap_decode
// CHECK: return
func.func @eight_elements(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
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
  %c2 = visir.constant dense<[0, 1, 2, 10, 11, 12, 20, 21]> : tensor<8xsi64> : tensor<8xsi64>
  %9 = visir.binary add %8, %c2 : (tensor<1x2x1xsi64>, tensor<8xsi64>) -> tensor<1x2x8xsi64>
  %10 = visir.gather_elements %5, %9 {axis = 2 : i64} : (tensor<1x2x100xf32>, tensor<1x2x8xsi64>) -> tensor<1x2x8xf32>
  %c3 = visir.constant dense<10.0> : tensor<f32> : tensor<f32>
  %11 = visir.binary mul %10, %c3 : (tensor<1x2x8xf32>, tensor<f32>) -> tensor<1x2x8xf32>
  %c4 = visir.constant dense<[-1.0, 0.0, 1.0, -1.0, 0.0, 1.0, -1.0, 0.0]> : tensor<8xf32> : tensor<8xf32>
  %12 = visir.softmax %11 {axis = 2 : i64} : (tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  %13 = visir.binary mul %12, %c4 : (tensor<1x2x8xf32>, tensor<8xf32>) -> tensor<1x2x8xf32>
  %14 = visir.reduce sum %13 {axes = array<i64: 2>, keepdims = false} : (tensor<1x2x8xf32>) -> tensor<1x2xf32>
  %15 = visir.cast %2 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  %16 = visir.binary add %15, %14 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  return %16 : tensor<1x2xf32>
}

// The right column counts twice.
// CHECK-LABEL: func @skewed
// CHECK-NOT: heatmap_decode
// CHECK: return
func.func @skewed(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
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
  %c4 = visir.constant dense<[-1.0, 0.0, 2.0, -1.0, 0.0, 2.0, -1.0, 0.0, 2.0]> : tensor<9xf32> : tensor<9xf32>
  %12 = visir.softmax %11 {axis = 2 : i64} : (tensor<1x2x9xf32>) -> tensor<1x2x9xf32>
  %13 = visir.binary mul %12, %c4 : (tensor<1x2x9xf32>, tensor<9xf32>) -> tensor<1x2x9xf32>
  %14 = visir.reduce sum %13 {axes = array<i64: 2>, keepdims = false} : (tensor<1x2x9xf32>) -> tensor<1x2xf32>
  %15 = visir.cast %2 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  %16 = visir.binary add %15, %14 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  return %16 : tensor<1x2xf32>
}

// Halves do not hold what is below a pixel.
// CHECK-LABEL: func @of_halves
// CHECK-NOT: heatmap_decode
// CHECK: return
func.func @of_halves(%h: tensor<1x2x8x8xf16>) -> tensor<1x2xf32> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x8x8xf16>) -> tensor<1x2x64xf16>
  %1 = visir.arg_reduce max %0 {axis = 2 : i64, keepdims = false} : (tensor<1x2x64xf16>) -> tensor<1x2xsi64>
  %c0 = visir.constant dense<8> : tensor<si64> : tensor<si64>
  %2 = visir.binary mod %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %3 = visir.cast %2 to f32 : (tensor<1x2xsi64>) -> tensor<1x2xf32>
  return %3 : tensor<1x2xf32>
}

// The last two columns of a square change places.
// CHECK-LABEL: func @unfolded_unevenly
// CHECK-NOT: heatmap_decode {{.*}}softmax
// CHECK: visir.gather_elements
func.func @unfolded_unevenly(%h: tensor<1x2x8x8xf32>) -> tensor<1x2xf32> {
  %0 = visir.reshape %h {shape = array<i64: 1, 2, 64>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x64xf32>
  %1 = visir.arg_reduce max %0 {axis = 2 : i64, keepdims = false} : (tensor<1x2x64xf32>) -> tensor<1x2xsi64>
  %c0 = visir.constant dense<8> : tensor<si64> : tensor<si64>
  %2 = visir.binary mod %1, %c0 : (tensor<1x2xsi64>, tensor<si64>) -> tensor<1x2xsi64>
  %3 = visir.pad %h {high = array<i64: 0, 0, 1, 1>, low = array<i64: 0, 0, 1, 1>, mode = #visir<pad_mode constant>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x10x10xf32>
  %c1 = visir.constant dense<[[0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7, 8], [2, 3, 4, 5, 6, 7, 8, 9]]> : tensor<3x8xsi64> : tensor<3x8xsi64>
  %c2 = visir.constant dense<[[0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7, 8], [2, 3, 4, 5, 6, 7, 9, 8]]> : tensor<3x8xsi64> : tensor<3x8xsi64>
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
