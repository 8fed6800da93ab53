// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/Import.h"

#include "frontends/onnx/import/Inputs.h"
#include "frontends/onnx/import/Load.h"
#include "frontends/onnx/import/Sequence.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static StringAttr nameAttr(Builder &builder, StringRef name) {
  return builder.getStringAttr(name);
}

/// Erases ops that nobody reads, from the last to the first: what is left of
/// folded shape arithmetic, and unused branches.
static void eraseDead(Block &block) {
  for (Operation *op = block.getTerminator(); op;) {
    Operation *previous = op->getPrevNode();
    if (isOpTriviallyDead(op))
      op->erase();
    op = previous;
  }
}

/// Tells of inputs that no output depends on; the entry takes them still.
static void remarkUnread(ArrayRef<Input> inputs, Block &block) {
  auto argument = block.args_begin();
  for (const Input &input : inputs)
    if (!input.bound && (argument++)->use_empty())
      emitRemark(block.getParentOp()->getLoc())
          << "input '" << input.proto->name()
          << "' is read by nothing that an output needs";
}

/// The hidden arguments that hold run-time sizes: drops those that nobody
/// reads and describes the others.
static void finishLengths(Symbols &symbols, Block &block,
                          SmallVector<Type> &types,
                          SmallVector<DictionaryAttr> &attributes) {
  Builder builder(block.getParentOp()->getContext());
  for (const auto &[size, argument] : llvm::to_vector(symbols.lengths())) {
    auto length = cast<BlockArgument>(argument);
    if (length.use_empty()) {
      block.eraseArgument(length.getArgNumber());
      continue;
    }
    types.push_back(length.getType());
    attributes.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("visir.length", symbols.lengthAttr(size)),
         builder.getNamedAttr("visir.name",
                              nameAttr(builder, symbols.text(size)))}));
  }
}

/// Names an argument or result, and its sizes where they are bounded.
static DictionaryAttr describe(Symbols &symbols, StringRef name, Value value) {
  Builder builder(value.getContext());
  NamedAttrList attributes;
  attributes.set("visir.name", nameAttr(builder, name));
  if (AffineMapAttr dims = symbols.dimsAttr(value))
    attributes.set(kDimsAttr, dims);
  return attributes.getDictionary(value.getContext());
}

/// The inputs that random nodes added, which stand behind the model's.
static void finishNoise(Noise &noise, SmallVector<Type> &types,
                        SmallVector<DictionaryAttr> &attributes) {
  for (auto [name, argument] : llvm::zip(noise.names, noise.arguments)) {
    Builder builder(argument.getContext());
    types.push_back(argument.getType());
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr("visir.name", nameAttr(builder, name))));
  }
}

static LogicalResult buildEntry(Model &model, ModuleOp module,
                                const ShapeSet &shapes,
                                const ImportOptions &options, StringRef name,
                                Location loc) {
  Entry entry(model);
  const ::onnx::GraphProto &graph = model.proto.graph();
  SmallVector<Input> inputs;
  if (failed(resolveInputs(entry, graph, shapes, options, loc, inputs)))
    return failure();
  if (graph.output_size() == 0)
    return emitError(loc) << "the graph has no outputs";

  OpBuilder &builder = entry.builder;
  builder.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> argAttrs, resultAttrs;
  for (const Input &input : inputs)
    if (!input.bound)
      types.push_back(input.type);
  auto func = func::FuncOp::create(builder, loc, name,
                                   builder.getFunctionType(types, {}));
  func->setAttr("visir.entry", builder.getUnitAttr());
  Block *block = func.addEntryBlock();
  builder.setInsertionPointToEnd(block);

  Scope scope(entry, model.proto.opset_import(), "");
  auto argument = block->args_begin();
  for (const Input &input : inputs) {
    Location inputLoc =
        NameLoc::get(nameAttr(builder, input.proto->name()));
    Value value = input.bound ? Value(ConstantOp::create(builder, inputLoc,
                                                         input.bound))
                              : Value(*argument++);
    if (!input.bound) {
      if (!input.sizes.empty())
        entry.bounds.setDims(value, input.sizes);
      argAttrs.push_back(describe(entry.bounds, input.proto->name(), value));
    }
    if (failed(scope.define(input.proto->name(), value, inputLoc)))
      return failure();
  }
  entry.noise.source = options.noise;
  entry.noise.seed = options.seed;
  entry.noise.inputs = block->getNumArguments();
  for (const Input &input : inputs)
    entry.noise.taken.insert(input.proto->name());
  SmallVector<Value> results;
  if (failed(scope.importGraph(graph, loc, results)))
    return failure();
  for (auto [output, value] : llvm::zip(graph.output(), results))
    if (isSequence(value))
      return emitError(loc) << "output '" << output.name()
                            << "' is a sequence, expected a tensor";
  func::ReturnOp::create(builder, loc, results);
  for (auto [output, value] : llvm::zip(graph.output(), results))
    resultAttrs.push_back(describe(entry.bounds, output.name(), value));
  eraseDead(*block);
  finishNoise(entry.noise, types, argAttrs);
  finishLengths(entry.bounds, *block, types, argAttrs);
  if (!entry.bounds.empty())
    func->setAttr("visir.symbols", entry.bounds.symbolsAttr());
  func.setFunctionType(builder.getFunctionType(
      types, llvm::to_vector(ValueRange(results).getTypes())));
  func.setAllArgAttrs(argAttrs);
  func.setAllResultAttrs(resultAttrs);
  remarkUnread(inputs, *block);
  func.walk([](Operation *op) { op->removeAttr(kDimsAttr); });
  return success();
}

/// The local functions by key; a name that two have is an error.
static LogicalResult collectFunctions(Model &model, Location loc) {
  for (const auto &function : model.proto.functions()) {
    std::string key = Model::functionKey(function.domain(), function.name(),
                                         function.overload());
    if (!model.functions.try_emplace(key, &function).second)
      return emitError(loc) << "function '" << function.name()
                            << "' is defined twice";
  }
  return success();
}

FailureOr<OwningOpRef<ModuleOp>>
visir::importOnnx(MLIRContext &context, StringRef path,
                  const ImportOptions &options, bool *unsupported) {
  context.loadDialect<VisirDialect, func::FuncDialect>();
  Location loc = NameLoc::get(
      StringAttr::get(&context, llvm::sys::path::filename(path)));
  bool ignored = false;
  bool &isUnsupported = unsupported ? *unsupported : ignored;
  std::unique_ptr<::onnx::ModelProto> proto =
      loadModel(path, loc, isUnsupported);
  if (!proto)
    return failure();
  StringRef folder = llvm::sys::path::parent_path(path);
  Model model(context, *proto, folder.empty() ? "." : folder.str());
  if (failed(collectFunctions(model, loc)))
    return failure();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  std::vector<ShapeSet> sets = options.shapeSets;
  if (sets.empty())
    sets.emplace_back();
  for (auto [i, set] : llvm::enumerate(sets)) {
    std::string name = i == 0 ? "main" : "main_" + std::to_string(i);
    if (failed(buildEntry(model, *module, set, options, name, loc))) {
      isUnsupported = model.unsupported;
      return failure();
    }
  }
  if (failed(verify(*module)))
    return failure();
  return module;
}
