// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/ModelReport.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace visir;

std::string visir::kindName(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::string>(op)
      .Case<UnaryOp>([](auto op) { return stringifyEnum(op.getKind()).str(); })
      .Case<BinaryOp>([](auto op) { return stringifyEnum(op.getKind()).str(); })
      .Case<ReduceOp>([](auto op) {
        return ("reduce " + stringifyEnum(op.getKind())).str();
      })
      .Case<DispatchOp>(
          [](auto op) { return stringifyEnum(op.getKind()).str(); })
      .Default([](Operation *op) {
        StringRef name = op->getName().getStringRef();
        name.consume_front("visir.");
        return name.str();
      });
}

static Kinds kindsOf(func::FuncOp func) {
  Kinds kinds;
  for (Operation &op : func.front())
    if (workOf(&op).ops)
      ++kinds[kindName(&op)];
  return kinds;
}

/// Adds a place to the finding of the same words.
static void add(std::vector<Finding> &findings, StringRef rewrite,
                StringRef text, const std::string &place) {
  auto found = llvm::find_if(findings, [&](const Finding &finding) {
    return finding.rewrite == rewrite && finding.text == text;
  });
  if (found == findings.end())
    found = findings.insert(found, {rewrite.str(), text.str(), {}});
  found->places.push_back(place);
}

/// As `add`, once for each place: patterns are tried more than once.
static void addOnce(std::vector<Finding> &findings, StringRef rewrite,
                    StringRef text, const std::string &place) {
  for (const Finding &finding : findings)
    if (finding.rewrite == rewrite && finding.text == text &&
        llvm::is_contained(finding.places, place))
      return;
  add(findings, rewrite, text, place);
}

ModelReport visir::reportOf(ModuleOp before, ModuleOp after,
                            ArrayRef<Message> messages) {
  ModelReport report;
  for (auto func : before.getOps<func::FuncOp>()) {
    auto end = after.lookupSymbol<func::FuncOp>(func.getName());
    if (!end)
      continue;
    report.entries.push_back({func.getName().str(), workOf(func), workOf(end),
                              kindsOf(func), kindsOf(end)});
  }
  for (const Message &message : messages) {
    StringRef kind(message.kind);
    auto [rewrite, text] = StringRef(message.text).split(": ");
    if (kind == "recognised")
      add(report.recognised, rewrite, text, message.nodes);
    else if (kind == "missed")
      addOnce(report.missed, rewrite, text, message.nodes);
    else if (kind == "remark" && !message.nodes.empty())
      addOnce(report.remarks, "", message.text, message.nodes);
  }
  return report;
}

namespace {

/// A line of figures: what, and how to take it from Work.
struct Figure {
  const char *title, *key;
  double (*of)(const Work &);
};

constexpr Figure kFigures[] = {
    {"ops", "ops", [](const Work &work) { return double(work.ops); }},
    {"tensor passes", "tensor_passes",
     [](const Work &work) { return double(work.passes); }},
    {"MB of these", "megabytes",
     [](const Work &work) { return work.bytes * 1e-6; }},
    {"million MACs", "million_macs",
     [](const Work &work) { return work.macs * 1e-6; }},
    {"million products of signs", "million_sign_products",
     [](const Work &work) { return work.signs * 1e-6; }},
};

} // namespace

static std::string kindsText(const Kinds &kinds) {
  std::string text;
  for (const auto &[kind, count] : kinds)
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + kind;
  return text;
}

static void printEntry(llvm::raw_ostream &out, const EntryReport &entry) {
  out << "entry " << entry.name << "\n"
      << llvm::format("  %-26s %12s %12s\n", "", "as imported", "as fused");
  for (const Figure &figure : kFigures) {
    double before = figure.of(entry.before), after = figure.of(entry.after);
    if (before == 0 && after == 0)
      continue;
    const char *form = before == double(int64_t(before)) &&
                               after == double(int64_t(after))
                           ? "  %-26s %12.0f %12.0f\n"
                           : "  %-26s %12.3f %12.3f\n";
    out << llvm::format(form, figure.title, before, after);
  }
  out << "  imported   " << kindsText(entry.ops) << "\n"
      << "  dispatches " << kindsText(entry.dispatches) << "\n";
}

static void printFindings(llvm::raw_ostream &out, StringRef title,
                          ArrayRef<Finding> findings) {
  if (findings.empty())
    return;
  out << "\n" << title << "\n";
  for (const Finding &finding : findings) {
    out << llvm::format("  %4zu  ", finding.places.size());
    if (!finding.rewrite.empty())
      out << finding.rewrite << ": ";
    out << finding.text << "\n";
    if (!finding.places.front().empty())
      out << "        at " << finding.places.front()
          << (finding.places.size() > 1 ? ", ..." : "") << "\n";
  }
}

std::string visir::reportText(const ModelReport &report) {
  std::string text;
  llvm::raw_string_ostream out(text);
  for (const EntryReport &entry : report.entries)
    printEntry(out, entry);
  printFindings(out, "recognised", report.recognised);
  printFindings(out, "nearly recognised, and why not", report.missed);
  printFindings(out, "not fused, and other remarks", report.remarks);
  return text;
}

static llvm::json::Value workJson(const Work &work) {
  llvm::json::Object object;
  for (const Figure &figure : kFigures)
    object[figure.key] = figure.of(work);
  return object;
}

static llvm::json::Value kindsJson(const Kinds &kinds) {
  llvm::json::Object object;
  for (const auto &[kind, count] : kinds)
    object[kind] = count;
  return object;
}

static llvm::json::Value findingsJson(ArrayRef<Finding> findings) {
  llvm::json::Array array;
  for (const Finding &finding : findings) {
    llvm::json::Object object{{"text", finding.text},
                              {"places", llvm::json::Array(finding.places)}};
    if (!finding.rewrite.empty())
      object["rewrite"] = finding.rewrite;
    array.push_back(std::move(object));
  }
  return array;
}

llvm::json::Value visir::reportJson(const ModelReport &report) {
  llvm::json::Array entries;
  for (const EntryReport &entry : report.entries)
    entries.push_back(
        llvm::json::Object{{"name", entry.name},
                           {"before", workJson(entry.before)},
                           {"after", workJson(entry.after)},
                           {"ops", kindsJson(entry.ops)},
                           {"dispatches", kindsJson(entry.dispatches)}});
  return llvm::json::Object{{"entries", std::move(entries)},
                            {"recognised", findingsJson(report.recognised)},
                            {"missed", findingsJson(report.missed)},
                            {"remarks", findingsJson(report.remarks)}};
}
