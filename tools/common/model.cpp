// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/model.h"

#include "tools/common/npy.h"
#include "tools/common/picture.h"
#include "tools/common/preprocess.h"
#include "tools/common/random_tensor.h"

#include <cstdio>
#include <cstring>

namespace visir::tools {
namespace {

uint32_t moduleFlags(const RuntimeOptions &options) {
  return options.flags |
         (options.full ? static_cast<uint32_t>(VISIR_MODULE_VERIFY_FULL) : 0);
}

// The dims of a random or raw input: the sizes of --length, or the largest.
std::vector<int64_t> dimsOf(const visir_tensor_info_t &info,
                            const RuntimeOptions &options) {
  std::vector<int64_t> dims(info.dims, info.dims + info.rank);
  for (uint32_t i = 0; i < info.rank; ++i)
    for (const auto &[name, size] : options.lengths)
      if (info.dim_symbols[i] && name == info.dim_symbols[i])
        dims[i] = size;
  return dims;
}

// A device that failed its self test is told of even if nobody asked.
void tellOfDevice(const rt::Module &module, const RuntimeOptions &options) {
  const char *device = module.device();
  if (strstr(device, " (refused: "))
    fprintf(stderr, "warning: runs on %s\n", device);
  else if (!options.device.empty() && !options.json)
    fprintf(stderr, "device: %s\n", device);
}

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

} // namespace

std::string describe(const visir_tensor_info_t &info) {
  std::string text = visir_dtype_name(info.dtype);
  text += '[';
  for (uint32_t i = 0; i < info.rank; ++i) {
    text += i ? "," : "";
    if (info.dim_symbols[i])
      text += std::string(info.dim_symbols[i]) + "<=";
    text += std::to_string(info.dims[i]);
  }
  return text + ']';
}

Model::Model(const RuntimeOptions &options)
    : context(options.threads),
      module(context, options.artifact, moduleFlags(options),
             options.target.empty() ? nullptr : options.target.c_str(),
             options.device.empty() ? nullptr : options.device.c_str()),
      entry(module.findEntry(options.entry)), entryInfo(module.entry(entry)),
      session(module) {
  tellOfDevice(module, options);
}

uint32_t Model::findInput(const std::string &name) const {
  for (uint32_t i = 0; i < entryInfo.input_count; ++i)
    if (name == module.input(entry, i).name)
      return i;
  char *end = nullptr;
  unsigned long index = strtoul(name.c_str(), &end, 10);
  if (name.empty() || *end != '\0' || index >= entryInfo.input_count) {
    std::string names;
    for (uint32_t i = 0; i < entryInfo.input_count; ++i)
      names += (i ? ", " : "") + std::string(module.input(entry, i).name);
    throw UsageError("input is \"" + name + "\", expected one of " + names);
  }
  return static_cast<uint32_t>(index);
}

rt::Tensor Model::readInput(uint32_t index, const std::string &path,
                            const RuntimeOptions &options) const {
  if (endsWith(path, ".raw")) {
    visir_tensor_info_t info = module.input(entry, index);
    rt::Tensor tensor(info.dtype, dimsOf(info, options));
    readRaw(path, tensor);
    return tensor;
  }
  if (!isPicture(path))
    return readNpy(path);
  visir_preprocess_info_t preprocess;
  visir_status_t status =
      visir_module_preprocess_info(module.get(), entry, index, &preprocess);
  if (status.code != VISIR_OK)
    throw std::runtime_error("\"" + path + "\": " + status.message +
                             ", expected an artifact compiled with "
                             "--preprocess, or a .npy file");
  return pictureTensor(readPicture(path), preprocess,
                       module.input(entry, index));
}

void Model::setStateLengths() {
  for (const auto &[name, length] : stateLengths)
    session.setStateLength(name, length);
}

void Model::run() {
  setStateLengths();
  session.run(entry, inputs, outputs);
}

void Model::makeInputs(const RuntimeOptions &options, bool random) {
  std::vector<std::string> files(entryInfo.input_count);
  for (const auto &[name, file] : options.inputs)
    files[findInput(name)] = file;
  inputs.clear();
  stateLengths.clear();
  for (uint32_t i = 0; i < module.info().state_count; ++i) {
    visir_state_info_t state = module.state(i);
    uint64_t length = 0;
    for (const auto &[name, size] : options.lengths)
      if (name == state.symbol)
        length = static_cast<uint64_t>(size);
    if (state.max_length)
      stateLengths.emplace_back(state.name, length);
  }
  setStateLengths();
  for (uint32_t i = 0; i < entryInfo.input_count; ++i) {
    visir_tensor_info_t info = module.input(entry, i);
    if (!files[i].empty()) {
      inputs.push_back(readInput(i, files[i], options));
      continue;
    }
    if (!random)
      throw UsageError(std::string("input \"") + info.name +
                       "\" is missing, expected --input " + info.name +
                       "=FILE.npy or --random SEED");
    inputs.push_back(rt::Tensor(info.dtype, dimsOf(info, options)));
    fillRandom(inputs.back(), options.seed + i);
  }
}

void Model::makeOutputs() {
  outputs = session.makeOutputs(inputs, entry);
}

} // namespace visir::tools
