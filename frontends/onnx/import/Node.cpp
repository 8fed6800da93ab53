// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Node.h"

#include "compiler/support/Constants.h"
#include "frontends/onnx/import/BoundedOps.h"
#include "frontends/onnx/import/Fold.h"
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Scope.h"
#include "frontends/onnx/import/SymbolicInts.h"
#include "frontends/onnx/import/Tensor.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;
using ::onnx::AttributeProto;

Node::Node(Scope &scope, const ::onnx::NodeProto &proto, Location loc,
           int64_t opset, ArrayRef<Value> inputs)
    : scope_(scope), proto_(proto), loc_(loc), opset_(opset), inputs_(inputs),
      read_(inputs.size()) {}

OpBuilder &Node::builder() { return scope_.builder(); }

StringRef Node::opType() const { return proto_.op_type(); }

RankedTensorType Node::type(unsigned i) const {
  return llvm::cast<RankedTensorType>(input(i).getType());
}

unsigned Node::numOutputs() const { return proto_.output_size(); }

bool Node::hasOutput(unsigned i) const {
  return i < numOutputs() && !proto_.output(i).empty();
}

std::optional<SmallVector<int64_t>> Node::constantInts(unsigned i) const {
  return visir::constantInts(input(i));
}

std::optional<SmallVector<double>> Node::constantDoubles(unsigned i) const {
  Value value = input(i);
  return value ? visir::constantDoubles(value) : std::nullopt;
}

static std::string notConstant(const Twine &what) {
  return ("`" + what + "` is computed at run time, expected a constant").str();
}

FailureOr<SmallVector<int64_t>> Node::requireInts(unsigned i,
                                                  const Twine &what) {
  if (!hasInput(i))
    return refuse("input `" + what + "` is missing");
  if (!isa<IntegerType>(elementType(i)))
    return refuse("element type of `" + what + "`", typeName(elementType(i)),
                  "an integer");
  if (std::optional<SmallVector<int64_t>> values = constantInts(i))
    return *values;
  return refuse(notConstant(what));
}

FailureOr<SmallVector<double>> Node::requireDoubles(unsigned i,
                                                    const Twine &what) {
  if (!hasInput(i))
    return refuse("input `" + what + "` is missing");
  if (std::optional<SmallVector<double>> values = constantDoubles(i))
    return *values;
  return refuse(notConstant(what));
}

FailureOr<int64_t> Node::requireInt(unsigned i, const Twine &what) {
  FailureOr<SmallVector<int64_t>> values = requireInts(i, what);
  if (failed(values))
    return failure();
  if (values->size() != 1)
    return refuse("number of elements of `" + what + "`",
                  Twine(values->size()), "1");
  return values->front();
}

static const char *attrTypeName(int type) {
  static const char *const names[] = {
      "UNDEFINED", "FLOAT",  "INT",     "STRING",  "TENSOR",
      "GRAPH",     "FLOATS", "INTS",    "STRINGS", "TENSORS",
      "GRAPHS",    "SPARSE_TENSOR", "SPARSE_TENSORS", "TYPE_PROTO",
      "TYPE_PROTOS"};
  return type >= 0 && type < int(std::size(names)) ? names[type] : "unknown";
}

bool Node::hasAttr(StringRef name) const {
  for (const AttributeProto &attribute : proto_.attribute())
    if (attribute.name() == name)
      return scope_.resolve(attribute) != nullptr;
  return false;
}

const AttributeProto *Node::attr(StringRef name, int type) {
  used_.insert(name);
  for (const AttributeProto &attribute : proto_.attribute()) {
    if (attribute.name() != name)
      continue;
    const AttributeProto *resolved = scope_.resolve(attribute);
    if (!resolved || resolved->type() == type)
      return resolved;
    (void)refuse("type of attribute '" + name + "'",
                 attrTypeName(resolved->type()), attrTypeName(type));
    return nullptr;
  }
  return nullptr;
}

int64_t Node::intAttr(StringRef name, int64_t fallback) {
  const AttributeProto *found = attr(name, AttributeProto::INT);
  return found ? found->i() : fallback;
}

double Node::floatAttr(StringRef name, double fallback) {
  const AttributeProto *found = attr(name, AttributeProto::FLOAT);
  return found ? double(found->f()) : fallback;
}

std::string Node::stringAttr(StringRef name, StringRef fallback) {
  const AttributeProto *found = attr(name, AttributeProto::STRING);
  return found ? found->s() : fallback.str();
}

SmallVector<int64_t> Node::intsAttr(StringRef name,
                                    ArrayRef<int64_t> fallback) {
  const AttributeProto *found = attr(name, AttributeProto::INTS);
  if (!found)
    return SmallVector<int64_t>(fallback);
  return SmallVector<int64_t>(found->ints().begin(), found->ints().end());
}

SmallVector<double> Node::floatsAttr(StringRef name) {
  const AttributeProto *found = attr(name, AttributeProto::FLOATS);
  if (!found)
    return {};
  return SmallVector<double>(found->floats().begin(), found->floats().end());
}

SmallVector<std::string> Node::stringsAttr(StringRef name) {
  const AttributeProto *found = attr(name, AttributeProto::STRINGS);
  if (!found)
    return {};
  return SmallVector<std::string>(found->strings().begin(),
                                  found->strings().end());
}

ElementsAttr Node::tensorAttr(StringRef name) {
  const AttributeProto *found = attr(name, AttributeProto::TENSOR);
  if (!found)
    return {};
  ReadTensor read = readTensor(context(), found->t(),
                               scope_.entry().model.external);
  if (!read.value)
    (void)refuse("attribute '" + name + "': " + read.error);
  return read.value;
}

const ::onnx::GraphProto *Node::graphAttr(StringRef name) {
  const AttributeProto *found = attr(name, AttributeProto::GRAPH);
  return found ? &found->g() : nullptr;
}

std::optional<std::string> Node::unusedAttr() const {
  for (const AttributeProto &attribute : proto_.attribute())
    if (!used_.contains(attribute.name()) && scope_.resolve(attribute))
      return attribute.name();
  return std::nullopt;
}

std::optional<unsigned> Node::unreadInput() const {
  for (unsigned i = 0; i < inputs_.size(); ++i)
    if (inputs_[i] && !read_[i])
      return i;
  return std::nullopt;
}

/// The value of shape arithmetic that turned out to be constant, or null.
static ElementsAttr knownSizes(const Symbols &symbols, Operation *op) {
  auto type = llvm::dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.getElementType().isInteger(64))
    return {};
  std::optional<Sizes> sizes = symbolicInts(symbols, op->getResult(0));
  if (!sizes)
    return {};
  SmallVector<char> bytes(tensorBytes(type));
  for (auto [i, size] : llvm::enumerate(*sizes)) {
    std::optional<int64_t> constant = Symbols::constantOf(size);
    if (!constant)
      return {};
    storeInt(bytes, type.getElementType(), i, *constant);
  }
  return makeConstant(type, ArrayRef<char>(bytes));
}

/// "'visir.slice' op text" as "text".
static std::string withoutOpName(StringRef text) {
  if (text.starts_with("'visir."))
    return text.split("' op ").second.str();
  return text.str();
}

Operation *Node::finish(OperationState &state, Infer infer) {
  for (Value operand : state.operands)
    if (!operand) {
      (void)refuse("an input is missing");
      return nullptr;
    }
  std::string complaint;
  ScopedDiagnosticHandler capture(context(), [&](Diagnostic &diagnostic) {
    complaint = withoutOpName(diagnostic.str());
    return success();
  });
  SmallVector<Type> types;
  if (failed(infer(context(), loc_, state.operands,
                   state.attributes.getDictionary(context()),
                   state.getRawProperties(), RegionRange(), types))) {
    (void)refuse(complaint);
    return nullptr;
  }
  for (Type type : types)
    if (!countElements(llvm::cast<RankedTensorType>(type).getShape())) {
      (void)refuse("a result is too large: " +
                   shapeName(llvm::cast<RankedTensorType>(type).getShape()));
      return nullptr;
    }
  state.types.assign(types.begin(), types.end());
  Operation *op = builder().create(state);
  if (failed(verify(op, /*verifyRecursively=*/false))) {
    op->erase();
    (void)refuse(complaint);
    return nullptr;
  }
  const Symbols &symbols = scope_.entry().bounds;
  if (!symbols.isRaw() &&
      llvm::any_of(op->getOperands(), [&](Value operand) {
        return symbols.isBounded(operand);
      }))
    return boundOp(*this, op);
  ElementsAttr folded = foldConstants(op);
  if (!folded && !symbols.empty())
    folded = knownSizes(symbols, op);
  if (folded) {
    op->erase();
    return constant(folded).getDefiningOp();
  }
  return op;
}

Value Node::constant(ElementsAttr value) {
  if (refused())
    return {};
  return ConstantOp::create(builder(), loc_, value);
}

LogicalResult Node::setOutput(unsigned i, Value value) {
  if (!value)
    return refuse("result " + Twine(i) + " is missing");
  if (outputs_.size() <= i)
    outputs_.resize(i + 1);
  outputs_[i] = value;
  return success();
}

LogicalResult Node::refuse(const Twine &reason) {
  if (!reason_)
    reason_ = reason.str();
  return failure();
}

LogicalResult Node::refuse(const Twine &what, const Twine &actual,
                           const Twine &expected) {
  return refuse(what + " is " + actual + ", expected " + expected);
}
