// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The commands on artifacts, as from a command line.
#include "tools/common/runtime_commands.h"

#include "test/runtime/support/sample.h"
#include "tools/common/npy.h"

#include <gmock/gmock.h>

#include <cstdio>

using namespace visir;
using namespace visir::tools;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

struct Result {
  int code;
  std::string out, err;
};

Result call(const char *name, std::vector<std::string> words) {
  std::vector<const char *> pointers;
  for (const std::string &word : words)
    pointers.push_back(word.c_str());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  int code =
      runtimeCommand(name, static_cast<int>(pointers.size()), pointers.data());
  return {code, ::testing::internal::GetCapturedStdout(),
          ::testing::internal::GetCapturedStderr()};
}

class CommandTest : public ::testing::Test {
protected:
  void SetUp() override {
    folder = ::testing::TempDir();
    artifact =
        write("commands_sample.visir", visir::testing::makeSample().finish());
  }

  std::string write(const std::string &name,
                    const visir::testing::Bytes &bytes) {
    std::string path = folder + name;
    FILE *file = fopen(path.c_str(), "wb");
    EXPECT_TRUE(file);
    EXPECT_EQ(fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
    fclose(file);
    return path;
  }

  std::string readText(const std::string &path) {
    std::string text;
    FILE *file = fopen(path.c_str(), "rb");
    EXPECT_TRUE(file);
    for (int c; file && (c = fgetc(file)) != EOF;)
      text += static_cast<char>(c);
    if (file)
      fclose(file);
    return text;
  }

  std::string folder, artifact;
};

TEST_F(CommandTest, RunReadsAndWritesFiles) {
  rt::Tensor x(VISIR_F32, {4, 16}), k(VISIR_I64, {}), s(VISIR_F32, {2, 16});
  for (size_t i = 0; i < x.elements(); ++i)
    x.as<float>()[i] = 1;
  k.as<int64_t>()[0] = 10;
  writeNpy(folder + "x.npy", x);
  writeNpy(folder + "k.npy", k);
  writeNpy(folder + "s.npy", s);
  Result result = call("run", {artifact, "--input", "x=" + folder + "x.npy",
                               "--input=1=" + folder + "k.npy", "--input",
                               "s=" + folder + "s.npy", "--output", folder});
  EXPECT_EQ(result.code, kExitOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("z f32[16]: min 25, mean 25, max 25 at 0, "
                                    "0 not finite, digest "));
  rt::Tensor y = readNpy(folder + "y.npy");
  EXPECT_EQ(y.dims(), (std::vector<int64_t>{4, 16}));
  EXPECT_EQ(y.as<float>()[5], 6);
}

TEST_F(CommandTest, RunReadsAndWritesRawFiles) {
  rt::Tensor x(VISIR_F32, {4, 16}), y(VISIR_F32, {4, 16});
  for (size_t i = 0; i < x.elements(); ++i)
    x.as<float>()[i] = float(i);
  writeRaw(folder + "x.raw", x);
  Result result = call("run", {artifact, "--random=1", "--input",
                               "x=" + folder + "x.raw", "--output", folder,
                               "--raw"});
  EXPECT_EQ(result.code, kExitOk) << result.err;
  readRaw(folder + "y.raw", y);
  writeNpy(folder + "x.npy", x);
  result = call("run", {artifact, "--random=1", "--input",
                        "x=" + folder + "x.npy", "--output", folder});
  EXPECT_EQ(result.code, kExitOk) << result.err;
  rt::Tensor same = readNpy(folder + "y.npy");
  EXPECT_EQ(memcmp(y.data(), same.data(), y.bytes()), 0);

  writeRaw(folder + "short.raw", rt::Tensor(VISIR_F32, {4, 15}));
  result = call("run", {artifact, "--random=1", "--input",
                        "x=" + folder + "short.raw"});
  EXPECT_EQ(result.err, "error: \"" + folder +
                            "short.raw\": size is 240, expected 256\n");
}

TEST_F(CommandTest, RunIsDeterministic) {
  Result one = call("run", {artifact, "--random=1", "--threads=1", "--json"});
  Result two = call("run", {artifact, "--random=1", "--threads=2", "--json"});
  EXPECT_EQ(one.code, kExitOk) << one.err;
  EXPECT_THAT(one.out, HasSubstr("{\"device\":\"cpu\",\"outputs\":"
                                 "[{\"name\":\"y\","));
  EXPECT_EQ(one.out, two.out);
}

TEST_F(CommandTest, RunPrintsTheTopClasses) {
  Result result = call("run", {artifact, "--random=1", "--top=2"});
  EXPECT_EQ(result.code, kExitOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("    62    63.2695  56.10 %"));
  result = call("run", {artifact, "--random=1", "--top=2", "--json"});
  EXPECT_THAT(result.out,
              HasSubstr("\"top\":[{\"index\":62,\"value\":63.2695312,"));
}

TEST_F(CommandTest, RunWantsPreprocessingForPictures) {
  std::string photo = VISIR_SOURCE "/models/photos/flower.jpg";
  Result result =
      call("run", {artifact, "--random=1", "--input", "s=" + photo});
  EXPECT_EQ(result.code, kExitFailed);
  EXPECT_EQ(result.err, "error: \"" + photo +
                            "\": input 2 has no stored preprocessing, "
                            "expected an artifact compiled with --preprocess, "
                            "or a .npy file\n");
  // The sample's preprocessing is for pictures, its input is not one.
  result = call("run", {artifact, "--random=1", "--input", photo});
  EXPECT_EQ(result.err, "error: input \"x\" is f32[4,16], expected one "
                        "picture, of rank 4\n");
}

TEST_F(CommandTest, Help) {
  Result result = call("bench", {"--help"});
  EXPECT_EQ(result.code, kExitOk);
  EXPECT_THAT(result.out, HasSubstr("bench ARTIFACT.visir [OPTIONS]: measure "
                                    "first and warm runs and each command\n"));
  EXPECT_THAT(result.out, HasSubstr("--threads N"));
}

TEST_F(CommandTest, RunRefusals) {
  EXPECT_EQ(call("run", {artifact}).err,
            "error: input \"x\" is missing, expected --input x=FILE.npy or "
            "--random SEED\n");
  Result result = call("run", {artifact, "--input", "q=a.npy"});
  EXPECT_EQ(result.code, kExitUsage);
  EXPECT_EQ(result.err, "error: input is \"q\", expected one of x, k, s\n");
  result = call("run", {artifact, "--random=1", "--entry=nothing"});
  EXPECT_EQ(result.code, kExitFailed);
  EXPECT_THAT(result.err, HasSubstr("entry \"nothing\" does not exist"));
  writeNpy(folder + "bad.npy", rt::Tensor(VISIR_F32, {4, 15}));
  result = call("run",
                {artifact, "--random=1", "--input", "x=" + folder + "bad.npy"});
  EXPECT_EQ(result.err,
            "error: input 0 \"x\": dimension 1 is 15, expected 16\n");
}

TEST_F(CommandTest, BenchPrintsTimesAndCommands) {
  Result result = call("bench", {artifact, "--runs=20", "--top=2"});
  EXPECT_EQ(result.code, kExitOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("us median, "));
  EXPECT_THAT(result.out, HasSubstr(" of 20 runs, "));
  EXPECT_THAT(result.out, HasSubstr("% of the measured peak of "));
  EXPECT_THAT(result.out, HasSubstr("out of the page cache "));
  EXPECT_THAT(result.out, HasSubstr("sum of 6 commands, each measured alone"));
  result = call("bench", {artifact, "--runs=20", "--json"});
  EXPECT_THAT(result.out, HasSubstr("\"runs\":20,"));
  EXPECT_THAT(result.out, HasSubstr("\"cold_first_us\":"));
  EXPECT_THAT(result.out, HasSubstr("\"function\":\"accumulate\""));
  EXPECT_THAT(result.out, HasSubstr("\"nodes\":\"/conv1/Conv\""));
}

TEST_F(CommandTest, ProfileTellsWhatEachCommandReaches) {
  Result result = call("profile", {artifact, "--threads=1"});
  EXPECT_EQ(result.code, kExitOk) << result.err;
  for (const char *part :
       {" GFLOP executed, ", "; by the direct method ", " GB/s from the second ",
        "GFLOP/s", "% peak", "GB/s", "% roof", "% idle"})
    EXPECT_THAT(result.out, HasSubstr(part));
  result = call("profile", {artifact, "--threads=1", "--json"});
  for (const char *part :
       {"\"flops\":64,", "\"executed_flops\":48,", "\"wasted_lanes\":0.5,",
        "\"gbs\":", "\"share_of_roof\":", "\"memory_gbs\":"})
    EXPECT_THAT(result.out, HasSubstr(part));
}

TEST_F(CommandTest, BenchCalibratesTheCostModel) {
  Result result = call("bench", {artifact, "--runs=5", "--calibrate"});
  EXPECT_EQ(result.code, kExitOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("main: rank correlation "));
  EXPECT_THAT(result.out,
              HasSubstr(" of model and measurement over 2 of 6 commands, "));
  EXPECT_THAT(result.out, HasSubstr("  model us   ratio  kind\n"));
  EXPECT_THAT(result.out, HasSubstr("  2 copy\n"));
  result = call("bench", {artifact, "--runs=5", "--calibrate", "--json"});
  EXPECT_THAT(result.out, HasSubstr("\"rank_correlation\":0,"));
  EXPECT_THAT(result.out, HasSubstr("\"model_us\":"));
  result = call("profile", {artifact, "--calibrate"});
  EXPECT_EQ(result.code, kExitUsage);
  EXPECT_EQ(result.err, "error: option is --calibrate, expected one that "
                        "--help lists\n");
}

TEST_F(CommandTest, ProfileWritesATrace) {
  std::string trace = folder + "trace.json";
  Result result = call("profile", {artifact, "--trace", trace});
  EXPECT_EQ(result.code, kExitOk) << result.err;
  FILE *file = fopen(trace.c_str(), "rb");
  ASSERT_TRUE(file);
  char text[4096] = {};
  EXPECT_GT(fread(text, 1, sizeof(text) - 1, file), 100u);
  fclose(file);
  EXPECT_THAT(text, HasSubstr("{\"traceEvents\":[{\"name\":\"add\",\"cat\":"
                              "\"main\",\"ph\":\"X\",\"ts\":"));
  result = call("profile", {artifact, "--trace", "/no/trace.json"});
  EXPECT_EQ(result.code, kExitFailed);
  EXPECT_EQ(result.err, "error: \"/no/trace.json\": cannot be written\n");
}

TEST_F(CommandTest, InspectTellsWhatIsInside) {
  Result result = call("inspect", {artifact});
  EXPECT_EQ(result.code, kExitOk) << result.err;
  for (const char *part :
       {"producer   test\n", "options    --target test\n", "2 functions",
        "entry main: 6 commands", "  input  s f32[n<=4,16]\n",
        "  output z f32[16]\n", "entry peek: 1 commands", "/conv1/Conv\n"})
    EXPECT_THAT(result.out, HasSubstr(part));
  result = call("inspect", {artifact, "--json"});
  EXPECT_THAT(result.out, HasSubstr("{\"name\":\"k\",\"dtype\":\"i64\","
                                    "\"dims\":[],\"symbols\":[],\"bytes\":8}"));
}

TEST_F(CommandTest, InspectTellsOfNodesAndConstants) {
  Result result = call("inspect", {artifact, "--top=1"});
  for (const char *part : {" of ONNX in ", "1 copy", "1 fill",
                           "; 0 changes of layout and 0 moves of parts inside\n",
                           "\nlargest constants, and the nodes of the first "
                           "command that reads each\n"})
    EXPECT_THAT(result.out, HasSubstr(part));
  result = call("inspect", {artifact, "--json"});
  EXPECT_THAT(result.out,
              HasSubstr("\"interior_relayouts\":0,\"interior_moves\":0,\"kinds\":{"));
  EXPECT_THAT(result.out, HasSubstr("\"largest_constants\":[{\"index\":"));
}

TEST_F(CommandTest, PagesHoldTheirData) {
  std::string page = folder + "page.html";
  EXPECT_EQ(call("inspect", {artifact, "--html", page}).code, kExitOk);
  std::string text = readText(page);
  EXPECT_THAT(text, HasSubstr("<!DOCTYPE html>"));
  EXPECT_THAT(text, HasSubstr("\"function\":\"add\""));
  EXPECT_THAT(text, HasSubstr("\"arena\":[["));
  EXPECT_THAT(text, Not(HasSubstr("\"median_us\"")));
  EXPECT_THAT(text, Not(HasSubstr("src="))); // needs no other file
  EXPECT_EQ(call("profile", {artifact, "--runs=5", "--html", page}).code,
            kExitOk);
  text = readText(page);
  EXPECT_THAT(text, HasSubstr("\"median_us\":"));
  EXPECT_THAT(text, HasSubstr("\"peak_gflops\":"));
  EXPECT_THAT(text, HasSubstr("\"memory_gbs\":"));
  EXPECT_THAT(text, HasSubstr("\"roof_share\":"));
  Result result = call("inspect", {artifact, "--html", "/nowhere/page.html"});
  EXPECT_EQ(result.code, kExitFailed);
  EXPECT_EQ(result.err, "error: \"/nowhere/page.html\": cannot be written\n");
}

TEST_F(CommandTest, VerifyChecksDigests) {
  EXPECT_EQ(call("verify", {artifact}).out, "ok\n");
  EXPECT_EQ(call("verify", {artifact, "--json"}).out, "{\"ok\":true}\n");
  visir::testing::Bytes damaged = visir::testing::makeSample().finish();
  damaged.back() ^= 1;
  Result result = call("verify", {write("damaged.visir", damaged)});
  EXPECT_EQ(result.code, kExitFailed);
  EXPECT_THAT(result.err, HasSubstr("error: digest of section 2 is "));
  EXPECT_THAT(call("verify", {"/no/such.visir"}).err,
              HasSubstr("error: cannot open \"/no/such.visir\": no such file"));
}

TEST_F(CommandTest, DevicesAreListed) {
  EXPECT_THAT(call("devices", {}).out, HasSubstr("  cpu "));
  EXPECT_THAT(call("devices", {"--json"}).out, HasSubstr("{\"name\":\"cpu\","));
  Result result = call("devices", {"--all"});
  EXPECT_EQ(result.code, kExitUsage);
  EXPECT_EQ(result.err, "error: option is --all, expected --json\n");
}

TEST_F(CommandTest, DeviceIsChosen) {
  EXPECT_EQ(call("run", {artifact, "--random=1", "--device", "cpu"}).code,
            kExitOk);
  Result result = call("run", {artifact, "--random=1", "--device=tpu"});
  EXPECT_EQ(result.code, kExitFailed);
  EXPECT_THAT(result.err, HasSubstr("error: device is tpu, expected one that "
                                    "runs a target of the artifact: "));
}

TEST_F(CommandTest, CheckComparesWithFiles) {
  rt::Tensor five(VISIR_F64, {16}), off(VISIR_F32, {16});
  for (size_t i = 0; i < 16; ++i) {
    five.as<double>()[i] = 5;
    off.as<float>()[i] = i == 3 ? 5.001f : 5;
  }
  writeNpy(folder + "five.npy", five);
  writeNpy(folder + "off.npy", off);
  std::string head = "artifact\tcommands_sample.visir\n";
  auto list = [&](const std::string &text) {
    return write("cases.txt", {text.begin(), text.end()});
  };
  Result result = call(
      "check", {list(head + "case\texact\tpeek\t0\t0\t-\tfive.npy\n"
                            "case\tnear\tpeek\t0.001\t0\t-\toff.npy\n"
                            "case\tscaled\tpeek\t0\t0.001\t-\toff.npy\n")});
  EXPECT_EQ(result.code, kExitOk) << result.err;
  EXPECT_EQ(result.out, "commands_sample.visir on cpu\n3 passed, 0 failed\n");
  result = call("check", {list(head + "case\tfar\tpeek\t1e-5\t1e-5\t-\t"
                                      "off.npy\n"
                                      "case\tno\tpeek\t0\t0\t-\tno.npy\n"
                                      "case\tin\tpeek\t0\t0\toff.npy\t-\n"
                                      "case\tnone\tnone\t0\t0\t-\t-\n")});
  EXPECT_EQ(result.code, kExitFailed);
  EXPECT_THAT(
      result.out,
      HasSubstr("FAILED far: output 0: element 3 is 5, expected 5.00099993"));
  EXPECT_THAT(result.out, HasSubstr("FAILED no: "));
  EXPECT_THAT(result.out, HasSubstr("FAILED in: files are 1 and 0, expected 0 "
                                    "inputs and 1 outputs\n"));
  EXPECT_THAT(result.out, HasSubstr("FAILED none: "));
  EXPECT_EQ(result.err, "error: 4 of 4 cases fail, expected 0 of at least 1\n");
  result = call("check", {list("artifact\tno.visir\n"
                               "case\tx\tpeek\t0\t0\t-\tfive.npy\n"),
                          "--json"});
  EXPECT_EQ(result.code, kExitFailed);
  EXPECT_THAT(
      result.out,
      HasSubstr("{\"name\":\"x\",\"passed\":false,\"reason\":\"no.visir"));
  EXPECT_THAT(call("check", {list("")}).err, HasSubstr("0 of 0 cases fail"));
  EXPECT_THAT(call("check", {list("walk\tfar\n")}).err,
              HasSubstr("expected an artifact or a case"));
  EXPECT_THAT(call("check", {folder + "no.txt"}).err,
              HasSubstr("cannot be read"));
  EXPECT_THAT(call("check", {"--help"}).out, HasSubstr("check LIST [OPTIONS]"));
}

TEST_F(CommandTest, UnknownOnesAreRefused) {
  EXPECT_TRUE(isRuntimeCommand("run"));
  EXPECT_FALSE(isRuntimeCommand("compile"));
  Result result = call("dance", {artifact});
  EXPECT_EQ(result.code, kExitUsage);
  EXPECT_EQ(result.err, "error: command is \"dance\", expected run, "
                        "generate, bench, profile, inspect, verify, check or "
                        "devices\n");
}

} // namespace
