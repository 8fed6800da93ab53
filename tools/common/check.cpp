// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/check.h"

#include "tools/common/json.h"
#include "tools/common/npy.h"
#include "tools/common/tensor_summary.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

namespace visir::tools {
namespace {

std::vector<std::string> split(const std::string &text, char at) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, at);)
    parts.push_back(part);
  return parts;
}

double parseNumber(const std::string &text) {
  char *end = nullptr;
  double value = strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value >= 0))
    throw std::runtime_error("tolerance is \"" + text +
                             "\", expected a number of at least 0");
  return value;
}

struct Tolerance {
  double relative, scaled;
};

// What is wrong with an output, or an empty text. `largest` becomes its
// largest difference relative to the largest value.
std::string difference(const rt::Tensor &actual, const rt::Tensor &expected,
                       Tolerance tolerance, double *largest) {
  if (actual.dims() != expected.dims())
    return "dims are not the file's";
  bool isSame = actual.bytes() == expected.bytes() &&
                actual.dtype() == expected.dtype() &&
                memcmp(actual.data(), expected.data(), actual.bytes()) == 0;
  if (isSame)
    return "";
  double scale = 0;
  for (size_t i = 0; i < expected.elements(); ++i)
    if (double value = std::fabs(elementValue(expected, i));
        std::isfinite(value))
      scale = std::fmax(scale, value);
  size_t wrong = 0, first = 0;
  for (size_t i = 0; i < expected.elements(); ++i) {
    double is = elementValue(actual, i), want = elementValue(expected, i);
    if (is == want || (is != is && want != want))
      continue;
    double distance = std::fabs(is - want);
    if (scale > 0)
      *largest = std::fmax(*largest, distance / scale);
    double allowed =
        tolerance.relative * std::fabs(want) + tolerance.scaled * scale;
    if (!(distance <= allowed) && wrong++ == 0)
      first = i;
  }
  if (wrong == 0)
    return "";
  char text[160];
  snprintf(text, sizeof(text),
           "element %zu is %.9g, expected %.9g; %zu of %zu differ", first,
           elementValue(actual, first), elementValue(expected, first), wrong,
           expected.elements());
  return text;
}

class Checker {
public:
  explicit Checker(const RuntimeOptions &options)
      : options(options), context(options.threads) {
    size_t slash = options.artifact.rfind('/');
    if (slash != std::string::npos)
      folder = options.artifact.substr(0, slash + 1);
  }

  void run();

private:
  void line(const std::string &text);
  void open(const std::string &file);
  // What is wrong with a case, or an empty text.
  std::string check(const std::vector<std::string> &words);
  rt::Tensor readInput(const visir_tensor_info_t &info,
                       const std::string &file) const;
  void report(const std::string &name, const std::string &failure);

  const RuntimeOptions &options;
  rt::Context context;
  std::string folder;
  std::unique_ptr<rt::Module> module;
  std::unique_ptr<rt::Session> session;
  std::string openFailure;
  size_t passed = 0, failed = 0;
  double largest = 0; // difference of the current case
  JsonWriter json;
};

void Checker::open(const std::string &file) {
  session.reset();
  module.reset();
  openFailure.clear();
  try {
    module = std::make_unique<rt::Module>(
        context, folder + file,
        options.flags | (options.full ? VISIR_MODULE_VERIFY_FULL : 0),
        options.target.empty() ? nullptr : options.target.c_str(),
        options.device.empty() ? nullptr : options.device.c_str());
    session = std::make_unique<rt::Session>(*module);
  } catch (const std::exception &error) {
    openFailure = file + ": " + error.what();
    session.reset();
  }
  if (session && !options.json)
    printf("%s on %s\n", file.c_str(), visir_module_device(module->get()));
}

// bf16 is in the file as u16.
rt::Tensor Checker::readInput(const visir_tensor_info_t &info,
                              const std::string &file) const {
  rt::Tensor read = readNpy(folder + file);
  if (info.dtype != VISIR_BF16 || read.dtype() != VISIR_U16)
    return read;
  rt::Tensor tensor(VISIR_BF16, read.dims());
  memcpy(tensor.data(), read.data(), read.bytes());
  return tensor;
}

std::string Checker::check(const std::vector<std::string> &words) {
  largest = 0;
  if (!session)
    return openFailure.empty() ? "no artifact before it" : openFailure;
  auto files = [](const std::string &list) {
    return list == "-" ? std::vector<std::string>() : split(list, ',');
  };
  Tolerance tolerance = {parseNumber(words[3]), parseNumber(words[4])};
  std::vector<std::string> in = files(words[5]), out = files(words[6]);
  uint32_t entry = module->findEntry(words[2]);
  visir_entry_info_t info = module->entry(entry);
  if (in.size() != info.input_count || out.size() != info.output_count)
    return "files are " + std::to_string(in.size()) + " and " +
           std::to_string(out.size()) + ", expected " +
           std::to_string(info.input_count) + " inputs and " +
           std::to_string(info.output_count) + " outputs";
  std::vector<rt::Tensor> inputs;
  for (uint32_t i = 0; i < info.input_count; ++i)
    inputs.push_back(readInput(module->input(entry, i), in[i]));
  std::vector<rt::Tensor> outputs = session->run(inputs, entry);
  for (uint32_t i = 0; i < info.output_count; ++i) {
    std::string wrong =
        difference(outputs[i], readNpy(folder + out[i]), tolerance, &largest);
    if (!wrong.empty())
      return "output " + std::to_string(i) + ": " + wrong;
  }
  return "";
}

void Checker::report(const std::string &name, const std::string &failure) {
  ++(failure.empty() ? passed : failed);
  if (options.json) {
    json.beginObject();
    json.field("name", name);
    json.field("passed", failure.empty());
    json.field("reason", failure);
    json.field("difference", largest);
    json.endObject();
  } else if (!failure.empty()) {
    printf("FAILED %s: %s\n", name.c_str(), failure.c_str());
  }
}

void Checker::line(const std::string &text) {
  std::vector<std::string> words = split(text, '\t');
  if (words.size() == 2 && words[0] == "artifact")
    return open(words[1]);
  if (words.size() != 7 || words[0] != "case")
    throw std::runtime_error("line is \"" + text +
                             "\", expected an artifact or a case");
  std::string failure;
  try {
    failure = check(words);
  } catch (const std::exception &error) {
    failure = error.what();
  }
  report(words[1], failure);
}

void Checker::run() {
  std::ifstream file(options.artifact);
  if (!file)
    throw std::runtime_error("\"" + options.artifact + "\": cannot be read");
  if (options.json)
    json.beginArray();
  for (std::string text; std::getline(file, text);)
    if (!text.empty())
      line(text);
  if (options.json) {
    json.endArray();
    printf("%s\n", json.text().c_str());
  } else {
    printf("%zu passed, %zu failed\n", passed, failed);
  }
  if (failed != 0 || passed == 0)
    throw std::runtime_error(std::to_string(failed) + " of " +
                             std::to_string(passed + failed) +
                             " cases fail, expected 0 of at least 1");
}

} // namespace

void checkList(const RuntimeOptions &options) { Checker(options).run(); }

} // namespace visir::tools
