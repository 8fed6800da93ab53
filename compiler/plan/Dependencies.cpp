// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/plan/Dependencies.h"

#include "llvm/ADT/BitVector.h"

using namespace mlir;
using namespace visir;

static bool overlap(exec::RefAttr a, exec::RefAttr b) {
  return a.getKind() == b.getKind() && a.getIndex() == b.getIndex() &&
         a.getOffset() < b.getOffset() + b.getSize() &&
         b.getOffset() < a.getOffset() + a.getSize();
}

static bool anyOverlap(ArrayRef<exec::RefAttr> a, ArrayRef<exec::RefAttr> b) {
  return llvm::any_of(a, [&](exec::RefAttr x) {
    return llvm::any_of(b, [&](exec::RefAttr y) { return overlap(x, y); });
  });
}

std::vector<llvm::SmallVector<int64_t>>
visir::commandDependencies(ArrayRef<CommandAccess> commands) {
  size_t count = commands.size();
  std::vector<SmallVector<int64_t>> result(count);
  // before[i]: the commands that have finished when command i starts.
  std::vector<llvm::BitVector> before(count, llvm::BitVector(count));
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = i; j-- > 0;) {
      if (before[i].test(j))
        continue;
      const CommandAccess &now = commands[i], &then = commands[j];
      if (!anyOverlap(now.reads, then.writes) &&
          !anyOverlap(now.writes, then.reads) &&
          !anyOverlap(now.writes, then.writes))
        continue;
      result[i].push_back(j);
      before[i] |= before[j];
      before[i].set(j);
    }
    llvm::sort(result[i]);
  }
  return result;
}
