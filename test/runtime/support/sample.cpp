// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/runtime/support/sample.h"

namespace visir::testing {
namespace {

using schema::Access;
using schema::BufferKind;
using schema::ScalarKind;

std::unique_ptr<schema::FunctionT> makeFunction(Bytes &code,
                                                const std::string &kernel) {
  auto function = std::make_unique<schema::FunctionT>();
  function->name = kernel;
  function->code_offset = appendKernel(code, kernel);
  function->code_bytes = code.size() - function->code_offset;
  function->tile_count = 1;
  return function;
}

void addScalarRange(schema::FunctionT &function, uint32_t min, uint32_t max) {
  auto range = std::make_unique<schema::ScalarRangeT>();
  range->min = min;
  range->max = max;
  function.scalars.push_back(std::move(range));
}

void addFunctions(schema::ProgramT &program, Bytes &code) {
  auto add = makeFunction(code, "add");
  add->bindings.push_back(makeBinding(Access::read, 256));
  add->bindings.push_back(makeBinding(Access::read, 256));
  add->bindings.push_back(makeBinding(Access::write, 256));
  addScalarRange(*add, 16, 16);
  add->tile_count = 4;
  add->scratch_bytes = 100;
  add->frame_bytes = 64;
  add->flops = 64;
  add->config = "{cost = {cycles = 4000 : i64, executed_flops = 48 : i64, "
                "issued_flops = 96 : i64}, width = 16 : i64}";
  add->digest.resize(VISIR_SHA256_BYTES);
  program.functions.push_back(std::move(add));

  auto accumulate = makeFunction(code, "accumulate");
  accumulate->bindings.push_back(makeBinding(Access::read, 64));
  accumulate->bindings.push_back(makeBinding(Access::write, 64, 0));
  addScalarRange(*accumulate, 0, 100);
  addScalarRange(*accumulate, 1, 4);
  accumulate->flops = 32;
  program.functions.push_back(std::move(accumulate));
}

void addConstant(schema::ProgramT &program, uint64_t offset, uint64_t size) {
  auto constant = std::make_unique<schema::ConstantT>();
  constant->name = "c" + std::to_string(program.constants.size());
  constant->section = 1;
  constant->offset = offset;
  constant->size = size;
  program.constants.push_back(std::move(constant));
}

void addState(schema::ProgramT &program, const std::string &name,
              uint64_t bytes, int32_t initial) {
  auto state = std::make_unique<schema::StateT>();
  state->name = name;
  state->bytes = bytes;
  state->initial = initial;
  program.states.push_back(std::move(state));
}

std::unique_ptr<schema::BindingRefT> arena(uint64_t offset) {
  return makeRef(BufferKind::arena, 0, offset, 256);
}

std::unique_ptr<schema::CommandT>
addOf(std::unique_ptr<schema::BindingRefT> a,
      std::unique_ptr<schema::BindingRefT> b,
      std::unique_ptr<schema::BindingRefT> out,
      std::vector<uint32_t> dependsOn) {
  DispatchSpec spec;
  spec.bindings.push_back(std::move(a));
  spec.bindings.push_back(std::move(b));
  spec.bindings.push_back(std::move(out));
  spec.scalars.push_back(makeScalar(ScalarKind::constant, 16));
  spec.tileEnd = 4;
  auto command = makeDispatch(std::move(spec), std::move(dependsOn));
  command->source_nodes = {0};
  return command;
}

void addMainCommands(schema::EntryT &entry) {
  entry.commands.push_back(addOf(makeRef(BufferKind::input, 0, 0, 256),
                                 makeRef(BufferKind::constant, 0, 0, 256),
                                 arena(0), {}));
  entry.commands.push_back(makeFill(arena(256), 0, {}));
  entry.commands.push_back(
      addOf(arena(0), makeRef(BufferKind::input, 2, 0, 256), arena(512), {0}));
  DispatchSpec count;
  count.function = 1;
  count.bindings.push_back(makeRef(BufferKind::state, 0, 0, 64));
  count.bindings.push_back(makeRef(BufferKind::state, 0, 0, 64));
  count.scalars.push_back(makeScalar(ScalarKind::input, 1));
  count.scalars.push_back(makeScalar(ScalarKind::symbol, 0));
  count.parallel = false;
  entry.commands.push_back(makeDispatch(std::move(count), {}));
  entry.commands.push_back(
      makeCopy(arena(512), makeRef(BufferKind::output, 0, 0, 256), {2}));
  entry.commands.push_back(makeCopy(makeRef(BufferKind::state, 0, 0, 64),
                                    makeRef(BufferKind::output, 1, 0, 64),
                                    {3}));
}

void addNotes(schema::EntryT &entry) {
  auto buffer = std::make_unique<schema::BufferT>();
  buffer->name = "sum";
  buffer->size = 256;
  buffer->last_command = 2;
  entry.buffers.push_back(std::move(buffer));
  auto preprocess = std::make_unique<schema::PreprocessT>();
  preprocess->mean = {0.5f, 0.5f, 0.5f};
  preprocess->std = {0.25f, 0.25f, 0.25f};
  preprocess->resize_shorter = 256;
  preprocess->crop_height = preprocess->crop_width = 224;
  entry.preprocess.push_back(std::move(preprocess));
}

std::unique_ptr<schema::EntryT> makeMain() {
  auto entry = std::make_unique<schema::EntryT>();
  entry->name = "main";
  auto symbol = std::make_unique<schema::SymbolT>();
  symbol->name = "n";
  symbol->min = 1;
  symbol->max = 4;
  entry->symbols.push_back(std::move(symbol));
  entry->inputs.push_back(makeTensor("x", schema::DType::f32, {4, 16}));
  entry->inputs.push_back(makeTensor("k", schema::DType::i64, {}));
  entry->inputs.push_back(makeTensor("s", schema::DType::f32, {4, 16}));
  entry->inputs[2]->dims[0]->symbol = 0;
  entry->outputs.push_back(makeTensor("y", schema::DType::f32, {4, 16}));
  entry->outputs.push_back(makeTensor("z", schema::DType::f32, {16}));
  entry->arena_bytes = 1024;
  addMainCommands(*entry);
  addNotes(*entry);
  return entry;
}

std::unique_ptr<schema::EntryT> makePeek() {
  auto entry = std::make_unique<schema::EntryT>();
  entry->name = "peek";
  entry->outputs.push_back(makeTensor("w", schema::DType::f32, {16}));
  entry->commands.push_back(makeCopy(makeRef(BufferKind::state, 0, 0, 64),
                                     makeRef(BufferKind::output, 0, 0, 64),
                                     {}));
  return entry;
}

} // namespace

ArtifactBuilder makeSample() {
  ArtifactBuilder builder;
  builder.manifest.options = "--target test";
  builder.manifest.source_names = {"/conv1/Conv"};
  auto program = std::make_unique<schema::ProgramT>();
  program->code_section = 0;
  Bytes code;
  addFunctions(*program, code);
  builder.addSection(schema::SectionKind::code, 0, code);

  std::vector<float> constants(80, 5.0f);
  for (int i = 0; i < 64; ++i)
    constants[i] = static_cast<float>(i);
  builder.addSection(schema::SectionKind::constants, -1, floatBytes(constants));
  builder.addSection(schema::SectionKind::debug, -1, Bytes(10, 7));
  addConstant(*program, 0, 256);
  addConstant(*program, 256, 64);
  addState(*program, "count", 64, 1);
  addState(*program, "cache", 128, -1);
  program->entries.push_back(makeMain());
  program->entries.push_back(makePeek());
  builder.manifest.programs.push_back(std::move(program));
  return builder;
}

ArtifactBuilder makeChain(uint32_t tiles, uint32_t depth) {
  ArtifactBuilder builder;
  auto program = std::make_unique<schema::ProgramT>();
  program->code_section = 0;
  Bytes code;
  uint64_t bytes = uint64_t(tiles) * 64;
  auto function = makeFunction(code, "chain");
  function->bindings.push_back(makeBinding(Access::read, bytes));
  function->bindings.push_back(makeBinding(Access::write, bytes, 0));
  function->tile_count = tiles;
  function->scratch_bytes = 64;
  function->flops = tiles * 256.0 * 16 * 3;
  program->functions.push_back(std::move(function));
  builder.addSection(schema::SectionKind::code, 0, code);

  auto entry = std::make_unique<schema::EntryT>();
  entry->name = "main";
  entry->inputs.push_back(makeTensor("x", schema::DType::f32, {tiles, 16}));
  entry->outputs.push_back(makeTensor("y", schema::DType::f32, {tiles, 16}));
  entry->arena_bytes = bytes;
  for (uint32_t i = 0; i < depth; ++i) {
    DispatchSpec spec;
    spec.bindings.push_back(i == 0 ? makeRef(BufferKind::input, 0, 0, bytes)
                                   : makeRef(BufferKind::arena, 0, 0, bytes));
    spec.bindings.push_back(i + 1 == depth
                                ? makeRef(BufferKind::output, 0, 0, bytes)
                                : makeRef(BufferKind::arena, 0, 0, bytes));
    spec.tileEnd = tiles;
    std::vector<uint32_t> dependsOn;
    if (i > 0)
      dependsOn.push_back(i - 1);
    entry->commands.push_back(makeDispatch(std::move(spec), dependsOn));
  }
  program->entries.push_back(std::move(entry));
  builder.manifest.programs.push_back(std::move(program));
  return builder;
}

void moveToDevice(ArtifactBuilder &builder, schema::DeviceKind device) {
  builder.manifest.targets[0]->device = device;
  for (auto &function : builder.manifest.programs[0]->functions) {
    function->scratch_bytes = function->frame_bytes = 0;
    function->workgroup_x = 16;
    function->workgroup_y = function->workgroup_z = 1;
    function->code_bytes &= ~uint64_t(3);
  }
}

ArtifactBuilder makeSingle(const std::string &kernel, uint32_t tiles) {
  ArtifactBuilder builder;
  builder.manifest.source_names = {"/node"};
  auto program = std::make_unique<schema::ProgramT>();
  program->code_section = 0;
  Bytes code;
  auto function = makeFunction(code, kernel);
  function->bindings.push_back(makeBinding(Access::write, 64));
  function->tile_count = tiles;
  program->functions.push_back(std::move(function));
  builder.addSection(schema::SectionKind::code, 0, code);
  auto entry = std::make_unique<schema::EntryT>();
  entry->name = "main";
  entry->outputs.push_back(makeTensor("y", schema::DType::f32, {16}));
  DispatchSpec spec;
  spec.bindings.push_back(makeRef(BufferKind::output, 0, 0, 64));
  spec.tileEnd = tiles;
  auto command = makeDispatch(std::move(spec), {});
  command->source_nodes = {0};
  entry->commands.push_back(std::move(command));
  program->entries.push_back(std::move(entry));
  builder.manifest.programs.push_back(std::move(program));
  return builder;
}

} // namespace visir::testing
