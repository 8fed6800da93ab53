// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes the inputs that the fuzz targets start from, a folder for each.
#include "test/runtime/support/sample.h"
#include "tools/common/npy.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

using namespace visir;
namespace fs = std::filesystem;

namespace {

void write(const fs::path &path, const uint8_t *data, size_t bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char *>(data),
             static_cast<std::streamsize>(bytes));
}

void write(const fs::path &path, const std::string &text) {
  write(path, reinterpret_cast<const uint8_t *>(text.data()), text.size());
}

void writeArtifact(const fs::path &folder, const std::string &name,
                   testing::Bytes file) {
  write(folder / "loader" / name, file.data(), file.size());
  write(folder / "artifact" / name, testing::manifestOf(file),
        testing::headerOf(file)->manifest_bytes);
}

void writeCommandLines(const fs::path &folder) {
  const char *const lines[] = {
      "run\na.visir\n--random\n7\n--output\n.\n--top=3\n--json",
      "run\na.visir\n--input\nx=x.npy\n--entry\npeek\n--threads\n2",
      "bench\na.visir\n--seconds=1\n--runs\n2\n--target\nhost",
      "profile\na.visir\n--trace\nt.json\n--copy-code\n--copy-constants",
      "inspect\na.visir\n--json",
      "verify\na.visir\n--full"};
  int index = 0;
  for (const char *line : lines)
    write(folder / "command_line" / std::to_string(index++), line);
  const char *const arguments[] = {
      "m.onnx\n-o\nm.visir\n--target=x86-64-v3\n--shape\nx=2x3\n-q",
      "m.onnx\n--emit\nmlir\n--to=fused\n--remarks\n-o\n-",
      "m.onnx\n--bind\nx=1,2,3,4,5,6\n--disable\ncanonicalize\n-q",
      "m.onnx\n--state\nx=y\n--winograd=f4\n--preprocess\nimagenet\n-q"};
  for (const char *line : arguments)
    write(folder / "compile_command" / std::to_string(index++), line);
}

} // namespace

int main(int count, char **words) {
  if (count < 2) {
    fprintf(stderr, "usage: fuzz_seeds FOLDER [PICTURE...]\n");
    return 2;
  }
  fs::path folder = words[1];
  writeArtifact(folder, "sample", testing::makeSample().finish());
  writeArtifact(folder, "chain", testing::makeChain(9, 4).finish());
  writeCommandLines(folder);
  fs::create_directories(folder / "npy");
  for (visir_dtype_t dtype : {VISIR_F32, VISIR_BOOL, VISIR_I64})
    tools::writeNpy(folder / "npy" / visir_dtype_name(dtype),
                    rt::Tensor(dtype, {2, 3}));
  fs::create_directories(folder / "picture");
  for (int i = 2; i < count; ++i)
    fs::copy_file(words[i], folder / "picture" / fs::path(words[i]).filename(),
                  fs::copy_options::overwrite_existing);
  return 0;
}
