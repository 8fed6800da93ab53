// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// dispatch_c17
func.func @f(%a: tensor<4x6xf32>, %b: tensor<6x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{load 0 is normalised for a root reduce, expected contract}}
  %0 = visir.dispatch <reduce, {combiner = #visir<reduce_kind sum>}> domain = [4, 8, 6] parallel 2(%a, %b)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2), norm = {epsilon = 1.0e-5 : f64}>, #visir.access<(d0, d1, d2) -> (d2, d1)>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32> prologue {
  ^bb0(%x: f32, %y: f32):
    visir.yield %x : f32
  } epilogue {
  ^bb0(%s: f32, %x: f32, %y: f32):
    visir.yield %s : f32
  }
  return %0 : tensor<4x8xf32>
}

// -----

// dispatch_c18
func.func @f(%a: tensor<4x6xf32>, %b: tensor<6x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{norm of load 0 is without an epsilon, expected one of f64}}
  %0 = visir.dispatch <contract> domain = [4, 8, 6] parallel 2(%a, %b)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2), norm = {rms}>, #visir.access<(d0, d1, d2) -> (d2, d1)>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32> prologue {
  ^bb0(%x: f32, %y: f32):
    visir.yield %x, %y : f32, f32
  } epilogue {
  ^bb0(%s: f32, %x: f32, %y: f32):
    visir.yield %s : f32
  }
  return %0 : tensor<4x8xf32>
}

// -----

// dispatch_c19
func.func @f(%a: tensor<4x6xf16>, %b: tensor<6x8xf16>) -> tensor<4x8xf16> {
  // expected-error @+1 {{load 0 is normalised and padded, indexed or of 'f16', expected a plain one of f32 or f64}}
  %0 = visir.dispatch <contract> domain = [4, 8, 6] parallel 2(%a, %b)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2), norm = {epsilon = 1.0e-5 : f64}>, #visir.access<(d0, d1, d2) -> (d2, d1)>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<4x6xf16>, tensor<6x8xf16>) -> tensor<4x8xf16> prologue {
  ^bb0(%x: f16, %y: f16):
    visir.yield %x, %y : f16, f16
  } epilogue {
  ^bb0(%s: f16, %x: f16, %y: f16):
    visir.yield %s : f16
  }
  return %0 : tensor<4x8xf16>
}

// -----

// dispatch_c20
func.func @f(%a: tensor<4x6xf32>, %b: tensor<6x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{load 0 is normalised and does not move with dimension 2, expected all of the reduction}}
  %0 = visir.dispatch <contract> domain = [4, 8, 6] parallel 2(%a, %b)
    loads [#visir.access<(d0, d1, d2) -> (d0, 0), norm = {epsilon = 1.0e-5 : f64}>, #visir.access<(d0, d1, d2) -> (d2, d1)>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32> prologue {
  ^bb0(%x: f32, %y: f32):
    visir.yield %x, %y : f32, f32
  } epilogue {
  ^bb0(%s: f32, %x: f32, %y: f32):
    visir.yield %s : f32
  }
  return %0 : tensor<4x8xf32>
}

// -----

// dispatch_c21
func.func @f(%a: tensor<4x6xf32>, %b: tensor<6x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{load 0 is normalised and used by the epilogue, expected the prologue only}}
  %0 = visir.dispatch <contract> domain = [4, 8, 6] parallel 2(%a, %b)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2), norm = {epsilon = 1.0e-5 : f64}>, #visir.access<(d0, d1, d2) -> (d2, d1)>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32> prologue {
  ^bb0(%x: f32, %y: f32):
    visir.yield %x, %y : f32, f32
  } epilogue {
  ^bb0(%s: f32, %x: f32, %y: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4x8xf32>
}

// -----

// dispatch_c24
func.func @f(%a: tensor<4x6xf32>, %b: tensor<6x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{store 0 is normalised}}
  %0 = visir.dispatch <contract> domain = [4, 8, 6] parallel 2(%a, %b)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2)>, #visir.access<(d0, d1, d2) -> (d2, d1)>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1), norm = {epsilon = 1.0e-5 : f64}>] ties [-1]
    : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32> prologue {
  ^bb0(%x: f32, %y: f32):
    visir.yield %x, %y : f32, f32
  } epilogue {
  ^bb0(%s: f32, %x: f32, %y: f32):
    visir.yield %s : f32
  }
  return %0 : tensor<4x8xf32>
}

// -----

// dispatch_c25
func.func @f(%a: tensor<4x6xf32>, %b: tensor<6x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{load 1 is a sum}}
  %0 = visir.dispatch <contract> domain = [4, 8, 6] parallel 2(%a, %b)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2)>, #visir.access<(d0, d1, d2) -> (d2, d1), sum = true>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32> prologue {
  ^bb0(%x: f32, %y: f32):
    visir.yield %x, %y : f32, f32
  } epilogue {
  ^bb0(%s: f32, %x: f32, %y: f32):
    visir.yield %s : f32
  }
  return %0 : tensor<4x8xf32>
}

// -----

// dispatch_c26
func.func @f(%a: tensor<4x6xf32>, %b: tensor<6x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{loads 0 and 1 are normalised, expected one}}
  %0 = visir.dispatch <contract> domain = [4, 8, 6] parallel 2(%a, %b)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2), norm = {epsilon = 1.0e-5 : f64}>, #visir.access<(d0, d1, d2) -> (d2, d1), norm = {epsilon = 1.0e-5 : f64}>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32> prologue {
  ^bb0(%x: f32, %y: f32):
    visir.yield %x, %y : f32, f32
  } epilogue {
  ^bb0(%s: f32, %x: f32, %y: f32):
    visir.yield %s : f32
  }
  return %0 : tensor<4x8xf32>
}

// -----

// dispatch_c22
func.func @f(%a: tensor<4x6xf32>) -> tensor<4x6xf32> {
  // expected-error @+1 {{store 0 is a sum of a root softmax, expected map, reduce or contract}}
  %0 = visir.dispatch <softmax> domain = [4, 6] parallel 1(%a)
    loads [#visir.access<(d0, d1) -> (d0, d1)>]
    stores [#visir.access<(d0, d1) -> (d0, d1), sum = true>] ties [-1]
    : (tensor<4x6xf32>) -> tensor<4x6xf32> prologue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  } epilogue {
  ^bb0(%s: f32, %x: f32):
    visir.yield %s : f32
  }
  return %0 : tensor<4x6xf32>
}

// -----

// dispatch_c23
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{store 0 is a sum and tied or indexed, expected neither}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads [#visir.access<(d0) -> (d0)>]
    stores [#visir.access<(d0) -> (d0), sum = true>] ties [0]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4xf32>
}
