// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -visir-narrow-tensors="type=f16" -split-input-file -verify-diagnostics | FileCheck %s
// RUN: not visir-opt %s -visir-narrow-tensors="type=f8" -split-input-file 2>&1 | FileCheck %s --check-prefix=TYPE

// TYPE: error: type is f8, expected f16 or bf16

// What the first product makes is read by the second one and becomes narrow;
// the argument is rounded where it is multiplied; the result stays f32, and
// so does the sum that only a map reads.
// CHECK-LABEL: func.func @products
// CHECK: %[[W:.*]] = visir.constant {{.*}} : tensor<8x8xf16>
// CHECK: %[[H:.*]] = visir.dispatch <contract> {{.*}}(%arg0, %[[W]])
// CHECK-SAME: (tensor<4x8xf32>, tensor<8x8xf16>) -> tensor<4x8xf16>
// CHECK: ^bb0(%[[X:.*]]: f32, %[[Y:.*]]: f16):
// CHECK: %[[WIDE:.*]] = arith.extf %[[Y]] : f16 to f32
// CHECK: %[[NARROW:.*]] = arith.truncf %[[X]] : f32 to f16
// CHECK: %[[ROUNDED:.*]] = arith.extf %[[NARROW]] : f16 to f32
// CHECK: visir.yield %[[ROUNDED]], %[[WIDE]] : f32, f32
// CHECK: ^bb0(%[[S:.*]]: f32, %{{.*}}: f32, %{{.*}}: f16):
// CHECK: %[[STORED:.*]] = arith.truncf %[[S]] : f32 to f16
// CHECK: visir.yield %[[STORED]] : f16
// CHECK: %[[P:.*]] = visir.dispatch <contract> {{.*}}(%[[H]], %[[W]])
// CHECK-SAME: (tensor<4x8xf16>, tensor<8x8xf16>) -> tensor<4x8xf32>
// CHECK: visir.dispatch <map> {{.*}}(%[[P]])
// CHECK-SAME: (tensor<4x8xf32>) -> tensor<4x8xf32>
func.func @products(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %w = visir.constant dense<0.5> : tensor<8x8xf32> : tensor<8x8xf32>
  %h = visir.dispatch <contract> domain = [4, 8, 8] parallel 2 (%x, %w)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2)>,
           #visir.access<(d0, d1, d2) -> (d1, d2)>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    prologue { ^bb0(%a: f32, %b: f32): visir.yield %a, %b : f32, f32 }
    epilogue { ^bb0(%s: f32, %a: f32, %b: f32): visir.yield %s : f32 }
  %p = visir.dispatch <contract> domain = [4, 8, 8] parallel 2 (%h, %w)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2)>,
           #visir.access<(d0, d1, d2) -> (d1, d2)>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    prologue { ^bb0(%a: f32, %b: f32): visir.yield %a, %b : f32, f32 }
    epilogue { ^bb0(%s: f32, %a: f32, %b: f32): visir.yield %s : f32 }
  %y = visir.dispatch <map> domain = [4, 8] parallel 2 (%p)
    loads [#visir.access<(d0, d1) -> (d0, d1)>]
    stores [#visir.access<(d0, d1) -> (d0, d1)>] ties [-1]
    : (tensor<4x8xf32>) -> tensor<4x8xf32>
    prologue { ^bb0(%a: f32): visir.yield }
    epilogue { ^bb0(%a: f32):
      %n = arith.negf %a : f32
      visir.yield %n : f32
    }
  return %y : tensor<4x8xf32>
}

// -----

// Tensors that share memory by ties have one type: both parts of what the
// product reads, and the empty tensor that they begin with. Copies take it on.
// CHECK-LABEL: func.func @parts
// CHECK: %[[E:.*]] = visir.empty : tensor<2x8xf16>
// CHECK: %[[ONE:.*]] = visir.dispatch <map> {{.*}}(%arg0, %[[E]])
// CHECK-SAME: (tensor<8xf32>, tensor<2x8xf16>) -> tensor<2x8xf16>
// CHECK: arith.truncf
// CHECK: %[[TWO:.*]] = visir.dispatch <map> {{.*}}(%arg0, %[[ONE]])
// CHECK-SAME: (tensor<8xf32>, tensor<2x8xf16>) -> tensor<2x8xf16>
// CHECK: %[[TURNED:.*]] = visir.dispatch <map> {{.*}}(%[[TWO]])
// CHECK-SAME: (tensor<2x8xf16>) -> tensor<8x2xf16>
// CHECK: ^bb0(%[[A:.*]]: f16):
// CHECK-NOT: arith
// CHECK: visir.yield %{{.*}} : f16
// CHECK: visir.dispatch <contract> {{.*}}(%[[TURNED]], %[[TURNED]])
// CHECK-SAME: (tensor<8x2xf16>, tensor<8x2xf16>) -> tensor<8x8xf32>
func.func @parts(%x: tensor<8xf32>) -> tensor<8x8xf32> {
  %e = visir.empty : tensor<2x8xf32>
  %one = visir.dispatch <map> domain = [8] parallel 1 (%x, %e)
    loads [#visir.access<(d0) -> (d0)>, #visir.access<(d0) -> (0, d0)>]
    stores [#visir.access<(d0) -> (0, d0)>] ties [1]
    : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
    prologue { ^bb0(%a: f32, %b: f32): visir.yield }
    epilogue { ^bb0(%a: f32, %b: f32):
      %n = arith.negf %a : f32
      visir.yield %n : f32
    }
  %two = visir.dispatch <map> domain = [8] parallel 1 (%x, %one)
    loads [#visir.access<(d0) -> (d0)>, #visir.access<(d0) -> (1, d0)>]
    stores [#visir.access<(d0) -> (1, d0)>] ties [1]
    : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
    prologue { ^bb0(%a: f32, %b: f32): visir.yield }
    epilogue { ^bb0(%a: f32, %b: f32): visir.yield %a : f32 }
  %t = visir.dispatch <map> domain = [8, 2] parallel 2 (%two)
    loads [#visir.access<(d0, d1) -> (d1, d0)>]
    stores [#visir.access<(d0, d1) -> (d0, d1)>] ties [-1]
    : (tensor<2x8xf32>) -> tensor<8x2xf32>
    prologue { ^bb0(%a: f32): visir.yield }
    epilogue { ^bb0(%a: f32): visir.yield %a : f32 }
  %y = visir.dispatch <contract> domain = [8, 8, 2] parallel 2 (%t, %t)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2)>,
           #visir.access<(d0, d1, d2) -> (d1, d2)>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<8x2xf32>, tensor<8x2xf32>) -> tensor<8x8xf32>
    prologue { ^bb0(%a: f32, %b: f32): visir.yield %a, %b : f32, f32 }
    epilogue { ^bb0(%s: f32, %a: f32, %b: f32): visir.yield %s : f32 }
  return %y : tensor<8x8xf32>
}

// -----

// The taps of a depthwise window are products; a mean is none.
// CHECK-LABEL: func.func @window
// CHECK: %[[W:.*]] = visir.constant {{.*}} : tensor<4x3xf16>
// CHECK: %[[Y:.*]] = visir.dispatch <reduce{{.*}}(%arg0, %[[W]])
// CHECK-SAME: (tensor<4x9xf32>, tensor<4x3xf16>) -> tensor<4x7xf32>
// CHECK: arith.mulf
// CHECK: visir.dispatch <reduce{{.*}}(%[[Y]])
// CHECK-SAME: (tensor<4x7xf32>) -> tensor<4xf32>
func.func @window(%x: tensor<4x9xf32>) -> tensor<4xf32> {
  %w = visir.constant dense<0.5> : tensor<4x3xf32> : tensor<4x3xf32>
  %y = visir.dispatch <reduce, {combiner = #visir<reduce_kind sum>}>
    domain = [4, 7, 3] parallel 2 (%x, %w)
    loads [#visir.access<(d0, d1, d2) -> (d0, d1 + d2)>,
           #visir.access<(d0, d1, d2) -> (d0, d2)>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<4x9xf32>, tensor<4x3xf32>) -> tensor<4x7xf32>
    prologue { ^bb0(%a: f32, %b: f32):
      %p = arith.mulf %a, %b : f32
      visir.yield %p : f32
    }
    epilogue { ^bb0(%s: f32, %a: f32, %b: f32): visir.yield %s : f32 }
  %m = visir.dispatch <reduce, {combiner = #visir<reduce_kind sum>}>
    domain = [4, 7] parallel 1 (%y)
    loads [#visir.access<(d0, d1) -> (d0, d1)>]
    stores [#visir.access<(d0, d1) -> (d0)>] ties [-1]
    : (tensor<4x7xf32>) -> tensor<4xf32>
    prologue { ^bb0(%a: f32): visir.yield %a : f32 }
    epilogue { ^bb0(%s: f32, %a: f32): visir.yield %s : f32 }
  return %m : tensor<4xf32>
}

// -----

func.func @large(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %w = visir.constant dense<1.0e5> : tensor<8x8xf32> : tensor<8x8xf32>
  // expected-error @below {{weight is 1.000000e+05, expected at most 6.550400e+04 in magnitude for 'f16'}}
  %h = visir.dispatch <contract> domain = [4, 8, 8] parallel 2 (%x, %w)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2)>,
           #visir.access<(d0, d1, d2) -> (d1, d2)>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    prologue { ^bb0(%a: f32, %b: f32): visir.yield %a, %b : f32, f32 }
    epilogue { ^bb0(%s: f32, %a: f32, %b: f32): visir.yield %s : f32 }
  return %h : tensor<4x8xf32>
}
