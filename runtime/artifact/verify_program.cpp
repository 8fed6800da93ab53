// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Targets, sections, functions, constants and states.
#include "runtime/artifact/verify_parts.h"

namespace visir::runtime {
namespace {

Status verifyTarget(const schema::Target &target) {
  if (target.name()->size() == 0)
    return malformed("name is empty, expected a target");
  if (target.device() < schema::DeviceKind::MIN ||
      target.device() > schema::DeviceKind::MAX)
    return malformed("device is %u, expected %u..%u",
                     static_cast<unsigned>(target.device()),
                     static_cast<unsigned>(schema::DeviceKind::MIN),
                     static_cast<unsigned>(schema::DeviceKind::MAX));
  return Status();
}

Status verifySection(const Verification &v, const schema::Section &section,
                     uint64_t begin) {
  if (section.kind() < schema::SectionKind::MIN ||
      section.kind() > schema::SectionKind::MAX)
    return malformed("kind is %u, expected %u..%u",
                     static_cast<unsigned>(section.kind()),
                     static_cast<unsigned>(schema::SectionKind::MIN),
                     static_cast<unsigned>(schema::SectionKind::MAX));
  int64_t targets = sizeOf(v.manifest->targets());
  if (section.target() < -1 || section.target() >= targets)
    return malformed("target is %d, expected -1..%lld", section.target(),
                     static_cast<long long>(targets - 1));
  if (section.offset() % VISIR_SECTION_ALIGNMENT != 0)
    return malformed("offset is %llu, expected a multiple of %u",
                     wide(section.offset()), VISIR_SECTION_ALIGNMENT);
  if (section.offset() < begin)
    return malformed("offset is %llu, expected at least %llu, the end of what "
                     "lies before",
                     wide(section.offset()), wide(begin));
  if (section.size() == 0)
    return malformed("size is 0, expected at least 1");
  if (!rangeFits(section.offset(), section.size(), v.fileBytes))
    return malformed("offset %llu and size %llu exceed the file, expected an "
                     "end of at most %llu",
                     wide(section.offset()), wide(section.size()),
                     wide(v.fileBytes));
  if (section.digest()->size() != VISIR_SHA256_BYTES)
    return malformed("digest size is %u, expected %u", section.digest()->size(),
                     VISIR_SHA256_BYTES);
  return Status();
}

// Whether the program of `target` may use the section.
bool targetMatches(const schema::Section &section, uint32_t target) {
  return section.target() == -1 ||
         section.target() == static_cast<int64_t>(target);
}

Status verifyBinding(const schema::Binding &binding, uint32_t index,
                     const schema::Function &function) {
  if (!isPowerOfTwo(binding.alignment()) ||
      binding.alignment() > kMaxBindingAlignment)
    return malformed("alignment is %u, expected a power of two up to %u",
                     binding.alignment(), kMaxBindingAlignment);
  if (binding.access() < schema::Access::MIN ||
      binding.access() > schema::Access::MAX)
    return malformed("access is %u, expected %u..%u",
                     static_cast<unsigned>(binding.access()),
                     static_cast<unsigned>(schema::Access::MIN),
                     static_cast<unsigned>(schema::Access::MAX));
  if (binding.tie() < -1 || binding.tie() >= static_cast<int64_t>(index))
    return malformed("tie is %d, expected -1..%d", binding.tie(),
                     static_cast<int>(index) - 1);
  if (binding.tie() >= 0 && binding.access() == schema::Access::read)
    return malformed("access is read, expected write for a tied binding");
  if (binding.tie() >= 0 &&
      function.bindings()->Get(binding.tie())->access() != schema::Access::read)
    return malformed("tie is to the written binding %d, expected a binding "
                     "that is read only",
                     binding.tie());
  return Status();
}

// What only CPUs or only other devices have.
Status verifyLaunch(const schema::Function &function,
                    schema::DeviceKind device) {
  uint64_t threads = uint64_t(function.workgroup_x()) * function.workgroup_y() *
                     function.workgroup_z();
  if (device == schema::DeviceKind::cpu) {
    if (function.workgroup_x() || function.workgroup_y() ||
        function.workgroup_z() || function.shared_bytes())
      return malformed("workgroup is %ux%ux%u with %llu shared bytes, expected "
                       "none for a CPU",
                       function.workgroup_x(), function.workgroup_y(),
                       function.workgroup_z(), wide(function.shared_bytes()));
    if (function.resizable())
      return malformed("workgroup is resizable, expected none for a CPU");
    return Status();
  }
  if (function.workgroup_x() > kMaxWorkgroupThreads ||
      function.workgroup_y() > kMaxWorkgroupThreads ||
      function.workgroup_z() > kMaxWorkgroupThreads || threads == 0 ||
      threads > kMaxWorkgroupThreads)
    return malformed("workgroup is %ux%ux%u, expected 1..%u threads",
                     function.workgroup_x(), function.workgroup_y(),
                     function.workgroup_z(), kMaxWorkgroupThreads);
  if (function.shared_bytes() > kMaxSharedBytes)
    return malformed("shared size is %llu, expected at most %u",
                     wide(function.shared_bytes()), kMaxSharedBytes);
  // A CUDA kernel's scratch is a workspace in the device's memory.
  bool hasScratch =
      function.scratch_bytes() != 0 && device != schema::DeviceKind::cuda;
  if (hasScratch || function.frame_bytes())
    return malformed("scratch size is %llu and frame size %u, expected 0 for "
                     "%s",
                     wide(function.scratch_bytes()), function.frame_bytes(),
                     schema::EnumNameDeviceKind(device));
  if (function.resizable() &&
      (device != schema::DeviceKind::vulkan || function.workgroup_y() != 1 ||
       function.workgroup_z() != 1))
    return malformed("workgroup is %ux%ux%u and resizable, expected Nx1x1 for "
                     "vulkan",
                     function.workgroup_x(), function.workgroup_y(),
                     function.workgroup_z());
  if (device == schema::DeviceKind::vulkan &&
      (function.code_offset() % 4 || function.code_bytes() % 4))
    return malformed("code offset is %llu and size %llu, expected multiples "
                     "of 4 for vulkan",
                     wide(function.code_offset()), wide(function.code_bytes()));
  return Status();
}

Status verifyFunction(Verification &v, const schema::Function &function,
                      uint64_t codeBytes) {
  if (function.code_bytes() == 0)
    return malformed("code size is 0, expected at least 1");
  if (!rangeFits(function.code_offset(), function.code_bytes(), codeBytes))
    return malformed("code offset %llu and size %llu exceed the code section, "
                     "expected an end of at most %llu",
                     wide(function.code_offset()), wide(function.code_bytes()),
                     wide(codeBytes));
  uint32_t bindings = sizeOf(function.bindings());
  if (bindings > kMaxBindings)
    return malformed("binding count is %u, expected at most %u", bindings,
                     kMaxBindings);
  for (uint32_t i = 0; i < bindings; ++i)
    VISIR_RETURN_IF_ERROR_AT(
        verifyBinding(*function.bindings()->Get(i), i, function), "binding %u",
        i);
  uint32_t scalars = sizeOf(function.scalars());
  if (scalars > kMaxScalars)
    return malformed("scalar count is %u, expected at most %u", scalars,
                     kMaxScalars);
  for (uint32_t i = 0; i < scalars; ++i) {
    const schema::ScalarRange &range = *function.scalars()->Get(i);
    if (range.min() > range.max())
      return malformed("scalar %u: least value is %u, expected at most %u", i,
                       range.min(), range.max());
  }
  if (function.tile_count() == 0 || function.tile_count() > kMaxTiles)
    return malformed("tile count is %u, expected 1..%u", function.tile_count(),
                     kMaxTiles);
  if (function.scratch_bytes() > kMaxMemoryBytes)
    return malformed("scratch size is %llu, expected at most %llu",
                     wide(function.scratch_bytes()), wide(kMaxMemoryBytes));
  if (function.frame_bytes() > kMaxFrameBytes)
    return malformed("frame size is %u, expected at most %u",
                     function.frame_bytes(), kMaxFrameBytes);
  uint32_t digestBytes = sizeOf(function.digest());
  if (digestBytes != 0 && digestBytes != VISIR_SHA256_BYTES)
    return malformed("digest size is %u, expected 0 or %u", digestBytes,
                     VISIR_SHA256_BYTES);
  // Negated so that not-a-number is refused, too.
  if (!(function.flops() >= 0 && function.flops() <= 1e30))
    return malformed("flops is %g, expected 0..1e30", function.flops());
  VISIR_RETURN_IF_ERROR(verifyLaunch(
      function, v.manifest->targets()->Get(v.program->target())->device()));
  if (function.self_test())
    VISIR_RETURN_IF_ERROR_AT(verifySelfTest(v, function, *function.self_test()),
                             "self test");
  return v.budget.charge(bindings + scalars);
}

Status verifyConstant(const Verification &v, const schema::Constant &constant) {
  uint32_t sections = sizeOf(v.manifest->sections());
  if (constant.section() >= sections)
    return malformed("section is %u, expected less than %u", constant.section(),
                     sections);
  const schema::Section &section =
      *v.manifest->sections()->Get(constant.section());
  if (section.kind() != schema::SectionKind::constants)
    return malformed("kind of section %u is %s, expected constants",
                     constant.section(),
                     schema::EnumNameSectionKind(section.kind()));
  if (!targetMatches(section, v.program->target()))
    return malformed("target of section %u is %d, expected -1 or %u",
                     constant.section(), section.target(), v.program->target());
  if (constant.offset() % VISIR_CONSTANT_ALIGNMENT != 0)
    return malformed("offset is %llu, expected a multiple of %u",
                     wide(constant.offset()), VISIR_CONSTANT_ALIGNMENT);
  if (!rangeFits(constant.offset(), constant.size(), section.size()))
    return malformed("offset %llu and size %llu exceed the section, expected "
                     "an end of at most %llu",
                     wide(constant.offset()), wide(constant.size()),
                     wide(section.size()));
  return Status();
}

Status verifyState(const Verification &v, const schema::State &state) {
  if (state.bytes() == 0 || state.bytes() > kMaxMemoryBytes)
    return malformed("size is %llu, expected 1..%llu", wide(state.bytes()),
                     wide(kMaxMemoryBytes));
  int64_t constants = sizeOf(v.program->constants());
  if (state.initial() < -1 || state.initial() >= constants)
    return malformed("initial constant is %d, expected -1..%lld",
                     state.initial(), static_cast<long long>(constants - 1));
  if (state.initial() < 0)
    return Status();
  uint64_t bytes = v.program->constants()->Get(state.initial())->size();
  if (bytes != state.bytes())
    return malformed("size of the initial constant is %llu, expected %llu",
                     wide(bytes), wide(state.bytes()));
  return Status();
}

// Finds the size of the code section; 0 without one.
Status verifyCodeSection(const Verification &v, uint64_t *codeBytes) {
  *codeBytes = 0;
  int32_t index = v.program->code_section();
  int64_t sections = sizeOf(v.manifest->sections());
  if (index < -1 || index >= sections)
    return malformed("code section is %d, expected -1..%lld", index,
                     static_cast<long long>(sections - 1));
  if (index < 0)
    return Status();
  const schema::Section &section = *v.manifest->sections()->Get(index);
  if (section.kind() != schema::SectionKind::code)
    return malformed("kind of section %d is %s, expected code", index,
                     schema::EnumNameSectionKind(section.kind()));
  if (!targetMatches(section, v.program->target()))
    return malformed("target of section %d is %d, expected -1 or %u", index,
                     section.target(), v.program->target());
  *codeBytes = section.size();
  return Status();
}

} // namespace

Status verifyContainer(Verification &v) {
  uint32_t targets = sizeOf(v.manifest->targets());
  VISIR_RETURN_IF_ERROR(v.budget.charge(targets));
  for (uint32_t i = 0; i < targets; ++i)
    VISIR_RETURN_IF_ERROR_AT(verifyTarget(*v.manifest->targets()->Get(i)),
                             "target %u", i);
  uint32_t sections = sizeOf(v.manifest->sections());
  VISIR_RETURN_IF_ERROR(v.budget.charge(sections));
  uint64_t end = v.manifestEnd;
  for (uint32_t i = 0; i < sections; ++i) {
    const schema::Section &section = *v.manifest->sections()->Get(i);
    VISIR_RETURN_IF_ERROR_AT(verifySection(v, section, end), "section %u", i);
    end = section.offset() + section.size();
  }
  if (end != v.fileBytes)
    return malformed("file size is %llu, expected %llu, the end of its last "
                     "part",
                     wide(v.fileBytes), wide(end));
  return Status();
}

Status verifyProgramParts(Verification &v) {
  const schema::Program &program = *v.program;
  uint32_t targets = sizeOf(v.manifest->targets());
  if (program.target() >= targets)
    return malformed("target is %u, expected less than %u", program.target(),
                     targets);
  uint64_t codeBytes;
  VISIR_RETURN_IF_ERROR(verifyCodeSection(v, &codeBytes));
  uint32_t functions = sizeOf(program.functions());
  VISIR_RETURN_IF_ERROR(v.budget.charge(functions));
  if (functions != 0 && codeBytes == 0)
    return malformed("code section is -1, expected one for %u functions",
                     functions);
  for (uint32_t i = 0; i < functions; ++i) {
    const schema::Function &function = *program.functions()->Get(i);
    VISIR_RETURN_IF_ERROR_AT(verifyFunction(v, function, codeBytes),
                             "function %u \"%.48s\"", i,
                             function.name()->c_str());
  }
  uint32_t constants = sizeOf(program.constants());
  VISIR_RETURN_IF_ERROR(v.budget.charge(constants));
  for (uint32_t i = 0; i < constants; ++i)
    VISIR_RETURN_IF_ERROR_AT(verifyConstant(v, *program.constants()->Get(i)),
                             "constant %u", i);
  uint32_t states = sizeOf(program.states());
  if (states > kMaxStates)
    return malformed("state count is %u, expected at most %u", states,
                     kMaxStates);
  for (uint32_t i = 0; i < states; ++i) {
    const schema::State &state = *program.states()->Get(i);
    VISIR_RETURN_IF_ERROR_AT(verifyState(v, state), "state %u \"%.32s\"", i,
                             state.name()->c_str());
  }
  return v.budget.charge(states);
}

} // namespace visir::runtime
