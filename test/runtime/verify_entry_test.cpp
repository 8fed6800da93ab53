// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the verifier says to a damaged entry.
#include "test/runtime/support/refusal.h"

#include <gmock/gmock.h>

#include <limits>
#include <random>

using namespace visir;
using namespace visir::testing;
using ::testing::HasSubstr;

namespace {

using B = ArtifactBuilder;
using schema::BufferKind;
constexpr auto kMost = UINT64_MAX;

class EntryRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(EntryRefusalTest, Text) {
  ArtifactBuilder builder = makeSample();
  GetParam().damage(builder);
  EXPECT_THAT(openText(builder.finish()), HasSubstr(GetParam().text));
}

schema::CopyT &copy(B &b) { return *command(b, 4).operation.AsCopy(); }
schema::PreprocessT &preprocess(B &b) { return *entry(b).preprocess[0]; }

// A second program, the same but for what `damage` does to it.
void addProgram(B &b) {
  b.manifest.programs.push_back(std::move(makeSample().manifest.programs[0]));
}
schema::EntryT &secondEntry(B &b) {
  addProgram(b);
  return *b.manifest.programs[1]->entries[0];
}

TEST(ProgramsTest, SeveralPass) {
  ArtifactBuilder builder = makeSample();
  addProgram(builder);
  EXPECT_EQ(openText(builder.finish()), "");
}

INSTANTIATE_TEST_SUITE_P(
    Tensors, EntryRefusalTest,
    ::testing::Values(
        Refusal{"NoEntry", "program 0: entry count is 0, expected 1..1024",
                [](B &b) { program(b).entries.clear(); }},
        Refusal{"EntryMany", "program 0: entry count is 1025, expected 1..1024",
                [](B &b) {
                  while (program(b).entries.size() < 1025) {
                    auto entry = std::make_unique<schema::EntryT>();
                    entry->name = std::to_string(program(b).entries.size());
                    program(b).entries.push_back(std::move(entry));
                  }
                }},
        Refusal{"EntryName",
                "entry 1 name is \"main\" as that of entry 0, expected "
                "distinct names",
                [](B &b) { program(b).entries[1]->name = "main"; }},
        Refusal{"SymbolRange",
                "program 0: entry 0 \"main\": symbol 0: range is 5..4, "
                "expected within 0..4294967295",
                [](B &b) { entry(b).symbols[0]->min = 5; }},
        Refusal{"SymbolLarge", "range is 1..4294967296, expected within",
                [](B &b) { entry(b).symbols[0]->max = uint64_t(1) << 32; }},
        Refusal{"TensorName", "input 0 \"\": name is empty, expected one",
                [](B &b) { entry(b).inputs[0]->name = ""; }},
        Refusal{"Dtype", "input 0 \"x\": dtype is 14, expected 1..13",
                [](B &b) { entry(b).inputs[0]->dtype = schema::DType(14); }},
        Refusal{
            "DtypeInvalid", "output 1 \"z\": dtype is 0, expected 1..13",
            [](B &b) { entry(b).outputs[1]->dtype = schema::DType::invalid; }},
        Refusal{"Rank", "rank is 9, expected at most 8",
                [](B &b) {
                  while (entry(b).inputs[0]->dims.size() < 9)
                    entry(b).inputs[0]->dims.push_back(
                        std::make_unique<schema::DimT>());
                }},
        Refusal{"DimHuge",
                "dimension 0 is 18446744073709551615, expected a tensor of at "
                "most",
                [](B &b) { entry(b).inputs[0]->dims[0]->value = kMost; }},
        Refusal{"DimSymbol", "symbol of dimension 0 is 1, expected -1..0",
                [](B &b) { entry(b).inputs[2]->dims[0]->symbol = 1; }},
        Refusal{"DimOfSymbol",
                "dimension 0 is 5, expected 4, the largest value of its symbol",
                [](B &b) { entry(b).inputs[2]->dims[0]->value = 5; }},
        Refusal{"TensorBytes",
                "size is 255, expected 256, dims times element size",
                [](B &b) { entry(b).inputs[0]->bytes = 255; }},
        Refusal{"TensorLarge",
                "input 0 \"x\": size is 70368744177664, expected at most",
                [](B &b) {
                  entry(b).inputs[0]->dims[0]->value = uint64_t(1) << 40;
                  entry(b).inputs[0]->bytes = uint64_t(1) << 46;
                }},
        Refusal{"TensorCount", "output count is 1025, expected at most 1024",
                [](B &b) {
                  while (entry(b).outputs.size() < 1025)
                    entry(b).outputs.push_back(
                        makeTensor("t", schema::DType::f32, {0}));
                }},
        Refusal{"Arena", "arena size is 18446744073709551615, expected at most",
                [](B &b) { entry(b).arena_bytes = kMost; }},
        Refusal{"OutputUnwritten",
                "output 0 is written by no command, expected one",
                [](B &b) {
                  *copy(b).destination = *makeRef(BufferKind::arena, 0, 0, 256);
                }}),
    refusalName);

INSTANTIATE_TEST_SUITE_P(
    References, EntryRefusalTest,
    ::testing::Values(
        Refusal{"Kind", "command 0: binding 0: kind is 7, expected 1..6",
                [](B &b) { binding(b, 0).kind = BufferKind(7); }},
        Refusal{"InputIndex", "index is 3, expected less than 3 inputs",
                [](B &b) { binding(b, 0).index = 3; }},
        Refusal{"ArenaIndex", "index is 1, expected less than 1 arenas",
                [](B &b) { binding(b, 2).index = 1; }},
        Refusal{"ConstantIndex", "index is 2, expected less than 2 constants",
                [](B &b) { binding(b, 1).index = 2; }},
        Refusal{"StateIndex", "index is 2, expected less than 2 states",
                [](B &b) { binding(b, 0, 3).index = 2; }},
        Refusal{"OutputIndex",
                "command 4: destination: index is 2, expected less than 2 "
                "outputs",
                [](B &b) { copy(b).destination->index = 2; }},
        Refusal{"Range",
                "binding 2: offset 832 and size 256 exceed the arena, expected "
                "an end of at most 1024",
                [](B &b) { binding(b, 2).offset = 832; }},
        Refusal{"RangeWraps", "offset 18446744073709551552 and size 256 exceed",
                [](B &b) { binding(b, 2).offset = kMost - 63; }},
        Refusal{"MinBytes", "binding 0: size is 255, expected at least 256",
                [](B &b) { binding(b, 0).size = 255; }},
        Refusal{"OffsetAlignment",
                "binding 2: offset is 32, expected a multiple of 64",
                [](B &b) { binding(b, 2).offset = 32; }},
        Refusal{"WriteInput",
                "binding 2: written buffer is input, expected output, arena or "
                "state",
                [](B &b) { binding(b, 2).kind = BufferKind::input; }},
        Refusal{"WriteConstant",
                "written buffer is constant, expected output, arena or state",
                [](B &b) { binding(b, 2).kind = BufferKind::constant; }},
        Refusal{"CopySizes",
                "command 4: size of the destination is 64, expected 256",
                [](B &b) { copy(b).destination->size = 64; }},
        Refusal{"CopyOverlap",
                "command 4: destination offset is 640, expected no overlap "
                "with the source at 512",
                [](B &b) {
                  *copy(b).destination =
                      *makeRef(BufferKind::arena, 0, 640, 256);
                }},
        Refusal{"FillRange", "command 1: destination: offset 256 and size 1000",
                [](B &b) {
                  command(b, 1).operation.AsFill()->destination->size = 1000;
                }}),
    refusalName);

INSTANTIATE_TEST_SUITE_P(
    Commands, EntryRefusalTest,
    ::testing::Values(
        Refusal{"Function", "command 0: function is 2, expected less than 2",
                [](B &b) { dispatch(b).function = 2; }},
        Refusal{"BindingCount",
                "binding count is 2, expected 3 as in function \"add\"",
                [](B &b) { dispatch(b).bindings.pop_back(); }},
        Refusal{"ScalarCount",
                "scalar count is 0, expected 1 as in function \"add\"",
                [](B &b) { dispatch(b).scalars.clear(); }},
        Refusal{"ScalarValue", "scalar 0: value is 15, expected 16..16",
                [](B &b) { dispatch(b).scalars[0]->value = 15; }},
        Refusal{
            "ScalarKind", "scalar 0: kind is 4, expected 1..3",
            [](B &b) { dispatch(b).scalars[0]->kind = schema::ScalarKind(4); }},
        Refusal{"ScalarSymbol",
                "command 3: scalar 1: symbol is 1, expected less than 1",
                [](B &b) { dispatch(b, 3).scalars[1]->value = 1; }},
        Refusal{"ScalarSymbolRange",
                "scalar 1: range of the symbol is 0..4, expected within 1..4",
                [](B &b) { entry(b).symbols[0]->min = 0; }},
        Refusal{"ScalarInput", "scalar 0: input is 3, expected less than 3",
                [](B &b) { dispatch(b, 3).scalars[0]->value = 3; }},
        Refusal{"ScalarInputFloat",
                "scalar 0: input 1 is f64 of rank 0, expected an integer of "
                "rank 0",
                [](B &b) { entry(b).inputs[1]->dtype = schema::DType::f64; }},
        Refusal{"ScalarInputBool",
                "input 1 is bool of rank 0, expected an integer of rank 0",
                [](B &b) {
                  entry(b).inputs[1]->dtype = schema::DType::boolean;
                  entry(b).inputs[1]->bytes = 1;
                }},
        Refusal{"ScalarInputRank",
                "scalar 0: input 0 is f32 of rank 2, expected an integer of "
                "rank 0",
                [](B &b) { dispatch(b, 3).scalars[0]->value = 0; }},
        Refusal{"TileEnd", "tile end is 5, expected at most 4",
                [](B &b) { dispatch(b).tile_end = 5; }},
        Refusal{"TileBegin", "tile begin is 4, expected less than 4",
                [](B &b) { dispatch(b).tile_begin = 4; }},
        Refusal{"Dependency",
                "command 2: dependency 0 is 2, expected an earlier command",
                [](B &b) { command(b, 2).depends_on[0] = 2; }},
        Refusal{"SourceNode",
                "command 0: source node 0 is 1, expected less than 1",
                [](B &b) { command(b, 0).source_nodes[0] = 1; }},
        Refusal{"Overlap",
                "written binding 2 overlaps binding 0, expected no overlap "
                "without a tie",
                [](B &b) {
                  binding(b, 0) = *makeRef(BufferKind::arena, 0, 192, 256);
                }},
        Refusal{"UnequalTie",
                "written binding 1 overlaps binding 0, expected equal ranges "
                "for a tie",
                [](B &b) {
                  for (int i : {0, 1})
                    binding(b, i, 3) =
                        *makeRef(BufferKind::arena, 0, 768 + 64 * i, 128);
                }},
        Refusal{"ShortTie",
                "written binding 1 overlaps binding 0, expected equal ranges "
                "for a tie",
                [](B &b) {
                  for (int i : {0, 1})
                    binding(b, i, 3) =
                        *makeRef(BufferKind::arena, 0, 768, 128u >> i);
                }},
        Refusal{"WriteRace",
                "command 1 touches the arena at offset 0 together with command "
                "0, expected a dependency",
                [](B &b) {
                  command(b, 1).operation.AsFill()->destination->offset = 0;
                }},
        Refusal{"ReadRace",
                "command 2 touches the arena at offset 0 together with command "
                "0, expected a dependency",
                [](B &b) { command(b, 2).depends_on.clear(); }}),
    refusalName);

INSTANTIATE_TEST_SUITE_P(
    Notes, EntryRefusalTest,
    ::testing::Values(
        Refusal{"BufferRange",
                "buffer 0: offset 0 and size 2000 exceed the arena, expected "
                "an end of at most 1024",
                [](B &b) { entry(b).buffers[0]->size = 2000; }},
        Refusal{"BufferLife",
                "buffer 0: life is 0..6, expected within 6 commands",
                [](B &b) { entry(b).buffers[0]->last_command = 6; }},
        Refusal{"Input", "preprocess 0: input is 3, expected less than 3",
                [](B &b) { preprocess(b).input = 3; }},
        Refusal{"Filter", "preprocess 0: filter is 4, expected at most 3",
                [](B &b) { preprocess(b).filter = schema::ResizeFilter(4); }},
        Refusal{"Channels", "channel count is 2, expected 1 or 3",
                [](B &b) { preprocess(b).channels = 2; }},
        Refusal{"Mean", "mean count is 1, expected 3",
                [](B &b) { preprocess(b).mean.resize(1); }},
        Refusal{"Deviations", "deviation count is 1, expected 3",
                [](B &b) { preprocess(b).std.resize(1); }},
        Refusal{"Shorter",
                "side of a picture is 4294967295, expected at most 65535",
                [](B &b) { preprocess(b).resize_shorter = UINT32_MAX; }},
        Refusal{"Crop", "side of a picture is 65536, expected at most 65535",
                [](B &b) { preprocess(b).crop_width = 65536; }},
        Refusal{"Scale", "scale is inf, expected a finite one",
                [](B &b) {
                  preprocess(b).scale = std::numeric_limits<float>::infinity();
                }},
        Refusal{"MeanNan", "nan, expected a finite one",
                [](B &b) {
                  preprocess(b).mean[1] =
                      std::numeric_limits<float>::quiet_NaN();
                }},
        Refusal{"DeviationNan", "nan, expected a finite one other than 0",
                [](B &b) {
                  preprocess(b).std[1] =
                      std::numeric_limits<float>::quiet_NaN();
                }},
        Refusal{"Deviation0",
                "deviation 2 is 0, expected a finite one other than 0",
                [](B &b) { preprocess(b).std[2] = 0; }}),
    refusalName);

INSTANTIATE_TEST_SUITE_P(
    Programs, EntryRefusalTest,
    ::testing::Values(
        Refusal{"EntryCount",
                "program 1: entry count is 1, expected 2 as in program 0",
                [](B &b) {
                  addProgram(b);
                  b.manifest.programs[1]->entries.pop_back();
                }},
        Refusal{"EntryName",
                "entry 0 name is \"other\", expected \"main\" as in program 0",
                [](B &b) { secondEntry(b).name = "other"; }},
        Refusal{"TensorCount",
                "input count of entry 1 is 1, expected 0 as in program 0",
                [](B &b) {
                  addProgram(b);
                  b.manifest.programs[1]->entries[1]->inputs.push_back(
                      makeTensor("t", schema::DType::f32, {}));
                }},
        Refusal{"Tensor",
                "input 0 of entry 0 is unlike that of program 0, expected the "
                "same name, dtype and dims",
                [](B &b) { secondEntry(b).inputs[0]->name = "other"; }},
        Refusal{
            "TensorDtype", "input 1 of entry 0 is unlike that of program 0",
            [](B &b) { secondEntry(b).inputs[1]->dtype = schema::DType::u64; }},
        Refusal{"TensorSize", "input 0 of entry 0 is unlike that of program 0",
                [](B &b) {
                  secondEntry(b).inputs[0] =
                      makeTensor("x", schema::DType::f32, {4, 17});
                }},
        Refusal{"TensorRank", "input 0 of entry 0 is unlike that of program 0",
                [](B &b) {
                  secondEntry(b).inputs[0] =
                      makeTensor("x", schema::DType::f32, {64});
                }},
        Refusal{"TensorDims", "input 0 of entry 0 is unlike that of program 0",
                [](B &b) {
                  secondEntry(b).inputs[0] =
                      makeTensor("x", schema::DType::f32, {16, 4});
                }},
        Refusal{"TensorSymbol",
                "input 0 of entry 0 is unlike that of program 0",
                [](B &b) { secondEntry(b).inputs[0]->dims[0]->symbol = 0; }}),
    refusalName);

TEST(EntryTest, GrayPicturesAndNeighbouringCopiesPass) {
  ArtifactBuilder builder = makeSample();
  preprocess(builder).channels = 1;
  preprocess(builder).mean.resize(1);
  preprocess(builder).std.resize(1);
  // Next to each other in the arena; one way and the other.
  entry(builder).commands.push_back(
      makeCopy(makeRef(BufferKind::arena, 0, 0, 64),
               makeRef(BufferKind::arena, 0, 64, 64), {4}));
  entry(builder).commands.push_back(
      makeCopy(makeRef(BufferKind::arena, 0, 128, 64),
               makeRef(BufferKind::arena, 0, 64, 64), {6}));
  EXPECT_EQ(openText(builder.finish()), "");
}

// Dispatches of empty or equal ranges on different resources.
TEST(EntryTest, EmptyBindingsOverlapNothing) {
  for (int index : {0, 2}) {
    ArtifactBuilder builder = makeSample();
    function(builder).bindings[index]->min_bytes = 0;
    binding(builder, 0) = *makeRef(BufferKind::arena, 0, 0, 256);
    binding(builder, index) = *makeRef(BufferKind::arena, 0, 128, 0);
    EXPECT_EQ(openText(builder.finish()), "") << index;
  }
}

TEST(EntryTest, BindingsOfTheArenaMayLieBehindEachOther) {
  ArtifactBuilder builder = makeSample();
  entry(builder).arena_bytes = 2048;
  binding(builder, 0) = *makeRef(BufferKind::arena, 0, 1024, 256);
  EXPECT_EQ(openText(builder.finish()), "");
}

TEST(EntryTest, StatesDoNotOverlapEachOther) {
  ArtifactBuilder builder = makeSample();
  // Reads the state "cache" instead of the one that it writes.
  binding(builder, 0, 3).index = 1;
  entry(builder).commands.push_back(
      makeCopy(makeRef(BufferKind::state, 0, 0, 64),
               makeRef(BufferKind::state, 1, 0, 64), {3}));
  EXPECT_EQ(openText(builder.finish()), "");
}

TEST(EntryTest, EmptyOutputsNeedNoCommand) {
  ArtifactBuilder builder = makeSample();
  entry(builder).outputs.push_back(
      makeTensor("empty", schema::DType::f32, {0}));
  EXPECT_EQ(openText(builder.finish()), "");
}

TEST(WavesTest, ReadersMayRunTogether) {
  // Both copies read the same state; a third command writes it: refused.
  ArtifactBuilder builder = makeSample();
  schema::EntryT &peek = *program(builder).entries[1];
  peek.outputs.push_back(makeTensor("v", schema::DType::f32, {16}));
  peek.commands.push_back(makeCopy(makeRef(BufferKind::state, 0, 0, 64),
                                   makeRef(BufferKind::output, 1, 0, 64), {}));
  EXPECT_EQ(openText(builder.finish()), "");
  // One that reads less far than both.
  peek.outputs.push_back(makeTensor("u", schema::DType::f32, {8}));
  peek.commands.push_back(makeCopy(makeRef(BufferKind::state, 0, 0, 32),
                                   makeRef(BufferKind::output, 2, 0, 32), {}));
  EXPECT_EQ(openText(builder.finish()), "");
  peek.commands.push_back(
      makeFill(makeRef(BufferKind::state, 0, 32, 8), 0, {}));
  EXPECT_THAT(openText(builder.finish()),
              HasSubstr("command 3 touches the state at offset 32 together "
                        "with command"));
  peek.commands.back()->depends_on = {0};
  EXPECT_EQ(openText(builder.finish()), "");
}

// A fill or copy between cells of 8 bytes, as the cells it touches.
struct Touch {
  uint64_t readBegin = 0, readEnd = 0, writeBegin = 0, writeEnd = 0;
};

bool cellsMeet(uint64_t aBegin, uint64_t aEnd, uint64_t bBegin, uint64_t bEnd) {
  return aBegin < bEnd && bBegin < aEnd && aBegin < aEnd && bBegin < bEnd;
}

bool conflict(const Touch &a, const Touch &b) {
  return cellsMeet(a.writeBegin, a.writeEnd, b.writeBegin, b.writeEnd) ||
         cellsMeet(a.writeBegin, a.writeEnd, b.readBegin, b.readEnd) ||
         cellsMeet(a.readBegin, a.readEnd, b.writeBegin, b.writeEnd);
}

std::unique_ptr<schema::BindingRefT> cells(uint64_t begin, uint64_t end) {
  return makeRef(BufferKind::arena, 0, 8 * begin, 8 * (end - begin));
}

// The sweep over intervals against the comparison of all pairs.
TEST(WavesTest, AgreesWithAllPairs) {
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    ArtifactBuilder builder = makeSample();
    schema::EntryT &peek = *program(builder).entries[1];
    peek.arena_bytes = 8 * 64;
    std::vector<Touch> touches;
    bool expected = false;
    for (int i = 0; i < 5; ++i) {
      Touch touch;
      uint64_t length = random() % 6;
      touch.writeBegin = random() % 32;
      touch.writeEnd = touch.writeBegin + length;
      auto to = cells(touch.writeBegin, touch.writeEnd);
      if (random() % 2) {
        touch.readBegin = 32 + random() % 26;
        // Half of the reads are where others write.
        if (random() % 2)
          touch.readBegin = (touch.writeEnd + random() % 4) % 58;
        touch.readEnd = touch.readBegin + length;
        if (cellsMeet(touch.readBegin, touch.readEnd, touch.writeBegin,
                      touch.writeEnd))
          touch.readBegin = 40, touch.readEnd = 40 + length;
        peek.commands.push_back(
            makeCopy(cells(touch.readBegin, touch.readEnd), std::move(to), {}));
      } else {
        peek.commands.push_back(makeFill(std::move(to), 1, {}));
      }
      for (const Touch &other : touches)
        expected |= conflict(touch, other);
      touches.push_back(touch);
    }
    std::string text = openText(builder.finish());
    EXPECT_EQ(text.find("expected a dependency") != std::string::npos, expected)
        << round << ": " << text;
    refused += expected;
  }
  EXPECT_GT(refused, 50);
  EXPECT_LT(refused, 280);
}

} // namespace
