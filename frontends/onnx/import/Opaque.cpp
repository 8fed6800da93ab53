// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Opaque.h"

#include "frontends/onnx/import/Tensor.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;
using ::onnx::AttributeProto;

/// An attribute of a node as an attribute of MLIR. Text stands for what has
/// no counterpart.
static Attribute convert(Builder &builder, const AttributeProto &attribute,
                         const ExternalData &external) {
  switch (attribute.type()) {
  case AttributeProto::INT:
    return builder.getI64IntegerAttr(attribute.i());
  case AttributeProto::FLOAT:
    return builder.getF32FloatAttr(attribute.f());
  case AttributeProto::STRING:
    return builder.getStringAttr(attribute.s());
  case AttributeProto::INTS:
    return builder.getDenseI64ArrayAttr(
        SmallVector<int64_t>(attribute.ints().begin(), attribute.ints().end()));
  case AttributeProto::FLOATS:
    return builder.getDenseF32ArrayAttr(SmallVector<float>(
        attribute.floats().begin(), attribute.floats().end()));
  case AttributeProto::STRINGS: {
    SmallVector<Attribute> texts;
    for (const std::string &text : attribute.strings())
      texts.push_back(builder.getStringAttr(text));
    return builder.getArrayAttr(texts);
  }
  case AttributeProto::TENSOR: {
    ReadTensor read =
        readTensor(builder.getContext(), attribute.t(), external);
    if (read.value)
      return read.value;
    return builder.getStringAttr("tensor");
  }
  case AttributeProto::GRAPH:
  case AttributeProto::GRAPHS:
    return builder.getStringAttr("graph");
  default:
    return builder.getStringAttr("unknown");
  }
}

SmallVector<Value> visir::onnx::makeOpaque(Scope &scope,
                                           const ::onnx::NodeProto &proto,
                                           Location loc, int64_t opset,
                                           ArrayRef<Value> inputs,
                                           ArrayRef<Type> types,
                                           StringRef reason) {
  OpBuilder &builder = scope.builder();
  NamedAttrList attributes;
  for (const AttributeProto &attribute : proto.attribute())
    if (const AttributeProto *resolved = scope.resolve(attribute))
      if (!attribute.name().empty())
        attributes.set(attribute.name(),
                       convert(builder, *resolved,
                               scope.entry().model.external));
  SmallVector<Value> present;
  for (Value input : inputs)
    if (input)
      present.push_back(input);
  auto op = OpaqueOp::create(
      builder, loc, TypeRange(types), proto.op_type(), proto.domain(),
      uint64_t(opset), reason, attributes.getDictionary(builder.getContext()),
      ValueRange(present));
  SmallVector<StringRef> names(proto.input().begin(), proto.input().end());
  op->setAttr("input_names", builder.getStrArrayAttr(names));
  return SmallVector<Value>(op.getResults());
}

Value visir::onnx::makeOpaqueTensor(OpBuilder &builder, Location loc,
                                    StringRef reason) {
  auto op = OpaqueOp::create(
      builder, loc, TypeRange(builder.getNoneType()), "Constant", "",
      uint64_t(0), reason, builder.getDictionaryAttr({}), ValueRange());
  return op.getResult(0);
}
