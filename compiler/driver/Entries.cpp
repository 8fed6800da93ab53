// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Entries.h"

#include "dialects/visir/Visir.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace visir;

/// "main", "main_1" ... become "decoder", "decoder_1" ...
static std::string renamed(StringRef entry, StringRef path) {
  StringRef suffix = entry;
  suffix.consume_front("main");
  return (llvm::sys::path::stem(path) + suffix).str();
}

/// The options of one of several models: "model:name=..." in --shape is for
/// the model of that file name alone.
static ImportOptions optionsFor(const ImportOptions &options, StringRef path,
                                ArrayRef<std::string> paths) {
  ImportOptions own = options;
  for (ShapeSet &set : own.shapeSets)
    llvm::erase_if(set.shapes, [&](auto &shape) {
      for (StringRef other : paths) {
        StringRef name = shape.first;
        if (!name.consume_front(llvm::sys::path::stem(other)) ||
            !name.consume_front(":"))
          continue;
        shape.first = name.str();
        return other != path;
      }
      return false;
    });
  return own;
}

/// Refuses options for inputs that no model has.
static LogicalResult checkNames(MLIRContext &context,
                                const ImportOptions &options,
                                const std::set<std::string> &inputs) {
  auto check = [&](StringRef option, const std::string &name) {
    if (inputs.count(name))
      return success();
    return LogicalResult(emitError(UnknownLoc::get(&context), option)
                         << " names '" << name
                         << "', expected an input of one of the models");
  };
  for (const ShapeSet &set : options.shapeSets)
    for (const auto &[name, shape] : set.shapes)
      if (failed(check("--shape", name)))
        return failure();
  for (const auto &[name, value] : options.bindings)
    if (failed(check("--bind", name)))
      return failure();
  return success();
}

FailureOr<OwningOpRef<ModuleOp>>
visir::importModels(MLIRContext &context, ArrayRef<std::string> paths,
                    const ImportOptions &options, bool &unsupported) {
  if (paths.size() == 1)
    return importOnnx(context, paths.front(), options, &unsupported);
  OwningOpRef<ModuleOp> all;
  std::set<std::string> inputs;
  for (const std::string &path : paths) {
    ImportOptions own = optionsFor(options, path, paths);
    own.inputNames = &inputs;
    auto next = importOnnx(context, path, own, &unsupported);
    if (failed(next))
      return failure();
    for (auto func : (*next)->getOps<func::FuncOp>())
      func.setSymName(renamed(func.getSymName(), path));
    if (!all) {
      all = std::move(*next);
      continue;
    }
    for (auto func :
         llvm::make_early_inc_range((*next)->getOps<func::FuncOp>())) {
      if (all->lookupSymbol(func.getSymName()))
        return func.emitError("name of entry point ")
               << func.getSymName()
               << " is taken, expected models with different file names";
      func->moveBefore(all->getBody(), all->getBody()->end());
    }
  }
  // Of names with a model's prefix, its own import checks the rest.
  for (const std::string &path : paths)
    if (failed(checkNames(context, optionsFor(options, path, paths), inputs)))
      return failure();
  return all;
}

/// The number of the argument or result with a name, or -1.
template <typename GetAttr>
static int find(unsigned count, StringRef name, GetAttr attr) {
  for (unsigned i = 0; i < count; ++i)
    if (auto text = dyn_cast_or_null<StringAttr>(attr(i)))
      if (text.getValue() == name)
        return i;
  return -1;
}

static int findArgument(func::FuncOp func, StringRef name) {
  return find(func.getNumArguments(), name,
              [&](unsigned i) { return func.getArgAttr(i, "visir.name"); });
}

static int findResult(func::FuncOp func, StringRef name) {
  return find(func.getNumResults(), name,
              [&](unsigned i) { return func.getResultAttr(i, "visir.name"); });
}

/// The bounded dimension of a state, as the entries that read it have it; -1
/// for none.
static int boundedDim(func::FuncOp func, int argument) {
  auto dims = func.getArgAttrOfType<AffineMapAttr>(argument, "visir.dims");
  if (dims)
    for (auto [i, expr] : llvm::enumerate(dims.getValue().getResults()))
      if (!isa<AffineConstantExpr>(expr))
        return i;
  return -1;
}

/// Says in the function what the length of a state is after a run, where the
/// result has a size that is always the same.
static void setFixedLength(func::FuncOp func, int result, int64_t size,
                           RankedTensorType type) {
  Builder builder(func.getContext());
  SmallVector<AffineExpr> dims;
  for (int64_t extent : type.getShape())
    dims.push_back(builder.getAffineConstantExpr(extent));
  auto value = AffineMapAttr::get(
      AffineMap::get(0, 0, builder.getAffineConstantExpr(size)));
  func.setResultAttr(
      result, "visir.dims",
      AffineMapAttr::get(AffineMap::get(0, 0, dims, func.getContext())));
  SmallVector<Attribute> symbols;
  if (auto known = func->getAttrOfType<ArrayAttr>("visir.symbols"))
    llvm::append_range(symbols, known);
  symbols.push_back(builder.getDictionaryAttr(
      {builder.getNamedAttr("max", builder.getI64IntegerAttr(size)),
       builder.getNamedAttr("min", builder.getI64IntegerAttr(size)),
       builder.getNamedAttr("name",
                            builder.getStringAttr(std::to_string(size))),
       builder.getNamedAttr("value", value)}));
  func->setAttr("visir.symbols", builder.getArrayAttr(symbols));
}

/// Fills a result that has fewer elements along `dim` up to the state's size.
static void padResult(func::FuncOp func, int result, RankedTensorType state,
                      int dim) {
  Operation *end = func.getBody().front().getTerminator();
  Value value = end->getOperand(result);
  auto type = cast<RankedTensorType>(value.getType());
  OpBuilder builder(end);
  SmallVector<int64_t> low(type.getRank(), 0), high(low);
  high[dim] = state.getDimSize(dim) - type.getDimSize(dim);
  end->setOperand(result,
                  PadOp::create(builder, value.getLoc(), state, value, low,
                                high, PadMode::Constant, APFloat(0.0)));
  func.setFunctionType(builder.getFunctionType(
      func.getArgumentTypes(), end->getOperandTypes()));
}

/// Makes a result fit the state that it sets; only its size along the bounded
/// dimension may differ.
static LogicalResult fitResult(func::FuncOp func, int result,
                               RankedTensorType state, int dim) {
  auto type = cast<RankedTensorType>(func.getResultTypes()[result]);
  bool fits = type.getRank() == state.getRank() &&
              type.getElementType() == state.getElementType();
  for (int i = 0; fits && i < int(type.getRank()); ++i)
    fits = i == dim ? type.getDimSize(i) <= state.getDimSize(i)
                    : type.getDimSize(i) == state.getDimSize(i);
  if (!fits)
    return func.emitError("type of state output ")
           << cast<StringAttr>(func.getResultAttr(result, "visir.name"))
                  .getValue()
           << " is " << type
           << ", expected that of the input, " << state;
  if (dim < 0)
    return success();
  if (!func.getResultAttr(result, "visir.dims"))
    setFixedLength(func, result, type.getDimSize(dim), type);
  if (type != state)
    padResult(func, result, state, dim);
  return success();
}

LogicalResult visir::declareStates(
    ModuleOp module, ArrayRef<std::pair<std::string, std::string>> states) {
  for (const auto &[input, output] : states) {
    auto name = StringAttr::get(module.getContext(), input);
    RankedTensorType type;
    int dim = -1;
    bool isWritten = false;
    for (auto func : module.getOps<func::FuncOp>()) {
      int in = findArgument(func, input);
      if (in < 0)
        continue;
      func.setArgAttr(in, "visir.state", name);
      type = cast<RankedTensorType>(func.getArgument(in).getType());
      dim = boundedDim(func, in);
    }
    for (auto func : module.getOps<func::FuncOp>()) {
      int out = findResult(func, output);
      if (out < 0)
        continue;
      func.setResultAttr(out, "visir.state", name);
      isWritten = true;
      if (type && failed(fitResult(func, out, type, dim)))
        return failure();
    }
    if (!type || !isWritten)
      return module.emitError("state ")
             << input << "=" << output << " names "
             << (type ? "no output" : "no input") << " of any entry point";
  }
  return success();
}
