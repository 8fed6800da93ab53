// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names and their values while a graph, a subgraph or a local function is
// imported.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_SCOPE_H
#define VISIR_FRONTENDS_ONNX_IMPORT_SCOPE_H

#include "frontends/onnx/import/ExternalData.h"
#include "frontends/onnx/import/Node.h"
#include "frontends/onnx/import/Noise.h"
#include "frontends/onnx/import/Proto.h"
#include "frontends/onnx/import/Symbols.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace visir::onnx {

/// What all entry points of a model share.
struct Model {
  Model(mlir::MLIRContext &context, const ::onnx::ModelProto &proto,
        std::string folder)
      : context(context), proto(proto), external(std::move(folder)) {}

  mlir::MLIRContext &context;
  const ::onnx::ModelProto &proto;
  ExternalData external;
  llvm::StringMap<const ::onnx::FunctionProto *> functions;
  llvm::DenseMap<const ::onnx::TensorProto *, mlir::ElementsAttr> tensors;
  /// An error is about what is not supported; the file itself is sound.
  bool unsupported = false;

  /// The key of `functions`.
  static std::string functionKey(StringRef domain, StringRef name,
                                 StringRef overload);
};

/// What all scopes of one entry point share.
struct Entry {
  explicit Entry(Model &model)
      : model(model), builder(&model.context), bounds(model.context) {}

  Model &model;
  mlir::OpBuilder builder;
  /// Extents of symbolic dimensions of the file; the largest of bounded ones.
  llvm::StringMap<int64_t> symbols;
  /// Sizes of those that are bounded, by the file's name.
  llvm::StringMap<mlir::AffineExpr> sizes;
  /// The symbols of `--shape`, and the sizes of values.
  Symbols bounds;
  Noise noise;
  /// Nodes imported so far, inlined ones included; bounded.
  int64_t numNodes = 0;
  /// Subgraphs and functions that are open now; bounded.
  int depth = 0;
  /// An error of the file was found below an import.
  bool failed = false;
};

using OpsetImports = google::protobuf::RepeatedPtrField<
    ::onnx::OperatorSetIdProto>;
using NodeList = google::protobuf::RepeatedPtrField<::onnx::NodeProto>;

class Scope {
public:
  /// The main graph's or a function's.
  Scope(Entry &entry, const OpsetImports &opsets, std::string prefix);
  /// A subgraph's; it sees the names of `parent`.
  Scope(Scope &parent, std::string prefix);

  Entry &entry() { return entry_; }
  mlir::OpBuilder &builder() { return entry_.builder; }

  /// Fails, with a diagnostic, when the name has a value already.
  LogicalResult define(StringRef name, Value value, mlir::Location loc);
  /// The value of a name here or in a parent, null for an absent optional
  /// input of a function, or nothing.
  std::optional<Value> lookup(StringRef name) const;

  /// The attribute itself, or what the function's caller gave for it, or null.
  const ::onnx::AttributeProto *
  resolve(const ::onnx::AttributeProto &attribute) const;

  /// Imports initialisers and nodes as far as the outputs need them, and
  /// gives the outputs. Errors of the file are diagnostics.
  LogicalResult importGraph(const ::onnx::GraphProto &graph,
                            mlir::Location loc, SmallVector<Value> &results);

  /// Imports the subgraph of a control-flow node in its place. A failure is
  /// an error of the file, which has been told and ends the import.
  static mlir::FailureOr<SmallVector<Value>>
  inlineGraph(Node &node, const ::onnx::GraphProto &graph,
              ArrayRef<Value> arguments, const Twine &name);

private:
  std::string nodeName(const ::onnx::NodeProto &proto, int64_t index) const;
  LogicalResult importNodes(const NodeList &nodes, ArrayRef<bool> needed);
  LogicalResult importNode(const ::onnx::NodeProto &proto, int64_t index);
  LogicalResult importOperator(const ::onnx::NodeProto &proto,
                               mlir::Location loc, ArrayRef<Value> inputs);
  LogicalResult inlineFunction(const ::onnx::NodeProto &proto,
                               const ::onnx::FunctionProto &function,
                               mlir::Location loc, ArrayRef<Value> inputs);
  LogicalResult importInitializers(const ::onnx::GraphProto &graph,
                                   const llvm::StringSet<> &reads);
  LogicalResult defineOutputs(const ::onnx::NodeProto &proto,
                              mlir::Location loc, ArrayRef<Value> values);
  mlir::Type declaredType(StringRef name) const;
  void declareTypes(const ::onnx::GraphProto &graph);
  int64_t opsetOf(StringRef domain) const;

  Entry &entry_;
  Scope *parent_ = nullptr;
  std::string prefix_;
  const OpsetImports *opsets_;
  llvm::StringMap<Value> values_;
  llvm::StringMap<const ::onnx::ValueInfoProto *> declared_;
  llvm::StringMap<const ::onnx::AttributeProto *> callAttributes_;
};

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_SCOPE_H
