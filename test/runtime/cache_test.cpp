// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two entries that share a bounded cache, as a language model's decoder does:
// "prefill" writes n rows at once, "decode_step" one row at a position that
// the caller gives, and sums all rows up to it.
#include "test/runtime/support/runner.h"

#include <gmock/gmock.h>

using namespace visir;
using namespace visir::testing;
using ::testing::HasSubstr;

namespace {

using schema::Access;
using schema::BufferKind;
using schema::ScalarKind;

constexpr uint64_t kRows = 32, kRowBytes = 64, kCacheBytes = kRows * kRowBytes;

void addRange(schema::FunctionT &function, uint32_t min, uint32_t max) {
  auto range = std::make_unique<schema::ScalarRangeT>();
  range->min = min;
  range->max = max;
  function.scalars.push_back(std::move(range));
}

std::unique_ptr<schema::FunctionT> makeFunction(Bytes &code,
                                                const char *kernel) {
  auto function = std::make_unique<schema::FunctionT>();
  function->name = kernel;
  function->code_offset = appendKernel(code, kernel);
  function->code_bytes = code.size() - function->code_offset;
  function->tile_count = 1;
  return function;
}

std::unique_ptr<schema::CommandT>
appendTo(uint64_t rowBytes, std::unique_ptr<schema::ScalarT> first,
         std::unique_ptr<schema::ScalarT> count) {
  DispatchSpec spec;
  spec.bindings.push_back(makeRef(BufferKind::input, 0, 0, rowBytes));
  spec.bindings.push_back(makeRef(BufferKind::state, 0, 0, kCacheBytes));
  spec.scalars.push_back(std::move(first));
  spec.scalars.push_back(std::move(count));
  return makeDispatch(std::move(spec), {});
}

std::unique_ptr<schema::EntryT> makePrefill() {
  auto entry = std::make_unique<schema::EntryT>();
  entry->name = "prefill";
  auto symbol = std::make_unique<schema::SymbolT>();
  symbol->name = "n";
  symbol->min = 1;
  symbol->max = kRows;
  entry->symbols.push_back(std::move(symbol));
  entry->inputs.push_back(makeTensor("rows", schema::DType::f32, {kRows, 16}));
  entry->inputs[0]->dims[0]->symbol = 0;
  entry->commands.push_back(appendTo(kCacheBytes,
                                     makeScalar(ScalarKind::constant, 0),
                                     makeScalar(ScalarKind::symbol, 0)));
  return entry;
}

std::unique_ptr<schema::EntryT> makeStep() {
  auto entry = std::make_unique<schema::EntryT>();
  entry->name = "decode_step";
  entry->inputs.push_back(makeTensor("row", schema::DType::f32, {16}));
  entry->inputs.push_back(makeTensor("position", schema::DType::i32, {}));
  entry->outputs.push_back(makeTensor("sum", schema::DType::f32, {16}));
  entry->commands.push_back(appendTo(kRowBytes,
                                     makeScalar(ScalarKind::input, 1),
                                     makeScalar(ScalarKind::constant, 1)));
  DispatchSpec sum;
  sum.function = 1;
  sum.bindings.push_back(makeRef(BufferKind::state, 0, 0, kCacheBytes));
  sum.bindings.push_back(makeRef(BufferKind::output, 0, 0, kRowBytes));
  sum.scalars.push_back(makeScalar(ScalarKind::input, 1));
  entry->commands.push_back(makeDispatch(std::move(sum), {0}));
  return entry;
}

Bytes makeDecoder() {
  ArtifactBuilder builder;
  auto program = std::make_unique<schema::ProgramT>();
  program->code_section = 0;
  Bytes code;
  auto append = makeFunction(code, "append");
  append->bindings.push_back(makeBinding(Access::read, kRowBytes));
  append->bindings.push_back(makeBinding(Access::read_write, kCacheBytes));
  addRange(*append, 0, kRows - 1);
  addRange(*append, 1, kRows);
  program->functions.push_back(std::move(append));
  auto sum = makeFunction(code, "sum_rows");
  sum->bindings.push_back(makeBinding(Access::read, kCacheBytes));
  sum->bindings.push_back(makeBinding(Access::write, kRowBytes));
  addRange(*sum, 0, kRows - 1);
  program->functions.push_back(std::move(sum));
  builder.addSection(schema::SectionKind::code, 0, code);
  auto state = std::make_unique<schema::StateT>();
  state->name = "cache";
  state->bytes = kCacheBytes;
  program->states.push_back(std::move(state));
  program->entries.push_back(makePrefill());
  program->entries.push_back(makeStep());
  builder.manifest.programs.push_back(std::move(program));
  return builder.finish();
}

class CacheTest : public ::testing::TestWithParam<uint32_t> {
protected:
  CacheTest() : runner(GetParam()) {
    visir_status_t status = runner.open(makeDecoder());
    EXPECT_EQ(status.code, VISIR_OK) << status.message;
  }

  visir_status_t prefill(int64_t count, float value) {
    FloatTensor rows(VISIR_F32, {count, 16});
    for (size_t i = 0; i < rows.size; ++i)
      rows[i] = value;
    return runner.run(0, {rows.view}, {});
  }

  visir_status_t step(int32_t position, float value) {
    FloatTensor row(VISIR_F32, {16}), sum(VISIR_F32, {16});
    TestTensor<int32_t> at(VISIR_I32, {});
    at[0] = position;
    for (size_t i = 0; i < row.size; ++i)
      row[i] = value;
    visir_status_t status = runner.run(1, {row.view, at.view}, {sum.view});
    lastSum = sum[5];
    return status;
  }

  Runner runner;
  float lastSum = 0;
};

TEST_P(CacheTest, EntriesShareTheCache) {
  ASSERT_EQ(prefill(3, 10).code, VISIR_OK);
  float expected = 30;
  for (int32_t position = 3; position < 32; ++position) {
    visir_status_t status = step(position, static_cast<float>(position));
    ASSERT_EQ(status.code, VISIR_OK) << status.message;
    expected += static_cast<float>(position);
    EXPECT_EQ(lastSum, expected);
  }
  // Going back in the text: later rows are ignored.
  ASSERT_EQ(step(1, 7).code, VISIR_OK);
  EXPECT_EQ(lastSum, 17);
  visir_session_reset(runner.session);
  ASSERT_EQ(step(1, 7).code, VISIR_OK);
  EXPECT_EQ(lastSum, 7);
}

TEST_P(CacheTest, BoundsHold) {
  visir_status_t status = step(32, 1);
  EXPECT_EQ(status.code, VISIR_INVALID_ARGUMENT);
  EXPECT_STREQ(status.message, "scalar 0 of command 0 is 32, expected 0..31");
  EXPECT_THAT(step(-1, 1).message, HasSubstr(" is -1, expected 0..31"));
  status = prefill(33, 1);
  EXPECT_STREQ(status.message,
               "input 0 \"rows\": dimension 0 is 33, expected 1..32 (\"n\")");
  EXPECT_EQ(prefill(32, 1).code, VISIR_OK);
}

TEST_P(CacheTest, SessionsHaveTheirOwn) {
  visir_session_t *other = nullptr;
  ASSERT_EQ(visir_session_create(runner.module, nullptr, &other).code,
            VISIR_OK);
  ASSERT_EQ(prefill(2, 1).code, VISIR_OK);
  std::swap(runner.session, other);
  ASSERT_EQ(step(2, 5).code, VISIR_OK);
  EXPECT_EQ(lastSum, 5);
  std::swap(runner.session, other);
  ASSERT_EQ(step(2, 5).code, VISIR_OK);
  EXPECT_EQ(lastSum, 7);
  visir_session_release(other);
}

INSTANTIATE_TEST_SUITE_P(Threads, CacheTest, ::testing::Values(1u, 2u, 4u));

} // namespace
