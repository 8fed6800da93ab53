// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From planned programs and their code to the bytes of an artifact (phase
// `packaged`). The same input gives the same bytes.
#ifndef VISIR_COMPILER_ARTIFACT_WRITEARTIFACT_H
#define VISIR_COMPILER_ARTIFACT_WRITEARTIFACT_H

#include "dialects/visir_exec/VisirExec.h"

#include <string>
#include <vector>

namespace visir {

/// How a picture becomes an input of every entry; see `Preprocess` in
/// runtime/schema/visir.fbs for the meaning of each field.
struct PreprocessSpec {
  std::string input; ///< empty: the first input
  uint32_t resizeShorter = 0;
  uint32_t cropHeight = 0, cropWidth = 0;
  uint32_t channels = 3;
  bool bicubic = false;
  bool channelsLast = false;
  float scale = 1.0f / 255.0f;
  std::vector<float> mean, std;
};

/// What a program runs on; the values are the schema's.
enum class DeviceKind { Cpu = 1, Cuda = 2, Vulkan = 3 };

/// How a function is launched on a device of its own: a workgroup's threads
/// and shared memory, and whether a word for its error is bound.
struct Launch {
  uint32_t x = 0, y = 0, z = 0;
  uint64_t sharedBytes = 0;
  bool canFail = false;
  uint64_t loopSteps = 0; ///< iterations of a thread's loops at most
  bool resizable = false; ///< x is the default of a specialisation constant
};

/// What a written binding holds after a self test; `Golden` of the schema.
struct GoldenResult {
  uint32_t binding = 0;
  uint64_t finite = 0;
  double sum = 0, magnitude = 0, largest = 0;
  std::vector<double> samples;
};

/// A call of a function on drawn values; `SelfTest` of the schema.
struct KernelSelfTest {
  std::vector<uint32_t> dtypes; ///< of the bindings; values are the schema's
  uint32_t inputs = 0;          ///< the kind, as in the schema
  double tolerance = 0;
  std::vector<GoldenResult> goldens; ///< none: there is no self test
};

/// The code of one program; functions in the order of its `function` ops.
struct ProgramCode {
  exec::ProgramOp program;
  std::string targetName;
  std::string features;
  DeviceKind device = DeviceKind::Cpu;
  uint32_t abiVersion = 0;
  std::vector<char> code;
  std::vector<std::pair<uint64_t, uint64_t>> functions; ///< offset, bytes
  std::vector<uint32_t> frameBytes;
  std::vector<Launch> launches; ///< none for a CPU
  std::vector<mlir::Operation *> dispatches; ///< that functions are made from
  std::vector<KernelSelfTest> selfTests;     ///< of functions, or none at all
};

struct ArtifactOptions {
  std::string options; ///< what made it, as on a command line
  const PreprocessSpec *preprocess = nullptr;
};

/// Writes the artifact to `path` through a temporary file beside it, which
/// is renamed at the end. Errors are reported at `loc`.
mlir::LogicalResult writeArtifact(mlir::Location loc,
                                  llvm::ArrayRef<ProgramCode> programs,
                                  const ArtifactOptions &options,
                                  llvm::StringRef path);

} // namespace visir

#endif // VISIR_COMPILER_ARTIFACT_WRITEARTIFACT_H
