// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Entries: tensors, commands and their references.
#include "runtime/artifact/verify_parts.h"

#include <math.h>

namespace visir::runtime {
namespace {

struct EntryContext {
  Verification &v;
  const schema::Entry &entry;
  // One byte for each output: whether a command writes it.
  Array<uint8_t> written;
};

Status verifyTensor(const schema::Entry &entry, const schema::Tensor &tensor) {
  if (tensor.name()->size() == 0)
    return malformed("name is empty, expected one");
  uint32_t element = dtypeBytes(tensor.dtype());
  if (element == 0)
    return malformed("dtype is %u, expected %u..%u",
                     static_cast<unsigned>(tensor.dtype()),
                     static_cast<unsigned>(schema::DType::f32),
                     static_cast<unsigned>(schema::DType::MAX));
  uint32_t rank = sizeOf(tensor.dims());
  if (rank > kMaxRank)
    return malformed("rank is %u, expected at most %u", rank, kMaxRank);
  uint64_t bytes = element;
  int64_t symbols = sizeOf(entry.symbols());
  for (uint32_t i = 0; i < rank; ++i) {
    const schema::Dim &dim = *tensor.dims()->Get(i);
    if (!checkedMul(bytes, dim.value(), &bytes))
      return malformed("dimension %u is %llu, expected a tensor of at most "
                       "%llu bytes",
                       i, wide(dim.value()), wide(kMaxMemoryBytes));
    if (dim.symbol() < -1 || dim.symbol() >= symbols)
      return malformed("symbol of dimension %u is %d, expected -1..%lld", i,
                       dim.symbol(), static_cast<long long>(symbols - 1));
    if (dim.symbol() < 0)
      continue;
    uint64_t largest = entry.symbols()->Get(dim.symbol())->max();
    if (dim.value() != largest)
      return malformed("dimension %u is %llu, expected %llu, the largest value "
                       "of its symbol",
                       i, wide(dim.value()), wide(largest));
  }
  if (tensor.bytes() != bytes)
    return malformed("size is %llu, expected %llu, dims times element size",
                     wide(tensor.bytes()), wide(bytes));
  if (bytes > kMaxMemoryBytes)
    return malformed("size is %llu, expected at most %llu", wide(bytes),
                     wide(kMaxMemoryBytes));
  return Status();
}

using Tensors = flatbuffers::Vector<flatbuffers::Offset<schema::Tensor>>;

Status verifyTensors(EntryContext &context, const Tensors *tensors,
                     const char *what) {
  uint32_t count = sizeOf(tensors);
  if (count > kMaxTensors)
    return malformed("%s count is %u, expected at most %u", what, count,
                     kMaxTensors);
  for (uint32_t i = 0; i < count; ++i) {
    const schema::Tensor &tensor = *tensors->Get(i);
    VISIR_RETURN_IF_ERROR_AT(verifyTensor(context.entry, tensor),
                             "%s %u \"%.32s\"", what, i,
                             tensor.name()->c_str());
    VISIR_RETURN_IF_ERROR(context.v.budget.charge(1 + sizeOf(tensor.dims())));
  }
  return Status();
}

// The size of what a reference points into.
Status resourceSize(const EntryContext &context, const schema::BindingRef &ref,
                    uint64_t *bytes) {
  uint32_t count = 0;
  const schema::Entry &entry = context.entry;
  const schema::Program &program = *context.v.program;
  *bytes = 0;
  switch (ref.kind()) {
  case schema::BufferKind::input:
    count = sizeOf(entry.inputs());
    if (ref.index() < count)
      *bytes = entry.inputs()->Get(ref.index())->bytes();
    break;
  case schema::BufferKind::output:
    count = sizeOf(entry.outputs());
    if (ref.index() < count)
      *bytes = entry.outputs()->Get(ref.index())->bytes();
    break;
  case schema::BufferKind::arena:
    count = 1;
    *bytes = entry.arena_bytes();
    break;
  case schema::BufferKind::constant:
    count = sizeOf(program.constants());
    if (ref.index() < count)
      *bytes = program.constants()->Get(ref.index())->size();
    break;
  case schema::BufferKind::state:
    count = sizeOf(program.states());
    if (ref.index() < count)
      *bytes = program.states()->Get(ref.index())->bytes();
    break;
  case schema::BufferKind::length:
    count = sizeOf(entry.symbols());
    *bytes = kLengthBytes;
    break;
  default:
    return malformed("kind is %u, expected %u..%u",
                     static_cast<unsigned>(ref.kind()),
                     static_cast<unsigned>(schema::BufferKind::MIN),
                     static_cast<unsigned>(schema::BufferKind::MAX));
  }
  if (ref.index() >= count)
    return malformed("index is %u, expected less than %u %ss", ref.index(),
                     count, schema::EnumNameBufferKind(ref.kind()));
  return Status();
}

Status verifyReference(EntryContext &context, const schema::BindingRef &ref,
                       bool writes) {
  uint64_t bytes;
  VISIR_RETURN_IF_ERROR(resourceSize(context, ref, &bytes));
  if (!rangeFits(ref.offset(), ref.size(), bytes))
    return malformed("offset %llu and size %llu exceed the %s, expected an end "
                     "of at most %llu",
                     wide(ref.offset()), wide(ref.size()),
                     schema::EnumNameBufferKind(ref.kind()), wide(bytes));
  if (writes && (ref.kind() == schema::BufferKind::input ||
                 ref.kind() == schema::BufferKind::constant ||
                 ref.kind() == schema::BufferKind::length))
    return malformed("written buffer is %s, expected output, arena or state",
                     schema::EnumNameBufferKind(ref.kind()));
  if (writes && ref.kind() == schema::BufferKind::output)
    context.written[ref.index()] = 1;
  return context.v.budget.charge(1);
}

Status verifyScalar(const EntryContext &context, const schema::Scalar &scalar,
                    const schema::ScalarRange &range) {
  switch (scalar.kind()) {
  case schema::ScalarKind::constant:
    if (scalar.value() < range.min() || scalar.value() > range.max())
      return malformed("value is %u, expected %u..%u", scalar.value(),
                       range.min(), range.max());
    return Status();
  case schema::ScalarKind::symbol: {
    uint32_t symbols = sizeOf(context.entry.symbols());
    if (scalar.value() >= symbols)
      return malformed("symbol is %u, expected less than %u", scalar.value(),
                       symbols);
    const schema::Symbol &symbol =
        *context.entry.symbols()->Get(scalar.value());
    if (symbol.min() < range.min() || symbol.max() > range.max())
      return malformed("range of the symbol is %llu..%llu, expected within "
                       "%u..%u",
                       wide(symbol.min()), wide(symbol.max()), range.min(),
                       range.max());
    return Status();
  }
  case schema::ScalarKind::input: {
    uint32_t inputs = sizeOf(context.entry.inputs());
    if (scalar.value() >= inputs)
      return malformed("input is %u, expected less than %u", scalar.value(),
                       inputs);
    const schema::Tensor &tensor = *context.entry.inputs()->Get(scalar.value());
    if (sizeOf(tensor.dims()) != 0 || tensor.dtype() < schema::DType::i8 ||
        tensor.dtype() > schema::DType::u64)
      return malformed("input %u is %s of rank %u, expected an integer of rank "
                       "0",
                       scalar.value(), dtypeName(tensor.dtype()),
                       sizeOf(tensor.dims()));
    return Status();
  }
  default:
    return malformed("kind is %u, expected %u..%u",
                     static_cast<unsigned>(scalar.kind()),
                     static_cast<unsigned>(schema::ScalarKind::MIN),
                     static_cast<unsigned>(schema::ScalarKind::MAX));
  }
}

Status verifyDispatchBinding(EntryContext &context,
                             const schema::BindingRef &ref,
                             const schema::Binding &binding) {
  VISIR_RETURN_IF_ERROR(
      verifyReference(context, ref, binding.access() != schema::Access::read));
  if (ref.size() < binding.min_bytes())
    return malformed("size is %llu, expected at least %llu", wide(ref.size()),
                     wide(binding.min_bytes()));
  if (ref.offset() % binding.alignment() != 0)
    return malformed("offset is %llu, expected a multiple of %u",
                     wide(ref.offset()), binding.alignment());
  return Status();
}

Status verifyDispatch(EntryContext &context, const schema::Dispatch &dispatch) {
  uint32_t functions = sizeOf(context.v.program->functions());
  if (dispatch.function() >= functions)
    return malformed("function is %u, expected less than %u",
                     dispatch.function(), functions);
  const schema::Function &function =
      *context.v.program->functions()->Get(dispatch.function());
  uint32_t bindings = sizeOf(function.bindings());
  if (sizeOf(dispatch.bindings()) != bindings)
    return malformed("binding count is %u, expected %u as in function "
                     "\"%.48s\"",
                     sizeOf(dispatch.bindings()), bindings,
                     function.name()->c_str());
  for (uint32_t i = 0; i < bindings; ++i)
    VISIR_RETURN_IF_ERROR_AT(
        verifyDispatchBinding(context, *dispatch.bindings()->Get(i),
                              *function.bindings()->Get(i)),
        "binding %u", i);
  uint32_t scalars = sizeOf(function.scalars());
  if (sizeOf(dispatch.scalars()) != scalars)
    return malformed("scalar count is %u, expected %u as in function "
                     "\"%.48s\"",
                     sizeOf(dispatch.scalars()), scalars,
                     function.name()->c_str());
  VISIR_RETURN_IF_ERROR(context.v.budget.charge(scalars));
  for (uint32_t i = 0; i < scalars; ++i)
    VISIR_RETURN_IF_ERROR_AT(verifyScalar(context, *dispatch.scalars()->Get(i),
                                          *function.scalars()->Get(i)),
                             "scalar %u", i);
  if (dispatch.tile_end() > function.tile_count())
    return malformed("tile end is %u, expected at most %u", dispatch.tile_end(),
                     function.tile_count());
  if (dispatch.tile_begin() >= dispatch.tile_end())
    return malformed("tile begin is %u, expected less than %u",
                     dispatch.tile_begin(), dispatch.tile_end());
  schema::DeviceKind device =
      context.v.manifest->targets()->Get(context.v.program->target())->device();
  if (device != schema::DeviceKind::cpu &&
      dispatch.tile_end() - dispatch.tile_begin() != function.tile_count())
    return malformed("tiles are %u..%u, expected all %u for %s",
                     dispatch.tile_begin(), dispatch.tile_end(),
                     function.tile_count(), schema::EnumNameDeviceKind(device));
  int64_t symbols = sizeOf(context.entry.symbols());
  if (dispatch.live_symbol() < -1 || dispatch.live_symbol() >= symbols)
    return malformed("live symbol is %d, expected -1..%lld",
                     dispatch.live_symbol(),
                     static_cast<long long>(symbols - 1));
  if (dispatch.live_divisor() == 0 || dispatch.live_count() == 0)
    return malformed("live divisor and count are %u and %u, expected at least "
                     "1",
                     dispatch.live_divisor(), dispatch.live_count());
  return verifyDispatchOverlap(context.v, dispatch, function);
}

Status verifyCopy(EntryContext &context, const schema::Copy &copy) {
  const schema::BindingRef &from = *copy.source();
  const schema::BindingRef &to = *copy.destination();
  VISIR_RETURN_IF_ERROR_AT(verifyReference(context, from, false), "source");
  VISIR_RETURN_IF_ERROR_AT(verifyReference(context, to, true), "destination");
  if (from.size() != to.size())
    return malformed("size of the destination is %llu, expected %llu",
                     wide(to.size()), wide(from.size()));
  if (from.kind() == to.kind() && from.index() == to.index() &&
      from.offset() < to.offset() + to.size() &&
      to.offset() < from.offset() + from.size())
    return malformed("destination offset is %llu, expected no overlap with the "
                     "source at %llu",
                     wide(to.offset()), wide(from.offset()));
  return Status();
}

Status verifyCommand(EntryContext &context, const schema::Command &command,
                     uint32_t index) {
  uint32_t dependencies = sizeOf(command.depends_on());
  uint32_t sources = sizeOf(command.source_nodes());
  VISIR_RETURN_IF_ERROR(context.v.budget.charge(1 + dependencies + sources));
  for (uint32_t i = 0; i < dependencies; ++i)
    if (command.depends_on()->Get(i) >= index)
      return malformed("dependency %u is %u, expected an earlier command", i,
                       command.depends_on()->Get(i));
  uint32_t names = sizeOf(context.v.manifest->source_names());
  for (uint32_t i = 0; i < sources; ++i)
    if (command.source_nodes()->Get(i) >= names)
      return malformed("source node %u is %u, expected less than %u", i,
                       command.source_nodes()->Get(i), names);
  switch (command.operation_type()) {
  case schema::Operation::Dispatch:
    return verifyDispatch(context, *command.operation_as_Dispatch());
  case schema::Operation::Copy:
    return verifyCopy(context, *command.operation_as_Copy());
  case schema::Operation::Fill:
    return verifyReference(context, *command.operation_as_Fill()->destination(),
                           true)
        .at("destination");
  default:
    return malformed("operation is %u, expected %u..%u",
                     static_cast<unsigned>(command.operation_type()), 1u,
                     static_cast<unsigned>(schema::Operation::MAX));
  }
}

Status verifyPreprocess(const schema::Entry &entry,
                        const schema::Preprocess &preprocess) {
  if (preprocess.input() >= sizeOf(entry.inputs()))
    return malformed("input is %u, expected less than %u", preprocess.input(),
                     sizeOf(entry.inputs()));
  if (preprocess.filter() > schema::ResizeFilter::MAX)
    return malformed("filter is %u, expected at most %u",
                     static_cast<unsigned>(preprocess.filter()),
                     static_cast<unsigned>(schema::ResizeFilter::MAX));
  if (preprocess.channels() != 1 && preprocess.channels() != 3)
    return malformed("channel count is %u, expected 1 or 3",
                     preprocess.channels());
  if (sizeOf(preprocess.mean()) != preprocess.channels())
    return malformed("mean count is %u, expected %u", sizeOf(preprocess.mean()),
                     preprocess.channels());
  if (sizeOf(preprocess.std()) != preprocess.channels())
    return malformed("deviation count is %u, expected %u",
                     sizeOf(preprocess.std()), preprocess.channels());
  for (uint32_t side : {preprocess.resize_shorter(), preprocess.crop_height(),
                        preprocess.crop_width()})
    if (side > kMaxPictureSide)
      return malformed("side of a picture is %u, expected at most %u", side,
                       kMaxPictureSide);
  if (!isfinite(preprocess.scale()))
    return malformed("scale is %g, expected a finite one",
                     static_cast<double>(preprocess.scale()));
  for (uint32_t i = 0; i < preprocess.channels(); ++i) {
    auto mean = static_cast<double>(preprocess.mean()->Get(i));
    auto deviation = static_cast<double>(preprocess.std()->Get(i));
    if (!isfinite(mean))
      return malformed("mean %u is %g, expected a finite one", i, mean);
    if (!isfinite(deviation) || deviation == 0)
      return malformed("deviation %u is %g, expected a finite one other than 0",
                       i, deviation);
  }
  return Status();
}

// The parts that only people read.
Status verifyNotes(const EntryContext &context) {
  const schema::Entry &entry = context.entry;
  uint32_t buffers = sizeOf(entry.buffers());
  uint32_t preprocess = sizeOf(entry.preprocess());
  VISIR_RETURN_IF_ERROR(context.v.budget.charge(buffers + preprocess));
  uint32_t commands = sizeOf(entry.commands());
  for (uint32_t i = 0; i < buffers; ++i) {
    const schema::Buffer &buffer = *entry.buffers()->Get(i);
    if (!rangeFits(buffer.offset(), buffer.size(), entry.arena_bytes()))
      return malformed("buffer %u: offset %llu and size %llu exceed the arena, "
                       "expected an end of at most %llu",
                       i, wide(buffer.offset()), wide(buffer.size()),
                       wide(entry.arena_bytes()));
    if (buffer.first_command() > buffer.last_command() ||
        buffer.last_command() >= commands)
      return malformed("buffer %u: life is %u..%u, expected within %u commands",
                       i, buffer.first_command(), buffer.last_command(),
                       commands);
  }
  for (uint32_t i = 0; i < preprocess; ++i)
    VISIR_RETURN_IF_ERROR_AT(
        verifyPreprocess(entry, *entry.preprocess()->Get(i)), "preprocess %u",
        i);
  return Status();
}

Status verifySameTensors(const Tensors *actual, const Tensors *expected,
                         const char *what, uint32_t entry) {
  if (sizeOf(actual) != sizeOf(expected))
    return malformed("%s count of entry %u is %u, expected %u as in program 0",
                     what, entry, sizeOf(actual), sizeOf(expected));
  for (uint32_t i = 0; i < sizeOf(actual); ++i) {
    const schema::Tensor &a = *actual->Get(i), &e = *expected->Get(i);
    bool same = strcmp(a.name()->c_str(), e.name()->c_str()) == 0 &&
                a.dtype() == e.dtype() && a.bytes() == e.bytes() &&
                sizeOf(a.dims()) == sizeOf(e.dims());
    for (uint32_t d = 0; same && d < sizeOf(a.dims()); ++d)
      same = a.dims()->Get(d)->value() == e.dims()->Get(d)->value() &&
             a.dims()->Get(d)->symbol() == e.dims()->Get(d)->symbol();
    if (!same)
      return malformed("%s %u of entry %u is unlike that of program 0, "
                       "expected the same name, dtype and dims",
                       what, i, entry);
  }
  return Status();
}

} // namespace

Status verifyEntry(Verification &v, const schema::Entry &entry) {
  EntryContext context{v, entry, {}};
  VISIR_RETURN_IF_ERROR(verifySymbols(v, entry));
  VISIR_RETURN_IF_ERROR(verifyTensors(context, entry.inputs(), "input"));
  VISIR_RETURN_IF_ERROR(verifyTensors(context, entry.outputs(), "output"));
  VISIR_RETURN_IF_ERROR(verifyLengths(v, entry));
  if (entry.arena_bytes() > kMaxMemoryBytes)
    return malformed("arena size is %llu, expected at most %llu",
                     wide(entry.arena_bytes()), wide(kMaxMemoryBytes));
  uint32_t outputs = sizeOf(entry.outputs());
  if (!context.written.allocate(v.allocator, outputs))
    return Status::error(StatusCode::outOfMemory, "no memory to verify");
  for (uint32_t i = 0; i < sizeOf(entry.commands()); ++i)
    VISIR_RETURN_IF_ERROR_AT(
        verifyCommand(context, *entry.commands()->Get(i), i), "command %u", i);
  for (uint32_t i = 0; i < outputs; ++i)
    if (!context.written[i] && entry.outputs()->Get(i)->bytes() != 0)
      return malformed("output %u is written by no command, expected one", i);
  VISIR_RETURN_IF_ERROR(verifyNotes(context));
  return verifyWaves(v, entry);
}

Status verifySameEntries(Verification &v, const schema::Program &first) {
  const auto *actual = v.program->entries();
  const auto *expected = first.entries();
  if (sizeOf(actual) != sizeOf(expected))
    return malformed("entry count is %u, expected %u as in program 0",
                     sizeOf(actual), sizeOf(expected));
  for (uint32_t i = 0; i < sizeOf(actual); ++i) {
    const schema::Entry &a = *actual->Get(i), &e = *expected->Get(i);
    if (strcmp(a.name()->c_str(), e.name()->c_str()) != 0)
      return malformed("entry %u name is \"%.32s\", expected \"%.32s\" as in "
                       "program 0",
                       i, a.name()->c_str(), e.name()->c_str());
    VISIR_RETURN_IF_ERROR(
        verifySameTensors(a.inputs(), e.inputs(), "input", i));
    VISIR_RETURN_IF_ERROR(
        verifySameTensors(a.outputs(), e.outputs(), "output", i));
  }
  return Status();
}

} // namespace visir::runtime
