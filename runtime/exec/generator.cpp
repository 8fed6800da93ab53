// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/exec/generator.h"

#include "runtime/artifact/manifest_access.h"

namespace visir::runtime {
namespace {

constexpr uint64_t kAlignment = 64;
// Of beams and of a text: keeps products of sizes far from overflow.
constexpr uint32_t kMostBeams = 1024, kMostTokens = 1 << 20;

uint64_t elementsOf(const schema::Tensor &tensor) {
  uint64_t count = 1;
  for (uint32_t i = 0; i < sizeOf(tensor.dims()); ++i)
    count *= tensor.dims()->Get(i)->value();
  return count;
}

Status outside(const char *what, uint32_t actual, uint32_t least,
               uint32_t most) {
  return Status::error(StatusCode::invalidArgument, "%s is %u, expected %u..%u",
                       what, actual, least, most);
}

} // namespace

Status Generator::make(Session &session, const Options &options,
                       Generator **out) {
  *out = nullptr;
  const Allocator &allocator = session.module().context().allocator();
  Generator *generator = create<Generator>(allocator);
  if (!generator)
    return Status::error(StatusCode::outOfMemory, "no memory for a generator");
  generator->session = &session;
  Status status = generator->prepare(options);
  if (status.ok())
    *out = generator;
  else
    generator->release();
  return status;
}

void Generator::release() {
  destroy(session->module().context().allocator(), this);
}

const schema::Entry &Generator::schemaOf(const Entry &entry) const {
  return *session->module().program().entries()->Get(entry.index);
}

Status Generator::findInput(const schema::Entry &entry, uint32_t index,
                            Entry *found) {
  const schema::Tensor &tensor = *entry.inputs()->Get(index);
  const char *name = tensor.name()->c_str();
  int *role = !strcmp(name, "tokens")     ? &found->tokens
              : !strcmp(name, "parents")  ? &found->parents
              : !strcmp(name, "position") ? &found->position
                                          : nullptr;
  if (!role)
    return Status::error(StatusCode::invalidArgument,
                         "input %u of entry \"%.48s\" is \"%.48s\", expected "
                         "tokens, parents or position",
                         index, entry.name()->c_str(), name);
  if (tensor.dtype() != schema::DType::i64)
    return Status::error(StatusCode::invalidArgument,
                         "dtype of input \"%.48s\" of entry \"%.48s\" is not "
                         "i64",
                         name, entry.name()->c_str());
  *role = static_cast<int>(index);
  return Status();
}

Status Generator::findEntry(const char *name, Entry *found) {
  const auto *entries = session->module().program().entries();
  for (; found->index < entries->size(); ++found->index)
    if (!strcmp(entries->Get(found->index)->name()->c_str(), name))
      break;
  if (found->index == entries->size())
    return Status::error(StatusCode::notFound,
                         "entry \"%.64s\" does not exist, expected entries "
                         "that write texts",
                         name);
  const schema::Entry &entry = schemaOf(*found);
  found->inputCount = sizeOf(entry.inputs());
  for (uint32_t i = 0; i < found->inputCount; ++i)
    VISIR_RETURN_IF_ERROR(findInput(entry, i, found));
  const schema::Tensor *logits =
      sizeOf(entry.outputs()) == 1 ? entry.outputs()->Get(0) : nullptr;
  if (found->tokens < 0 || !logits || sizeOf(logits->dims()) != 2 ||
      logits->dtype() != schema::DType::f32)
    return Status::error(StatusCode::invalidArgument,
                         "entry \"%.48s\" has not the input tokens and one "
                         "output of f32[rows,vocabulary]",
                         name);
  return Status();
}

Status Generator::checkEntries() {
  const schema::Tensor &first = *schemaOf(prefill).outputs()->Get(0);
  const schema::Tensor &next = *schemaOf(step).outputs()->Get(0);
  uint64_t count = next.dims()->Get(0)->value();
  uint64_t width = next.dims()->Get(1)->value();
  if (first.dims()->Get(0)->value() != 1 ||
      first.dims()->Get(1)->value() != width || width > UINT32_MAX)
    return Status::error(StatusCode::invalidArgument,
                         "logits of prefill and step are of %llu and %llu "
                         "tokens, expected equal vocabularies and one row",
                         wide(first.dims()->Get(1)->value()), wide(width));
  if (options.beams > count || count > kMostBeams)
    return outside("number of beams", options.beams, 1,
                   static_cast<uint32_t>(count));
  if (step.parents < 0 && count != 1)
    return Status::error(StatusCode::invalidArgument,
                         "step of %llu rows has no input parents, expected "
                         "one",
                         wide(count));
  const schema::Entry &entry = schemaOf(step);
  for (int input : {step.tokens, step.parents})
    if (input >= 0 &&
        elementsOf(*entry.inputs()->Get(static_cast<uint32_t>(input))) != count)
      return Status::error(StatusCode::invalidArgument,
                           "step takes a wrong number of tokens or parents, "
                           "expected one of each row, %llu",
                           wide(count));
  rows = static_cast<uint32_t>(count);
  vocabulary = static_cast<uint32_t>(width);
  return Status();
}

Status Generator::prepare(const Options &wanted) {
  options = wanted.search;
  if (options.longest < 1 || options.longest > kMostTokens)
    return outside("max_length", options.longest, 1, kMostTokens);
  VISIR_RETURN_IF_ERROR(
      findEntry(wanted.prefill ? wanted.prefill : "prefill", &prefill));
  VISIR_RETURN_IF_ERROR(findEntry(wanted.step ? wanted.step : "step", &step));
  VISIR_RETURN_IF_ERROR(checkEntries());
  const Allocator &allocator = session->module().context().allocator();
  uint64_t values = static_cast<uint64_t>(rows) * vocabulary;
  bool allocated = search.prepare(allocator, options) &&
                   nextTokens.allocate(allocator, rows) &&
                   nextParents.allocate(allocator, rows) &&
                   logits.allocate(allocator, values, kAlignment);
  if (!allocated)
    return Status::error(StatusCode::outOfMemory, "no memory for a generator");
  return Status();
}

Status Generator::runEntry(const Entry &entry, const int64_t *tokens,
                           uint32_t count) {
  const schema::Entry &description = schemaOf(entry);
  TensorView inputs[3] = {};
  int64_t dims[3][kMaxRank];
  for (uint32_t i = 0; i < entry.inputCount; ++i) {
    const schema::Tensor &tensor = *description.inputs()->Get(i);
    int index = static_cast<int>(i);
    const int64_t *data = index == entry.tokens    ? tokens
                          : index == entry.parents ? nextParents.data()
                                                   : &position;
    inputs[i] = {const_cast<int64_t *>(data),
                 static_cast<uint32_t>(tensor.dtype()), sizeOf(tensor.dims()),
                 dims[i], nullptr};
    for (uint32_t d = 0; d < inputs[i].rank; ++d)
      dims[i][d] = static_cast<int64_t>(tensor.dims()->Get(d)->value());
    // A prompt has its own length, which the run checks.
    if (index == entry.tokens && &entry == &prefill && inputs[i].rank > 0)
      dims[i][inputs[i].rank - 1] = count;
  }
  int64_t outDims[2] = {&entry == &prefill ? 1 : static_cast<int64_t>(rows),
                        static_cast<int64_t>(vocabulary)};
  TensorView output = {logits.data(),
                       static_cast<uint32_t>(schema::DType::f32), 2, outDims,
                       nullptr};
  return session->run(entry.index, inputs, entry.inputCount, &output, 1);
}

// The tokens of the next step; rows that no text needs repeat the first.
void Generator::setRows() {
  for (uint32_t i = 0; i < rows; ++i) {
    uint32_t beam = i < search.living() ? i : 0;
    nextTokens[i] = search.token(beam);
    nextParents[i] = search.parent(beam);
  }
  position = static_cast<int64_t>(search.length()) - 1;
}

Status Generator::run(const int64_t *prompt, uint32_t count, int64_t *tokens,
                      uint32_t *length, float *score) {
  if (count < 1 || count >= options.longest)
    return Status::error(StatusCode::invalidArgument,
                         "prompt length is %u, expected 1 or more and less "
                         "than max_length, %u",
                         count, options.longest);
  search.start(prompt, count);
  position = 0;
  VISIR_RETURN_IF_ERROR(runEntry(prefill, prompt, count));
  while (search.advance(logits.data(), vocabulary)) {
    setRows();
    VISIR_RETURN_IF_ERROR(runEntry(step, nextTokens.data(), rows));
  }
  if (search.isBroken())
    return Status::error(StatusCode::invalidArgument,
                         "logits behind token %u are not finite, expected "
                         "finite ones",
                         search.length());
  float ownScore;
  const int64_t *best = search.best(length, &ownScore);
  memcpy(tokens, best, *length * sizeof(int64_t));
  if (score)
    *score = ownScore;
  return Status();
}

} // namespace visir::runtime
