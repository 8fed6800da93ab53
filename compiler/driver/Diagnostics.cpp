// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Diagnostics.h"

#include "mlir/IR/Location.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace visir;

std::string visir::locationText(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto file = dyn_cast<FileLineColLoc>(loc))
    return (file.getFilename().getValue() + ":" + Twine(file.getLine()) +
            ":" + Twine(file.getColumn()))
        .str();
  std::string text;
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations()) {
      std::string name = locationText(part);
      if (!name.empty())
        text += (text.empty() ? "" : " + ") + name;
    }
  return text;
}

// Marks remarks of rewrites on their way through the context's handlers.
static constexpr llvm::StringLiteral kRecognised = "recognised ",
                                     kMissed = "missed ";

namespace {

/// Turns the remarks of rewrites into diagnostics, so that who silences those
/// silences both.
class RewriteRemarks : public remark::detail::MLIRRemarkStreamerBase {
public:
  void streamOptimizationRemark(const remark::detail::Remark &remark) final {
    bool isMissed =
        remark.getRemarkType() == llvm::remarks::Type::Missed;
    std::string text;
    for (const remark::detail::Remark::Arg &part : remark.getArgs())
      text += part.val;
    emitRemark(remark.getLocation())
        << (isMissed ? kMissed : kRecognised) << remark.getRemarkName() << ": "
        << text;
  }
};

} // namespace

static void hearRewrites(MLIRContext &context) {
  remark::RemarkCategories categories;
  categories.passed = categories.missed = ".*";
  LogicalResult enabled = remark::enableOptimizationRemarks(
      context, std::make_unique<RewriteRemarks>(),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
  (void)enabled; // only a wrong pattern of categories fails
}

static void handle(const Diagnostic &diagnostic, StringRef kind,
                   std::vector<Message> *messages) {
  std::string place = locationText(diagnostic.getLocation());
  std::string whole = diagnostic.str();
  StringRef text(whole);
  if (kind == "remark")
    for (StringRef mark : {kRecognised, kMissed})
      if (text.consume_front(mark))
        kind = mark.drop_back();
  if (messages) {
    messages->push_back({kind.str(), std::move(place), text.str()});
    return;
  }
  llvm::raw_ostream &out = llvm::errs();
  out << kind << ": ";
  if (!place.empty())
    out << place << ": ";
  out << text << "\n";
}

static StringRef kindOf(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Remark:
    return "remark";
  default:
    return "note";
  }
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext &context, bool remarks,
                                     std::vector<Message> *messages)
    : handler(&context, [remarks, messages](Diagnostic &diagnostic) {
        // Remarks without a place are about the compilation, not the model.
        if (diagnostic.getSeverity() == DiagnosticSeverity::Remark &&
            !remarks && !isa<UnknownLoc>(diagnostic.getLocation()))
          return success();
        handle(diagnostic, kindOf(diagnostic.getSeverity()), messages);
        for (Diagnostic &note : diagnostic.getNotes())
          handle(note, "note", messages);
        return success();
      }) {
  if (remarks && !context.getRemarkEngine())
    hearRewrites(context);
}
