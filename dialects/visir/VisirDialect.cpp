// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/Binary.h"
#include "dialects/visir/Bitcast.h"
#include "dialects/visir/Heatmap.h"
#include "dialects/visir/Random.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/visir/VisirDialect.cpp.inc"
#include "dialects/visir/VisirEnums.cpp.inc"

using namespace mlir;
using namespace visir;

/// `[` integers separated by commas `]`; the list may be empty.
static ParseResult parseInt64List(AsmParser &parser,
                                  SmallVector<int64_t> &values) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parser.parseInteger(values.emplace_back());
  });
}

static void printInt64List(AsmPrinter &printer, ArrayRef<int64_t> values) {
  printer << "[";
  llvm::interleaveComma(values, printer);
  printer << "]";
}

/// `true` or `false`, the value of the field `name`.
static ParseResult parseFlag(AsmParser &parser, StringRef name, bool &flag) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef value;
  if (parser.parseKeyword(&value))
    return failure();
  flag = value == "true";
  if (!flag && value != "false")
    // attribute_c1
    return parser.emitError(loc) << name << " is " << value
                                 << ", expected true or false";
  return success();
}

/// Any of `, padded = true`, `, fill = 1.0 : f32`, `, index_axes = [0]`,
/// `, index_loads = [1]`, `, norm = {...}` and `, sum = true`.
static ParseResult parseAccessFields(AsmParser &parser, bool &padded,
                                     FloatAttr &fill,
                                     SmallVector<int64_t> &indexAxes,
                                     SmallVector<int64_t> &indexLoads,
                                     DictionaryAttr &norm, bool &sum) {
  padded = sum = false;
  while (succeeded(parser.parseOptionalComma())) {
    StringRef field;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&field) || parser.parseEqual())
      return failure();
    ParseResult parsed = success();
    if (field == "padded") {
      parsed = parseFlag(parser, field, padded);
    } else if (field == "fill") {
      parsed = parser.parseAttribute(fill);
    } else if (field == "index_axes") {
      parsed = parseInt64List(parser, indexAxes);
    } else if (field == "index_loads") {
      parsed = parseInt64List(parser, indexLoads);
    } else if (field == "norm") {
      parsed = parser.parseAttribute(norm);
    } else if (field == "sum") {
      parsed = parseFlag(parser, field, sum);
    } else {
      // attribute_c2
      return parser.emitError(loc, "field is ")
             << field
             << ", expected padded, fill, index_axes, index_loads, norm or sum";
    }
    if (parsed)
      return failure();
  }
  return success();
}

static void printAccessFields(AsmPrinter &printer, bool padded, FloatAttr fill,
                              ArrayRef<int64_t> indexAxes,
                              ArrayRef<int64_t> indexLoads,
                              DictionaryAttr norm, bool sum) {
  if (padded)
    printer << ", padded = true";
  if (fill)
    printer << ", fill = " << fill;
  for (auto [name, list] : {std::pair("index_axes", indexAxes),
                            std::pair("index_loads", indexLoads)}) {
    if (list.empty())
      continue;
    printer << ", " << name << " = ";
    printInt64List(printer, list);
  }
  if (norm)
    printer << ", norm = " << norm;
  if (sum)
    printer << ", sum = true";
}

#define GET_ATTRDEF_CLASSES
#include "dialects/visir/VisirAttrs.cpp.inc"

void VisirDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/visir/VisirAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/visir/VisirOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/visir/BinaryOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/visir/BitcastOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/visir/HeatmapOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/visir/RandomOps.cpp.inc"
      >();
}

Operation *VisirDialect::materializeConstant(OpBuilder &builder,
                                             Attribute value, Type type,
                                             Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getShapedType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, elements);
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> order,
                                 ArrayRef<int64_t> tileDims,
                                 ArrayRef<int64_t> tileSizes) {
  SmallVector<bool> seen(order.size());
  for (int64_t dim : order) {
    if (dim < 0 || dim >= int64_t(order.size()) || seen[dim])
      // attribute_c3
      return emitError() << "layout order is not a permutation";
    seen[dim] = true;
  }
  if (tileDims.size() != tileSizes.size())
    // attribute_c4
    return emitError() << "layout has " << tileSizes.size()
                       << " tile sizes, expected " << tileDims.size();
  for (auto [dim, size] : llvm::zip_equal(tileDims, tileSizes))
    if (dim < 0 || dim >= int64_t(order.size()) || size < 1)
      // attribute_c5
      return emitError() << "layout tile of dimension " << dim << " and size "
                         << size << " is out of range";
  return success();
}
