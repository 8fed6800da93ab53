// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/runtime/support/damage.h"

#include "runtime/exec/session.h"
#include "test/runtime/support/mutation.h"
#include "test/runtime/support/touch_driver.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

using namespace visir::runtime;

namespace visir::testing {
namespace {

// The heap, counted. Only one thread allocates at a time.
struct Meter {
  uint64_t now = 0, most = 0;

  static void *allocate(void *user, size_t bytes, size_t alignment) {
    auto &meter = *static_cast<Meter *>(user);
    meter.now += bytes;
    meter.most = std::max(meter.most, meter.now);
    const Allocator &heap = systemAllocator();
    return heap.allocate(heap.user, bytes, alignment);
  }
  static void release(void *user, void *memory, size_t bytes,
                      size_t alignment) {
    static_cast<Meter *>(user)->now -= bytes;
    const Allocator &heap = systemAllocator();
    heap.release(heap.user, memory, bytes, alignment);
  }
};

struct Tensors {
  std::vector<Bytes> data;
  std::vector<std::vector<int64_t>> dims;
  std::vector<TensorView> views;

  // Dense tensors of the declared sizes.
  template <typename List> explicit Tensors(const List *list) {
    uint32_t count = list ? list->size() : 0;
    for (uint32_t i = 0; i < count; ++i) {
      const schema::Tensor &tensor = *list->Get(i);
      data.emplace_back(tensor.bytes());
      dims.emplace_back();
      for (uint32_t d = 0; tensor.dims() && d < tensor.dims()->size(); ++d)
        dims.back().push_back(
            static_cast<int64_t>(tensor.dims()->Get(d)->value()));
    }
    for (uint32_t i = 0; i < count; ++i)
      views.push_back(
          {data[i].data(), static_cast<uint32_t>(list->Get(i)->dtype()),
           static_cast<uint32_t>(dims[i].size()), dims[i].data(), nullptr});
  }
};

class Damager {
public:
  explicit Damager(uint64_t memoryLimit) : memoryLimit(memoryLimit) {
    static const Driver *drivers[] = {&touchDriver};
    ContextOptions options;
    options.memoryLimit = memoryLimit;
    options.allocator = {Meter::allocate, Meter::release, &meter};
    options.drivers = drivers;
    options.driverCount = 1;
    for (uint32_t threads : {1, 2}) {
      options.threadCount = threads;
      if (!Context::make(options, &contexts[threads - 1]).ok())
        abort();
    }
  }
  ~Damager() {
    for (Context *context : contexts)
      context->release();
  }

  void tryOne(Bytes artifact, const std::string &what, bool threaded) {
    ++report.copies;
    report.passedStageOne += passesStageOne(artifact);
    meter.most = meter.now;
    uint64_t before = meter.now;
    auto start = std::chrono::steady_clock::now();
    Module *module = nullptr;
    Status status = Module::openMemory(*contexts[threaded], artifact.data(),
                                       artifact.size(), {}, &module);
    std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    report.slowest = std::max(report.slowest, time.count());
    complainIf(time.count() >= 1, what, "checking takes a second");
    if (status.ok()) {
      ++report.accepted;
      runAll(*module, what);
      module->release();
    } else {
      complainIf(status.text()[0] == '\0', what, "the error has no text");
    }
    uint64_t memory = meter.most - before;
    report.mostMemory = std::max(report.mostMemory, memory);
    // What stands in the file again, and the plans that follow from it.
    uint64_t plans = 64 * headerOf(artifact)->manifest_bytes;
    complainIf(memory > memoryLimit + artifact.size() + plans, what,
               "memory is " + std::to_string(memory) + " bytes");
    complainIf(meter.now != before, what, "memory is not released");
  }

  DamageReport report;

private:
  static bool passesStageOne(Bytes &artifact) {
    flatbuffers::Verifier verifier(manifestOf(artifact),
                                   headerOf(artifact)->manifest_bytes);
    return schema::VerifyManifestBuffer(verifier);
  }

  void complainIf(bool wrong, const std::string &what,
                  const std::string &text) {
    if (wrong)
      report.complaints.push_back(what + ": " + text);
  }

  bool fits(const schema::Entry &entry) const {
    uint64_t bytes = 0;
    for (const auto *list : {entry.inputs(), entry.outputs()})
      for (uint32_t i = 0; list && i < list->size(); ++i)
        bytes += list->Get(i)->bytes();
    return bytes < memoryLimit;
  }

  void runAll(Module &module, const std::string &what) {
    Session *session = nullptr;
    if (!Session::make(module, false, &session).ok())
      return;
    for (uint32_t i = 0; i < module.program().entries()->size(); ++i) {
      const schema::Entry &entry = *module.program().entries()->Get(i);
      if (!fits(entry))
        continue;
      Tensors inputs(entry.inputs()), outputs(entry.outputs());
      Status status = session->run(
          i, inputs.views.data(), static_cast<uint32_t>(inputs.views.size()),
          outputs.views.data(), static_cast<uint32_t>(outputs.views.size()));
      complainIf(status.code() == StatusCode::kernelFailed, what,
                 status.text());
    }
    session->release();
  }

  uint64_t memoryLimit;
  Meter meter;
  Context *contexts[2] = {};
};

} // namespace

DamageReport damageAndRun(const Bytes &sound, int copies, unsigned seed,
                          uint64_t memoryLimit) {
  std::mt19937 random(seed);
  Damager damager(memoryLimit);
  for (int i = 0; i < copies; ++i) {
    Bytes artifact = sound;
    std::vector<Field> fields = findFields(manifestOf(artifact));
    std::string what = mutate(fields, random);
    if (i % 4 == 3)
      what += ", " + mutate(fields, random);
    sealManifest(artifact);
    damager.tryOne(std::move(artifact), what, i % 10 == 0);
  }
  return std::move(damager.report);
}

} // namespace visir::testing
