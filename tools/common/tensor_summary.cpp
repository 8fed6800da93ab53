// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/tensor_summary.h"

#include "tools/common/model.h"

#include <cmath>
#include <cstdio>

namespace visir::tools {
namespace {

double fromHalf(uint16_t bits) {
  int exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
  double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 31)
    return fraction ? NAN : sign * INFINITY;
  if (exponent == 0)
    return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(fraction + 1024, exponent - 25);
}

double fromBfloat(uint16_t bits) {
  uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  memcpy(&value, &wide, sizeof(value));
  return value;
}

std::string digestOf(const rt::Tensor &tensor) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < tensor.bytes(); ++i)
    hash = (hash ^ tensor.as<uint8_t>()[i]) * 0x100000001b3u;
  char text[17];
  snprintf(text, sizeof(text), "%016llx",
           static_cast<unsigned long long>(hash));
  return text;
}

} // namespace

double elementValue(const rt::Tensor &tensor, size_t i) {
  switch (tensor.dtype()) {
  case VISIR_F32:
    return tensor.as<float>()[i];
  case VISIR_F64:
    return tensor.as<double>()[i];
  case VISIR_F16:
    return fromHalf(tensor.as<uint16_t>()[i]);
  case VISIR_BF16:
    return fromBfloat(tensor.as<uint16_t>()[i]);
  case VISIR_I8:
    return tensor.as<int8_t>()[i];
  case VISIR_I16:
    return tensor.as<int16_t>()[i];
  case VISIR_U16:
    return tensor.as<uint16_t>()[i];
  case VISIR_I32:
    return tensor.as<int32_t>()[i];
  case VISIR_U32:
    return tensor.as<uint32_t>()[i];
  case VISIR_I64:
    return static_cast<double>(tensor.as<int64_t>()[i]);
  case VISIR_U64:
    return static_cast<double>(tensor.as<uint64_t>()[i]);
  default:
    return tensor.as<uint8_t>()[i];
  }
}

TensorSummary summarise(const rt::Tensor &tensor) {
  TensorSummary summary;
  summary.elements = tensor.elements();
  summary.digest = digestOf(tensor);
  double sum = 0;
  uint64_t finite = 0;
  for (size_t i = 0; i < tensor.elements(); ++i) {
    double value = elementValue(tensor, i);
    if (!std::isfinite(value)) {
      ++summary.notFinite;
      continue;
    }
    if (finite == 0 || value < summary.least)
      summary.least = value;
    if (finite == 0 || value > summary.largest) {
      summary.largest = value;
      summary.argmax = i;
    }
    sum += value;
    ++finite;
  }
  summary.mean = finite ? sum / static_cast<double>(finite) : 0;
  return summary;
}

std::string summaryText(const visir_tensor_info_t &info,
                        const TensorSummary &summary) {
  char text[512];
  snprintf(text, sizeof(text),
           "%.100s %.100s: min %.6g, mean %.6g, max %.6g at %llu, %llu not "
           "finite, digest %s\n",
           info.name, describe(info).c_str(), summary.least, summary.mean,
           summary.largest, static_cast<unsigned long long>(summary.argmax),
           static_cast<unsigned long long>(summary.notFinite),
           summary.digest.c_str());
  return text;
}

void summaryJson(const visir_tensor_info_t &info, const TensorSummary &summary,
                 JsonWriter &json) {
  json.beginObject();
  json.field("name", info.name);
  json.field("type", describe(info));
  json.field("elements", summary.elements);
  json.field("min", summary.least);
  json.field("mean", summary.mean);
  json.field("max", summary.largest);
  json.field("argmax", summary.argmax);
  json.field("not_finite", summary.notFinite);
  json.field("digest", summary.digest);
  json.endObject();
}

} // namespace visir::tools
