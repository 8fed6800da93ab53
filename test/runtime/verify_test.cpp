// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the verifier says to a damaged header, container or program.
#include "test/runtime/support/mutation.h"
#include "test/runtime/support/refusal.h"

#include <gmock/gmock.h>

using namespace visir;
using namespace visir::testing;
using ::testing::HasSubstr;

namespace {

TEST(ArtifactTest, SoundOnesOpen) {
  EXPECT_EQ(openText(makeSample().finish()), "");
  EXPECT_EQ(openText(makeChain(8, 3).finish()), "");
}

TEST(HeaderTest, EachFieldIsChecked) {
  const Bytes sound = makeSample().finish();
  auto text = [&](void (*damage)(visir_file_header_t &)) {
    Bytes artifact = sound;
    damage(*headerOf(artifact));
    return openText(artifact);
  };
  using H = visir_file_header_t;
  EXPECT_EQ(text([](H &h) { h.magic[0] = 'W'; }),
            "file magic is 57495349520d0a1a, expected 56495349520d0a1a");
  EXPECT_EQ(text([](H &h) { h.file_version = 2; }),
            "file version is 2, expected 1");
  EXPECT_EQ(text([](H &h) { h.header_bytes = 64; }),
            "header size is 64, expected 128");
  EXPECT_EQ(text([](H &h) { h.file_bytes += 1; }),
            "file size is 196618, expected 196619");
  EXPECT_EQ(text([](H &h) { h.manifest_offset = 64; }),
            "manifest offset is 64, expected a multiple of 64 at or above 128");
  EXPECT_EQ(text([](H &h) { h.manifest_offset = 130; }),
            "manifest offset is 130, expected a multiple of 64 at or above "
            "128");
  EXPECT_EQ(text([](H &h) { h.manifest_bytes = UINT64_MAX; }),
            "manifest size is 18446744073709551615, expected "
            "16..2147483647");
  EXPECT_THAT(text([](H &h) { h.manifest_bytes = 1 << 30; }),
              HasSubstr("manifest end is beyond the file, expected at most "));
  EXPECT_EQ(text([](H &h) { h.reserved[3] = 9; }),
            "reserved byte 3 of the header is 9, expected 0");
  EXPECT_THAT(text([](H &h) { h.manifest_digest[0] ^= 1; }),
              HasSubstr("digest of the manifest is "));
}

TEST(HeaderTest, TruncatedFiles) {
  Bytes sound = makeSample().finish();
  EXPECT_EQ(openText(Bytes(sound.begin(), sound.begin() + 100)),
            "file size is 100, expected at least 128");
  EXPECT_EQ(openText(Bytes(sound.begin(), sound.end() - 1)),
            "file size is 196617, expected 196618");
  EXPECT_EQ(openText({}), "file size is 0, expected at least 128");
}

TEST(StructureTest, DamagedOffsets) {
  Bytes artifact = makeSample().finish();
  manifestOf(artifact)[0] = 0xff;
  sealManifest(artifact);
  EXPECT_EQ(openText(artifact),
            "manifest is no FlatBuffer of the artifact schema, expected "
            "identifier \"VSRM\" and sound offsets");
}

TEST(StructureTest, TooSmall) {
  Bytes artifact = makeSample().finish();
  headerOf(artifact)->manifest_bytes = 0;
  EXPECT_EQ(openText(artifact), "manifest size is 0, expected 16..2147483647");
  headerOf(artifact)->manifest_bytes = 16;
  sealManifest(artifact);
  EXPECT_THAT(openText(artifact), HasSubstr("manifest is no FlatBuffer"));
}

// FlatBuffers lets unknown members of a union pass.
TEST(StructureTest, UnknownOperation) {
  Bytes artifact = makeSample().finish();
  for (const Field &field : findFields(manifestOf(artifact)))
    if (field.name == "commands.operation_type") {
      *field.where = 9;
      break;
    }
  sealManifest(artifact);
  EXPECT_THAT(openText(artifact),
              HasSubstr("command 0: operation is 9, expected 1..3"));
}

// A heap that is full after some allocations.
struct SmallHeap {
  int left;
  static void *allocate(void *user, size_t bytes, size_t alignment) {
    const runtime::Allocator &heap = runtime::systemAllocator();
    return static_cast<SmallHeap *>(user)->left-- > 0
               ? heap.allocate(heap.user, bytes, alignment)
               : nullptr;
  }
  static void release(void *, void *memory, size_t bytes, size_t alignment) {
    const runtime::Allocator &heap = runtime::systemAllocator();
    heap.release(heap.user, memory, bytes, alignment);
  }
};

TEST(ArtifactTest, EveryAllocationMayFail) {
  const Bytes sound = makeSample().finish();
  int failures = 0;
  while (true) {
    SmallHeap heap{failures};
    runtime::Artifact artifact;
    runtime::Status status =
        artifact.openMemory(sound.data(), sound.size(),
                            {SmallHeap::allocate, SmallHeap::release, &heap});
    if (status.ok())
      break;
    EXPECT_EQ(status.code(), runtime::StatusCode::outOfMemory);
    EXPECT_THAT(status.text(), HasSubstr("no memory"));
    ++failures;
  }
  // The manifest's copy, and two checks of each entry.
  EXPECT_GE(failures, 4);
}

template <typename T>
flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<T>>>
oneOf(flatbuffers::FlatBufferBuilder &fb, flatbuffers::Offset<T> item) {
  return fb.CreateVector(std::vector<flatbuffers::Offset<T>>{item});
}

// An artifact with one command that stands `count` times in its entry, and
// has `nodes` source nodes.
Bytes sharedCommands(uint32_t count, uint32_t nodes) {
  flatbuffers::FlatBufferBuilder fb;
  auto ref = schema::CreateBindingRef(fb, schema::BufferKind::arena, 0, 0, 64);
  auto command = schema::CreateCommand(
      fb, schema::Operation::Fill, schema::CreateFill(fb, ref).Union(), 0,
      fb.CreateVector(std::vector<uint32_t>(nodes, 0)));
  auto commands = fb.CreateVector(
      std::vector<flatbuffers::Offset<schema::Command>>(count, command));
  auto entry =
      schema::CreateEntry(fb, fb.CreateString("e"), 0, 0, 0, commands, 64);
  auto program = schema::CreateProgram(fb, 0, -1, 0, 0, 0, oneOf(fb, entry));
  auto target = schema::CreateTarget(fb, fb.CreateString("x86-64"));
  schema::FinishManifestBuffer(
      fb, schema::CreateManifest(fb, 1, fb.CreateString("p"), 0,
                                 oneOf(fb, target), 0, oneOf(fb, program),
                                 oneOf(fb, fb.CreateString("n"))));
  Bytes artifact(sizeof(visir_file_header_t) + fb.GetSize());
  Bytes sample = makeSample().finish();
  memcpy(artifact.data(), sample.data(), sizeof(visir_file_header_t));
  memcpy(artifact.data() + sizeof(visir_file_header_t), fb.GetBufferPointer(),
         fb.GetSize());
  headerOf(artifact)->file_bytes = artifact.size();
  headerOf(artifact)->manifest_bytes = fb.GetSize();
  sealManifest(artifact);
  return artifact;
}

TEST(StructureTest, SharedParts) {
  EXPECT_EQ(openText(sharedCommands(1, 1)), "");
  EXPECT_THAT(openText(sharedCommands(20000, 20000)),
              HasSubstr(": manifest shares its parts too often, expected at "
                        "most 16 visits per byte"));
  EXPECT_THAT(openText(sharedCommands(20000, 0)),
              HasSubstr("accesses between two barriers are 20000, expected at "
                        "most 10"));
}

TEST(DigestTest, DamagedSection) {
  Bytes bytes = makeSample().finish();
  bytes.back() ^= 1;
  runtime::Artifact artifact;
  ASSERT_TRUE(
      artifact
          .openMemory(bytes.data(), bytes.size(), runtime::systemAllocator())
          .ok());
  EXPECT_TRUE(artifact.verifySection(1).ok());
  EXPECT_THAT(artifact.verifySection(2).text(),
              HasSubstr("digest of section 2 is "));
}

TEST_P(RefusalTest, Text) {
  ArtifactBuilder builder = makeSample();
  GetParam().damage(builder);
  EXPECT_THAT(openText(builder.finish()), HasSubstr(GetParam().text));
}

using B = ArtifactBuilder;
constexpr auto kMost = UINT64_MAX;

schema::SectionT &section(B &b, int index) {
  return *b.manifest.sections[index];
}

// Sets a section's offset, which finish() computes, afterwards.
std::string sectionText(int index, void (*damage)(schema::Section &)) {
  Bytes artifact = makeSample().finish();
  auto *manifest =
      flatbuffers::GetMutableRoot<schema::Manifest>(manifestOf(artifact));
  damage(const_cast<schema::Section &>(*manifest->sections()->Get(index)));
  sealManifest(artifact);
  return openText(artifact);
}

// Fields of a table that the generated header only reads.
void setField(schema::Section &section, flatbuffers::voffset_t field,
              uint64_t value) {
  reinterpret_cast<flatbuffers::Table &>(section).SetField<uint64_t>(field,
                                                                     value, 0);
}

TEST(SectionTest, PlacesAreChecked) {
  using S = schema::Section;
  EXPECT_EQ(sectionText(1, [](S &s) { setField(s, S::VT_OFFSET, 1); }),
            "section 1: offset is 1, expected a multiple of 65536");
  EXPECT_THAT(sectionText(1, [](S &s) { setField(s, S::VT_OFFSET, 65536); }),
              HasSubstr("section 1: offset is 65536, expected at least 66"));
  EXPECT_THAT(sectionText(0, [](S &s) { setField(s, S::VT_OFFSET, 0); }),
              HasSubstr("section 0: offset is 0, expected at least "));
  EXPECT_EQ(sectionText(2, [](S &s) { setField(s, S::VT_SIZE, 0); }),
            "section 2: size is 0, expected at least 1");
  EXPECT_THAT(sectionText(2, [](S &s) { setField(s, S::VT_SIZE, kMost); }),
              HasSubstr("section 2: offset 196608 and size "
                        "18446744073709551615 exceed the file, expected an end "
                        "of at most 196618"));
  EXPECT_EQ(sectionText(2, [](S &s) { setField(s, S::VT_SIZE, 9); }),
            "file size is 196618, expected 196617, the end of its last part");
}

INSTANTIATE_TEST_SUITE_P(
    Container, RefusalTest,
    ::testing::Values(
        Refusal{"Version0", "schema version is 0, expected at least 1",
                [](B &b) { b.manifest.schema_version = 0; }},
        Refusal{"VersionNewer",
                "schema version is 9, expected at most 2: the artifact needs a "
                "newer runtime",
                [](B &b) { b.manifest.schema_version = 9; }},
        Refusal{"TargetName", "target 0: name is empty, expected a target",
                [](B &b) { b.manifest.targets[0]->name = ""; }},
        Refusal{"TargetDevice", "target 0: device is 9, expected 1..3",
                [](B &b) {
                  b.manifest.targets[0]->device = schema::DeviceKind(9);
                }},
        Refusal{"SectionKind", "section 0: kind is 0, expected 1..3",
                [](B &b) { section(b, 0).kind = schema::SectionKind(0); }},
        Refusal{"SectionTarget", "section 0: target is 1, expected -1..0",
                [](B &b) { section(b, 0).target = 1; }},
        Refusal{"SectionDigest", "section 2: digest size is 33, expected 32",
                [](B &b) { section(b, 2).digest.resize(33); }},
        Refusal{"NoProgram", "program count is 0, expected at least 1",
                [](B &b) { b.manifest.programs.clear(); }},
        Refusal{"ProgramTarget", "program 0: target is 1, expected less than 1",
                [](B &b) { program(b).target = 1; }},
        Refusal{"CodeSection", "program 0: code section is 3, expected -1..2",
                [](B &b) { program(b).code_section = 3; }},
        Refusal{"CodeSectionBelow",
                "program 0: code section is -2, expected -1..2",
                [](B &b) { program(b).code_section = -2; }},
        Refusal{"CodeSectionKind",
                "program 0: kind of section 1 is constants, expected code",
                [](B &b) { program(b).code_section = 1; }},
        Refusal{"CodeSectionTarget",
                "program 0: target of section 0 is 1, expected -1 or 0",
                [](B &b) {
                  auto target = std::make_unique<schema::TargetT>();
                  target->name = "other";
                  b.manifest.targets.push_back(std::move(target));
                  section(b, 0).target = 1;
                }},
        Refusal{"NoCodeSection",
                "program 0: code section is -1, expected one for 2 functions",
                [](B &b) { program(b).code_section = -1; }}),
    refusalName);

INSTANTIATE_TEST_SUITE_P(
    Functions, RefusalTest,
    ::testing::Values(
        Refusal{"CodeSize",
                "program 0: function 0 \"add\": code size is 0, expected at "
                "least 1",
                [](B &b) { function(b).code_bytes = 0; }},
        Refusal{"CodeRange", "code offset 18446744073709551615 and size",
                [](B &b) { function(b).code_offset = kMost; }},
        Refusal{"BindingCount", "binding count is 65, expected at most 64",
                [](B &b) {
                  while (function(b).bindings.size() < 65)
                    function(b).bindings.push_back(
                        makeBinding(schema::Access::read, 0));
                }},
        Refusal{"Alignment",
                "binding 1: alignment is 48, expected a power of two up to 64",
                [](B &b) { function(b).bindings[1]->alignment = 48; }},
        Refusal{"AlignmentLarge", "alignment is 128, expected a power of two",
                [](B &b) { function(b).bindings[1]->alignment = 128; }},
        Refusal{
            "Access", "binding 0: access is 7, expected 1..3",
            [](B &b) { function(b).bindings[0]->access = schema::Access(7); }},
        Refusal{"TieForward",
                "function 1 \"accumulate\": binding 1: tie is 1, expected "
                "-1..0",
                [](B &b) { function(b, 1).bindings[1]->tie = 1; }},
        Refusal{"TieOfRead",
                "binding 1: access is read, expected write for a tied binding",
                [](B &b) {
                  function(b, 1).bindings[1]->access = schema::Access::read;
                }},
        Refusal{"TieToWritten",
                "binding 1: tie is to the written binding 0, expected a "
                "binding that is read only",
                [](B &b) {
                  function(b, 1).bindings[0]->access = schema::Access::write;
                }},
        Refusal{"ScalarCount", "scalar count is 65, expected at most 64",
                [](B &b) {
                  while (function(b).scalars.size() < 65)
                    function(b).scalars.push_back(
                        std::make_unique<schema::ScalarRangeT>());
                }},
        Refusal{"ScalarRange",
                "scalar 0: least value is 17, expected at most 16",
                [](B &b) { function(b).scalars[0]->min = 17; }},
        Refusal{"Tiles0", "tile count is 0, expected 1..1073741824",
                [](B &b) { function(b).tile_count = 0; }},
        Refusal{"TilesMany", "tile count is 4294967295, expected 1..",
                [](B &b) { function(b).tile_count = UINT32_MAX; }},
        Refusal{"Scratch", "scratch size is 18446744073709551615, expected",
                [](B &b) { function(b).scratch_bytes = kMost; }},
        Refusal{"Frame", "frame size is 4096, expected at most 4095",
                [](B &b) { function(b).frame_bytes = 4096; }},
        Refusal{"WorkgroupOfCpu",
                "workgroup is 0x0x1 with 0 shared bytes, expected none for a "
                "CPU",
                [](B &b) { function(b).workgroup_z = 1; }},
        Refusal{"WorkgroupNone", "workgroup is 16x0x1, expected 1..1024",
                [](B &b) {
                  moveToDevice(b, schema::DeviceKind::vulkan);
                  function(b).workgroup_y = 0;
                }},
        Refusal{"WorkgroupLarge", "workgroup is 64x32x1, expected 1..1024",
                [](B &b) {
                  moveToDevice(b, schema::DeviceKind::vulkan);
                  function(b).workgroup_x = 64;
                  function(b).workgroup_y = 32;
                }},
        Refusal{"SharedBytes", "shared size is 1048577, expected at most",
                [](B &b) {
                  moveToDevice(b, schema::DeviceKind::vulkan);
                  function(b).shared_bytes = (1 << 20) + 1;
                }},
        Refusal{"DeviceScratch",
                "scratch size is 4 and frame size 0, expected 0 for vulkan",
                [](B &b) {
                  moveToDevice(b, schema::DeviceKind::vulkan);
                  function(b).scratch_bytes = 4;
                }},
        Refusal{"CodeAlignment", "expected multiples of 4 for vulkan",
                [](B &b) {
                  moveToDevice(b, schema::DeviceKind::vulkan);
                  function(b).code_bytes -= 2;
                }},
        Refusal{"DeviceTiles", "tiles are 0..3, expected all 4 for vulkan",
                [](B &b) {
                  moveToDevice(b, schema::DeviceKind::vulkan);
                  b.manifest.programs[0]
                      ->entries[0]
                      ->commands[0]
                      ->operation.AsDispatch()
                      ->tile_end = 3;
                }},
        Refusal{"Digest", "digest size is 5, expected 0 or 32",
                [](B &b) { function(b).digest.resize(5); }},
        Refusal{"FlopsNegative", "flops is -1, expected 0..1e30",
                [](B &b) { function(b).flops = -1; }},
        Refusal{"FlopsMany", "flops is 2e+30, expected 0..1e30",
                [](B &b) { function(b).flops = 2e30; }},
        Refusal{"FlopsNan", "nan, expected 0..1e30",
                [](B &b) {
                  function(b).flops = std::numeric_limits<double>::quiet_NaN();
                }}),
    refusalName);

INSTANTIATE_TEST_SUITE_P(
    Memory, RefusalTest,
    ::testing::Values(
        Refusal{"ConstantSection",
                "constant 0: section is 3, expected less than 3",
                [](B &b) { program(b).constants[0]->section = 3; }},
        Refusal{"ConstantSectionKind",
                "constant 0: kind of section 2 is debug, expected constants",
                [](B &b) { program(b).constants[0]->section = 2; }},
        Refusal{"ConstantSectionTarget",
                "constant 0: target of section 1 is 1, expected -1 or 0",
                [](B &b) {
                  auto target = std::make_unique<schema::TargetT>();
                  target->name = "other";
                  b.manifest.targets.push_back(std::move(target));
                  section(b, 1).target = 1;
                }},
        Refusal{"ConstantOffset",
                "constant 1: offset is 16, expected a multiple of 64",
                [](B &b) { program(b).constants[1]->offset = 16; }},
        Refusal{"ConstantRange",
                "constant 1: offset 256 and size 65 exceed the section, "
                "expected an end of at most 320",
                [](B &b) { program(b).constants[1]->size = 65; }},
        Refusal{"StateSize", "state 0 \"count\": size is 0, expected 1..",
                [](B &b) { program(b).states[0]->bytes = 0; }},
        Refusal{"StateInitial",
                "state 0 \"count\": initial constant is 2, expected -1..1",
                [](B &b) { program(b).states[0]->initial = 2; }},
        Refusal{"StateInitialBelow",
                "state 0 \"count\": initial constant is -2, expected -1..1",
                [](B &b) { program(b).states[0]->initial = -2; }},
        Refusal{"StateInitialSize",
                "size of the initial constant is 256, expected 64",
                [](B &b) { program(b).states[0]->initial = 0; }},
        Refusal{"StateCount", "state count is 4097, expected at most 4096",
                [](B &b) {
                  for (int i = 0; i < 4095; ++i) {
                    auto state = std::make_unique<schema::StateT>();
                    state->bytes = 1;
                    program(b).states.push_back(std::move(state));
                  }
                }}),
    refusalName);

} // namespace
