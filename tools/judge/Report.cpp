// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/judge/Report.h"

#include "compiler/driver/Diagnostics.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace visir;
namespace json = llvm::json;

static void print(const Difference &difference) {
  llvm::outs() << llvm::format("error %.3g of the largest value %.6g",
                               difference.error, difference.largest);
  if (difference.error > 0)
    llvm::outs() << llvm::format("; element %lld is %.9g, expected %.9g",
                                 (long long)difference.element,
                                 difference.actual, difference.expected);
  llvm::outs() << "\n";
}

void visir::printFirst(const FirstDifference &first) {
  llvm::outs() << "first node that differs: "
               << locationText(first.op->getLoc()) << " ("
               << first.op->getName() << "): ";
  print(first.difference);
}

void visir::printReduced(ArrayRef<Operation *> ops, StringRef folder) {
  llvm::outs() << ops.size() << " ops in " << folder
               << "/model.mlir; to run them:\n  visir compare " << folder
               << "/model.mlir --inputs " << folder << "/inputs.npz\n";
}

void visir::printText(const Report &report) {
  if (!report.sizes.empty())
    llvm::outs() << sizesText(report.sizes) << "\n";
  for (auto [name, difference] :
       llvm::zip_equal(report.comparison.names, report.comparison.outputs)) {
    llvm::outs() << name << ": ";
    print(difference);
  }
  if (report.first)
    printFirst(*report.first);
  else if (!report.comparison.agrees)
    llvm::outs() << "no part of the model differs when it runs alone"
                 << (report.sizes.empty() ? "\n" : " with static sizes\n");
  if (report.reduced)
    printReduced(*report.reduced, report.folder);
}

/// JSON has neither infinity nor NaN.
static json::Value number(double value) {
  return std::isfinite(value) ? json::Value(value) : json::Value(nullptr);
}

static json::Object differenceJson(StringRef name,
                                   const Difference &difference) {
  return json::Object{{"name", name.str()},
                      {"error", number(difference.error)},
                      {"largest", number(difference.largest)},
                      {"element", difference.element},
                      {"actual", number(difference.actual)},
                      {"expected", number(difference.expected)}};
}

json::Object visir::toJson(const Report &report) {
  json::Object result{{"model", report.model},
                      {"target", report.target},
                      {"against", report.against},
                      {"agrees", report.comparison.agrees},
                      {"first", nullptr}};
  json::Array outputs;
  for (auto [name, difference] :
       llvm::zip_equal(report.comparison.names, report.comparison.outputs))
    outputs.push_back(differenceJson(name, difference));
  result["outputs"] = std::move(outputs);
  if (report.first) {
    std::string node = locationText(report.first->op->getLoc());
    result["first"] = json::Object{
        {"node", node},
        {"operator", report.first->op->getName().getStringRef().str()},
        {"difference", differenceJson(node, report.first->difference)}};
  }
  if (report.reduced) {
    json::Array nodes;
    for (Operation *op : *report.reduced)
      nodes.push_back(locationText(op->getLoc()));
    result["reduced"] =
        json::Object{{"nodes", std::move(nodes)}, {"folder", report.folder}};
  }
  if (!report.sizes.empty()) {
    json::Object sizes;
    for (const auto &[name, size] : report.sizes)
      sizes[name] = size;
    result["sizes"] = std::move(sizes);
  }
  return result;
}

void visir::printJson(const Report &report) {
  llvm::outs() << json::Value(toJson(report)) << "\n";
}
