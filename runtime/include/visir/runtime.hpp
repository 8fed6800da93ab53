// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// C++17 over visir/runtime.h: objects that release themselves, tensors that
// own memory, failures as exceptions of type visir::rt::Error.
//
//   visir::rt::Context context;
//   visir::rt::Module module(context, "model.visir");
//   visir::rt::Session session(module);
//   std::vector<visir::rt::Tensor> outputs = session.run(inputs);
//
// Thread-safety is that of the C objects.
#ifndef VISIR_RUNTIME_HPP
#define VISIR_RUNTIME_HPP

#include "visir/runtime.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace visir::rt {

class Error : public std::runtime_error {
public:
  explicit Error(const visir_status_t &status)
      : std::runtime_error(status.message), errorCode(status.code) {}
  // visir_status_code_t
  int32_t code() const { return errorCode; }

private:
  int32_t errorCode;
};

inline void check(const visir_status_t &status) {
  if (status.code != VISIR_OK)
    throw Error(status);
}

class Context {
public:
  // threads 0: one for each processor.
  explicit Context(uint32_t threads = 0) : Context(threadOptions(threads)) {}
  explicit Context(const visir_context_options_t &options) {
    visir_context_t *created = nullptr;
    check(visir_context_create(&options, &created));
    handle.reset(created);
  }
  visir_context_t *get() const { return handle.get(); }
  uint32_t threadCount() const { return visir_context_thread_count(get()); }

private:
  static visir_context_options_t threadOptions(uint32_t threads) {
    visir_context_options_t options = {};
    options.struct_bytes = sizeof(options);
    options.thread_count = threads;
    return options;
  }
  struct Release {
    void operator()(visir_context_t *context) const {
      visir_context_release(context);
    }
  };
  std::unique_ptr<visir_context_t, Release> handle;
};

// A dense tensor in memory of its own, aligned so that runs use it in place.
class Tensor {
public:
  Tensor() = default;
  Tensor(visir_dtype_t dtype, std::vector<int64_t> dims)
      : elementType(dtype), shape(std::move(dims)) {
    size_t size = visir_dtype_bytes(dtype);
    for (int64_t dim : shape)
      size *= static_cast<size_t>(dim);
    byteCount = size;
    size_t rounded = (size + kAlignment) / kAlignment * kAlignment;
    memory.reset(std::aligned_alloc(kAlignment, rounded));
    if (!memory)
      throw std::bad_alloc();
    std::memset(memory.get(), 0, rounded);
  }

  visir_dtype_t dtype() const { return elementType; }
  const std::vector<int64_t> &dims() const { return shape; }
  size_t bytes() const { return byteCount; }
  size_t elements() const {
    uint32_t size = visir_dtype_bytes(elementType);
    return size ? byteCount / size : 0;
  }
  void *data() { return memory.get(); }
  const void *data() const { return memory.get(); }
  template <typename T> T *as() { return static_cast<T *>(data()); }
  template <typename T> const T *as() const {
    return static_cast<const T *>(data());
  }
  // Points into this tensor.
  visir_tensor_t view() const {
    return {memory.get(), elementType, static_cast<uint32_t>(shape.size()),
            shape.data(), nullptr};
  }

private:
  static constexpr size_t kAlignment = 64;
  struct Free {
    void operator()(void *pointer) const { std::free(pointer); }
  };
  visir_dtype_t elementType = VISIR_DTYPE_INVALID;
  std::vector<int64_t> shape;
  size_t byteCount = 0;
  std::unique_ptr<void, Free> memory;
};

class Module {
public:
  Module(const Context &context, const std::string &path, uint32_t flags = 0,
         const char *target = nullptr, const char *device = nullptr) {
    visir_module_options_t options = {sizeof(options), flags, target, device};
    visir_module_t *opened = nullptr;
    check(
        visir_module_open_file(context.get(), path.c_str(), &options, &opened));
    handle.reset(opened);
  }
  visir_module_t *get() const { return handle.get(); }

  visir_module_info_t info() const {
    visir_module_info_t result;
    visir_module_info(get(), &result);
    return result;
  }
  const char *device() const { return visir_module_device(get()); }
  // Index of an entry; the first one when the name is empty.
  uint32_t findEntry(const std::string &name) const {
    uint32_t entry = 0;
    check(visir_module_find_entry(get(), name.empty() ? nullptr : name.c_str(),
                                  &entry));
    return entry;
  }
  visir_entry_info_t entry(uint32_t index) const {
    visir_entry_info_t result;
    check(visir_module_entry_info(get(), index, &result));
    return result;
  }
  visir_tensor_info_t input(uint32_t entry, uint32_t index) const {
    visir_tensor_info_t result;
    check(visir_module_input_info(get(), entry, index, &result));
    return result;
  }
  visir_tensor_info_t output(uint32_t entry, uint32_t index) const {
    visir_tensor_info_t result;
    check(visir_module_output_info(get(), entry, index, &result));
    return result;
  }
  visir_command_info_t command(uint32_t entry, uint32_t index) const {
    visir_command_info_t result;
    check(visir_module_command_info(get(), entry, index, &result));
    return result;
  }
  // What a command reads and writes, in order.
  std::vector<visir_binding_info_t> bindings(uint32_t entry,
                                             uint32_t index) const {
    std::vector<visir_binding_info_t> list;
    visir_binding_info_t binding;
    while (visir_module_command_binding(get(), entry, index,
                                        static_cast<uint32_t>(list.size()),
                                        &binding)
               .code == VISIR_OK)
      list.push_back(binding);
    return list;
  }
  std::vector<visir_constant_info_t> constants() const {
    std::vector<visir_constant_info_t> list;
    visir_constant_info_t constant;
    while (visir_module_constant_info(
               get(), static_cast<uint32_t>(list.size()), &constant)
               .code == VISIR_OK)
      list.push_back(constant);
    return list;
  }
  visir_state_info_t state(uint32_t index) const {
    visir_state_info_t result;
    check(visir_module_state_info(get(), index, &result));
    return result;
  }
  // A zeroed tensor of an input's or output's dtype and largest dims.
  static Tensor makeTensor(const visir_tensor_info_t &info) {
    return Tensor(info.dtype,
                  std::vector<int64_t>(info.dims, info.dims + info.rank));
  }
  void verifyDigests() const { check(visir_module_verify_digests(get())); }

private:
  struct Release {
    void operator()(visir_module_t *module) const {
      visir_module_release(module);
    }
  };
  std::unique_ptr<visir_module_t, Release> handle;
};

class Session {
public:
  explicit Session(const Module &module) : owner(&module) {
    visir_session_t *created = nullptr;
    check(visir_session_create(module.get(), nullptr, &created));
    handle.reset(created);
  }
  visir_session_t *get() const { return handle.get(); }

  // Writes into the caller's outputs.
  void run(uint32_t entry, const std::vector<Tensor> &inputs,
           std::vector<Tensor> &outputs) {
    std::vector<visir_tensor_t> in, out;
    for (const Tensor &tensor : inputs)
      in.push_back(tensor.view());
    for (const Tensor &tensor : outputs)
      out.push_back(tensor.view());
    check(visir_run(get(), entry, in.data(), static_cast<uint32_t>(in.size()),
                    out.data(), static_cast<uint32_t>(out.size())));
  }
  // Outputs of the dims that a run with these inputs gives. The module must
  // still live.
  std::vector<Tensor> makeOutputs(const std::vector<Tensor> &inputs,
                                  uint32_t entry = 0) {
    std::vector<visir_tensor_t> in;
    for (const Tensor &tensor : inputs)
      in.push_back(tensor.view());
    std::vector<Tensor> outputs;
    uint32_t count = owner->entry(entry).output_count;
    for (uint32_t i = 0; i < count; ++i) {
      visir_tensor_info_t info = owner->output(entry, i);
      std::vector<int64_t> dims(VISIR_MAX_RANK);
      check(visir_session_output_dims(get(), entry, in.data(),
                                      static_cast<uint32_t>(in.size()), i,
                                      dims.data()));
      dims.resize(info.rank);
      outputs.emplace_back(info.dtype, dims);
    }
    return outputs;
  }
  std::vector<Tensor> run(const std::vector<Tensor> &inputs,
                          uint32_t entry = 0) {
    std::vector<Tensor> outputs = makeOutputs(inputs, entry);
    run(entry, inputs, outputs);
    return outputs;
  }
  // Of a state's bounded dimension, as far as it is in use.
  uint64_t stateLength(const std::string &name) {
    uint64_t length = 0;
    check(visir_session_state_length(get(), name.c_str(), &length));
    return length;
  }
  void setStateLength(const std::string &name, uint64_t length) {
    check(visir_session_set_state_length(get(), name.c_str(), length));
  }

  void warmup() { visir_session_warmup(get()); }
  void reset() { visir_session_reset(get()); }
  void cancel() { visir_session_cancel(get()); }
  uint64_t memoryBytes() const { return visir_session_memory_bytes(get()); }
  void setProfiling(bool enabled) {
    visir_session_set_profiling(get(), enabled);
  }
  visir_profile_t profile() const {
    visir_profile_t result;
    visir_session_profile(get(), &result);
    return result;
  }

private:
  struct Release {
    void operator()(visir_session_t *session) const {
      visir_session_release(session);
    }
  };
  const Module *owner;
  std::unique_ptr<visir_session_t, Release> handle;
};

} // namespace visir::rt

#endif // VISIR_RUNTIME_HPP
