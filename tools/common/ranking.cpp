// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/ranking.h"

#include "tools/common/tensor_summary.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <stdexcept>

namespace visir::tools {
namespace {

std::vector<std::string> readLabels(const std::string &path, size_t least) {
  std::vector<std::string> lines;
  if (path.empty())
    return lines;
  std::ifstream file(path);
  if (!file)
    throw std::runtime_error("\"" + path + "\": cannot be read");
  for (std::string line; std::getline(file, line);)
    lines.push_back(line);
  if (lines.size() < least)
    throw std::runtime_error("\"" + path + "\": number of labels is " +
                             std::to_string(lines.size()) + ", expected " +
                             std::to_string(least));
  return lines;
}

} // namespace

std::vector<Rank> rank(const rt::Tensor &tensor, uint32_t count,
                       const std::string &labels) {
  size_t size = tensor.elements();
  std::vector<std::string> names = readLabels(labels, size);
  std::vector<double> values(size);
  for (size_t i = 0; i < size; ++i)
    values[i] = elementValue(tensor, i);
  std::vector<size_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return values[a] > values[b]; });
  double sum = 0;
  for (double value : values)
    sum += std::exp(value - values[order[0]]);
  order.resize(std::min<size_t>(count, size));
  std::vector<Rank> ranks;
  for (size_t i : order)
    ranks.push_back({i, values[i], std::exp(values[i] - values[order[0]]) / sum,
                     names.empty() ? std::string() : names[i]});
  return ranks;
}

std::string ranksText(const std::vector<Rank> &ranks) {
  std::string text;
  for (const Rank &rank : ranks) {
    char line[80];
    snprintf(line, sizeof(line), "%6llu %10.4f %6.2f %%  ",
             static_cast<unsigned long long>(rank.index), rank.value,
             100 * rank.share);
    text += line + rank.label + "\n";
  }
  return text;
}

void ranksJson(const std::vector<Rank> &ranks, JsonWriter &json) {
  json.key("top").beginArray();
  for (const Rank &rank : ranks) {
    json.beginObject();
    json.field("index", rank.index);
    json.field("value", rank.value);
    json.field("share", rank.share);
    json.field("label", rank.label);
    json.endObject();
  }
  json.endArray();
}

} // namespace visir::tools
