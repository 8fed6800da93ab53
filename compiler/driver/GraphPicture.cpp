// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/GraphPicture.h"

#include "compiler/analysis/DispatchForm.h"
#include "compiler/analysis/Movement.h"
#include "compiler/driver/ModelReport.h"
#include "dialects/visir/Binary.h"
#include "dialects/visir/Heatmap.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace visir;

// By what an op does.
static constexpr const char *kProduct = "#cfe2f7", *kMoves = "#dddddd",
                            *kDedicated = "#f9d9a8", *kOther = "#ffffff";

/// The ONNX nodes of a location.
static void collectNames(Location loc, llvm::SetVector<StringRef> &names) {
  if (auto name = dyn_cast<NameLoc>(loc))
    names.insert(name.getName().getValue());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      collectNames(part, names);
}

static llvm::SetVector<StringRef> namesOf(Operation *op) {
  llvm::SetVector<StringRef> names;
  collectNames(op->getLoc(), names);
  return names;
}

static std::string shapeText(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() == 0)
    return "";
  std::string text;
  for (int64_t extent : type.getShape())
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

static bool isCopyOnly(Operation *op) {
  if (auto dispatch = dyn_cast<DispatchOp>(op))
    return isCopy(dispatch);
  return isMovement(op) || isa<GatherOp, ScatterNDOp>(op);
}

static const char *colourOf(Operation *op) {
  if (isCopyOnly(op))
    return kMoves;
  if (isa<AttentionOp, BinaryConvOp, HeatmapDecodeOp>(op))
    return kDedicated;
  if (auto dispatch = dyn_cast<DispatchOp>(op)) {
    if (dispatch.getKind() == RootKind::Contract)
      return kProduct;
    return dispatch.getKind() == RootKind::Attention ||
                   dispatch.getRootParam("decode")
               ? kDedicated
               : kOther;
  }
  return macsOf(op) > 0 ? kProduct : kOther;
}

/// Whether an access goes through a table, as shifts do.
static bool isIndexed(ArrayAttr accesses) {
  return llvm::any_of(accesses, [](Attribute access) {
    return !cast<AccessAttr>(access).getIndexAxes().empty();
  });
}

namespace {

/// Writes the two graphs.
class Picture {
public:
  Picture(ModuleOp before, StringRef part)
      : pattern(part), drawsAll(part.empty()) {
    before.walk([&](Operation *op) {
      if (workOf(op).ops)
        for (StringRef name : namesOf(op))
          kinds[name].push_back(kindName(op));
    });
  }

  std::string draw(ModuleOp before, ModuleOp after) {
    out << "digraph model {\n"
        << "graph [fontname=\"sans-serif\", fontsize=13, nodesep=0.15, "
           "ranksep=0.25, color=\"#999999\"];\n"
        << "node [shape=box, style=filled, fontsize=10, "
           "fontname=\"sans-serif\", height=0.2, margin=\"0.08,0.03\"];\n"
        << "edge [arrowsize=0.5];\n";
    cluster(before, "as imported", "b");
    cluster(after, "as fused", "a");
    out << "}\n";
    return text;
  }

private:
  bool isDrawn(Operation *op) const {
    if (!workOf(op).ops && !isa<ReshapeOp>(op))
      return false;
    llvm::SetVector<StringRef> names = namesOf(op);
    return drawsAll || llvm::any_of(names,
                                    [&](StringRef name) {
                                      return pattern.match(name);
                                    });
  }

  void cluster(ModuleOp module, StringRef title, StringRef prefix);
  void edges(Operation *op, StringRef prefix);
  std::string labelOf(Operation *op) const;
  std::string sourcesOf(DispatchOp op) const;

  llvm::Regex pattern;
  bool drawsAll;
  llvm::StringMap<std::vector<std::string>> kinds;
  llvm::DenseMap<Operation *, unsigned> numbers;
  llvm::DenseMap<Value, unsigned> outside; ///< read, but not drawn as an op
  std::string text;
  llvm::raw_string_ostream out{text};
};

} // namespace

/// The kinds of what a dispatch was made from: "conv, add x2".
std::string Picture::sourcesOf(DispatchOp op) const {
  Kinds counts;
  for (StringRef name : namesOf(op)) {
    auto found = kinds.find(name);
    if (found != kinds.end())
      for (const std::string &kind : found->second)
        ++counts[kind];
  }
  std::string text;
  unsigned inLine = 0;
  for (const auto &[kind, count] : counts) {
    if (!text.empty())
      text += inLine++ % 4 == 3 ? ",\\n" : ", ";
    text += kind + (count > 1 ? " x" + std::to_string(count) : "");
  }
  return text;
}

std::string Picture::labelOf(Operation *op) const {
  std::string label = kindName(op);
  std::string shape = shapeText(op->getResult(0));
  auto dispatch = dyn_cast<DispatchOp>(op);
  if (!dispatch)
    return label + (shape.empty() ? "" : "\\n" + shape);
  if (isCopy(dispatch))
    label = "copy";
  if (isIndexed(dispatch.getLoads()))
    label += ", reads by a table";
  if (isIndexed(dispatch.getStores()))
    label += ", stores by a table";
  std::string sources = sourcesOf(dispatch);
  if (!sources.empty())
    label += "\\n" + sources;
  return label + (shape.empty() ? "" : "\\n" + shape);
}

/// From what an op reads; tensors from outside of the part get a node each.
void Picture::edges(Operation *op, StringRef prefix) {
  llvm::SetVector<Value> read(op->operand_begin(), op->operand_end());
  for (Value value : read) {
    Operation *source = value.getDefiningOp();
    if (isa_and_nonnull<ConstantOp, EmptyOp>(source))
      continue;
    auto found = source ? numbers.find(source) : numbers.end();
    std::string from;
    if (found != numbers.end()) {
      from = (prefix + Twine(found->second)).str();
    } else {
      auto [place, isNew] = outside.try_emplace(value, outside.size());
      from = (prefix + "in" + Twine(place->second)).str();
      if (isNew)
        out << from << " [label=\"" << shapeText(value)
            << "\", shape=plaintext, style=\"\"];\n";
    }
    out << from << " -> " << prefix << numbers[op] << ";\n";
  }
}

void Picture::cluster(ModuleOp module, StringRef title, StringRef prefix) {
  SmallVector<Operation *> drawn;
  numbers.clear();
  module.walk([&](Operation *op) {
    if (isa_and_nonnull<func::FuncOp>(op->getParentOp()) && isDrawn(op)) {
      numbers[op] = drawn.size();
      drawn.push_back(op);
    }
  });
  out << "subgraph cluster_" << prefix << " {\nlabel=\"" << title << ": "
      << drawn.size() << (prefix == "a" ? " dispatches" : " ops") << "\";\n";
  for (Operation *op : drawn)
    out << prefix << numbers[op] << " [label=\"" << labelOf(op)
        << "\", fillcolor=\"" << colourOf(op) << "\"];\n";
  outside.clear();
  for (Operation *op : drawn)
    edges(op, prefix);
  out << "}\n";
}

std::string visir::drawGraphs(ModuleOp before, ModuleOp after,
                              StringRef part) {
  return Picture(before, part).draw(before, after);
}

std::string visir::renderSvg(StringRef graph, StringRef path) {
  auto program = llvm::sys::findProgramByName("dot");
  if (!program)
    return "program dot is missing, expected Graphviz's in PATH (Debian: "
           "graphviz); --dot FILE writes the graph without it";
  SmallString<128> source;
  int descriptor;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile(
          "visir", "dot", descriptor, source))
    return "temporary file cannot be made: " + error.message();
  llvm::FileRemover remover(source);
  {
    llvm::raw_fd_ostream file(descriptor, /*shouldClose=*/true);
    file << graph;
  }
  std::string message;
  int exit = llvm::sys::ExecuteAndWait(
      *program, {*program, "-Tsvg", "-o", path, source}, std::nullopt, {}, 120,
      0, &message);
  if (exit == 0)
    return "";
  return "exit code of dot is " + std::to_string(exit) + ", expected 0" +
         (message.empty() ? "" : ": " + message);
}
