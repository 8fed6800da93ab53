// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: visir-opt %s -split-input-file -verify-diagnostics=only-expected

// attribute_c1
// expected-error @+1 {{padded is maybe, expected true or false}}
func.func private @f() attributes {a = #visir.access<(d0) -> (d0), padded = maybe>}

// -----

// attribute_c2
// expected-error @+1 {{field is fold, expected padded, fill, index_axes, index_loads, norm or sum}}
func.func private @f() attributes {a = #visir.access<(d0) -> (d0), fold = 1>}

// -----

// attribute_c3
// expected-error @+1 {{layout order is not a permutation}}
func.func private @f() attributes {a = #visir.layout<order = [0, 0]>}

// -----

// attribute_c4
// expected-error @+1 {{layout has 1 tile sizes, expected 2}}
func.func private @f() attributes {a = #visir.layout<order = [0, 1], tile_dims = [0, 1], tile_sizes = [4]>}

// -----

// attribute_c5
// expected-error @+1 {{layout tile of dimension 2 and size 4 is out of range}}
func.func private @f() attributes {a = #visir.layout<order = [0, 1], tile_dims = [2], tile_sizes = [4]>}
