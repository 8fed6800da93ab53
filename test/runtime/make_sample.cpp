// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes the sample artifact to a file, for tests in other languages.
#include "test/runtime/support/sample.h"

#include <cstdio>

int main(int count, char **words) {
  if (count != 2) {
    fprintf(stderr, "usage: visir-make-sample FILE.visir\n");
    return 2;
  }
  visir::testing::Bytes bytes = visir::testing::makeSample().finish();
  FILE *file = fopen(words[1], "wb");
  bool written =
      file && fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  return written && fclose(file) == 0 ? 0 : 1;
}
