// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small static linker: kernels need no segments, dynamic tables or symbol
// resolution by name, only their sections side by side with every distance
// filled in. What does not fit that model is an error.
#include "targets/cpu/codegen/KernelBuilder.h"
#include "targets/cpu/codegen/compile/Stages.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/LEB128.h"

using namespace visir;
using namespace visir::cpu;
using namespace llvm::object;
using llvm::Expected;

/// Distances within a page are only right when the block's page offsets are
/// those of the address it is loaded at.
static constexpr uint64_t kMaxAlignment = 4096;

static llvm::MemoryBufferRef bufferOf(const ObjectBytes &bytes) {
  return {llvm::StringRef(bytes.data(), bytes.size()), "kernels"};
}

Expected<std::vector<std::string>>
cpu::undefinedSymbols(const ObjectBytes &object) {
  auto file = ObjectFile::createELFObjectFile(bufferOf(object));
  if (!file)
    return file.takeError();
  std::vector<std::string> names;
  for (const SymbolRef &symbol : (*file)->symbols()) {
    auto flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    auto name = symbol.getName();
    if (!name)
      return name.takeError();
    if ((*flags & SymbolRef::SF_Undefined) && !name->empty())
      names.push_back(name->str());
  }
  return names;
}

namespace {

/// Where things of the objects end up in the block.
class Linker {
public:
  llvm::Error add(const ObjectBytes &bytes);
  llvm::Error relocate();
  Expected<CodeBlock> finish(llvm::ArrayRef<std::string> symbols);

private:
  using SectionKey = std::pair<const ObjectFile *, uint64_t>;

  llvm::Error place(const ObjectFile &file, bool code);
  llvm::Error collectSymbols(const ObjectFile &file);
  llvm::Error collectStackSizes(const ObjectFile &file);
  Expected<uint64_t> addressOf(const ELFSymbolRef &symbol);
  llvm::Error apply(const ObjectFile &file, uint64_t place,
                    const RelocationRef &relocation);
  llvm::Error applyX86(uint64_t place, uint64_t type, uint64_t target);
  llvm::Error applyAArch64(uint64_t place, uint64_t type, uint64_t target);

  std::vector<std::unique_ptr<ObjectFile>> files;
  std::map<SectionKey, uint64_t> placed;
  llvm::StringMap<std::pair<uint64_t, uint64_t>> functions; // offset, size
  std::map<uint64_t, uint64_t> frames; // by the function's offset
  std::vector<char> block;
};

} // namespace

llvm::Error Linker::add(const ObjectBytes &bytes) {
  auto file = ObjectFile::createELFObjectFile(bufferOf(bytes));
  if (!file)
    return file.takeError();
  files.push_back(std::move(*file));
  return llvm::Error::success();
}

llvm::Error Linker::place(const ObjectFile &file, bool code) {
  for (const ELFSectionRef section : file.sections()) {
    uint64_t flags = section.getFlags();
    if (!(flags & llvm::ELF::SHF_ALLOC) || section.getSize() == 0 ||
        section.isText() != code)
      continue;
    auto name = section.getName();
    if (!name)
      return name.takeError();
    if ((flags & llvm::ELF::SHF_WRITE) || section.isBSS())
      return llvm::createStringError("section " + *name +
                                     " is writable, expected none that is");
    auto contents = section.getContents();
    if (!contents)
      return contents.takeError();
    uint64_t alignment = section.getAlignment().value();
    if (alignment > kMaxAlignment)
      return llvm::createStringError("alignment of section " + *name + " is " +
                                     llvm::Twine(alignment));
    block.resize(
        llvm::alignTo(block.size(), std::max<uint64_t>(alignment, 64)));
    placed[{&file, section.getIndex()}] = block.size();
    block.insert(block.end(), contents->begin(), contents->end());
  }
  return llvm::Error::success();
}

Expected<uint64_t> Linker::addressOf(const ELFSymbolRef &symbol) {
  auto name = symbol.getName();
  if (!name)
    return name.takeError();
  auto section = symbol.getSection();
  if (!section)
    return section.takeError();
  if (*section == symbol.getObject()->section_end()) {
    auto known = functions.find(*name);
    if (known == functions.end())
      return llvm::createStringError("kernels call " + *name +
                                     ", expected no outside symbol");
    return known->second.first;
  }
  auto base = placed.find({symbol.getObject(), (*section)->getIndex()});
  if (base == placed.end())
    return llvm::createStringError("symbol " + *name +
                                   " lies in no loaded section");
  auto value = symbol.getValue();
  if (!value)
    return value.takeError();
  return base->second + *value;
}

llvm::Error Linker::collectSymbols(const ObjectFile &file) {
  for (const ELFSymbolRef symbol : file.symbols()) {
    if (symbol.getELFType() != llvm::ELF::STT_FUNC)
      continue;
    auto name = symbol.getName();
    if (!name)
      return name.takeError();
    auto address = addressOf(symbol);
    if (!address)
      return address.takeError();
    functions[*name] = {*address, symbol.getSize()};
  }
  return llvm::Error::success();
}

/// `.stack_sizes` holds pairs of a function's address, as a relocation, and
/// the bytes of its frame.
llvm::Error Linker::collectStackSizes(const ObjectFile &file) {
  for (const ELFSectionRef section : file.sections()) {
    auto target = section.getRelocatedSection();
    if (!target)
      return target.takeError();
    if (*target == file.section_end())
      continue;
    auto name = (*target)->getName();
    auto contents = (*target)->getContents();
    if (!name)
      return name.takeError();
    if (!contents)
      return contents.takeError();
    if (*name != ".stack_sizes")
      continue;
    for (const ELFRelocationRef relocation : section.relocations()) {
      auto address = addressOf(*relocation.getSymbol());
      auto addend = relocation.getAddend();
      if (!address)
        return address.takeError();
      if (!addend)
        return addend.takeError();
      const char *size = contents->data() + relocation.getOffset() + 8;
      frames[*address + *addend] =
          llvm::decodeULEB128(reinterpret_cast<const uint8_t *>(size));
    }
  }
  return llvm::Error::success();
}

static llvm::Error unknownRelocation(uint64_t type) {
  return llvm::createStringError("relocation type is " + llvm::Twine(type) +
                                 ", expected a relative one");
}

llvm::Error Linker::applyX86(uint64_t at, uint64_t type, uint64_t target) {
  char *where = block.data() + at;
  switch (type) {
  case llvm::ELF::R_X86_64_PC32:
  case llvm::ELF::R_X86_64_PLT32:
    llvm::support::endian::write32le(where, uint32_t(target - at));
    return llvm::Error::success();
  case llvm::ELF::R_X86_64_PC64:
    llvm::support::endian::write64le(where, target - at);
    return llvm::Error::success();
  default:
    return unknownRelocation(type);
  }
}

llvm::Error Linker::applyAArch64(uint64_t at, uint64_t type, uint64_t target) {
  using namespace llvm::ELF;
  char *where = block.data() + at;
  uint32_t code = llvm::support::endian::read32le(where);
  auto low12 = [&](unsigned shift) {
    code |= uint32_t((target & 0xfff) >> shift) << 10;
  };
  switch (type) {
  case R_AARCH64_CALL26:
  case R_AARCH64_JUMP26:
    code |= uint32_t((int64_t(target - at) >> 2) & 0x3ffffff);
    break;
  case R_AARCH64_ADR_PREL_PG_HI21: {
    uint32_t pages = uint32_t((target >> 12) - (at >> 12)) & 0x1fffff;
    code |= (pages & 3) << 29 | (pages >> 2) << 5;
    break;
  }
  case R_AARCH64_PREL32:
    code = uint32_t(target - at);
    break;
  case R_AARCH64_ADD_ABS_LO12_NC:
  case R_AARCH64_LDST8_ABS_LO12_NC:
    low12(0);
    break;
  case R_AARCH64_LDST16_ABS_LO12_NC:
    low12(1);
    break;
  case R_AARCH64_LDST32_ABS_LO12_NC:
    low12(2);
    break;
  case R_AARCH64_LDST64_ABS_LO12_NC:
    low12(3);
    break;
  case R_AARCH64_LDST128_ABS_LO12_NC:
    low12(4);
    break;
  default:
    return unknownRelocation(type);
  }
  llvm::support::endian::write32le(where, code);
  return llvm::Error::success();
}

llvm::Error Linker::apply(const ObjectFile &file, uint64_t base,
                          const RelocationRef &relocation) {
  auto address = addressOf(*relocation.getSymbol());
  if (!address)
    return address.takeError();
  auto addend = ELFRelocationRef(relocation).getAddend();
  if (!addend)
    return addend.takeError();
  uint64_t at = base + relocation.getOffset();
  uint64_t target = *address + *addend;
  return file.getArch() == llvm::Triple::aarch64
             ? applyAArch64(at, relocation.getType(), target)
             : applyX86(at, relocation.getType(), target);
}

llvm::Error Linker::relocate() {
  for (bool code : {true, false})
    for (auto &file : files)
      if (llvm::Error error = place(*file, code))
        return error;
  for (auto &file : files)
    if (llvm::Error error = collectSymbols(*file))
      return error;
  for (auto &file : files) {
    if (llvm::Error error = collectStackSizes(*file))
      return error;
    for (const SectionRef &section : file->sections()) {
      auto target = section.getRelocatedSection();
      if (!target)
        return target.takeError();
      if (*target == file->section_end())
        continue;
      auto base = placed.find({file.get(), (*target)->getIndex()});
      if (base == placed.end())
        continue;
      for (const RelocationRef &relocation : section.relocations())
        if (llvm::Error error = apply(*file, base->second, relocation))
          return error;
    }
  }
  return llvm::Error::success();
}

Expected<CodeBlock> Linker::finish(llvm::ArrayRef<std::string> symbols) {
  CodeBlock result;
  for (const std::string &symbol : symbols) {
    auto entry = functions.find(symbol);
    if (entry == functions.end())
      return llvm::createStringError("no kernel is named " + symbol);
    auto [offset, size] = entry->second;
    uint64_t end = offset + size, frame = frames[offset];
    auto body = functions.find(symbol + kBodySuffix.str());
    if (body != functions.end()) {
      end = std::max(end, body->second.first + body->second.second);
      frame += frames[body->second.first];
    }
    result.functions.push_back({offset, end - offset});
    result.frameBytes.push_back(frame);
  }
  result.bytes = std::move(block);
  return result;
}

Expected<CodeBlock> cpu::linkObjects(llvm::ArrayRef<ObjectBytes> objects,
                                     llvm::ArrayRef<std::string> symbols) {
  Linker linker;
  for (const ObjectBytes &object : objects)
    if (llvm::Error error = linker.add(object))
      return std::move(error);
  if (llvm::Error error = linker.relocate())
    return std::move(error);
  return linker.finish(symbols);
}
