// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// dispatch_c1
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{load 0 has the map affine_map<(d0, d1) -> (d0)>, expected 1 dimensions and 1 results}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads [#visir.access<(d0, d1) -> (d0)>]
    stores [#visir.access<(d0) -> (d0)>] ties [-1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c2
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{load 0 has 0 index loads, expected 1}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads [#visir.access<(d0) -> (d0), index_axes = [0]>]
    stores [#visir.access<(d0) -> (d0)>] ties [-1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c3
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{load 0 is indexed by load 1, expected less than 1}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads [#visir.access<(d0) -> (d0), index_axes = [0], index_loads = [1]>]
    stores [#visir.access<(d0) -> (d0)>] ties [-1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c4
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{load 0 is not linear: affine_map<(d0) -> (d0 floordiv 2)>}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads [#visir.access<(d0) -> (d0 floordiv 2)>]
    stores [#visir.access<(d0) -> (d0)>] ties [-1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c5
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{load 0 covers 1 .. 4 of dimension 0, expected within 0 .. 3}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads [#visir.access<(d0) -> (d0 + 1)>]
    stores [#visir.access<(d0) -> (d0)>] ties [-1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c6
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{store 0 is padded}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads [#visir.access<(d0) -> (d0)>]
    stores [#visir.access<(d0) -> (d0), padded = true>] ties [-1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c7
func.func @f(%a: tensor<4x4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{store 0 depends on reduction dimension 1}}
  %0 = visir.dispatch <reduce, {combiner = #visir<reduce_kind sum>}> domain = [4, 4] parallel 1(%a)
    loads [#visir.access<(d0, d1) -> (d0, d1)>]
    stores [#visir.access<(d0, d1) -> (d1)>] ties [-1]
    : (tensor<4x4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  } epilogue {
  ^bb0(%r: f32, %x: f32):
    visir.yield %r : f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c8
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{tie of result 0 is 1, expected an input of its type}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads [#visir.access<(d0) -> (d0)>]
    stores [#visir.access<(d0) -> (d0)>] ties [1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c9
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{prologue has 0 arguments, expected 1}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads [#visir.access<(d0) -> (d0)>]
    stores [#visir.access<(d0) -> (d0)>] ties [-1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0:
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c10
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{epilogue has 0 arguments, expected 1}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads [#visir.access<(d0) -> (d0)>]
    stores [#visir.access<(d0) -> (d0)>] ties [-1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0:
    visir.yield
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c11
func.func @f(%a: tensor<4x4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{prologue yields 0 values, expected 1}}
  %0 = visir.dispatch <reduce, {combiner = #visir<reduce_kind sum>}> domain = [4, 4] parallel 1(%a)
    loads [#visir.access<(d0, d1) -> (d0, d1)>]
    stores [#visir.access<(d0, d1) -> (d0)>] ties [-1]
    : (tensor<4x4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%r: f32, %x: f32):
    visir.yield %r : f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c12
func.func @f(%a: tensor<4x4xf32>) -> tensor<4x4xf32> {
  // expected-error @+1 {{prologue yields 1 values, expected 3 or 4}}
  %0 = visir.dispatch <attention, {scale = 1.0 : f64}> domain = [4, 4, 4, 4] parallel 2(%a)
    loads [#visir.access<(d0, d1, d2, d3) -> (d0, d3)>]
    stores [#visir.access<(d0, d1, d2, d3) -> (d0, d1)>] ties [-1]
    : (tensor<4x4xf32>) -> tensor<4x4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  } epilogue {
  ^bb0(%r: f32, %x: f32):
    visir.yield %r : f32
  }
  return %0 : tensor<4x4xf32>
}

// -----

// dispatch_c13
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{epilogue yields 2 values, expected 1}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads [#visir.access<(d0) -> (d0)>]
    stores [#visir.access<(d0) -> (d0)>] ties [-1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x, %x : f32, f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c14
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{number of loads is 0, expected 1}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads []
    stores [#visir.access<(d0) -> (d0)>] ties [-1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c15
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{number of stores is 0 and of ties 1, expected 1}}
  %0 = visir.dispatch <map> domain = [4] parallel 1(%a)
    loads [#visir.access<(d0) -> (d0)>]
    stores [] ties [-1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4xf32>
}

// -----

// dispatch_c16
func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{parallel rank is 2, expected at most 1}}
  %0 = visir.dispatch <map> domain = [4] parallel 2(%a)
    loads [#visir.access<(d0) -> (d0)>]
    stores [#visir.access<(d0) -> (d0)>] ties [-1]
    : (tensor<4xf32>) -> tensor<4xf32> prologue {
  ^bb0(%x: f32):
    visir.yield
  } epilogue {
  ^bb0(%x: f32):
    visir.yield %x : f32
  }
  return %0 : tensor<4xf32>
}
