// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Diagnostics.h"

#include "mlir/IR/Location.h"
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

static void handle(const Diagnostic &diagnostic, StringRef kind,
                   std::vector<Message> *messages) {
  std::string place = locationText(diagnostic.getLocation());
  if (messages) {
    messages->push_back({kind.str(), std::move(place), diagnostic.str()});
    return;
  }
  llvm::raw_ostream &out = llvm::errs();
  out << kind << ": ";
  if (!place.empty())
    out << place << ": ";
  out << diagnostic << "\n";
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
      }) {}
