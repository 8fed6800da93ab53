// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/artifact/verify.h"

namespace visir::runtime {
namespace {

struct DTypeInfo {
  const char *name;
  uint32_t bytes;
};

// Indexed by schema::DType.
constexpr DTypeInfo kDTypes[] = {
    {"invalid", 0}, {"f32", 4}, {"f64", 8}, {"f16", 2}, {"bf16", 2},
    {"i8", 1},      {"u8", 1},  {"i16", 2}, {"u16", 2}, {"i32", 4},
    {"u32", 4},     {"i64", 8}, {"u64", 8}, {"bool", 1}};

const DTypeInfo &info(schema::DType dtype) {
  uint32_t index = static_cast<uint32_t>(dtype);
  return kDTypes[dtype <= schema::DType::MAX ? index : 0];
}

} // namespace

static_assert(sizeof(kDTypes) / sizeof(kDTypes[0]) ==
                  static_cast<uint32_t>(schema::DType::MAX) + 1,
              "one row per dtype of the schema");

uint32_t dtypeBytes(schema::DType dtype) { return info(dtype).bytes; }

const char *dtypeName(schema::DType dtype) { return info(dtype).name; }

} // namespace visir::runtime
