// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/runtime/support/mutation.h"

#include "runtime/schema/visir_generated.h"

#include <cstring>

namespace visir::testing {
namespace {

using flatbuffers::TypeCode;
using flatbuffers::TypeTable;

uint32_t readU32(const uint8_t *p) {
  return flatbuffers::ReadScalar<uint32_t>(p);
}

class Finder {
public:
  std::vector<Field> fields;

  void table(uint8_t *at, const TypeTable *type, const std::string &name) {
    auto *object = reinterpret_cast<flatbuffers::Table *>(at);
    for (size_t i = 0; i < type->num_elems; ++i) {
      auto slot = static_cast<flatbuffers::voffset_t>(4 + 2 * i);
      uint8_t *where = object->GetAddressOf(slot);
      if (!where)
        continue;
      std::string path = name + "." + type->names[i];
      const TypeCode &code = type->type_codes[i];
      if (code.is_repeating)
        vector(where, code, type, path);
      else
        value(where, code, type, path, unionKind(object, slot, code));
    }
  }

private:
  // The type of a union's value is in the field before it.
  static uint8_t unionKind(flatbuffers::Table *object,
                           flatbuffers::voffset_t slot, const TypeCode &code) {
    bool sequence = code.base_type == flatbuffers::ET_SEQUENCE;
    return sequence && slot >= 6 ? object->GetField<uint8_t>(slot - 2, 0) : 0;
  }

  static uint32_t scalarBytes(int baseType) {
    switch (baseType) {
    case flatbuffers::ET_UTYPE:
    case flatbuffers::ET_BOOL:
    case flatbuffers::ET_CHAR:
    case flatbuffers::ET_UCHAR:
      return 1;
    case flatbuffers::ET_SHORT:
    case flatbuffers::ET_USHORT:
      return 2;
    case flatbuffers::ET_INT:
    case flatbuffers::ET_UINT:
    case flatbuffers::ET_FLOAT:
      return 4;
    default:
      return 8;
    }
  }

  void value(uint8_t *where, const TypeCode &code, const TypeTable *type,
             const std::string &path, uint8_t kind) {
    if (code.base_type == flatbuffers::ET_STRING) {
      fields.push_back({where, 4, true, path + " (offset)"});
      fields.push_back({where + readU32(where), 4, true, path + " (length)"});
      return;
    }
    if (code.base_type != flatbuffers::ET_SEQUENCE) {
      fields.push_back({where, scalarBytes(code.base_type), false, path});
      return;
    }
    fields.push_back({where, 4, true, path + " (offset)"});
    const TypeTable *inner = type->type_refs[code.sequence_ref]();
    if (inner->st == flatbuffers::ST_UNION) {
      if (kind == 0 || kind >= inner->num_elems)
        return;
      inner = inner->type_refs[inner->type_codes[kind].sequence_ref]();
    }
    table(where + readU32(where), inner, innerName(path));
  }

  void vector(uint8_t *where, const TypeCode &code, const TypeTable *type,
              const std::string &path) {
    fields.push_back({where, 4, true, path + " (offset)"});
    uint8_t *length = where + readU32(where);
    fields.push_back({length, 4, true, path + " (length)"});
    bool offsets = code.base_type == flatbuffers::ET_SEQUENCE ||
                   code.base_type == flatbuffers::ET_STRING;
    uint32_t bytes = offsets ? 4 : scalarBytes(code.base_type);
    for (uint32_t i = 0; i < readU32(length); ++i)
      value(length + 4 + i * bytes, code, type, path, 0);
  }

  // "Entry.commands" becomes "commands": enough to find the place.
  static std::string innerName(const std::string &path) {
    return path.substr(path.rfind('.') + 1);
  }
};

uint64_t mutated(uint64_t value, uint32_t bytes, uint32_t how) {
  uint64_t mask = bytes == 8 ? ~uint64_t(0) : (uint64_t(1) << 8 * bytes) - 1;
  switch (how) {
  case 0:
    return 0;
  case 1:
    return mask; // -1, and the largest unsigned value
  case 2:
    return mask >> 1; // the largest signed value
  case 3:
    return value + 1;
  default:
    return value - 1;
  }
}

} // namespace

std::vector<Field> findFields(uint8_t *manifest) {
  Finder finder;
  finder.table(manifest + readU32(manifest), schema::ManifestTypeTable(),
               "Manifest");
  return std::move(finder.fields);
}

std::string mutate(const std::vector<Field> &fields, std::mt19937 &random) {
  bool structural = random() % 10 == 0;
  while (true) {
    const Field &field = fields[random() % fields.size()];
    if (field.structural != structural)
      continue;
    uint64_t value = 0;
    memcpy(&value, field.where, field.bytes);
    uint64_t changed = mutated(value, field.bytes, random() % 5);
    memcpy(field.where, &changed, field.bytes);
    return field.name + ": " + std::to_string(value) + " -> " +
           std::to_string(changed);
  }
}

} // namespace visir::testing
