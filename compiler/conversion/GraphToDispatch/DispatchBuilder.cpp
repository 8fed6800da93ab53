// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/conversion/GraphToDispatch/DispatchBuilder.h"

using namespace mlir;
using namespace visir;

SmallVector<AffineExpr> visir::dimRange(MLIRContext *context, unsigned begin,
                                        unsigned end) {
  SmallVector<AffineExpr> dims;
  for (unsigned i = begin; i < end; ++i)
    dims.push_back(getAffineDimExpr(i, context));
  return dims;
}

bool visir::anyNonZero(ArrayRef<int64_t> values) {
  return llvm::any_of(values, [](int64_t value) { return value != 0; });
}

DispatchBuilder::DispatchBuilder(OpBuilder &builder, Location loc,
                                 RootKind kind, ArrayRef<int64_t> extents,
                                 int64_t parallelRank,
                                 ArrayRef<NamedAttribute> params)
    : builder(builder), loc(loc), extents(extents),
      parallelRank(parallelRank) {
  DictionaryAttr dictionary;
  if (!params.empty())
    dictionary = builder.getDictionaryAttr(params);
  root = RootAttr::get(builder.getContext(), kind, dictionary);
}

unsigned DispatchBuilder::addLoad(Value tensor, AccessAttr access) {
  for (auto [i, input] : llvm::enumerate(inputs))
    if (input == tensor && loads[i] == access)
      return i;
  inputs.push_back(tensor);
  loads.push_back(access);
  return inputs.size() - 1;
}

unsigned DispatchBuilder::load(Value tensor, ArrayRef<AffineExpr> exprs) {
  return load(tensor, exprs, false, 0.0);
}

unsigned DispatchBuilder::load(Value tensor, ArrayRef<AffineExpr> exprs,
                               bool padded, double fill) {
  auto map = AffineMap::get(extents.size(), 0, exprs, builder.getContext());
  FloatAttr fillAttr = fill != 0.0 ? builder.getF64FloatAttr(fill)
                                   : FloatAttr();
  return addLoad(tensor, AccessAttr::get(builder.getContext(), map, padded,
                                         fillAttr, {}, {}));
}

unsigned DispatchBuilder::loadIndexed(Value tensor,
                                      ArrayRef<AffineExpr> exprs,
                                      ArrayRef<int64_t> axes,
                                      ArrayRef<int64_t> indexLoads) {
  auto map = AffineMap::get(extents.size(), 0, exprs, builder.getContext());
  return addLoad(tensor, AccessAttr::get(builder.getContext(), map, false,
                                         FloatAttr(), axes, indexLoads));
}

unsigned DispatchBuilder::loadBroadcast(Value tensor,
                                        ArrayRef<AffineExpr> dims) {
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(tensor.getType()).getShape();
  SmallVector<AffineExpr> exprs;
  for (auto [i, size] : llvm::enumerate(shape))
    exprs.push_back(size == 1 ? constant(0)
                              : dims[dims.size() - shape.size() + i]);
  return load(tensor, exprs);
}

void DispatchBuilder::store(RankedTensorType type,
                            ArrayRef<AffineExpr> exprs, int64_t tie,
                            unsigned symbols) {
  auto map =
      AffineMap::get(extents.size(), symbols, exprs, builder.getContext());
  results.push_back(type);
  stores.push_back(AccessAttr::get(builder.getContext(), map));
  ties.push_back(tie);
}

void DispatchBuilder::storeIndexed(RankedTensorType type,
                                   ArrayRef<AffineExpr> exprs, int64_t tie,
                                   ArrayRef<int64_t> axes,
                                   ArrayRef<int64_t> indexLoads) {
  auto map = AffineMap::get(extents.size(), 0, exprs, builder.getContext());
  results.push_back(type);
  stores.push_back(AccessAttr::get(builder.getContext(), map, false,
                                   FloatAttr(), axes, indexLoads));
  ties.push_back(tie);
}

void DispatchBuilder::fillRegion(Region &region, ArrayRef<Type> rootTypes,
                                 PayloadFn payload, bool isEpilogue) {
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&region);
  PayloadScope scope{builder, loc, {}, {}};
  if (isEpilogue)
    for (Type type : rootTypes)
      scope.root.push_back(block->addArgument(type, loc));
  for (Value input : inputs) {
    Type element = cast<RankedTensorType>(input.getType()).getElementType();
    Value scalar = block->addArgument(payloadType(element), loc);
    if (computeType(element) != payloadType(element))
      scalar =
          arith::ExtFOp::create(builder, loc, computeType(element), scalar);
    scope.loads.push_back(scalar);
  }
  SmallVector<Value> values = payload(scope);
  if (isEpilogue)
    for (auto [value, result] : llvm::zip_equal(values, results)) {
      Type element = cast<RankedTensorType>(result).getElementType();
      if (computeType(element) != payloadType(element))
        value = arith::TruncFOp::create(builder, loc, payloadType(element),
                                        value);
    }
  YieldOp::create(builder, loc, values);
  // An extension of a load that the payload does not use is noise.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

DispatchOp DispatchBuilder::build(PayloadFn prologue,
                                  ArrayRef<Type> rootTypes,
                                  PayloadFn epilogue) {
  auto op = DispatchOp::create(
      builder, loc, results, inputs, root, extents, parallelRank,
      builder.getArrayAttr(loads), builder.getArrayAttr(stores), ties,
      /*config=*/DictionaryAttr());
  fillRegion(op.getPrologue(), {}, prologue, /*isEpilogue=*/false);
  fillRegion(op.getEpilogue(), rootTypes, epilogue, /*isEpilogue=*/true);
  return op;
}

DispatchOp DispatchBuilder::build(PayloadFn epilogue) {
  return build([](PayloadScope &) { return SmallVector<Value>(); }, {},
               epilogue);
}

NamedAttribute visir::combinerParam(OpBuilder &builder, ReduceKind kind) {
  return builder.getNamedAttr(
      "combiner", ReduceKindAttr::get(builder.getContext(), kind));
}
