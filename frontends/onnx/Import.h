// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX files to modules of the dialect `visir`.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_H
#define VISIR_FRONTENDS_ONNX_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <set>
#include <string>
#include <vector>

namespace visir {

/// The size of one dimension: a number, or symbols and a number added up.
struct ShapeExtent {
  int64_t value = 0;
  std::vector<std::string> symbols;
  int64_t max = 0; ///< the bound of a symbol; 0 where another place gives it
};

/// Shapes of one entry point's inputs, by name.
struct ShapeSet {
  std::vector<std::pair<std::string, std::vector<ShapeExtent>>> shapes;
};

/// What random nodes become: none are taken; constants from a seed; inputs of
/// the entry that hold the numbers; or a generator in the artifact, whose seed
/// is an input of the entry, a scalar of si64.
enum class NoiseSource { None, Frozen, Input, Counter };

struct ImportOptions {
  /// One entry point per set; none is as one empty set. The entry points are
  /// `main`, `main_1`, `main_2` ... and share equal weights.
  std::vector<ShapeSet> shapeSets;
  /// Inputs that become constants: name and value as text, a number or a
  /// comma-separated list, as "3", "1,3,224,224", "[0.5, 2]" or "true".
  std::vector<std::pair<std::string, std::string>> bindings;
  /// Inputs that are states: their bounded dimensions start at 0 and never
  /// grow beyond their bounds.
  std::set<std::string> states;
  /// Where several models take the same options: names of inputs that a model
  /// lacks are no error, and those that it has are added here.
  std::set<std::string> *inputNames = nullptr;
  NoiseSource noise = NoiseSource::None;
  int64_t seed = 0; ///< of frozen noise
};

/// Reads options as they stand on a command line: "name=1x3x224x224" each
/// (an empty extent list is a scalar; commas separate several inputs). An
/// extent may be bounded, "T<=128", and elsewhere "T" or a sum, "P+T", "P+1".
/// A name that the current set has starts the next set. Returns an error text,
/// or an empty string.
std::string parseShapes(llvm::ArrayRef<std::string> texts,
                        std::vector<ShapeSet> &sets);
/// "name=value" each.
std::string parseBindings(
    llvm::ArrayRef<std::string> texts,
    std::vector<std::pair<std::string, std::string>> &bindings);

/// "frozen", "frozen:SEED", "input" or "counter".
std::string parseNoise(llvm::StringRef text, ImportOptions &options);

/// Imports a model. Errors and remarks are diagnostics of the context. An
/// operator that cannot be imported is no error here but a `visir.opaque`.
/// `unsupported`, if given, becomes true when the file is sound but of a
/// version or with types that are not read.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importOnnx(mlir::MLIRContext &context, llvm::StringRef path,
           const ImportOptions &options, bool *unsupported = nullptr);

/// A row of the support table: an operator of the default domain and the
/// first opset whose semantics are known.
struct OnnxSupport {
  std::string opType;
  int firstOpset;
};
std::vector<OnnxSupport> onnxSupport();
/// The opsets and IR versions that are read.
struct OnnxVersions {
  int firstOpset, lastOpset, firstIr, lastIr;
};
OnnxVersions onnxVersions();

} // namespace visir

#endif // VISIR_FRONTENDS_ONNX_IMPORT_H
