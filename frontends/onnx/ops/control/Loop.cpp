// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Scope.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// A loop that is unrolled further than this is not worth its code.
static constexpr int64_t kMaxTrips = 1024;

namespace {

/// Unrolls a loop whose conditions are constants.
class Unroller {
public:
  Unroller(Node &node, const ::onnx::GraphProto &body)
      : node_(node), body_(body), carried_(node.inputs().drop_front(
                                      std::min(2u, node.numInputs()))) {}

  LogicalResult run();

private:
  LogicalResult readBounds();
  LogicalResult runTrip(int64_t trip);
  LogicalResult finish();
  Value boolean(bool value) {
    return scalar(node_, node_.builder().getI1Type(), value);
  }

  Node &node_;
  const ::onnx::GraphProto &body_;
  SmallVector<Value> carried_;
  /// The values of each scan output, one per trip.
  SmallVector<SmallVector<Value>> scans_;
  int64_t maxTrips_ = INT64_MAX;
  bool goesOn_ = true;
};

} // namespace

LogicalResult Unroller::readBounds() {
  if (node_.hasInput(0)) {
    FailureOr<int64_t> trips = node_.requireInt(0, "M");
    if (failed(trips))
      return failure();
    maxTrips_ = *trips;
  }
  if (node_.hasInput(1)) {
    FailureOr<int64_t> condition = node_.requireInt(1, "cond");
    if (failed(condition))
      return failure();
    goesOn_ = *condition != 0;
  }
  int64_t inputs = 2 + carried_.size();
  int64_t scans = int64_t(node_.numOutputs()) - int64_t(carried_.size());
  if (body_.input_size() != inputs || scans < 0 ||
      body_.output_size() != 1 + int64_t(node_.numOutputs()))
    return node_.refuse("signature of the body",
                        Twine(body_.input_size()) + " -> " +
                            Twine(body_.output_size()),
                        Twine(inputs) + " -> " +
                            Twine(1 + node_.numOutputs()));
  scans_.resize(scans);
  return success();
}

LogicalResult Unroller::runTrip(int64_t trip) {
  SmallVector<Value> arguments;
  arguments.push_back(
      reshape(node_, intsConstant(node_, {trip}), ArrayRef<int64_t>()));
  arguments.push_back(boolean(true));
  llvm::append_range(arguments, carried_);
  auto results =
      Scope::inlineGraph(node_, body_, arguments, Twine(trip));
  if (failed(results))
    return failure();
  std::optional<SmallVector<int64_t>> condition =
      visir::constantInts(results->front());
  if (!condition || condition->size() != 1)
    return node_.refuse("the condition of trip " + Twine(trip) +
                        " is computed at run time, expected a constant");
  goesOn_ = condition->front() != 0;
  auto values = llvm::drop_begin(*results);
  carried_.assign(values.begin(), values.begin() + carried_.size());
  for (auto [i, scan] : llvm::enumerate(scans_))
    scan.push_back((*results)[1 + carried_.size() + i]);
  return success();
}

LogicalResult Unroller::finish() {
  for (auto [i, value] : llvm::enumerate(carried_))
    if (failed(node_.setOutput(i, value)))
      return failure();
  for (auto [i, scan] : llvm::enumerate(scans_)) {
    unsigned output = carried_.size() + i;
    if (!node_.hasOutput(output))
      continue;
    if (scan.empty())
      return node_.refuse("number of trips of a loop with scan outputs", "0",
                          "at least 1");
    SmallVector<Value> rows;
    for (Value value : scan) {
      if (!isa<RankedTensorType>(value.getType()))
        return node_.refuse("shape of a scan output is unknown");
      rows.push_back(unsqueeze(node_, value, {0}));
    }
    if (failed(node_.setOutput(output, concat(node_, rows, 0))))
      return failure();
  }
  return success();
}

LogicalResult Unroller::run() {
  if (failed(readBounds()))
    return failure();
  for (int64_t trip = 0; goesOn_ && trip < maxTrips_; ++trip) {
    if (trip == kMaxTrips)
      return node_.refuse("number of trips is more than " + Twine(kMaxTrips));
    if (failed(runTrip(trip)))
      return failure();
  }
  return finish();
}

static LogicalResult importLoop(Node &node) {
  const ::onnx::GraphProto *body = node.graphAttr("body");
  if (!body)
    return node.refuse("the body is missing");
  return Unroller(node, *body).run();
}

VISIR_ONNX_OP(Loop, 1, 0, importLoop)
