// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Scope.h"

#include "frontends/onnx/import/BoundedOps.h"
#include "frontends/onnx/import/Inputs.h"
#include "frontends/onnx/import/Opaque.h"
#include "frontends/onnx/import/Sequence.h"
#include "frontends/onnx/import/Tensor.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;
using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;

/// Bounds on inlining, far above real models: an unrolled loop or a function
/// that calls functions must not grow without end.
static constexpr int64_t kMaxNodes = 400000;
static constexpr int kMaxDepth = 32;

std::string Model::functionKey(StringRef domain, StringRef name,
                               StringRef overload) {
  if (domain == "ai.onnx")
    domain = "";
  return (domain + "\n" + name + "\n" + overload).str();
}

Scope::Scope(Entry &entry, const OpsetImports &opsets, std::string prefix)
    : entry_(entry), prefix_(std::move(prefix)), opsets_(&opsets) {}

Scope::Scope(Scope &parent, std::string prefix)
    : entry_(parent.entry_), parent_(&parent), prefix_(std::move(prefix)),
      opsets_(parent.opsets_) {}

LogicalResult Scope::define(StringRef name, Value value, Location loc) {
  if (!values_.try_emplace(name, value).second)
    return emitError(loc) << "value '" << name << "' is defined twice";
  return success();
}

std::optional<Value> Scope::lookup(StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->parent_) {
    auto found = scope->values_.find(name);
    if (found != scope->values_.end())
      return found->second;
  }
  return std::nullopt;
}

const AttributeProto *Scope::resolve(const AttributeProto &attribute) const {
  if (attribute.ref_attr_name().empty())
    return &attribute;
  const Scope *scope = this;
  while (scope->parent_)
    scope = scope->parent_;
  auto found = scope->callAttributes_.find(attribute.ref_attr_name());
  return found == scope->callAttributes_.end() ? nullptr : found->second;
}

int64_t Scope::opsetOf(StringRef domain) const {
  for (const auto &import : *opsets_) {
    StringRef imported = import.domain();
    if (imported == domain || (domain.empty() && imported == "ai.onnx"))
      return import.version();
  }
  return 0;
}

void Scope::declareTypes(const GraphProto &graph) {
  for (const auto &info : graph.value_info())
    declared_.try_emplace(info.name(), &info);
  for (const auto &info : graph.output())
    declared_.try_emplace(info.name(), &info);
}

Type Scope::declaredType(StringRef name) const {
  MLIRContext *context = &entry_.model.context;
  auto found = declared_.find(name);
  if (found == declared_.end() ||
      !found->second->type().has_tensor_type())
    return NoneType::get(context);
  const ::onnx::TypeProto &type = found->second->type();
  Type element = elementTypeOf(context, type.tensor_type().elem_type());
  if (!element)
    return NoneType::get(context);
  auto shape = staticShape(type, entry_.symbols);
  if (!shape || !countElements(*shape))
    return UnrankedTensorType::get(element);
  return RankedTensorType::get(*shape, element);
}

/// Adds all names that a node reads, its subgraphs included.
static void addReads(const NodeProto &node, llvm::StringSet<> &names) {
  for (const std::string &input : node.input())
    names.insert(input);
  auto addGraph = [&](const GraphProto &graph) {
    for (const NodeProto &inner : graph.node())
      addReads(inner, names);
    for (const auto &output : graph.output())
      names.insert(output.name());
  };
  for (const AttributeProto &attribute : node.attribute()) {
    if (attribute.has_g())
      addGraph(attribute.g());
    for (const GraphProto &graph : attribute.graphs())
      addGraph(graph);
  }
}

/// The nodes that the names in `reads` need; grows `reads` by their inputs.
static SmallVector<bool> neededNodes(const NodeList &nodes,
                                     llvm::StringSet<> &reads) {
  SmallVector<bool> needed(nodes.size(), false);
  for (int i = nodes.size() - 1; i >= 0; --i) {
    needed[i] = llvm::any_of(nodes[i].output(), [&](const std::string &name) {
      return !name.empty() && reads.contains(name);
    });
    if (needed[i])
      addReads(nodes[i], reads);
  }
  return needed;
}

LogicalResult Scope::importNodes(const NodeList &nodes,
                                 ArrayRef<bool> needed) {
  for (int i = 0; i < nodes.size(); ++i)
    if (needed[i] && failed(importNode(nodes[i], i)))
      return failure();
  return success();
}

LogicalResult Scope::importInitializers(const GraphProto &graph,
                                        const llvm::StringSet<> &reads) {
  MLIRContext *context = &entry_.model.context;
  for (const auto &tensor : graph.initializer()) {
    if (!reads.contains(tensor.name()))
      continue;
    Location loc = NameLoc::get(StringAttr::get(context, tensor.name()));
    ElementsAttr &value = entry_.model.tensors[&tensor];
    if (!value) {
      ReadTensor read =
          readTensor(context, tensor, entry_.model.external);
      if (!read.value && !read.unsupported)
        return emitError(loc) << "tensor '" << tensor.name()
                              << "': " << read.error;
      if (!read.value) {
        Value opaque = makeOpaqueTensor(builder(), loc, read.error);
        if (failed(define(tensor.name(), opaque, loc)))
          return failure();
        continue;
      }
      value = read.value;
    }
    Value constant = ConstantOp::create(builder(), loc, value);
    if (failed(define(tensor.name(), constant, loc)))
      return failure();
  }
  for (const auto &sparse : graph.sparse_initializer()) {
    StringRef name = sparse.values().name();
    if (!reads.contains(name))
      continue;
    Location loc = NameLoc::get(StringAttr::get(context, name));
    Value opaque = makeOpaqueTensor(
        builder(), loc, "the initialiser is sparse, expected a dense one");
    if (failed(define(name, opaque, loc)))
      return failure();
  }
  return success();
}

LogicalResult Scope::importGraph(const GraphProto &graph, Location loc,
                                 SmallVector<Value> &results) {
  declareTypes(graph);
  llvm::StringSet<> reads;
  for (const auto &output : graph.output())
    reads.insert(output.name());
  SmallVector<bool> needed = neededNodes(graph.node(), reads);
  if (failed(importInitializers(graph, reads)) ||
      failed(importNodes(graph.node(), needed)))
    return failure();
  for (const auto &output : graph.output()) {
    std::optional<Value> value = lookup(output.name());
    if (!value || !*value)
      return emitError(loc) << "output '" << output.name()
                            << "' is not defined";
    results.push_back(*value);
  }
  return success();
}

std::string Scope::nodeName(const NodeProto &proto, int64_t index) const {
  std::string name = proto.name();
  if (name.empty())
    name = proto.op_type() + "_" + std::to_string(index);
  return prefix_.empty() ? name : prefix_ + "/" + name;
}

LogicalResult Scope::importNode(const NodeProto &proto, int64_t index) {
  MLIRContext *context = &entry_.model.context;
  Location loc =
      NameLoc::get(StringAttr::get(context, nodeName(proto, index)));
  if (++entry_.numNodes > kMaxNodes)
    return emitError(loc) << "number of nodes after inlining exceeds "
                          << kMaxNodes;
  SmallVector<Value> inputs;
  for (const std::string &name : proto.input()) {
    std::optional<Value> value = name.empty() ? Value() : lookup(name);
    if (!value)
      return emitError(loc) << "input '" << name << "' is not defined";
    inputs.push_back(*value);
  }
  auto function = entry_.model.functions.find(Model::functionKey(
      proto.domain(), proto.op_type(), proto.overload()));
  if (function != entry_.model.functions.end())
    return inlineFunction(proto, *function->second, loc, inputs);
  return importOperator(proto, loc, inputs);
}

LogicalResult Scope::defineOutputs(const NodeProto &proto, Location loc,
                                   ArrayRef<Value> values) {
  for (auto [name, value] : llvm::zip(proto.output(), values))
    if (!name.empty() && failed(define(name, value, loc)))
      return failure();
  return success();
}

/// Why a node cannot be handed to an import, or an empty string.
static std::string precheck(const OpImport *import, const NodeProto &proto,
                            ArrayRef<Value> inputs, int64_t opset) {
  StringRef domain = proto.domain();
  if (!domain.empty() && domain != "ai.onnx")
    return ("domain is '" + domain + "', expected the default one").str();
  if (opset == 0)
    return "the model imports no opset of the default domain";
  if (!import) {
    if (const OpImport *newer = findOpImport(proto.op_type(), INT64_MAX))
      return ("opset is " + Twine(opset) + ", expected at least " +
              Twine(newer->firstOpset))
          .str();
    return "the operator has no import";
  }
  for (unsigned i = 0; i < import->required; ++i)
    if (i >= inputs.size() || !inputs[i])
      return ("input " + Twine(i) + " is missing, expected at least " +
              Twine(import->required) + " inputs")
          .str();
  for (auto [i, value] : llvm::enumerate(inputs)) {
    const std::string &name = proto.input(i);
    auto type = value ? dyn_cast<RankedTensorType>(value.getType())
                      : RankedTensorType();
    if (value && isSequence(value)) {
      if (takesSequence(import->opType, i))
        continue;
      return "input '" + name + "' is a sequence, expected a tensor";
    }
    if (value && (!type || !type.hasStaticShape()))
      return "shape of input '" + name +
             "' is unknown, since it comes from an operator without import";
  }
  return "";
}

/// Why an operator cannot have its bounded inputs, or an empty string.
static std::string checkBounded(const Symbols &symbols, const NodeProto &proto,
                                ArrayRef<Value> inputs) {
  if (symbols.empty() || takesBounded(proto.op_type()))
    return "";
  for (auto [i, value] : llvm::enumerate(inputs))
    if (symbols.isBounded(value))
      return "of input '" + proto.input(i) + "' " + symbols.describe(value) +
             ", expected a static one for this operator";
  return "";
}

/// What an import left to be said against it, or nothing.
static void checkImported(Node &node) {
  if (node.refused())
    return;
  if (std::optional<std::string> name = node.unusedAttr())
    (void)node.refuse("attribute '" + *name + "' is not supported");
  if (std::optional<unsigned> input = node.unreadInput())
    (void)node.refuse("input " + Twine(*input) + " is not supported");
  for (unsigned i = 0; i < node.numOutputs(); ++i)
    if (node.hasOutput(i) && !node.output(i))
      (void)node.refuse("output " + Twine(i) + " is not supported");
}

LogicalResult Scope::importOperator(const NodeProto &proto, Location loc,
                                    ArrayRef<Value> inputs) {
  StringRef domain = proto.domain();
  int64_t opset = opsetOf(domain == "ai.onnx" ? "" : domain);
  const OpImport *import = findOpImport(proto.op_type(), opset);
  std::string reason = precheck(import, proto, inputs, opset);
  if (reason.empty())
    reason = checkBounded(entry_.bounds, proto, inputs);
  if (reason.empty()) {
    while (!inputs.empty() && !inputs.back())
      inputs = inputs.drop_back();
    Block *block = builder().getInsertionBlock();
    Operation *last = block->empty() ? nullptr : &block->back();
    Node node(*this, proto, loc, opset, inputs);
    LogicalResult imported = import->import(node);
    if (entry_.failed)
      return failure();
    if (failed(imported) && !node.refused())
      (void)node.refuse("the import failed");
    checkImported(node);
    if (!node.refused()) {
      SmallVector<Value> outputs;
      for (unsigned i = 0; i < node.numOutputs(); ++i)
        outputs.push_back(node.output(i));
      return defineOutputs(proto, loc, outputs);
    }
    reason = node.reason().str();
    while (!block->empty() && &block->back() != last)
      block->back().erase();
  }
  SmallVector<Type> types;
  for (const std::string &name : proto.output())
    types.push_back(declaredType(name));
  return defineOutputs(
      proto, loc, makeOpaque(*this, proto, loc, opset, inputs, types, reason));
}

LogicalResult Scope::inlineFunction(const NodeProto &proto,
                                    const ::onnx::FunctionProto &function,
                                    Location loc, ArrayRef<Value> inputs) {
  if (entry_.depth >= kMaxDepth)
    return emitError(loc) << "nesting of functions exceeds " << kMaxDepth;
  if (int64_t(inputs.size()) > function.input_size() ||
      proto.output_size() > function.output_size())
    return emitError(loc) << "call of '" << function.name() << "' has "
                          << inputs.size() << " inputs and "
                          << proto.output_size() << " outputs, expected "
                          << function.input_size() << " and "
                          << function.output_size();
  Scope body(entry_, function.opset_import(),
             cast<NameLoc>(loc).getName().str());
  for (const auto &attribute : function.attribute_proto())
    body.callAttributes_[attribute.name()] = &attribute;
  for (const auto &attribute : proto.attribute())
    if (const AttributeProto *resolved = resolve(attribute))
      body.callAttributes_[attribute.name()] = resolved;
  for (auto [i, name] : llvm::enumerate(function.input()))
    if (failed(body.define(name, i < inputs.size() ? inputs[i] : Value(),
                           loc)))
      return failure();
  llvm::StringSet<> reads;
  for (int i = 0; i < proto.output_size(); ++i)
    if (!proto.output(i).empty())
      reads.insert(function.output(i));
  SmallVector<bool> needed = neededNodes(function.node(), reads);
  ++entry_.depth;
  LogicalResult imported = body.importNodes(function.node(), needed);
  --entry_.depth;
  if (failed(imported))
    return failure();
  SmallVector<Value> outputs;
  for (int i = 0; i < proto.output_size(); ++i) {
    std::optional<Value> value = body.lookup(function.output(i));
    if (!proto.output(i).empty() && (!value || !*value))
      return emitError(loc) << "output '" << function.output(i) << "' of '"
                            << function.name() << "' is not defined";
    outputs.push_back(value.value_or(Value()));
  }
  return defineOutputs(proto, loc, outputs);
}

FailureOr<SmallVector<Value>> Scope::inlineGraph(Node &node,
                                                 const GraphProto &graph,
                                                 ArrayRef<Value> arguments,
                                                 const Twine &name) {
  Entry &entry = node.scope().entry();
  // Errors of the file end the import as a whole.
  auto fail = [&]() -> LogicalResult {
    entry.failed = true;
    return failure();
  };
  if (entry.depth >= kMaxDepth) {
    emitError(node.loc()) << "nesting of subgraphs exceeds " << kMaxDepth;
    return fail();
  }
  if (int64_t(arguments.size()) != graph.input_size()) {
    emitError(node.loc()) << "number of inputs of subgraph '" << graph.name()
                          << "' is " << graph.input_size() << ", expected "
                          << arguments.size();
    return fail();
  }
  Scope body(node.scope(),
             (cast<NameLoc>(node.loc()).getName().strref() + "/" + name)
                 .str());
  for (auto [input, value] : llvm::zip(graph.input(), arguments))
    if (failed(body.define(input.name(), value, node.loc())))
      return fail();
  SmallVector<Value> results;
  ++entry.depth;
  LogicalResult imported = body.importGraph(graph, node.loc(), results);
  --entry.depth;
  if (failed(imported))
    return fail();
  return results;
}
