// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds the fields of a manifest by its reflection tables, to change them in
// place.
#ifndef VISIR_TEST_RUNTIME_SUPPORT_MUTATION_H
#define VISIR_TEST_RUNTIME_SUPPORT_MUTATION_H

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace visir::testing {

// A number in the manifest: a field, an element of a vector, or (structural)
// an offset or a vector's length.
struct Field {
  uint8_t *where;
  uint32_t bytes;
  bool structural;
  std::string name; // "Dispatch.tile_end"
};

// All numbers of a sound manifest.
std::vector<Field> findFields(uint8_t *manifest);

// Sets one field to 0, -1, its largest value, or to one more or less. Nine of
// ten times it is not a structural one. Returns a description.
std::string mutate(const std::vector<Field> &fields, std::mt19937 &random);

} // namespace visir::testing

#endif // VISIR_TEST_RUNTIME_SUPPORT_MUTATION_H
