// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Symbols of entries, and the run-time lengths of states.
#include "runtime/artifact/verify_parts.h"

namespace visir::runtime {
namespace {

// Adds what `factor` times a value of min..max can be to low..high.
bool addMultiple(int64_t factor, int64_t min, int64_t max, int64_t *low,
                 int64_t *high) {
  int64_t a, b;
  return !__builtin_mul_overflow(factor, factor < 0 ? max : min, &a) &&
         !__builtin_mul_overflow(factor, factor < 0 ? min : max, &b) &&
         !__builtin_add_overflow(*low, a, low) &&
         !__builtin_add_overflow(*high, b, high);
}

// Its value must be computable without overflow from any values in range.
Status verifyExpression(Verification &v, const schema::Entry &entry,
                        uint32_t index) {
  const schema::Symbol &symbol = *entry.symbols()->Get(index);
  uint32_t terms = sizeOf(symbol.terms());
  VISIR_RETURN_IF_ERROR(v.budget.charge(terms));
  if (!symbol.is_expression()) {
    if (terms != 0)
      return malformed("term count is %u, expected 0 as it is no expression",
                       terms);
    return Status();
  }
  int64_t low = symbol.offset(), high = symbol.offset();
  for (uint32_t i = 0; i < terms; ++i) {
    const schema::SymbolTerm &term = *symbol.terms()->Get(i);
    if (term.symbol() >= index)
      return malformed("symbol of term %u is %u, expected an earlier one", i,
                       term.symbol());
    const schema::Symbol &of = *entry.symbols()->Get(term.symbol());
    if (!addMultiple(term.factor(), static_cast<int64_t>(of.min()),
                     static_cast<int64_t>(of.max()), &low, &high))
      return malformed("factor of term %u is %lld, expected a sum within 64 "
                       "bits",
                       i, static_cast<long long>(term.factor()));
  }
  return Status();
}

void markDefined(const flatbuffers::Vector<flatbuffers::Offset<schema::Tensor>>
                     *inputs,
                 Array<uint8_t> &defined) {
  for (uint32_t i = 0; i < sizeOf(inputs); ++i)
    for (uint32_t d = 0; d < sizeOf(inputs->Get(i)->dims()); ++d) {
      int32_t symbol = inputs->Get(i)->dims()->Get(d)->symbol();
      if (symbol >= 0)
        defined[symbol] = 1;
    }
}

Status verifyStateLength(const Verification &v, const schema::Entry &entry,
                         const schema::StateLength &length,
                         Array<uint8_t> &seen) {
  uint32_t states = sizeOf(v.program->states());
  if (length.state() >= states)
    return malformed("state is %u, expected less than %u", length.state(),
                     states);
  if (seen[length.state()]++ != 0)
    return malformed("state is %u, expected each one once", length.state());
  int64_t symbols = sizeOf(entry.symbols());
  if (length.before() < -1 || length.before() >= symbols)
    return malformed("symbol before is %d, expected -1..%lld", length.before(),
                     static_cast<long long>(symbols - 1));
  if (length.after() < -1 || length.after() >= symbols)
    return malformed("symbol after is %d, expected -1..%lld", length.after(),
                     static_cast<long long>(symbols - 1));
  if (length.before() >= 0 &&
      entry.symbols()->Get(length.before())->is_expression())
    return malformed("symbol before is %d, expected one that is no expression",
                     length.before());
  return Status();
}

} // namespace

Status verifySymbols(Verification &v, const schema::Entry &entry) {
  uint32_t symbols = sizeOf(entry.symbols());
  VISIR_RETURN_IF_ERROR(v.budget.charge(symbols));
  for (uint32_t i = 0; i < symbols; ++i) {
    const schema::Symbol &symbol = *entry.symbols()->Get(i);
    if (symbol.min() > symbol.max() || symbol.max() > UINT32_MAX)
      return malformed("symbol %u: range is %llu..%llu, expected within 0..%u",
                       i, wide(symbol.min()), wide(symbol.max()), UINT32_MAX);
    VISIR_RETURN_IF_ERROR_AT(verifyExpression(v, entry, i),
                             "symbol %u \"%.32s\"", i, symbol.name()->c_str());
  }
  return Status();
}

Status verifyLengths(Verification &v, const schema::Entry &entry) {
  uint32_t symbols = sizeOf(entry.symbols());
  uint32_t lengths = sizeOf(entry.state_lengths());
  VISIR_RETURN_IF_ERROR(v.budget.charge(symbols + lengths));
  Array<uint8_t> defined, seen;
  if (!defined.allocate(v.allocator, symbols) ||
      !seen.allocate(v.allocator, sizeOf(v.program->states())))
    return Status::error(StatusCode::outOfMemory, "no memory to verify");
  markDefined(entry.inputs(), defined);
  for (uint32_t i = 0; i < lengths; ++i) {
    const schema::StateLength &length = *entry.state_lengths()->Get(i);
    VISIR_RETURN_IF_ERROR_AT(verifyStateLength(v, entry, length, seen),
                             "state length %u", i);
    if (length.before() >= 0)
      defined[length.before()] = 1;
  }
  for (uint32_t i = 0; i < symbols; ++i) {
    const schema::Symbol &symbol = *entry.symbols()->Get(i);
    if (!symbol.is_expression() && !defined[i])
      return malformed("symbol %u \"%.32s\" is the size of no input, expected "
                       "one",
                       i, symbol.name()->c_str());
  }
  return Status();
}

} // namespace visir::runtime
