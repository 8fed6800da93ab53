// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Run-time sizes: of inputs, of a state that grows, and of their sum.
#include "test/runtime/support/refusal.h"
#include "test/runtime/support/runner.h"

#include <gmock/gmock.h>

using namespace visir;
using namespace visir::testing;
using ::testing::HasSubstr;

namespace {

using schema::BufferKind;

constexpr uint64_t kMost = 8, kMostNew = 4;

std::unique_ptr<schema::SymbolT> makeSymbol(const char *name, uint64_t min,
                                            uint64_t max) {
  auto symbol = std::make_unique<schema::SymbolT>();
  symbol->name = name;
  symbol->min = min;
  symbol->max = max;
  return symbol;
}

void addTerm(schema::SymbolT &symbol, uint32_t of, int64_t factor = 1) {
  auto term = std::make_unique<schema::SymbolTermT>();
  term->symbol = of;
  term->factor = factor;
  symbol.terms.push_back(std::move(term));
}

std::unique_ptr<schema::StateLengthT> makeLength(int32_t before,
                                                 int32_t after) {
  auto length = std::make_unique<schema::StateLengthT>();
  length->before = before;
  length->after = after;
  return length;
}

// Symbols P (the state's length), N (the input's columns) and P + N. The
// input x is 2 x N; its copy c is an output, as are P + N itself and a row of
// that many elements of the state.
ArtifactBuilder makeGrowing() {
  ArtifactBuilder builder;
  auto program = std::make_unique<schema::ProgramT>();
  auto state = std::make_unique<schema::StateT>();
  state->name = "cache";
  state->bytes = kMost * 4;
  program->states.push_back(std::move(state));
  auto entry = std::make_unique<schema::EntryT>();
  entry->name = "grow";
  entry->symbols.push_back(makeSymbol("P", 0, kMost));
  entry->symbols.push_back(makeSymbol("N", 1, kMostNew));
  entry->symbols.push_back(makeSymbol("P + N", 1, kMost));
  entry->symbols[2]->is_expression = true;
  addTerm(*entry->symbols[2], 0);
  addTerm(*entry->symbols[2], 1);
  entry->state_lengths.push_back(makeLength(0, 2));
  entry->inputs.push_back(makeTensor("x", schema::DType::f32, {2, kMostNew}));
  entry->inputs[0]->dims[1]->symbol = 1;
  entry->outputs.push_back(makeTensor("c", schema::DType::f32, {2, kMostNew}));
  entry->outputs[0]->dims[1]->symbol = 1;
  entry->outputs.push_back(makeTensor("count", schema::DType::i64, {}));
  entry->outputs.push_back(makeTensor("row", schema::DType::f32, {kMost}));
  entry->outputs[2]->dims[0]->symbol = 2;
  entry->commands.push_back(makeCopy(makeRef(BufferKind::input, 0, 0, 32),
                                     makeRef(BufferKind::output, 0, 0, 32),
                                     {}));
  entry->commands.push_back(makeCopy(makeRef(BufferKind::length, 2, 0, 8),
                                     makeRef(BufferKind::output, 1, 0, 8),
                                     {}));
  entry->commands.push_back(makeCopy(makeRef(BufferKind::state, 0, 0, 32),
                                     makeRef(BufferKind::output, 2, 0, 32),
                                     {}));
  program->entries.push_back(std::move(entry));
  builder.manifest.programs.push_back(std::move(program));
  return builder;
}

class LengthsTest : public ::testing::Test {
protected:
  LengthsTest() {
    visir_status_t status = runner.open(makeGrowing().finish());
    EXPECT_EQ(status.code, VISIR_OK) << status.message;
  }

  // Runs with `columns` new ones, for an output of `total` elements.
  visir_status_t grow(int64_t columns, int64_t total) {
    FloatTensor x(VISIR_F32, {2, columns}), c(VISIR_F32, {2, columns});
    FloatTensor row(VISIR_F32, {total});
    TestTensor<int64_t> counted(VISIR_I64, {});
    for (size_t i = 0; i < x.size; ++i)
      x[i] = static_cast<float>(i + 1);
    visir_status_t status =
        runner.run(0, {x.view}, {c.view, counted.view, row.view});
    if (status.code == VISIR_OK) {
      for (size_t i = 0; i < x.size; ++i)
        EXPECT_EQ(c[i], x[i]) << i;
      EXPECT_EQ(counted[0], total);
    }
    return status;
  }

  uint64_t length() {
    uint64_t value = 0;
    EXPECT_EQ(visir_session_state_length(runner.session, "cache", &value).code,
              VISIR_OK);
    return value;
  }

  Runner runner{1};
};

TEST_F(LengthsTest, StateGrows) {
  EXPECT_EQ(length(), 0u);
  EXPECT_EQ(grow(3, 3).code, VISIR_OK);
  EXPECT_EQ(length(), 3u);
  EXPECT_EQ(grow(4, 7).code, VISIR_OK);
  EXPECT_EQ(length(), 7u);
  EXPECT_STREQ(grow(2, 8).message, "size \"P + N\" is 9, expected 1..8");
  EXPECT_EQ(length(), 7u);
  EXPECT_EQ(grow(1, 8).code, VISIR_OK);
  visir_session_reset(runner.session);
  EXPECT_EQ(length(), 0u);
  EXPECT_EQ(grow(2, 2).code, VISIR_OK);
}

TEST_F(LengthsTest, LengthCanBeSet) {
  ASSERT_EQ(
      visir_session_set_state_length(runner.session, "cache", 6).code,
      VISIR_OK);
  EXPECT_EQ(grow(2, 8).code, VISIR_OK);
  ASSERT_EQ(
      visir_session_set_state_length(runner.session, "cache", 100).code,
      VISIR_OK);
  EXPECT_STREQ(grow(1, 1).message,
               "length of state \"cache\" is 100, expected 0..8");
  visir_status_t status =
      visir_session_set_state_length(runner.session, "none", 1);
  EXPECT_EQ(status.code, VISIR_NOT_FOUND);
  EXPECT_STREQ(status.message, "state \"none\" does not exist");
}

TEST_F(LengthsTest, SizesAgree) {
  EXPECT_EQ(grow(2, 2).code, VISIR_OK);
  EXPECT_STREQ(grow(1, 2).message,
               "output 2 \"row\": dimension 0 is 2, expected 3 as elsewhere "
               "(\"P + N\")");
  EXPECT_STREQ(grow(5, 7).message,
               "input 0 \"x\": dimension 1 is 5, expected 1..4 (\"N\")");
}

TEST_F(LengthsTest, OutputDims) {
  EXPECT_EQ(grow(2, 2).code, VISIR_OK);
  FloatTensor x(VISIR_F32, {2, 3});
  int64_t dims[VISIR_MAX_RANK] = {};
  ASSERT_EQ(visir_session_output_dims(runner.session, 0, &x.view, 1, 0, dims)
                .code,
            VISIR_OK);
  EXPECT_EQ(dims[0], 2);
  EXPECT_EQ(dims[1], 3);
  ASSERT_EQ(visir_session_output_dims(runner.session, 0, &x.view, 1, 2, dims)
                .code,
            VISIR_OK);
  EXPECT_EQ(dims[0], 5);
  EXPECT_STREQ(
      visir_session_output_dims(runner.session, 0, &x.view, 1, 3, dims)
          .message,
      "output is 3, expected less than 3");
}

TEST_F(LengthsTest, StateInfo) {
  visir_state_info_t info;
  ASSERT_EQ(visir_module_state_info(runner.module, 0, &info).code, VISIR_OK);
  EXPECT_STREQ(info.name, "cache");
  EXPECT_EQ(info.bytes, kMost * 4);
  EXPECT_STREQ(info.symbol, "P");
  EXPECT_EQ(info.max_length, kMost);
  EXPECT_STREQ(visir_module_state_info(runner.module, 1, &info).message,
               "state is 1, expected less than 1");
}

// Eight tiles of which two have the same place, three sizes apart.
ArtifactBuilder makeLive() {
  ArtifactBuilder builder = makeChain(8, 1);
  schema::EntryT &entry = *builder.manifest.programs[0]->entries[0];
  entry.symbols.push_back(makeSymbol("n", 0, 9));
  entry.inputs.push_back(makeTensor("s", schema::DType::u8, {9}));
  entry.inputs[1]->dims[0]->symbol = 0;
  schema::DispatchT &dispatch = *entry.commands[0]->operation.AsDispatch();
  dispatch.live_symbol = 0;
  dispatch.live_divisor = 2;
  dispatch.live_count = 4;
  dispatch.live_step = 3;
  return builder;
}

class LiveTest : public ::testing::TestWithParam<uint32_t> {};

TEST_P(LiveTest, LeavesOutTilesBeyondTheSize) {
  Runner runner(GetParam());
  visir_status_t status = runner.open(makeLive().finish());
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  for (int64_t size : {9, 0, 1, 3, 4, 7, 9}) {
    FloatTensor x(VISIR_F32, {8, 16}), y(VISIR_F32, {8, 16});
    TestTensor<uint8_t> s(VISIR_U8, {size});
    for (size_t i = 0; i < x.size; ++i) {
      x[i] = 1;
      y[i] = -1;
    }
    status = runner.run(0, {x.view, s.view}, {y.view});
    ASSERT_EQ(status.code, VISIR_OK) << status.message;
    for (int64_t tile = 0; tile < 8; ++tile)
      EXPECT_EQ(y[tile * 16] > 0, tile / 2 * 3 < size) << tile << " " << size;
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, LiveTest, ::testing::Values(1u, 2u, 4u));

using B = ArtifactBuilder;

class LiveRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(LiveRefusalTest, Text) {
  ArtifactBuilder builder = makeLive();
  GetParam().damage(builder);
  EXPECT_THAT(openText(builder.finish()), HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(
    All, LiveRefusalTest,
    ::testing::Values(
        Refusal{"Symbol", "live symbol is 1, expected -1..0",
                [](B &b) { dispatch(b).live_symbol = 1; }},
        Refusal{"Divisor",
                "live divisor and count are 0 and 4, expected at least 1",
                [](B &b) { dispatch(b).live_divisor = 0; }},
        Refusal{"Count",
                "live divisor and count are 2 and 0, expected at least 1",
                [](B &b) { dispatch(b).live_count = 0; }}),
    refusalName);

class LengthRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(LengthRefusalTest, Text) {
  ArtifactBuilder builder = makeGrowing();
  GetParam().damage(builder);
  EXPECT_THAT(openText(builder.finish()), HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(
    All, LengthRefusalTest,
    ::testing::Values(
        Refusal{"Terms",
                "symbol 2 \"P + N\": term count is 2, expected 0 as it is no "
                "expression",
                [](B &b) { entry(b).symbols[2]->is_expression = false; }},
        Refusal{"TermSymbol", "symbol of term 1 is 2, expected an earlier one",
                [](B &b) { entry(b).symbols[2]->terms[1]->symbol = 2; }},
        Refusal{"TermFactor",
                "factor of term 0 is 9223372036854775807, expected a sum "
                "within 64 bits",
                [](B &b) {
                  entry(b).symbols[2]->terms[0]->factor = INT64_MAX;
                }},
        Refusal{"Offset", "factor of term 0 is 1, expected a sum within",
                [](B &b) { entry(b).symbols[2]->offset = INT64_MAX; }},
        Refusal{"LeastFactor",
                "factor of term 0 is -9223372036854775808, expected a sum",
                [](B &b) {
                  entry(b).symbols[2]->terms[0]->factor = INT64_MIN;
                }},
        Refusal{"LeastOffset", "factor of term 0 is -1, expected a sum within",
                [](B &b) {
                  entry(b).symbols[2]->terms[0]->factor = -1;
                  entry(b).symbols[2]->offset = INT64_MIN;
                }},
        Refusal{"UndefinedLength",
                "symbol 0 \"P\" is the size of no input, expected one",
                [](B &b) { entry(b).state_lengths[0]->before = -1; }},
        Refusal{"Undefined",
                "symbol 1 \"N\" is the size of no input, expected one",
                [](B &b) { entry(b).inputs[0]->dims[1]->symbol = -1; }},
        Refusal{"State", "state length 0: state is 1, expected less than 1",
                [](B &b) { entry(b).state_lengths[0]->state = 1; }},
        Refusal{"Twice", "state length 1: state is 0, expected each one once",
                [](B &b) {
                  entry(b).state_lengths.push_back(makeLength(-1, -1));
                }},
        Refusal{"Before", "symbol before is 3, expected -1..2",
                [](B &b) { entry(b).state_lengths[0]->before = 3; }},
        Refusal{"LowBefore", "symbol before is -2, expected -1..2",
                [](B &b) { entry(b).state_lengths[0]->before = -2; }},
        Refusal{"HighAfter", "symbol after is 3, expected -1..2",
                [](B &b) { entry(b).state_lengths[0]->after = 3; }},
        Refusal{"BeforeExpression",
                "symbol before is 2, expected one that is no expression",
                [](B &b) { entry(b).state_lengths[0]->before = 2; }},
        Refusal{"After", "symbol after is -2, expected -1..2",
                [](B &b) { entry(b).state_lengths[0]->after = -2; }},
        Refusal{"Index", "index is 3, expected less than 3 lengths",
                [](B &b) {
                  command(b, 1).operation.AsCopy()->source->index = 3;
                }},
        Refusal{"Size", "offset 4 and size 8 exceed the length",
                [](B &b) {
                  command(b, 1).operation.AsCopy()->source->offset = 4;
                }},
        Refusal{"Written", "written buffer is length, expected output",
                [](B &b) {
                  schema::CopyT &copy = *command(b, 1).operation.AsCopy();
                  copy.destination->kind = BufferKind::length;
                }}),
    refusalName);

} // namespace
