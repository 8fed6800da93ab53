// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Inputs.h"

#include "compiler/support/Constants.h"
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Tensor.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;
using Dimension = ::onnx::TensorShapeProto::Dimension;

/// The extent of a dimension, or nothing while it is unknown. Exporters write
/// -1 for unknown.
static std::optional<int64_t>
extentOf(const Dimension &dim, const llvm::StringMap<int64_t> &symbols) {
  if (dim.has_dim_value())
    return dim.dim_value() >= 0 ? std::optional(dim.dim_value())
                                : std::nullopt;
  auto known = symbols.find(dim.dim_param());
  if (dim.dim_param().empty() || known == symbols.end())
    return std::nullopt;
  return known->second;
}

std::optional<SmallVector<int64_t>>
visir::onnx::staticShape(const ::onnx::TypeProto &type,
                         const llvm::StringMap<int64_t> &symbols) {
  if (!type.has_tensor_type() || !type.tensor_type().has_shape())
    return std::nullopt;
  SmallVector<int64_t> shape;
  for (const Dimension &dim : type.tensor_type().shape().dim()) {
    std::optional<int64_t> extent = extentOf(dim, symbols);
    if (!extent)
      return std::nullopt;
    shape.push_back(*extent);
  }
  return shape;
}

namespace {

class Resolver {
public:
  Resolver(Entry &entry, const ShapeSet &shapes, const ImportOptions &options,
           Location loc)
      : entry_(entry), shapes_(shapes), options_(options), loc_(loc) {}

  LogicalResult run(const ::onnx::GraphProto &graph,
                    SmallVector<Input> &inputs);

private:
  const std::vector<ShapeExtent> *givenShape(StringRef name) const;
  void declareSymbols(ArrayRef<Input> inputs);
  AffineExpr sizeOf(const ShapeExtent &extent) const;
  SmallVector<AffineExpr> sizesOf(const ::onnx::ValueInfoProto &input) const;
  std::optional<SmallVector<int64_t>> givenExtents(StringRef name) const;
  const std::string *boundText(StringRef name) const;
  void error(const Twine &text) {
    emitError(loc_) << text;
    failed_ = true;
  }
  void checkNames(ArrayRef<Input> inputs);
  void applyGiven(const ::onnx::ValueInfoProto &input);
  void applyBatch(const ::onnx::ValueInfoProto &input);
  void resolve(Input &input);
  void bind(Input &input, StringRef text);
  std::string shapeHint(const ::onnx::ValueInfoProto &input) const;

  Entry &entry_;
  const ShapeSet &shapes_;
  const ImportOptions &options_;
  Location loc_;
  /// Inputs whose unnamed first dimension became 1.
  llvm::StringSet<> unnamedBatch_;
  bool failed_ = false;
};

} // namespace

const std::vector<ShapeExtent> *Resolver::givenShape(StringRef name) const {
  for (const auto &[key, shape] : shapes_.shapes)
    if (key == name)
      return &shape;
  return nullptr;
}

/// The symbols of all given shapes of inputs, in order.
void Resolver::declareSymbols(ArrayRef<Input> inputs) {
  // As many as this may have sums far inside of 64 bits.
  constexpr int64_t maxSize = int64_t(1) << 24;
  llvm::MapVector<StringRef, Symbol> found;
  for (const Input &input : inputs) {
    const std::string &name = input.proto->name();
    const std::vector<ShapeExtent> *given = givenShape(name);
    bool isState = options_.states.count(name) != 0;
    for (const ShapeExtent &extent :
         given ? ArrayRef<ShapeExtent>(*given) : ArrayRef<ShapeExtent>())
      for (const std::string &symbol : extent.symbols) {
        Symbol &entry = found[symbol];
        if (extent.max && entry.max && extent.max != entry.max)
          error("bound of symbol '" + Twine(symbol) + "' in --shape is " +
                Twine(extent.max) + ", expected " + Twine(entry.max) +
                " as elsewhere");
        entry.max = std::max(entry.max, extent.max);
        entry.isState |= isState && extent.symbols.size() == 1;
      }
  }
  for (auto &[name, symbol] : found) {
    if (symbol.max == 0)
      error("symbol '" + Twine(name) + "' in --shape has no bound, expected " +
            name + "<=MAX in one place");
    else if (symbol.max < 2 || symbol.max > maxSize)
      error("bound of symbol '" + Twine(name) + "' in --shape is " +
            Twine(symbol.max) + ", expected 2 .. " + Twine(maxSize));
    symbol.name = name.str();
    symbol.min = symbol.isState ? 0 : 1;
    entry_.bounds.add(symbol);
  }
}

AffineExpr Resolver::sizeOf(const ShapeExtent &extent) const {
  AffineExpr size = entry_.bounds.constant(extent.value);
  for (const std::string &symbol : extent.symbols)
    size = size + *entry_.bounds.find(symbol);
  return entry_.bounds.simplify(size);
}

/// The sizes of an input's dimensions; null for those without a bound.
SmallVector<AffineExpr>
Resolver::sizesOf(const ::onnx::ValueInfoProto &input) const {
  SmallVector<AffineExpr> sizes;
  if (const std::vector<ShapeExtent> *given = givenShape(input.name())) {
    for (const ShapeExtent &extent : *given)
      sizes.push_back(extent.symbols.empty() ? AffineExpr() : sizeOf(extent));
    return sizes;
  }
  for (const Dimension &dim : input.type().tensor_type().shape().dim())
    sizes.push_back(dim.has_dim_value() ? AffineExpr()
                                        : entry_.sizes.lookup(dim.dim_param()));
  return sizes;
}

/// The largest extents of a shape of `--shape`.
std::optional<SmallVector<int64_t>>
Resolver::givenExtents(StringRef name) const {
  const std::vector<ShapeExtent> *given = givenShape(name);
  if (!given)
    return std::nullopt;
  SmallVector<int64_t> extents;
  for (const ShapeExtent &extent : *given)
    extents.push_back(extent.symbols.empty()
                          ? extent.value
                          : entry_.bounds.range(sizeOf(extent)).max);
  return extents;
}

const std::string *Resolver::boundText(StringRef name) const {
  for (const auto &[key, text] : options_.bindings)
    if (key == name)
      return &text;
  return nullptr;
}

void Resolver::checkNames(ArrayRef<Input> inputs) {
  std::string known;
  for (const Input &input : inputs)
    known += (known.empty() ? "'" : ", '") + input.proto->name() + "'";
  auto check = [&](StringRef option, StringRef name) {
    for (const Input &input : inputs)
      if (input.proto->name() == name)
        return;
    if (options_.inputNames)
      return;
    error(option + " names '" + name + "', expected an input: " +
          (known.empty() ? "there is none" : known));
  };
  if (options_.inputNames)
    for (const Input &input : inputs)
      options_.inputNames->insert(input.proto->name());
  for (const auto &[name, shape] : shapes_.shapes)
    check("--shape", name);
  for (const auto &[name, text] : options_.bindings)
    check("--bind", name);
}

/// Takes the extents of `--shape`, and with them the symbols that they fix.
void Resolver::applyGiven(const ::onnx::ValueInfoProto &input) {
  std::optional<SmallVector<int64_t>> given = givenExtents(input.name());
  const auto &type = input.type().tensor_type();
  if (!given || !type.has_shape())
    return;
  if (int64_t(given->size()) != type.shape().dim_size())
    return error("rank of input '" + Twine(input.name()) + "' in --shape is " +
                 Twine(given->size()) + ", expected " +
                 Twine(type.shape().dim_size()));
  SmallVector<AffineExpr> sizes = sizesOf(input);
  for (auto [i, dim] : llvm::enumerate(type.shape().dim())) {
    std::optional<int64_t> known = extentOf(dim, entry_.symbols);
    AffineExpr size = entry_.sizes.lookup(dim.dim_param());
    auto name = [&](AffineExpr size, int64_t extent) {
      return size ? entry_.bounds.text(size) : std::to_string(extent);
    };
    int64_t extent = (*given)[i];
    if (known && (*known != extent || size != sizes[i]))
      error("dimension " + Twine(i) + " of input '" + input.name() +
            "' in --shape is " + name(sizes[i], extent) + ", expected " +
            name(size, *known));
    if (dim.dim_param().empty())
      continue;
    entry_.symbols.try_emplace(dim.dim_param(), extent);
    if (sizes[i])
      entry_.sizes.try_emplace(dim.dim_param(), sizes[i]);
  }
}

/// A first dimension that is still unknown is the batch, and becomes 1.
void Resolver::applyBatch(const ::onnx::ValueInfoProto &input) {
  const auto &type = input.type().tensor_type();
  if (givenShape(input.name()) || !type.has_shape() ||
      type.shape().dim_size() == 0)
    return;
  const Dimension &dim = type.shape().dim(0);
  if (extentOf(dim, entry_.symbols))
    return;
  if (dim.dim_param().empty())
    unnamedBatch_.insert(input.name());
  else
    entry_.symbols.try_emplace(dim.dim_param(), 1);
  std::string symbol =
      dim.dim_param().empty() ? "" : " '" + dim.dim_param() + "'";
  emitRemark(loc_) << "symbolic batch" << symbol << " of input '"
                   << input.name() << "' becomes 1";
}

std::string Resolver::shapeHint(const ::onnx::ValueInfoProto &input) const {
  std::string hint = input.name() + "=";
  const auto &type = input.type().tensor_type();
  if (!type.has_shape())
    return hint + "1x3x224x224 (its extents)";
  for (auto [i, dim] : llvm::enumerate(type.shape().dim())) {
    if (i)
      hint += "x";
    if (std::optional<int64_t> extent = extentOf(dim, entry_.symbols))
      hint += std::to_string(*extent);
    else if (i == 0)
      hint += "1";
    else
      hint += "<" + (dim.dim_param().empty() ? "dim" + std::to_string(i)
                                             : dim.dim_param()) +
              ">";
  }
  return hint;
}

static bool parseNumber(StringRef text, Type element, MutableArrayRef<char> out,
                        int64_t index) {
  text = text.trim();
  if (text == "true" || text == "false") {
    storeInt(out, element, index, text == "true");
    return element.isInteger(1);
  }
  int64_t integer;
  if (!text.getAsInteger(10, integer)) {
    storeInt(out, element, index,
             element.isInteger(1) ? integer != 0 : integer);
    return elementAsInt(out, element, index) == integer ||
           isa<FloatType>(element);
  }
  double number;
  if (!isa<FloatType>(element) || text.getAsDouble(number))
    return false;
  storeDouble(out, element, index, number);
  return true;
}

/// "3", "1,2", "[1, 2]", "[]".
static SmallVector<StringRef> splitList(StringRef text) {
  text = text.trim();
  if (text.consume_front("["))
    text.consume_back("]");
  SmallVector<StringRef> parts;
  if (!text.trim().empty())
    text.split(parts, ',');
  return parts;
}

/// Gives a bound input its value, and a shape if the model leaves it open.
void Resolver::bind(Input &input, StringRef text) {
  const std::string &name = input.proto->name();
  Type element = elementTypeOf(&entry_.model.context,
                               input.proto->type().tensor_type().elem_type());
  SmallVector<StringRef> parts = splitList(text);
  int64_t count = parts.size();
  std::optional<SmallVector<int64_t>> shape;
  if (std::optional<SmallVector<int64_t>> given = givenExtents(name))
    shape = *given;
  else
    shape = staticShape(input.proto->type(), entry_.symbols);
  if (!shape)
    shape = text.contains(',') || text.contains('[')
                ? SmallVector<int64_t>{count}
                : SmallVector<int64_t>{};
  std::optional<int64_t> expected = countElements(*shape);
  if (!expected || *expected != count)
    return error("number of values of input '" + Twine(name) +
                 "' in --bind is " + Twine(count) + ", expected " +
                 (expected ? std::to_string(*expected) : "fewer"));
  auto type = RankedTensorType::get(*shape, element);
  SmallVector<char> bytes(tensorBytes(type));
  for (auto [i, part] : llvm::enumerate(parts))
    if (!parseNumber(part, element, bytes, i))
      return error("value of input '" + Twine(name) + "' in --bind is '" +
                   part.trim() + "', expected " + typeName(element));
  input.type = type;
  input.bound = makeConstant(type, ArrayRef<char>(bytes));
}

void Resolver::resolve(Input &input) {
  const ::onnx::ValueInfoProto &proto = *input.proto;
  const std::string &name = proto.name();
  if (!proto.type().has_tensor_type()) {
    entry_.model.unsupported = true;
    return error("input '" + Twine(name) + "' is not a tensor");
  }
  int dataType = proto.type().tensor_type().elem_type();
  Type element = elementTypeOf(&entry_.model.context, dataType);
  if (!element) {
    entry_.model.unsupported = true;
    return error("element type of input '" + Twine(name) + "' is " +
                 dataTypeName(dataType) +
                 ", expected a float, integer or bool");
  }
  if (const std::string *text = boundText(name))
    return bind(input, *text);
  std::optional<SmallVector<int64_t>> shape;
  if (std::optional<SmallVector<int64_t>> given = givenExtents(name)) {
    shape = *given;
  } else if (unnamedBatch_.contains(name)) {
    ::onnx::TypeProto copy = proto.type();
    copy.mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_value(
        1);
    shape = staticShape(copy, entry_.symbols);
  } else {
    shape = staticShape(proto.type(), entry_.symbols);
  }
  if (!shape)
    return error("input '" + Twine(name) +
                 "' has symbolic dimensions, expected static ones: add "
                 "--shape " +
                 shapeHint(proto));
  if (!countElements(*shape) ||
      llvm::any_of(*shape, [](int64_t extent) { return extent > kMaxExtent; }))
    return error("input '" + Twine(name) + "' is too large: " +
                 shapeName(*shape));
  input.type = RankedTensorType::get(*shape, element);
  SmallVector<AffineExpr> sizes = sizesOf(proto);
  if (llvm::none_of(sizes, [](AffineExpr size) { return bool(size); }))
    return;
  for (auto [size, extent] : llvm::zip_equal(sizes, *shape))
    input.sizes.push_back(size ? size : entry_.bounds.constant(extent));
}

LogicalResult Resolver::run(const ::onnx::GraphProto &graph,
                            SmallVector<Input> &inputs) {
  // Since IR version 4 an initialiser need not be an input; one that is gives
  // a default, which counts as a constant.
  llvm::StringSet<> initialised;
  for (const auto &tensor : graph.initializer())
    initialised.insert(tensor.name());
  for (const auto &input : graph.input())
    if (!initialised.contains(input.name()))
      inputs.push_back({&input, {}, {}, {}});
  checkNames(inputs);
  declareSymbols(inputs);
  if (failed_)
    return failure();
  for (const Input &input : inputs)
    applyGiven(*input.proto);
  for (const Input &input : inputs)
    if (!boundText(input.proto->name()))
      applyBatch(*input.proto);
  for (Input &input : inputs)
    resolve(input);
  return failure(failed_);
}

LogicalResult visir::onnx::resolveInputs(Entry &entry,
                                         const ::onnx::GraphProto &graph,
                                         const ShapeSet &shapes,
                                         const ImportOptions &options,
                                         Location loc,
                                         SmallVector<Input> &inputs) {
  return Resolver(entry, shapes, options, loc).run(graph, inputs);
}
