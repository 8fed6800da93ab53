// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Accuracy of the generated math functions against libm in double precision
// (f64 ones against long double) over dense samples, and their special values.
#include "test/targets/cpu/KernelRun.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

using namespace visir;
using namespace visir::test;

namespace {

using Function = long double (*)(long double);

struct Case {
  const char *op;
  Function reference;
  double low, high;
  double ulps32, ulps64; ///< allowed errors in units in the last place
};

long double exp2Reference(long double x) { return std::exp2(x); }

const Case kCases[] = {
    {"math.exp", std::exp, -110, 95, 2, 3},
    {"math.exp2", exp2Reference, -155, 130, 3, 4},
    {"math.expm1", std::expm1, -25, 92, 3, 3},
    {"math.log", std::log, 1e-40, 100, 2, 3},
    {"math.log2", std::log2, 1e-3, 100, 4, 4},
    {"math.log10", std::log10, 1e-3, 100, 4, 4},
    {"math.log1p", std::log1p, -0.999, 100, 4, 5},
    {"math.tanh", std::tanh, -12, 12, 4, 5},
    {"math.sinh", std::sinh, -90, 90, 5, 5},
    {"math.cosh", std::cosh, -90, 90, 4, 5},
    {"math.asinh", std::asinh, -1000, 1000, 5, 6},
    {"math.acosh", std::acosh, 1, 1000, 6, 6},
    {"math.atanh", std::atanh, -0.9999, 0.9999, 6, 6},
    {"math.erf", std::erf, -7, 7, 6, 8},
    {"math.asin", std::asin, -1, 1, 3, 4},
    {"math.acos", std::acos, -1, 1, 4, 4},
    {"math.atan", std::atan, -50, 50, 4, 4},
    {"math.rsqrt", [](long double x) { return 1 / std::sqrt(x); }, 1e-30, 1000,
     2, 2},
};

/// A map from %x to %y by `payload`.
std::string unaryModule(const std::string &payload, const std::string &type,
                        int64_t count) {
  std::string tensor = "tensor<" + std::to_string(count) + "x" + type + ">";
  return "func.func @f(%a: " + tensor + ") -> " + tensor +
         " { %r = visir.dispatch <map> domain = [" + std::to_string(count) +
         "] parallel 1 (%a) loads [#visir.access<(d0) -> (d0)>] stores "
         "[#visir.access<(d0) -> (d0)>] ties [-1] : (" +
         tensor + ") -> " + tensor + " prologue { ^bb0(%x: " + type +
         "): visir.yield } epilogue { ^bb0(%x: " + type + "): " + payload +
         " visir.yield %y : " + type + " } return %r : " + tensor + " }";
}

template <typename T> const char *typeName() {
  return sizeof(T) == 4 ? "f32" : "f64";
}

/// What `payload` makes of the values, by a kernel compiled for `spec`.
template <typename T>
std::vector<T> evaluatePayload(const std::string &payload,
                               std::vector<T> values,
                               const cpu::CpuSpec &spec) {
  auto module = parse(unaryModule(payload, typeName<T>(), values.size()));
  DispatchOp dispatch;
  module->walk([&](DispatchOp found) { dispatch = found; });
  Kernel kernel(dispatch, spec);
  std::vector<std::vector<char>> bindings(2);
  for (auto &binding : bindings)
    binding.resize(values.size() * sizeof(T));
  memcpy(bindings[0].data(), values.data(), bindings[0].size());
  EXPECT_EQ(kernel.run(bindings, 0), 0);
  memcpy(values.data(), bindings[1].data(), bindings[1].size());
  return values;
}

/// op(values).
template <typename T>
std::vector<T> evaluate(const std::string &op, std::vector<T> values,
                        const cpu::CpuSpec &spec) {
  return evaluatePayload<T>("%y = " + op + " %x : " + typeName<T>(),
                            std::move(values), spec);
}

template <typename T>
std::vector<T> samples(double low, double high, int64_t count) {
  std::vector<T> values(count);
  for (int64_t i = 0; i < count; ++i)
    values[i] = T(low + (high - low) * double(i) / double(count - 1));
  // Small arguments show cancellation.
  for (int64_t i = 0; i < count / 4; ++i) {
    double small = std::ldexp(1.0, -int(i % 40)) * (1 + i / double(count));
    if (small >= low && small <= high)
      values[i * 4] = T(small);
  }
  return values;
}

template <typename T> double unitOf(double value) {
  T magnitude = std::abs(T(value));
  if (!std::isfinite(magnitude))
    return 1;
  return double(std::nextafter(magnitude, std::numeric_limits<T>::infinity())) -
         double(magnitude);
}

template <typename T>
void expectAccurate(const Case &test, double allowed,
                    const cpu::CpuSpec &spec) {
  auto inputs = samples<T>(test.low, test.high, 20001);
  auto outputs = evaluate<T>(test.op, inputs, spec);
  double worst = 0;
  T where = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    long double wanted = test.reference(inputs[i]);
    if (T(wanted) == outputs[i])
      continue;
    double error = double(std::abs(wanted - outputs[i])) / unitOf<T>(wanted);
    if (!(error <= worst)) {
      worst = error;
      where = inputs[i];
    }
  }
  EXPECT_LE(worst, allowed)
      << test.op << " on " << spec.name << " at " << where;
  ::testing::Test::RecordProperty(std::string(test.op).substr(5) + spec.name,
                                  std::to_string(worst));
}

} // namespace

class MathAccuracy : public ::testing::TestWithParam<Case> {};

TEST_P(MathAccuracy, SinglePrecision) {
  for (const cpu::CpuSpec *spec : runnableSpecs())
    expectAccurate<float>(GetParam(), GetParam().ulps32, *spec);
}

TEST_P(MathAccuracy, DoublePrecision) {
  for (const char *name : {"x86-64-v2", "host"})
    expectAccurate<double>(GetParam(), GetParam().ulps64, *cpu::findSpec(name));
}

INSTANTIATE_TEST_SUITE_P(Functions, MathAccuracy, ::testing::ValuesIn(kCases),
                         [](const auto &info) {
                           return std::string(info.param.op).substr(5);
                         });

TEST(Math, PeriodicFunctionsAreAccurateInAbsoluteError) {
  const Case cases[] = {{"math.sin", std::sin, -3000, 3000, 1.2e-7, 1e-12},
                        {"math.cos", std::cos, -3000, 3000, 1.2e-7, 1e-12}};
  for (const cpu::CpuSpec *spec : runnableSpecs())
    for (const Case &test : cases) {
      auto inputs = samples<float>(test.low, test.high, 20001);
      auto outputs = evaluate<float>(test.op, inputs, *spec);
      auto wideInputs = samples<double>(test.low, test.high, 20001);
      auto wideOutputs = evaluate<double>(test.op, wideInputs, *spec);
      for (size_t i = 0; i < inputs.size(); ++i) {
        ASSERT_NEAR(outputs[i], double(test.reference(inputs[i])), test.ulps32)
            << test.op << inputs[i] << spec->name;
        ASSERT_NEAR(wideOutputs[i], double(test.reference(wideInputs[i])),
                    test.ulps64)
            << test.op << wideInputs[i] << spec->name;
      }
    }
}

TEST(Math, SpecialValues) {
  float inf = INFINITY, nan = NAN;
  struct Special {
    const char *op;
    std::vector<float> inputs, outputs;
  };
  const Special cases[] = {
      {"math.exp", {inf, -inf, 0, nan, 1000, -1000}, {inf, 0, 1, nan, inf, 0}},
      {"math.log", {inf, 0, 1, nan, -1, -inf}, {inf, -inf, 0, nan, nan, nan}},
      {"math.log1p", {inf, -1, 0, nan, -2}, {inf, -inf, 0, nan, nan}},
      {"math.tanh", {inf, -inf, 0, nan, 1000}, {1, -1, 0, nan, 1}},
      {"math.erf", {inf, -inf, 0, nan, 1000}, {1, -1, 0, nan, 1}},
      {"math.sin", {inf, 0, nan}, {nan, 0, nan}},
      {"math.atan",
       {inf, -inf, 0, nan},
       {float(M_PI_2), float(-M_PI_2), 0, nan}},
      {"math.asin", {2, nan, 1}, {nan, nan, float(M_PI_2)}},
      {"math.expm1", {inf, -inf, 0, nan, 1000}, {inf, -1, 0, nan, inf}},
      {"math.sinh", {inf, -inf, 0, nan}, {inf, -inf, 0, nan}},
      {"math.cosh", {inf, -inf, 0, nan}, {inf, inf, 1, nan}},
      {"math.asinh", {inf, -inf, 0, nan}, {inf, -inf, 0, nan}},
      {"math.acosh", {inf, 1, 0.5f, nan}, {inf, 0, nan, nan}},
      {"math.atanh", {1, -1, 0, 2, nan}, {inf, -inf, 0, nan, nan}},
  };
  for (const cpu::CpuSpec *spec : runnableSpecs())
    for (const Special &test : cases) {
      auto outputs = evaluate<float>(test.op, test.inputs, *spec);
      for (size_t i = 0; i < outputs.size(); ++i) {
        float wanted = test.outputs[i];
        EXPECT_TRUE(std::isnan(wanted) ? std::isnan(outputs[i])
                                       : std::abs(outputs[i] - wanted) < 1e-6 ||
                                             outputs[i] == wanted)
            << test.op << "(" << test.inputs[i] << ") is " << outputs[i]
            << ", expected " << wanted << " on " << spec->name;
      }
    }
}

/// What becomes of activations that are expanded as a whole.
const char kSilu[] = "%one = arith.constant 1.0 : f32 "
                     "%n = arith.negf %x : f32 %e = math.exp %n : f32 "
                     "%d = arith.addf %one, %e : f32 "
                     "%s = arith.divf %one, %d : f32 "
                     "%y = arith.mulf %x, %s : f32";
const char kGelu[] = "%one = arith.constant 1.0 : f32 "
                     "%r = arith.constant 0.707106769 : f32 "
                     "%z = arith.mulf %x, %r : f32 %e = math.erf %z : f32 "
                     "%half = arith.constant 0.5 : f32 "
                     "%h = arith.mulf %x, %half : f32 "
                     "%s = arith.addf %one, %e : f32 "
                     "%y = arith.mulf %h, %s : f32";

double silu(double x) { return x / (1 + std::exp(-x)); }
double gelu(double x) { return x / 2 * std::erfc(-x * M_SQRT1_2); }

TEST(Math, ActivationsAreAccurate) {
  std::pair<const char *, double (*)(double)> cases[] = {{kSilu, silu},
                                                         {kGelu, gelu}};
  for (const cpu::CpuSpec *spec : runnableSpecs())
    for (auto [payload, reference] : cases) {
      auto inputs = samples<float>(-40, 40, 20001);
      auto outputs = evaluatePayload<float>(payload, inputs, *spec);
      for (size_t i = 0; i < inputs.size(); ++i) {
        double wanted = reference(inputs[i]);
        // Small arguments lose nothing; large negative ones what is lost
        // beside 1.
        double allowed = std::abs(inputs[i]) < 1e-2
                             ? 5e-7 * std::abs(wanted)
                             : (spec->math().tables ? 2e-7 : 1.2e-6) +
                                   3e-7 * std::abs(wanted);
        ASSERT_NEAR(outputs[i], wanted, allowed)
            << payload << inputs[i] << spec->name;
      }
    }
}

TEST(Math, ActivationsKeepSpecialValuesAndTails) {
  // Seven values do not fill a vector.
  std::vector<float> inputs = {INFINITY, NAN, 0, -100, 100, 1e-30f, -INFINITY};
  for (const cpu::CpuSpec *spec : runnableSpecs())
    for (const char *payload : {kSilu, kGelu}) {
      auto outputs = evaluatePayload<float>(payload, inputs, *spec);
      EXPECT_EQ(outputs[0], INFINITY);
      EXPECT_TRUE(std::isnan(outputs[1]));
      EXPECT_EQ(outputs[2], 0);
      EXPECT_NEAR(outputs[3], 0, 1e-12);
      EXPECT_EQ(outputs[4], 100);
      EXPECT_NEAR(outputs[5], 5e-31, 5e-37);
      EXPECT_TRUE(std::isnan(outputs[6]));
    }
}

TEST(Math, ExtremesKeepNotANumberAndZeros) {
  struct Extreme {
    const char *payload;
    float (*reference)(float);
  };
  const Extreme cases[] = {
      {"%c = arith.constant 0.0 : f32 %l = arith.cmpf olt, %x, %c : f32 "
       "%y = arith.select %l, %c, %x : f32",
       [](float x) { return x < 0 ? 0 : x; }},
      {"%c = arith.constant 6.0 : f32 %l = arith.cmpf ogt, %x, %c : f32 "
       "%y = arith.select %l, %c, %x : f32",
       [](float x) { return x > 6 ? 6 : x; }},
      {"%c = arith.constant 0.0 : f32 %l = arith.cmpf ogt, %x, %c : f32 "
       "%y = arith.select %l, %x, %c : f32",
       [](float x) { return x > 0 ? x : 0; }},
      {"%c = arith.constant 6.0 : f32 %l = arith.cmpf olt, %x, %c : f32 "
       "%y = arith.select %l, %x, %c : f32",
       [](float x) { return x < 6 ? x : 6; }},
      // Near misses: no strict comparison, or of other values.
      {"%c = arith.constant 0.0 : f32 %l = arith.cmpf ult, %x, %c : f32 "
       "%y = arith.select %l, %c, %x : f32",
       [](float x) { return !(x >= 0) ? 0 : x; }},
      {"%c = arith.constant 0.0 : f32 %d = arith.constant 1.0 : f32 "
       "%l = arith.cmpf olt, %x, %c : f32 %y = arith.select %l, %d, %x : f32",
       [](float x) { return x < 0 ? 1 : x; }},
  };
  // Whole vectors and a rest of each width.
  std::vector<float> inputs;
  for (int i = 0; i < 47; ++i)
    inputs.push_back(
        std::vector<float>{-0.0f, 0.0f, NAN, INFINITY, -INFINITY, 6.0f, 7.0f,
                           -3.0f}[i % 8]);
  for (const cpu::CpuSpec *spec : runnableSpecs())
    for (const Extreme &extreme : cases) {
      auto outputs = evaluatePayload<float>(extreme.payload, inputs, *spec);
      for (size_t i = 0; i < inputs.size(); ++i) {
        float wanted = extreme.reference(inputs[i]);
        EXPECT_TRUE(std::isnan(wanted) ? std::isnan(outputs[i])
                                       : wanted == outputs[i])
            << extreme.payload << " of " << inputs[i] << " on " << spec->name;
        if (wanted == 0)
          EXPECT_EQ(std::signbit(wanted), std::signbit(outputs[i]))
              << extreme.payload << " of " << inputs[i];
      }
    }
}

TEST(Math, ClampsAreTwoInstructions) {
  auto module = parse(unaryModule(
      "%c = arith.constant 0.0 : f32 %d = arith.constant 6.0 : f32 "
      "%l = arith.cmpf olt, %x, %c : f32 %z = arith.select %l, %c, %x : f32 "
      "%g = arith.cmpf ogt, %z, %d : f32 %y = arith.select %g, %d, %z : f32",
      "f32", 64));
  DispatchOp op;
  module->walk([&](DispatchOp found) { op = found; });
  for (const char *name : {"x86-64-v3", "x86-64-v4"}) {
    const cpu::CpuSpec &spec = *cpu::findSpec(name);
    auto kernels = mlir::ModuleOp::create(op.getLoc());
    op.removeConfigAttr();
    ASSERT_TRUE(succeeded(cpu::chooseConfig(op, spec)));
    ASSERT_TRUE(succeeded(cpu::emitKernel(op, spec, kernels, "k")));
    CompileDump dump;
    dump.wantsAssembly = true;
    ASSERT_TRUE(succeeded(cpu::compileKernels(kernels, spec, {"k"}, &dump)));
    llvm::StringRef code = dump.assembly;
    EXPECT_TRUE(code.contains("vmaxps")) << name;
    EXPECT_TRUE(code.contains("vminps")) << name;
    EXPECT_FALSE(code.contains("vcmp")) << name;
    kernels.erase();
  }
}
