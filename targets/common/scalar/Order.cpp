// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/scalar/Order.h"

using namespace visir;

void scalar::orderByStore(Nest &nest) {
  if (nest.stores.empty())
    return;
  auto order = llvm::to_vector(llvm::seq<unsigned>(0, nest.dims.size()));
  const LinearExpr &store = nest.stores[0].address;
  llvm::stable_sort(
      llvm::MutableArrayRef(order).take_front(nest.parallelRank()),
      [&](unsigned a, unsigned b) {
        return std::abs(store.factors[a]) > std::abs(store.factors[b]);
      });
  permute(nest, order);
  collapse(nest);
}
