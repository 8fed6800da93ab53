// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Damages an artifact many times over: verify, load and run each copy.
#include "test/runtime/support/damage.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

using namespace visir::testing;

int main(int count, char **words) {
  if (count != 3) {
    fprintf(stderr, "usage: visir-damage FILE.visir COPIES\n");
    return 2;
  }
  std::ifstream file(words[1], std::ios::binary);
  Bytes sound(std::istreambuf_iterator<char>(file), {});
  int copies = atoi(words[2]);
  if (sound.empty() || copies < 1) {
    fprintf(stderr, "error: \"%s\": cannot be read\n", words[1]);
    return 2;
  }
  DamageReport report = damageAndRun(sound, copies, 1, uint64_t(1) << 26);
  for (const std::string &complaint : report.complaints)
    printf("%s\n", complaint.c_str());
  printf("%d damaged copies: %.1f %% pass stage one, %.1f %% are accepted; "
         "at most %.3f s and %.1f MB\n",
         report.copies, 100.0 * report.passedStageOne / copies,
         100.0 * report.accepted / copies, report.slowest,
         static_cast<double>(report.mostMemory) / 1e6);
  bool reaches = 10 * report.passedStageOne >= 3 * copies;
  return report.complaints.empty() && reaches ? 0 : 1;
}
