// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Entries.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
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

FailureOr<OwningOpRef<ModuleOp>>
visir::importModels(MLIRContext &context, ArrayRef<std::string> paths,
                    const ImportOptions &options, bool &unsupported) {
  FailureOr<OwningOpRef<ModuleOp>> all =
      importOnnx(context, paths.front(), options, &unsupported);
  if (failed(all) || paths.size() == 1)
    return all;
  for (auto func : (*all)->getOps<func::FuncOp>())
    func.setSymName(renamed(func.getSymName(), paths.front()));
  for (const std::string &path : paths.drop_front()) {
    auto next = importOnnx(context, path, options, &unsupported);
    if (failed(next))
      return failure();
    for (auto func :
         llvm::make_early_inc_range((*next)->getOps<func::FuncOp>())) {
      func.setSymName(renamed(func.getSymName(), path));
      if ((*all)->lookupSymbol(func.getSymName()))
        return func.emitError("name of entry point ")
               << func.getSymName()
               << " is taken, expected models with different file names";
      func->moveBefore((*all)->getBody(), (*all)->getBody()->end());
    }
  }
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

LogicalResult visir::declareStates(
    ModuleOp module, ArrayRef<std::pair<std::string, std::string>> states) {
  for (const auto &[input, output] : states) {
    auto name = StringAttr::get(module.getContext(), input);
    bool isRead = false, isWritten = false;
    for (auto func : module.getOps<func::FuncOp>()) {
      int in = find(func.getNumArguments(), input, [&](unsigned i) {
        return func.getArgAttr(i, "visir.name");
      });
      int out = find(func.getNumResults(), output, [&](unsigned i) {
        return func.getResultAttr(i, "visir.name");
      });
      if (in >= 0)
        func.setArgAttr(in, "visir.state", name);
      if (out >= 0)
        func.setResultAttr(out, "visir.state", name);
      if (in >= 0 && out >= 0 &&
          func.getArgument(in).getType() != func.getResultTypes()[out])
        return func.emitError("type of state output ")
               << output << " is " << func.getResultTypes()[out]
               << ", expected that of input " << input << ", "
               << func.getArgument(in).getType();
      isRead |= in >= 0;
      isWritten |= out >= 0;
    }
    if (!isRead || !isWritten)
      return module.emitError("state ")
             << input << "=" << output << " names "
             << (isRead ? "no output" : "no input")
             << " of any entry point";
  }
  return success();
}
