// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/exec/lengths.h"

#include "runtime/artifact/manifest_access.h"

namespace visir::runtime {
namespace {

bool inRange(const schema::Symbol &symbol, int64_t value) {
  return value >= 0 && static_cast<uint64_t>(value) >= symbol.min() &&
         static_cast<uint64_t>(value) <= symbol.max();
}

Status outOfRange(const char *what, const char *name, int64_t value,
                  const schema::Symbol &symbol) {
  return Status::error(StatusCode::invalidArgument,
                       "%s \"%.48s\" is %lld, expected %llu..%llu", what, name,
                       static_cast<long long>(value),
                       static_cast<unsigned long long>(symbol.min()),
                       static_cast<unsigned long long>(symbol.max()));
}

void takeFromInput(const schema::Entry &entry, const schema::Tensor &tensor,
                   const TensorView &view, int64_t *symbols) {
  uint32_t rank = sizeOf(tensor.dims());
  if (view.rank != rank || !view.dims)
    return;
  for (uint32_t i = 0; i < rank; ++i) {
    int32_t index = tensor.dims()->Get(i)->symbol();
    if (index < 0 || symbols[index] >= 0)
      continue;
    const schema::Symbol &symbol = *entry.symbols()->Get(index);
    if (!symbol.is_expression() && inRange(symbol, view.dims[i]))
      symbols[index] = view.dims[i];
  }
}

// False while a term is unknown. The verifier made sure that nothing overflows.
bool evaluate(const schema::Symbol &symbol, const int64_t *symbols,
              int64_t *value) {
  *value = symbol.offset();
  for (uint32_t i = 0; i < sizeOf(symbol.terms()); ++i) {
    const schema::SymbolTerm &term = *symbol.terms()->Get(i);
    if (symbols[term.symbol()] < 0)
      return false;
    *value += term.factor() * symbols[term.symbol()];
  }
  return true;
}

} // namespace

Status resolveSymbols(const schema::Program &program,
                      const schema::Entry &entry, const TensorView *inputs,
                      const Array<uint64_t> &stateLengths, int64_t *symbols) {
  uint32_t count = sizeOf(entry.symbols());
  for (uint32_t i = 0; i < count; ++i)
    symbols[i] = -1;
  for (uint32_t i = 0; i < sizeOf(entry.state_lengths()); ++i) {
    const schema::StateLength &length = *entry.state_lengths()->Get(i);
    if (length.before() < 0)
      continue;
    const schema::Symbol &symbol = *entry.symbols()->Get(length.before());
    int64_t value = static_cast<int64_t>(stateLengths[length.state()]);
    int64_t &known = symbols[length.before()];
    if (!inRange(symbol, value) || (known >= 0 && known != value))
      return outOfRange(
          "length of state",
          program.states()->Get(length.state())->name()->c_str(), value,
          symbol);
    known = value;
  }
  for (uint32_t i = 0; i < sizeOf(entry.inputs()); ++i)
    takeFromInput(entry, *entry.inputs()->Get(i), inputs[i], symbols);
  for (uint32_t i = 0; i < count; ++i) {
    const schema::Symbol &symbol = *entry.symbols()->Get(i);
    int64_t value;
    if (!symbol.is_expression() || !evaluate(symbol, symbols, &value))
      continue;
    if (!inRange(symbol, value))
      return outOfRange("size", symbol.name()->c_str(), value, symbol);
    symbols[i] = value;
  }
  return Status();
}

int64_t sizeOfDim(const schema::Dim &dim, const int64_t *symbols) {
  return dim.symbol() < 0 ? static_cast<int64_t>(dim.value())
                          : symbols[dim.symbol()];
}

} // namespace visir::runtime
