// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/calibration.h"
#include "tools/common/json.h"
#include "tools/common/npy.h"
#include "tools/common/peak.h"
#include "tools/common/random_tensor.h"
#include "tools/common/runtime_options.h"
#include "tools/common/statistics.h"
#include "tools/common/tensor_summary.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdio>
#include <limits>

using namespace visir;
using namespace visir::tools;

namespace {

std::string tempPath(const std::string &name) {
  return ::testing::TempDir() + "visir_" + name;
}

void writeFile(const std::string &path, const std::string &bytes) {
  FILE *file = fopen(path.c_str(), "wb");
  ASSERT_TRUE(file);
  fwrite(bytes.data(), 1, bytes.size(), file);
  fclose(file);
}

template <typename F> std::string thrown(F action) {
  try {
    action();
  } catch (const std::exception &error) {
    return error.what();
  }
  return "";
}

TEST(NpyTest, EveryDtypeSurvives) {
  for (visir_dtype_t dtype = VISIR_F32; dtype <= VISIR_BOOL; ++dtype) {
    rt::Tensor tensor(dtype, {2, 3, 1});
    fillRandom(tensor, 7);
    std::string path = tempPath("dtype.npy");
    writeNpy(path, tensor);
    rt::Tensor back = readNpy(path);
    EXPECT_EQ(back.dtype(), dtype == VISIR_BF16 ? VISIR_U16 : dtype);
    EXPECT_EQ(back.dims(), tensor.dims());
    EXPECT_EQ(memcmp(back.data(), tensor.data(), tensor.bytes()), 0);
  }
}

TEST(NpyTest, ScalarsAndEmptyTensors) {
  std::string path = tempPath("small.npy");
  for (std::vector<int64_t> dims :
       {std::vector<int64_t>{}, std::vector<int64_t>{0, 4}}) {
    writeNpy(path, rt::Tensor(VISIR_I64, dims));
    EXPECT_EQ(readNpy(path).dims(), dims);
  }
}

std::string npyFile(const std::string &header, const std::string &data,
                    char version = 1) {
  std::string file = "\x93NUMPY";
  file += version;
  file += '\0';
  file += static_cast<char>(header.size());
  file += '\0';
  if (version > 1)
    file += std::string(2, '\0');
  return file + header + data;
}

TEST(NpyTest, FortranOrder) {
  std::string path = tempPath("fortran.npy");
  for (char version : {1, 2, 3}) {
    writeFile(path, npyFile("{'descr': '|u1', 'fortran_order': True, "
                            "'shape': (2, 3), }\n",
                            "\x01\x02\x03\x04\x05\x06", version));
    rt::Tensor tensor = readNpy(path);
    EXPECT_THAT(
        std::vector<uint8_t>(tensor.as<uint8_t>(), tensor.as<uint8_t>() + 6),
        ::testing::ElementsAre(1, 3, 5, 2, 4, 6));
  }
}

TEST(NpyTest, Refusals) {
  std::string path = tempPath("bad.npy");
  auto refusal = [&](const std::string &bytes) {
    writeFile(path, bytes);
    std::string text = thrown([&] { readNpy(path); });
    return text.substr(text.rfind("\": ") + 3);
  };
  EXPECT_EQ(refusal("hello"), "is not a .npy file");
  EXPECT_EQ(refusal(npyFile("", "", 9)), "format version is 9, expected 1..3");
  EXPECT_EQ(refusal(npyFile("{}", "")), "header has no 'descr'");
  EXPECT_EQ(refusal(npyFile("{'descr': '>f4', 'fortran_order': False, "
                            "'shape': (2,), }\n",
                            "")),
            "dtype is >f4, expected a little-endian number");
  EXPECT_EQ(refusal(npyFile("{'descr': '<f4', 'fortran_order': False, "
                            "'shape': (2,), }\n",
                            "abc")),
            "data size is 3, expected 8");
  EXPECT_EQ(refusal(npyFile("{'descr': '<f4', 'fortran_order': False, "
                            "'shape': (99999999999,99999999999), }\n",
                            "")),
            "shape is (99999999999,99999999999), expected sizes that fit "
            "memory");
  EXPECT_EQ(refusal(npyFile("{'descr': '<f4', 'fortran_order': False, "
                            "'shape': (0,18446744073709551615), }\n",
                            "")),
            "shape is (0,18446744073709551615), expected sizes that fit "
            "memory");
  // Says so before it takes the memory.
  EXPECT_EQ(refusal(npyFile("{'descr': '<f8', 'fortran_order': False, "
                            "'shape': (1099511627776,), }\n",
                            "")),
            "data size is 0, expected 8796093022208");
  EXPECT_EQ(refusal(std::string("\x93NUMPY\x01\x00\xff\xff", 10)),
            "header is cut short");
  EXPECT_EQ(thrown([] { readNpy("/no/file.npy"); }),
            "\"/no/file.npy\": cannot be opened");
  EXPECT_EQ(
      thrown([] { writeNpy("/no/file.npy", rt::Tensor(VISIR_F32, {1})); }),
      "\"/no/file.npy\": cannot be opened");
}

// A megabyte of dimensions is refused at the 65th, in no time.
TEST(NpyTest, ManyDimensions) {
  std::string path = tempPath("many.npy"), dims;
  while (dims.size() < (1u << 20) - 100)
    dims += "1,";
  std::string header =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (" + dims + "), }\n";
  std::string file = "\x93NUMPY\x02";
  file += '\0';
  for (int byte = 0; byte < 4; ++byte)
    file += static_cast<char>(header.size() >> 8 * byte);
  writeFile(path, file + header);
  EXPECT_THAT(thrown([&] { readNpy(path); }),
              ::testing::HasSubstr("shape is (1,1,1,1,"));
}

TEST(RandomTest, SeedsDecide) {
  rt::Tensor a(VISIR_F32, {100}), b(VISIR_F32, {100});
  fillRandom(a, 1);
  fillRandom(b, 1);
  EXPECT_EQ(memcmp(a.data(), b.data(), a.bytes()), 0);
  fillRandom(b, 2);
  EXPECT_NE(memcmp(a.data(), b.data(), a.bytes()), 0);
  TensorSummary summary = summarise(a);
  EXPECT_GE(summary.least, -1);
  EXPECT_LT(summary.largest, 1);
  EXPECT_NEAR(summary.mean, 0, 0.25);
}

// The same numbers in every floating-point dtype that can hold them.
TEST(RandomTest, DtypesAgree) {
  rt::Tensor single(VISIR_F32, {1000});
  fillRandom(single, 3);
  for (visir_dtype_t dtype : {VISIR_F64, VISIR_F16, VISIR_BF16}) {
    rt::Tensor other(dtype, {1000});
    fillRandom(other, 3);
    double tolerance = dtype == VISIR_BF16 ? 1.0 / 128 : 0;
    for (size_t i = 0; i < 1000; ++i)
      EXPECT_NEAR(elementValue(other, i), elementValue(single, i), tolerance);
  }
}

TEST(SummaryTest, CountsWhatIsNotFinite) {
  rt::Tensor tensor(VISIR_F32, {4});
  tensor.as<float>()[0] = 1;
  tensor.as<float>()[1] = std::numeric_limits<float>::infinity();
  tensor.as<float>()[2] = 3;
  tensor.as<float>()[3] = std::nanf("");
  TensorSummary summary = summarise(tensor);
  EXPECT_EQ(summary.notFinite, 2u);
  EXPECT_EQ(summary.mean, 2);
  EXPECT_EQ(summary.argmax, 2u);
}

TEST(SummaryTest, HalfPrecisionValues) {
  rt::Tensor tensor(VISIR_F16, {4});
  uint16_t bits[] = {0x3c00, 0xc000, 0x0001, 0x7c00};
  memcpy(tensor.data(), bits, sizeof(bits));
  EXPECT_EQ(elementValue(tensor, 0), 1);
  EXPECT_EQ(elementValue(tensor, 1), -2);
  EXPECT_EQ(elementValue(tensor, 2), std::ldexp(1, -24));
  EXPECT_TRUE(std::isinf(elementValue(tensor, 3)));
}

TEST(StatisticsTest, Quantiles) {
  std::vector<double> values = {5, 1, 4, 2, 3};
  EXPECT_EQ(quantile(values, 0), 1);
  EXPECT_EQ(quantile(values, 0.5), 3);
  EXPECT_EQ(quantile(values, 1), 5);
}

TEST(JsonTest, NestsAndEscapes) {
  JsonWriter json;
  json.beginObject();
  json.field("a\"b", "line\n\\");
  json.key("list").beginArray();
  json.value(1.5);
  json.value(uint64_t(18446744073709551615u));
  json.value(true);
  json.beginObject();
  json.endObject();
  json.value(std::nan(""));
  json.endArray();
  json.endObject();
  EXPECT_EQ(json.text(), "{\"a\\\"b\":\"line\\u000a\\\\\",\"list\":[1.5,"
                         "18446744073709551615,true,{},null]}");
}

TEST(PeakTest, IsPlausible) {
  Peak peak = measurePeak(1);
  EXPECT_GT(peak.gflops, 1);
  EXPECT_LT(peak.gflops, 10000);
  EXPECT_GE(peak.lanes, 4u);
  EXPECT_GT(peak.memoryGbs, 0.1);
  EXPECT_LT(peak.memoryGbs, 10000);
  EXPECT_GT(peak.nearGbs, 0.5 * peak.memoryGbs);
  EXPECT_EQ(peak.bandwidth(64), peak.nearGbs);
  EXPECT_EQ(peak.bandwidth(4 << 20), peak.farGbs);
  EXPECT_EQ(peak.bandwidth(1 << 30), peak.memoryGbs);
}

TEST(StatisticsTest, Ranks) {
  EXPECT_THAT(ranksOf({5, 1, 3}), testing::ElementsAre(2, 0, 1));
  // Equal values share their places.
  EXPECT_THAT(ranksOf({2, 1, 2, 2}), testing::ElementsAre(2, 0, 2, 2));
  EXPECT_TRUE(ranksOf({}).empty());
}

TEST(StatisticsTest, RankCorrelation) {
  EXPECT_DOUBLE_EQ(rankCorrelation({1, 2, 3, 4}, {1, 20, 21, 500}), 1);
  EXPECT_DOUBLE_EQ(rankCorrelation({1, 2, 3, 4}, {9, 7, 5, -1}), -1);
  EXPECT_NEAR(rankCorrelation({1, 2, 3, 4, 5}, {5, 6, 7, 8, 7}), 0.8208, 1e-4);
  EXPECT_EQ(rankCorrelation({1, 1, 1}, {1, 2, 3}), 0);
  EXPECT_EQ(rankCorrelation({}, {}), 0);
}

TEST(WorkTest, IsReadFromTheConfiguration) {
  visir_command_info_t info = {};
  info.flops = 64;
  info.config = "{cost = {cycles = 4000 : i64, executed_flops = 48 : i64, "
                "issued_flops = 96 : i64}, kernel = \"window\"}";
  CommandWork work = workOf(info);
  EXPECT_EQ(work.flops, 64);
  EXPECT_EQ(work.executedFlops, 48);
  EXPECT_EQ(work.issuedFlops, 96);
  EXPECT_EQ(work.cycles, 4000);
  // Of copies, and of artifacts by another compiler.
  for (const char *config : {"", "{lanes = 16 : i64}", "executed_flops = x",
                             "executed_flops = -3", "issued_flops = nan"}) {
    info.config = config;
    work = workOf(info);
    EXPECT_EQ(work.executedFlops, 64) << config;
    EXPECT_EQ(work.issuedFlops, 64) << config;
    EXPECT_EQ(work.cycles, 0) << config;
  }
}

TEST(BenchTest, SharesOfWhatACommandDoes) {
  CommandTime command = {};
  command.work = {64, 48, 96, 4000};
  command.medianUs = 4;
  command.boundUs = 3;
  Peak peak = {};
  peak.gflops = 0.048;
  EXPECT_DOUBLE_EQ(wastedLanes(command.work), 0.5);
  EXPECT_DOUBLE_EQ(shareOfPeak(command, peak), 0.25);
  EXPECT_DOUBLE_EQ(shareOfRoof(command), 0.75);
  EXPECT_EQ(wastedLanes({}), 0);
  EXPECT_EQ(shareOfRoof({}), 0);
}

TEST(CalibrationTest, CountsCommandsWithAnEstimate) {
  Benchmark benchmark;
  for (auto [model, measured] :
       {std::pair(10.0, 12.0), {0.0, 99.0}, {30.0, 20.0}, {20.0, 30.0}}) {
    CommandTime command = {};
    command.modelUs = model;
    command.medianUs = measured;
    benchmark.commands.push_back(command);
  }
  Calibration calibration = calibrate(benchmark);
  EXPECT_EQ(calibration.commands, 3u);
  EXPECT_DOUBLE_EQ(calibration.modelUs, 60);
  EXPECT_DOUBLE_EQ(calibration.measuredUs, 62);
  EXPECT_DOUBLE_EQ(calibration.rankCorrelation, 0.5);
  EXPECT_NEAR(calibration.medianError, 1.0 / 3, 1e-9);
}

RuntimeOptions parse(std::vector<const char *> words,
                     const char *command = nullptr) {
  return parseRuntimeOptions(static_cast<int>(words.size()), words.data(),
                             command);
}

TEST(OptionsTest, AreRead) {
  RuntimeOptions options =
      parse({"--threads", "2", "m.visir", "--input=x=a.npy", "--input", "b.npy",
             "--random=9", "--json", "--seconds", "0.5", "--top=3"});
  EXPECT_EQ(options.artifact, "m.visir");
  EXPECT_EQ(options.threads, 2u);
  ASSERT_EQ(options.inputs.size(), 2u);
  EXPECT_EQ(options.inputs[0].first, "x");
  EXPECT_EQ(options.inputs[0].second, "a.npy");
  EXPECT_EQ(options.inputs[1].first, "0");
  EXPECT_TRUE(options.random && options.json);
  EXPECT_EQ(options.seed, 9u);
  EXPECT_EQ(options.seconds, 0.5);
  EXPECT_EQ(options.top, 3u);
}

TEST(OptionsTest, Refusals) {
  auto refusal = [](std::vector<const char *> words) {
    return thrown([&] { parse(words); });
  };
  EXPECT_EQ(refusal({}), "artifact is missing, expected a .visir file");
  EXPECT_EQ(refusal({"a", "b"}), "second artifact is \"b\", expected one");
  EXPECT_EQ(refusal({"a", "--nonsense"}),
            "option is --nonsense, expected one that --help lists");
  EXPECT_EQ(refusal({"a", "--threads"}),
            "value of --threads is missing, expected one");
  EXPECT_EQ(refusal({"a", "--threads", "-1"}),
            "value of --threads is \"-1\", expected a number up to 1024");
  EXPECT_EQ(refusal({"a", "--threads", "2000"}),
            "value of --threads is \"2000\", expected a number up to 1024");
  EXPECT_EQ(refusal({"a", "--seconds", "0"}),
            "value of --seconds is \"0\", expected a number in 0..3600");
  EXPECT_EQ(refusal({"a", "--json=yes"}),
            "value of --json is \"yes\", expected none");
}

TEST(OptionsTest, EachCommandTakesItsOwn) {
  EXPECT_EQ(parse({"a", "--top=3"}, "inspect").top, 3u);
  EXPECT_EQ(thrown([] { parse({"a", "--trace", "t"}, "run"); }),
            "option is --trace, expected one that --help lists");
  EXPECT_EQ(thrown([] { parse({"a", "--threads=1"}, "verify"); }),
            "option is --threads, expected one that --help lists");
  std::string help = runtimeOptionsHelp("inspect");
  EXPECT_NE(help.find("  --top N             largest constants"),
            std::string::npos);
  EXPECT_EQ(help.find("--threads"), std::string::npos);
  EXPECT_NE(runtimeOptionsHelp("run").find("largest values of the first"),
            std::string::npos);
}

} // namespace
