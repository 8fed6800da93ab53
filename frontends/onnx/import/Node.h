// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the import of one operator sees of its ONNX node.
//
// An import reads inputs and attributes, makes graph ops with `create`, and
// names the results with `setOutput`. The first refusal sticks: from then on
// `create` makes nothing and returns null, null values pass through all
// helpers, and the node ends as a `visir.opaque` with the reason. So an import
// needs no checks between its steps unless it inspects an intermediate value.
//
// Inputs that reach an import are ranked tensors of static shape. A node with
// an input of unknown shape, too few inputs, or an input or attribute that the
// import never asked for becomes opaque by itself.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_NODE_H
#define VISIR_FRONTENDS_ONNX_IMPORT_NODE_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/StringSet.h"

#include <memory>
#include <optional>
#include <string>

namespace onnx {
class AttributeProto;
class GraphProto;
class NodeProto;
} // namespace onnx

namespace visir::onnx {

using llvm::ArrayRef;
using llvm::SmallVector;
using llvm::StringRef;
using llvm::Twine;
using mlir::LogicalResult;
using mlir::Value;

class Scope;

class Node {
public:
  Node(Scope &scope, const ::onnx::NodeProto &proto, mlir::Location loc,
       int64_t opset, ArrayRef<Value> inputs);

  mlir::OpBuilder &builder();
  mlir::MLIRContext *context() const { return loc_.getContext(); }
  mlir::Location loc() const { return loc_; }
  StringRef opType() const;
  /// The opset that the model imports for the node's domain.
  int64_t opset() const { return opset_; }
  Scope &scope() { return scope_; }
  const ::onnx::NodeProto &proto() const { return proto_; }

  // Inputs. `input(i)` of an absent optional input is null; `type(i)` and
  // what follows from it may be asked of present inputs only.
  unsigned numInputs() const { return inputs_.size(); }
  bool hasInput(unsigned i) const { return i < inputs_.size() && inputs_[i]; }
  Value input(unsigned i) const {
    if (i >= inputs_.size())
      return Value();
    read_[i] = true;
    return inputs_[i];
  }
  ArrayRef<Value> inputs() const {
    read_.set();
    return inputs_;
  }
  /// Declares an input, present or not, that has no influence on the result.
  void ignoreInput(unsigned i) { (void)input(i); }
  /// The first present input that nobody asked for, or nothing.
  std::optional<unsigned> unreadInput() const;
  mlir::RankedTensorType type(unsigned i) const;
  ArrayRef<int64_t> shape(unsigned i) const { return type(i).getShape(); }
  int64_t rank(unsigned i) const { return type(i).getRank(); }
  mlir::Type elementType(unsigned i) const { return type(i).getElementType(); }
  unsigned numOutputs() const;
  /// Whether somebody may read output `i` (it has a name).
  bool hasOutput(unsigned i) const;

  // Inputs that are known now. The first two give nothing for an absent or
  // computed input; `requireInts` and `requireDoubles` then refuse the node
  // ("`what` is computed at run time, expected a constant").
  std::optional<SmallVector<int64_t>> constantInts(unsigned i) const;
  std::optional<SmallVector<double>> constantDoubles(unsigned i) const;
  mlir::FailureOr<SmallVector<int64_t>> requireInts(unsigned i,
                                                    const Twine &what);
  mlir::FailureOr<SmallVector<double>> requireDoubles(unsigned i,
                                                      const Twine &what);
  /// As requireInts, for an input of exactly one element.
  mlir::FailureOr<int64_t> requireInt(unsigned i, const Twine &what);

  // Attributes. An attribute of another type than asked for is a refusal.
  bool hasAttr(StringRef name) const;
  int64_t intAttr(StringRef name, int64_t fallback);
  double floatAttr(StringRef name, double fallback);
  std::string stringAttr(StringRef name, StringRef fallback);
  SmallVector<int64_t> intsAttr(StringRef name,
                                ArrayRef<int64_t> fallback = {});
  SmallVector<double> floatsAttr(StringRef name);
  SmallVector<std::string> stringsAttr(StringRef name);
  /// Null when the attribute is absent or its tensor cannot be read.
  mlir::ElementsAttr tensorAttr(StringRef name);
  /// Null when absent.
  const ::onnx::GraphProto *graphAttr(StringRef name);
  /// Declares an attribute that has no influence on the result.
  void ignoreAttr(StringRef name) { used_.insert(name); }
  /// The first attribute of the node that nobody asked for, or nothing.
  std::optional<std::string> unusedAttr() const;

  /// Makes a graph op and returns its first result. Its types are inferred
  /// and it is verified; what the op complains of becomes the refusal.
  /// Arguments are those of the op's builder without result types.
  template <typename OpT, typename... Args> Value create(Args &&...args) {
    mlir::Operation *op = createOp<OpT>(std::forward<Args>(args)...);
    return op ? op->getResult(0) : Value();
  }

  /// As create, for ops of several results. Null after a refusal.
  template <typename OpT, typename... Args>
  mlir::Operation *createOp(Args &&...args) {
    if (refused())
      return nullptr;
    mlir::OperationState state(loc_, OpT::getOperationName());
    // Placeholders: `finish` infers the types, where a failure can be told.
    SmallVector<mlir::Type> types(
        OpT::template hasTrait<mlir::OpTrait::OneResult>() ? 1 : 2,
        builder().getNoneType());
    OpT::build(builder(), state, mlir::TypeRange(types),
               std::forward<Args>(args)...);
    return finish(state, &OpT::inferReturnTypes);
  }

  /// A constant with this value.
  Value constant(mlir::ElementsAttr value);

  /// Names result `i`; a null value refuses the node. Folds what is known.
  LogicalResult setOutput(unsigned i, Value value);
  /// What setOutput gave for `i`, or null.
  Value output(unsigned i) const {
    return i < outputs_.size() ? outputs_[i] : Value();
  }

  /// The node stays as a `visir.opaque` with this reason. Returns failure.
  LogicalResult refuse(const Twine &reason);
  /// "`what` is `actual`, expected `expected`".
  LogicalResult refuse(const Twine &what, const Twine &actual,
                       const Twine &expected);
  bool refused() const { return reason_.has_value(); }
  StringRef reason() const { return reason_ ? *reason_ : StringRef(); }

private:
  using Infer = LogicalResult (*)(mlir::MLIRContext *,
                                  std::optional<mlir::Location>,
                                  mlir::ValueRange, mlir::DictionaryAttr,
                                  mlir::OpaqueProperties, mlir::RegionRange,
                                  llvm::SmallVectorImpl<mlir::Type> &);
  mlir::Operation *finish(mlir::OperationState &state, Infer infer);
  /// The attribute, resolved through the call of a local function; checks
  /// that it has `type`.
  const ::onnx::AttributeProto *attr(StringRef name, int type);

  Scope &scope_;
  const ::onnx::NodeProto &proto_;
  mlir::Location loc_;
  int64_t opset_;
  SmallVector<Value> inputs_, outputs_;
  mutable llvm::BitVector read_; ///< which inputs the import asked for
  llvm::StringSet<> used_;
  std::optional<std::string> reason_;
};

/// The import of one operator from `firstOpset` on, until a later entry of
/// the same operator takes over. `required` inputs must be present.
struct OpImport {
  const char *opType;
  int firstOpset;
  unsigned required;
  LogicalResult (*import)(Node &);
};

/// All of them, in order of operator and opset.
ArrayRef<OpImport> opImports();

/// The one that serves an operator of the default domain, or null.
const OpImport *findOpImport(StringRef opType, int64_t opset);

} // namespace visir::onnx

/// Registers an operator: at file scope, at the start of a line, with literal
/// arguments. CMake makes the table from these lines.
///
///   VISIR_ONNX_OP(Relu, 6, 1, importRelu)
///
/// is Relu from opset 6 on, with one required input. Use the first opset whose
/// semantics the import follows, not below 1; the import may look at `opset()`.
#define VISIR_ONNX_OP(opType, firstOpset, required, function)                  \
  namespace visir::onnx {                                                      \
  extern const OpImport opImport_##opType##_##firstOpset;                      \
  const OpImport opImport_##opType##_##firstOpset = {#opType, firstOpset,      \
                                                     required, function};      \
  }

#endif // VISIR_FRONTENDS_ONNX_IMPORT_NODE_H
