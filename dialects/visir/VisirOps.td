// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_OPS_TD
#define VISIR_OPS_TD

include "dialects/visir/ops/Contraction.td"
include "dialects/visir/ops/Dispatch.td"
include "dialects/visir/ops/Elementwise.td"
include "dialects/visir/ops/Indexing.td"
include "dialects/visir/ops/Movement.td"
include "dialects/visir/ops/Norm.td"
include "dialects/visir/ops/Reduce.td"
include "dialects/visir/ops/Structure.td"
include "dialects/visir/ops/Window.td"

#endif // VISIR_OPS_TD
