// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/cpu/KernelRun.h"

#include "gtest/gtest.h"

using namespace visir::test;

TEST(Map, AddsInOnePass) {
  expectLikeReference(R"(
    func.func @f(%a: tensor<7x53xf32>, %b: tensor<7x53xf32>) -> tensor<7x53xf32> {
      %r = visir.dispatch <map> domain = [7, 53] parallel 2 (%a, %b)
        loads [#visir.access<(d0, d1) -> (d0, d1)>, #visir.access<(d0, d1) -> (d0, d1)>]
        stores [#visir.access<(d0, d1) -> (d0, d1)>] ties [-1]
        : (tensor<7x53xf32>, tensor<7x53xf32>) -> tensor<7x53xf32>
        prologue { ^bb0(%x: f32, %y: f32): visir.yield }
        epilogue { ^bb0(%x: f32, %y: f32): %s = arith.addf %x, %y : f32
                   visir.yield %s : f32 }
      return %r : tensor<7x53xf32>
    })", 0);
}
