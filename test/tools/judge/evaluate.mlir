// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not visir-evaluate 2>&1 | FileCheck %s --check-prefix=USAGE
// RUN: not visir-evaluate %s --frobnicate 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: not visir-evaluate %s --inputs 2>&1 | FileCheck %s --check-prefix=VALUE
// RUN: not visir-evaluate %s 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: not visir-evaluate %s --inputs %S/none.npz 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: not visir-evaluate %s --entry other 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not visir-evaluate %s --passes no-such-pass 2>&1 | FileCheck %s --check-prefix=PASS
// RUN: not visir-evaluate %s --precision fp8 2>&1 | FileCheck %s --check-prefix=PRECISION
// RUN: printf 'a\tb\tc\t\t\t\tfp8\n' | visir-evaluate --batch | FileCheck %s --check-prefix=FIELD
// RUN: echo "one field" | visir-evaluate --batch | FileCheck %s --check-prefix=BATCH

func.func @main(%a: tensor<2xf32> {visir.name = "x"}) -> tensor<2xf32> {
  return %a : tensor<2xf32>
}

// USAGE: usage: visir-evaluate MODEL [options]
// OPTION: error: argument is --frobnicate, expected one of --help
// VALUE: error: value of --inputs is missing
// INPUT: error: {{.*}}input x is missing
// FILE: error: {{.*}}none.npz: No such file or directory
// ENTRY: error: {{.*}}entry point is other, expected the name of a function
// PASS: error: {{.*}}no-such-pass
// PRECISION: error: precision is fp8, expected fp32, tf32, fp16 or bf16
// FIELD: refused precision is fp8, expected fp32, tf32, fp16 or bf16
// BATCH: refused line has 1 fields, expected at least 3
