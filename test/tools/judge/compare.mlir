// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir compare %s | FileCheck %s
// RUN: not visir compare %s --factor 0 2> %t.err | FileCheck %s --check-prefix=STRICT
// RUN: FileCheck %s --check-prefix=STEPS < %t.err
// RUN: rm -rf %t && visir-reduce %s --factor 0 -o %t 2>/dev/null | FileCheck %s --check-prefix=REDUCE
// RUN: FileCheck %s --check-prefix=PART < %t/model.mlir
// RUN: visir compare %t/model.mlir --inputs %t/inputs.npz
// RUN: not visir-reduce %s -o %t 2>/dev/null | FileCheck %s --check-prefix=AGREE

// With a permitted error of nothing, the first function that code rounds
// otherwise than f64 differs.
func.func @main(%a: tensor<64xf32> {visir.name = "x"})
    -> (tensor<64xf32> {visir.name = "y"}) attributes {visir.entry} {
  %0 = visir.unary neg %a : (tensor<64xf32>) -> tensor<64xf32> loc("Neg_0")
  %1 = visir.unary exp %0 : (tensor<64xf32>) -> tensor<64xf32> loc("Exp_1")
  %2 = visir.unary abs %1 : (tensor<64xf32>) -> tensor<64xf32> loc("Abs_2")
  return %2 : tensor<64xf32>
}

// CHECK: y: error {{.*}} of the largest value

// STRICT: y: error
// STRICT: first node that differs: Exp_1 (visir.unary): error
// STEPS: searching: the first 0 ops agree, the first 3 do not

// REDUCE: first node that differs: Exp_1
// REDUCE: 1 ops in {{.*}}/model.mlir
// PART: func.func @main
// PART-NEXT: visir.unary exp
// PART-NEXT: return

// AGREE: target and reference agree
