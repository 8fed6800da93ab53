// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/generate.h"

#include "tools/common/json.h"
#include "tools/common/model.h"

#include <cstdio>
#include <fstream>

namespace visir::tools {
namespace {

std::string joinNumbers(const std::vector<int64_t> &tokens) {
  std::string text;
  for (int64_t token : tokens)
    text += (text.empty() ? "" : ",") + std::to_string(token);
  return text;
}

class Generator {
public:
  Generator(Model &model, const visir_generator_options_t &options)
      : tokens(options.max_length) {
    rt::check(visir_generator_create(model.session.get(), &options, &handle));
  }
  ~Generator() { visir_generator_release(handle); }

  std::vector<int64_t> run(const std::vector<int64_t> &prompt, float *score) {
    uint32_t length = 0;
    rt::check(visir_generator_run(handle, prompt.data(),
                                  static_cast<uint32_t>(prompt.size()),
                                  tokens.data(), &length, score));
    return {tokens.begin(), tokens.begin() + length};
  }

private:
  visir_generator_t *handle = nullptr;
  std::vector<int64_t> tokens;
};

} // namespace

std::string joinWords(const std::vector<int64_t> &tokens,
                      const std::string &vocabulary) {
  std::ifstream file(vocabulary);
  if (!file)
    throw std::runtime_error("\"" + vocabulary + "\": cannot be read");
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word);)
    words.push_back(word);
  std::string text;
  for (int64_t token : tokens) {
    if (token < 0 || static_cast<size_t>(token) >= words.size())
      throw std::runtime_error("\"" + vocabulary + "\": number of words is " +
                               std::to_string(words.size()) +
                               ", expected more than token " +
                               std::to_string(token));
    const std::string &word = words[static_cast<size_t>(token)];
    if (word.rfind("##", 0) == 0)
      text += word.substr(2);
    else
      text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

void generateText(const RuntimeOptions &options) {
  if (options.prompt.empty())
    throw UsageError("--prompt is missing, expected the ids of its tokens");
  RuntimeOptions encode = options;
  bool encodes = !options.inputs.empty();
  if (options.entry.empty() && encodes)
    encode.entry = "encode";
  Model model(encode);
  if (encodes) {
    model.makeInputs(encode, false);
    model.makeOutputs();
    model.run();
  }
  visir_generator_options_t settings = {};
  settings.struct_bytes = sizeof(settings);
  settings.beams = options.beams;
  settings.max_length = options.maxLength;
  settings.min_length = options.minLength;
  settings.length_penalty = options.lengthPenalty;
  settings.repetition_penalty = options.repetitionPenalty;
  settings.early_stopping = options.earlyStopping;
  settings.end_token = options.end;
  Generator generator(model, settings);
  float score = 0;
  std::vector<int64_t> tokens = generator.run(options.prompt, &score);
  std::string text;
  if (!options.vocabulary.empty())
    text = joinWords(tokens, options.vocabulary);
  if (!options.json) {
    const std::string &line = text.empty() ? joinNumbers(tokens) : text;
    printf("%s\n", line.c_str());
    return;
  }
  JsonWriter json;
  json.beginObject();
  json.key("tokens").beginArray();
  for (int64_t token : tokens)
    json.value(token);
  json.endArray();
  json.field("score", static_cast<double>(score));
  if (!text.empty())
    json.field("text", text);
  json.endObject();
  printf("%s\n", json.text().c_str());
}

} // namespace visir::tools
