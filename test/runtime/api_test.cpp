// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Queries, hooks and limits of the C interface.
#include "runtime/exec/module.h"
#include "test/runtime/support/runner.h"
#include "test/runtime/support/touch_driver.h"

#include <gmock/gmock.h>

#include <cstdlib>

using namespace visir;
using namespace visir::testing;
using ::testing::HasSubstr;

namespace {

TEST(QueryTest, Module) {
  Runner runner;
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  visir_module_info_t info;
  visir_module_info(runner.module, &info);
  EXPECT_STREQ(info.producer, "test");
  EXPECT_STREQ(info.options, "--target test");
  EXPECT_STREQ(info.target, hostTarget());
  EXPECT_EQ(info.schema_version, 2u);
  EXPECT_EQ(info.program_count, 1u);
  EXPECT_EQ(info.entry_count, 2u);
  EXPECT_EQ(info.function_count, 2u);
  EXPECT_EQ(info.state_count, 2u);
  EXPECT_EQ(info.constant_bytes, 320u);
  EXPECT_GT(info.code_bytes, 64u);
  EXPECT_GT(info.manifest_bytes, 1000u);
  EXPECT_GE(visir_session_memory_bytes(runner.session), 1024u + 192);
}

TEST(QueryTest, Entries) {
  Runner runner;
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  uint32_t index = 9;
  ASSERT_EQ(visir_module_find_entry(runner.module, "peek", &index).code,
            VISIR_OK);
  EXPECT_EQ(index, 1u);
  ASSERT_EQ(visir_module_find_entry(runner.module, nullptr, &index).code,
            VISIR_OK);
  EXPECT_EQ(index, 0u);
  visir_status_t status =
      visir_module_find_entry(runner.module, "nothing", &index);
  EXPECT_EQ(status.code, VISIR_NOT_FOUND);
  EXPECT_STREQ(status.message, "entry \"nothing\" does not exist, expected one "
                               "of 2 such as \"main\"");
  visir_entry_info_t info;
  ASSERT_EQ(visir_module_entry_info(runner.module, 0, &info).code, VISIR_OK);
  EXPECT_STREQ(info.name, "main");
  EXPECT_EQ(info.input_count, 3u);
  EXPECT_EQ(info.output_count, 2u);
  EXPECT_EQ(info.command_count, 6u);
  EXPECT_EQ(info.arena_bytes, 1024u);
  EXPECT_EQ(info.flops, 64 * 2 + 32);
  EXPECT_STREQ(visir_module_entry_info(runner.module, 2, &info).message,
               "entry is 2, expected less than 2");
}

TEST(QueryTest, Tensors) {
  Runner runner;
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  visir_tensor_info_t info;
  ASSERT_EQ(visir_module_input_info(runner.module, 0, 2, &info).code, VISIR_OK);
  EXPECT_STREQ(info.name, "s");
  EXPECT_EQ(info.dtype, VISIR_F32);
  EXPECT_EQ(info.rank, 2u);
  EXPECT_EQ(info.dims[0], 4);
  EXPECT_EQ(info.dims[1], 16);
  EXPECT_STREQ(info.dim_symbols[0], "n");
  EXPECT_EQ(info.dim_symbols[1], nullptr);
  EXPECT_EQ(info.bytes, 256u);
  ASSERT_EQ(visir_module_output_info(runner.module, 0, 1, &info).code,
            VISIR_OK);
  EXPECT_STREQ(info.name, "z");
  EXPECT_STREQ(visir_module_input_info(runner.module, 0, 3, &info).message,
               "input is 3, expected less than 3");
  EXPECT_STREQ(visir_module_output_info(runner.module, 1, 1, &info).message,
               "output is 1, expected less than 1");
}

TEST(QueryTest, BindingsAndConstants) {
  Runner runner;
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  visir_binding_info_t binding;
  for (uint32_t i = 0; i < 3; ++i) {
    ASSERT_EQ(
        visir_module_command_binding(runner.module, 0, 0, i, &binding).code,
        VISIR_OK);
    EXPECT_EQ(binding.bytes, 256u);
    EXPECT_EQ(binding.is_read, i < 2);
    EXPECT_EQ(binding.is_written, i == 2);
  }
  EXPECT_STREQ(
      visir_module_command_binding(runner.module, 0, 0, 3, &binding).message,
      "command 0 has no binding 3");
  // A fill writes one range, a copy reads one and writes another.
  ASSERT_EQ(visir_module_command_binding(runner.module, 0, 1, 0, &binding).code,
            VISIR_OK);
  EXPECT_TRUE(binding.is_written && !binding.is_read);
  EXPECT_EQ(visir_module_command_binding(runner.module, 0, 1, 1, &binding).code,
            VISIR_NOT_FOUND);
  for (uint32_t i = 0; i < 2; ++i) {
    ASSERT_EQ(
        visir_module_command_binding(runner.module, 0, 4, i, &binding).code,
        VISIR_OK);
    EXPECT_EQ(binding.is_written, i);
    EXPECT_EQ(binding.bytes, 256u);
  }
  EXPECT_STREQ(
      visir_module_command_binding(runner.module, 0, 6, 0, &binding).message,
      "command is 6, expected less than 6");
  visir_module_info_t info;
  visir_module_info(runner.module, &info);
  uint64_t bytes = 0;
  visir_constant_info_t constant;
  uint32_t count = 0;
  while (visir_module_constant_info(runner.module, count, &constant).code ==
         VISIR_OK) {
    bytes += constant.bytes;
    ++count;
  }
  EXPECT_GT(count, 0u);
  EXPECT_EQ(bytes, info.constant_bytes);
}

TEST(QueryTest, Commands) {
  Runner runner;
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  visir_command_info_t info;
  ASSERT_EQ(visir_module_command_info(runner.module, 0, 0, &info).code,
            VISIR_OK);
  EXPECT_EQ(info.kind, VISIR_COMMAND_DISPATCH);
  EXPECT_STREQ(info.function, "add");
  EXPECT_STREQ(info.config,
               "{cost = {cycles = 4000 : i64, executed_flops = 48 : i64, "
               "issued_flops = 96 : i64}, width = 16 : i64}");
  EXPECT_EQ(info.tile_count, 4u);
  EXPECT_EQ(info.flops, 64);
  EXPECT_EQ(info.bytes, 3u * 256);
  EXPECT_STREQ(visir_module_command_source(runner.module, 0, 0, 0),
               "/conv1/Conv");
  EXPECT_EQ(visir_module_command_source(runner.module, 0, 0, 1), nullptr);
  EXPECT_EQ(visir_module_command_source(runner.module, 0, 9, 0), nullptr);
  EXPECT_EQ(visir_module_command_source(runner.module, 9, 0, 0), nullptr);
  ASSERT_EQ(visir_module_command_info(runner.module, 0, 1, &info).code,
            VISIR_OK);
  EXPECT_EQ(info.kind, VISIR_COMMAND_FILL);
  ASSERT_EQ(visir_module_command_info(runner.module, 0, 4, &info).code,
            VISIR_OK);
  EXPECT_EQ(info.kind, VISIR_COMMAND_COPY);
  EXPECT_EQ(info.bytes, 512u);
  EXPECT_STREQ(visir_module_command_info(runner.module, 0, 6, &info).message,
               "command is 6, expected less than 6");
}

TEST(QueryTest, Preprocessing) {
  Runner runner;
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  visir_preprocess_info_t info;
  ASSERT_EQ(visir_module_preprocess_info(runner.module, 0, 0, &info).code,
            VISIR_OK);
  EXPECT_EQ(info.resize_shorter, 256u);
  EXPECT_EQ(info.crop_width, 224u);
  EXPECT_EQ(info.channels, 3u);
  EXPECT_FLOAT_EQ(info.scale, 1.0f / 255);
  EXPECT_EQ(info.std[2], 0.25f);
  visir_status_t status =
      visir_module_preprocess_info(runner.module, 0, 1, &info);
  EXPECT_EQ(status.code, VISIR_NOT_FOUND);
  EXPECT_STREQ(status.message, "input 1 has no stored preprocessing");
}

TEST(QueryTest, Dtypes) {
  EXPECT_EQ(visir_dtype_bytes(VISIR_BF16), 2u);
  EXPECT_EQ(visir_dtype_bytes(VISIR_BOOL), 1u);
  EXPECT_EQ(visir_dtype_bytes(static_cast<visir_dtype_t>(99)), 0u);
  EXPECT_STREQ(visir_dtype_name(VISIR_U64), "u64");
  EXPECT_STREQ(visir_dtype_name(static_cast<visir_dtype_t>(99)), "invalid");
  EXPECT_STREQ(visir_runtime_version(), "0.1.0");
}

TEST(StateTest, IsReadAndWrittenByTheCaller) {
  Runner runner;
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  void *data;
  uint64_t bytes;
  ASSERT_EQ(visir_session_state(runner.session, "count", &data, &bytes).code,
            VISIR_OK);
  EXPECT_EQ(bytes, 64u);
  static_cast<float *>(data)[3] = 42;
  FloatTensor w(VISIR_F32, {16});
  ASSERT_EQ(runner.run(1, {}, {w.view}).code, VISIR_OK);
  EXPECT_EQ(w[3], 42.0f);
  EXPECT_STREQ(
      visir_session_state(runner.session, "other", &data, &bytes).message,
      "state \"other\" does not exist");
}

TEST(StateTest, SessionsAreSeparate) {
  Runner runner;
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  visir_session_t *second = nullptr;
  ASSERT_EQ(visir_session_create(runner.module, nullptr, &second).code,
            VISIR_OK);
  SampleTensors tensors;
  ASSERT_EQ(tensors.run(runner).code, VISIR_OK);
  std::swap(runner.session, second);
  ASSERT_EQ(tensors.run(runner).code, VISIR_OK);
  tensors.expectResults(1);
  visir_session_release(second);
}

// The context and the module live as long as what was made of them.
TEST(LifetimeTest, OrderOfReleaseIsFree) {
  Runner runner(2);
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  visir_context_release(runner.context);
  visir_module_release(runner.module);
  runner.context = nullptr;
  runner.module = nullptr;
  SampleTensors tensors;
  ASSERT_EQ(tensors.run(runner).code, VISIR_OK);
  tensors.expectResults();
}

struct CountingAllocator {
  size_t live = 0, blocks = 0;
  static void *allocate(void *user, size_t bytes, size_t alignment) {
    auto *self = static_cast<CountingAllocator *>(user);
    self->live += bytes;
    ++self->blocks;
    return aligned_alloc(alignment,
                         (bytes + alignment - 1) / alignment * alignment);
  }
  static void release(void *user, void *memory, size_t bytes, size_t) {
    static_cast<CountingAllocator *>(user)->live -= bytes;
    free(memory);
  }
};

TEST(AllocatorTest, HooksServeEverythingAndRunsTakeNothing) {
  CountingAllocator counter;
  visir_allocator_t allocator = {CountingAllocator::allocate,
                                 CountingAllocator::release, &counter};
  visir_context_options_t options = {};
  options.struct_bytes = sizeof(options);
  options.thread_count = 2;
  options.allocator = &allocator;
  {
    Runner runner(options);
    ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
    size_t blocks = counter.blocks;
    EXPECT_GT(blocks, 5u);
    SampleTensors tensors;
    ASSERT_EQ(tensors.run(runner).code, VISIR_OK);
    EXPECT_EQ(counter.blocks, blocks);
  }
  EXPECT_EQ(counter.live, 0u);
}

// Fails the allocation number `failing`.
struct FailingAllocator {
  size_t failing, calls = 0;
  static void *allocate(void *user, size_t bytes, size_t alignment) {
    auto *self = static_cast<FailingAllocator *>(user);
    if (self->calls++ == self->failing)
      return nullptr;
    return aligned_alloc(alignment,
                         (bytes + alignment - 1) / alignment * alignment);
  }
  static void release(void *, void *memory, size_t, size_t) { free(memory); }
};

TEST(AllocatorTest, EveryFailureIsReported) {
  Bytes artifact = makeSample().finish();
  for (size_t failing = 0;; ++failing) {
    FailingAllocator state{failing};
    visir_allocator_t allocator = {FailingAllocator::allocate,
                                   FailingAllocator::release, &state};
    visir_context_options_t options = {};
    options.struct_bytes = sizeof(options);
    options.thread_count = 2;
    options.allocator = &allocator;
    visir_context_t *context = nullptr;
    visir_module_t *module = nullptr;
    visir_session_t *session = nullptr;
    visir_status_t status = visir_context_create(&options, &context);
    if (status.code == VISIR_OK)
      status = visir_module_open_memory(context, artifact.data(),
                                        artifact.size(), nullptr, &module);
    if (status.code == VISIR_OK)
      status = visir_session_create(module, nullptr, &session);
    visir_session_release(session);
    visir_module_release(module);
    visir_context_release(context);
    if (status.code == VISIR_OK) {
      EXPECT_GT(failing, 10u);
      return;
    }
    EXPECT_EQ(status.code, VISIR_OUT_OF_MEMORY) << failing;
    EXPECT_THAT(status.message, HasSubstr("no memory")) << failing;
  }
}

TEST(LimitTest, MemoryOfASession) {
  visir_context_options_t options = {};
  options.struct_bytes = sizeof(options);
  options.thread_count = 1;
  options.memory_limit = 2000;
  Runner runner(options);
  visir_status_t status = runner.open(makeSample().finish());
  EXPECT_EQ(status.code, VISIR_OUT_OF_MEMORY);
  // Arena 1024, scratch 128, staged tensors 896, states 192.
  EXPECT_STREQ(status.message,
               "memory of a session is 2240 bytes, expected at most 2000");
}

TEST(LimitTest, Threads) {
  visir_context_options_t options = {};
  options.struct_bytes = sizeof(options);
  options.thread_count = 5000;
  visir_context_t *context = nullptr;
  EXPECT_STREQ(visir_context_create(&options, &context).message,
               "thread count is 5000, expected at most 1024");
  EXPECT_EQ(context, nullptr);
}

std::string lastLine;

TEST(LoggerTest, TellsWhatRuns) {
  visir_logger_t logger = {
      [](void *, int, const char *text) { lastLine = text; }, nullptr};
  visir_context_options_t options = {};
  options.struct_bytes = sizeof(options);
  options.thread_count = 1;
  options.logger = &logger;
  Runner runner(options);
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  EXPECT_EQ(lastLine,
            std::string("runs the program for ") + hostTarget() + " on cpu");
}

// Adds a program for another target behind the first one.
Bytes withTarget(const char *name, const char *features, uint32_t abi) {
  ArtifactBuilder builder = makeSample();
  auto target = std::make_unique<schema::TargetT>();
  target->name = name;
  target->features = features;
  target->abi_version = abi;
  builder.manifest.targets.push_back(std::move(target));
  builder.manifest.sections[0]->target = -1;
  auto program = std::move(makeSample().manifest.programs[0]);
  program->target = 1;
  builder.manifest.programs.push_back(std::move(program));
  return builder.finish();
}

std::string chosenTarget(const Bytes &artifact) {
  Runner runner;
  visir_status_t status = runner.open(artifact);
  EXPECT_EQ(status.code, VISIR_OK) << status.message;
  visir_module_info_t info;
  visir_module_info(runner.module, &info);
  return info.target;
}

TEST(TargetTest, TheBestThatRunsIsChosen) {
  EXPECT_EQ(chosenTarget(withTarget("riscv64", "", 1)), hostTarget());
  EXPECT_EQ(chosenTarget(withTarget("x86-64-v2", "", 9)), hostTarget());
  EXPECT_EQ(chosenTarget(withTarget("x86-64-v2", "nonsense", 1)), hostTarget());
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2"))
    EXPECT_EQ(chosenTarget(withTarget("x86-64-v2", "", 1)), "x86-64-v2");
  EXPECT_EQ(chosenTarget(withTarget("x86-64-v4", "", 1)),
            __builtin_cpu_supports("avx512vl") ? "x86-64-v4" : "x86-64");
  EXPECT_EQ(chosenTarget(withTarget("x86-64-v4", "avx512vnni", 1)),
            __builtin_cpu_supports("avx512vnni") ? "x86-64-v4" : "x86-64");
#endif
}

TEST(TargetTest, NoneRuns) {
  ArtifactBuilder builder = makeSample();
  builder.manifest.targets[0]->name = "riscv64";
  Runner runner;
  visir_status_t status = runner.open(builder.finish());
  EXPECT_EQ(status.code, VISIR_UNSUPPORTED);
  EXPECT_STREQ(status.message, "no target of the artifact runs here: riscv64 "
                               "(another kind of processor)");
  builder.manifest.targets[0]->name = hostTarget();
  builder.manifest.targets[0]->abi_version = 9;
  EXPECT_THAT(runner.open(builder.finish()).message,
              HasSubstr("(kernel ABI version is 9, expected 1)"));
  builder.manifest.targets[0]->abi_version = 1;
  builder.manifest.targets[0]->features = "a,b";
  EXPECT_THAT(runner.open(builder.finish()).message,
              HasSubstr("(this processor has no a)"));
}

// As in a build without that device's driver.
TEST(TargetTest, NoDriver) {
  using namespace visir::runtime;
  static const Driver *drivers[] = {&touchDriver};
  ContextOptions options;
  options.drivers = drivers;
  options.driverCount = 1;
  visir::runtime::Context *context = nullptr;
  ASSERT_TRUE(visir::runtime::Context::make(options, &context).ok());
  ArtifactBuilder builder = makeSample();
  moveToDevice(builder, schema::DeviceKind::cuda);
  Bytes artifact = builder.finish();
  visir::runtime::Module *module = nullptr;
  Status status = visir::runtime::Module::openMemory(
      *context, artifact.data(), artifact.size(), ModuleOptions(), &module);
  EXPECT_THAT(status.text(), HasSubstr("(no driver for its device)"));
  context->release();
}

TEST(TargetTest, AskedFor) {
  Runner runner;
  Bytes artifact = makeSample().finish();
  visir_module_options_t options = {sizeof(options), 0, "x86-64-v9", nullptr};
  visir_status_t status =
      visir_module_open_memory(runner.context, artifact.data(), artifact.size(),
                               &options, &runner.module);
  EXPECT_EQ(status.code, VISIR_UNSUPPORTED);
  EXPECT_EQ(std::string(status.message),
            std::string("target is x86-64-v9, expected one that is in the "
                        "artifact and runs here: ") +
                hostTarget());
}

TEST(DeviceTest, AskedFor) {
  Runner runner;
  Bytes artifact = makeSample().finish();
  EXPECT_EQ(runner.open(artifact, 0, "cpu").code, VISIR_OK);
  EXPECT_STREQ(visir_module_device(runner.module), "cpu");
  Runner second;
  visir_status_t status = second.open(artifact, 0, "cpu:1");
  EXPECT_EQ(status.code, VISIR_UNSUPPORTED);
  EXPECT_THAT(status.message,
              HasSubstr("device is cpu:1, expected one that runs a target of "
                        "the artifact: "));
  EXPECT_THAT(status.message, HasSubstr("(device is cpu:1, expected cpu)"));
  EXPECT_THAT(second.open(artifact, 0, "cp").message,
              HasSubstr("(for another device)"));
}

TEST(DeviceTest, AreListed) {
  visir_device_info_t devices[8] = {};
  uint32_t count = visir_list_devices(devices, 8);
  ASSERT_GE(count, 1u);
  EXPECT_EQ(visir_list_devices(nullptr, 0), count);
  bool cpu = false;
  for (uint32_t i = 0; i < count && i < 8; ++i)
    cpu |= std::string(devices[i].name) == "cpu" && devices[i].present;
  EXPECT_TRUE(cpu);
}

TEST(InspectTest, NeedsNoMachine) {
  ArtifactBuilder builder = makeSample();
  builder.manifest.targets[0]->name = "riscv64";
  Runner runner;
  visir_status_t status = runner.open(builder.finish(), VISIR_MODULE_INSPECT);
  EXPECT_EQ(status.code, VISIR_INVALID_ARGUMENT);
  EXPECT_STREQ(status.message, "module is open for inspection only, expected "
                               "one that is loaded");
  visir_entry_info_t info;
  EXPECT_EQ(visir_module_entry_info(runner.module, 0, &info).code, VISIR_OK);
  EXPECT_EQ(info.command_count, 6u);
}

} // namespace
