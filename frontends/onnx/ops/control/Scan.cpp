// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Scope.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// A loop that is unrolled further than this is not worth its code.
static constexpr int64_t kMaxTrips = 1024;

namespace {

/// Unrolls a Scan: states go through the body, which sees one slice of each
/// scanned input and gives one slice of each scanned output at a time.
class ScanUnroller {
public:
  ScanUnroller(Node &node, const ::onnx::GraphProto &body)
      : node(node), body(body) {}
  LogicalResult run();

private:
  LogicalResult read();
  FailureOr<Shape> perItem(StringRef name, size_t count);
  Value sliceOf(size_t input, int64_t trip);
  LogicalResult runTrip(int64_t trip);
  LogicalResult setScanOutput(size_t i);

  Node &node;
  const ::onnx::GraphProto &body;
  SmallVector<Value> states, scanned;
  SmallVector<SmallVector<Value>> slices; ///< by output, then by trip
  Shape inputAxes, inputDirections, outputAxes, outputDirections;
  int64_t trips = 0;
};

} // namespace

/// An attribute with one entry per scanned input or output; zeros if absent.
FailureOr<Shape> ScanUnroller::perItem(StringRef name, size_t count) {
  Shape values = node.intsAttr(name, Shape(count, 0));
  if (values.size() != count)
    return node.refuse("number of " + name, Twine(values.size()),
                       Twine(count));
  return values;
}

LogicalResult ScanUnroller::read() {
  int64_t count = node.intAttr("num_scan_inputs", 0);
  int64_t stateCount = int64_t(node.numInputs()) - count;
  int64_t outputs = int64_t(node.numOutputs()) - stateCount;
  if (count < 1 || stateCount < 0)
    return node.refuse("num_scan_inputs", Twine(count),
                       "1 to " + Twine(node.numInputs()));
  if (body.input_size() != int64_t(node.numInputs()) || outputs < 0 ||
      body.output_size() != int64_t(node.numOutputs()))
    return node.refuse("signature of the body",
                       Twine(body.input_size()) + " -> " +
                           Twine(body.output_size()),
                       Twine(node.numInputs()) + " -> " +
                           Twine(node.numOutputs()));
  FailureOr<Shape> axesIn = perItem("scan_input_axes", count);
  FailureOr<Shape> turnsIn = perItem("scan_input_directions", count);
  FailureOr<Shape> axesOut = perItem("scan_output_axes", outputs);
  FailureOr<Shape> turnsOut = perItem("scan_output_directions", outputs);
  if (failed(axesIn) || failed(turnsIn) || failed(axesOut) || failed(turnsOut))
    return failure();
  inputAxes = *axesIn;
  inputDirections = *turnsIn;
  outputAxes = *axesOut;
  outputDirections = *turnsOut;
  states.assign(node.inputs().begin(), node.inputs().begin() + stateCount);
  scanned.assign(node.inputs().begin() + stateCount, node.inputs().end());
  slices.resize(outputs);
  for (auto [i, input] : llvm::enumerate(scanned)) {
    FailureOr<int64_t> axis =
        normaliseAxis(node, inputAxes[i], shapeOf(input).size());
    if (failed(axis))
      return failure();
    inputAxes[i] = *axis;
    int64_t extent = shapeOf(input)[*axis];
    if (i > 0 && extent != trips)
      return node.refuse("extent of scanned input " + Twine(i), Twine(extent),
                         Twine(trips));
    trips = extent;
  }
  if (trips < 1 || trips > kMaxTrips)
    return node.refuse("number of trips", Twine(trips),
                       "1 to " + Twine(kMaxTrips) + ", as it is unrolled");
  return success();
}

Value ScanUnroller::sliceOf(size_t input, int64_t trip) {
  Value x = scanned[input];
  int64_t at = inputDirections[input] ? trips - 1 - trip : trip;
  Shape shape(shapeOf(x));
  shape.erase(shape.begin() + inputAxes[input]);
  return reshape(node, sliceAxis(node, x, inputAxes[input], at, 1), shape);
}

LogicalResult ScanUnroller::runTrip(int64_t trip) {
  SmallVector<Value> arguments(states);
  for (size_t i = 0; i < scanned.size(); ++i)
    arguments.push_back(sliceOf(i, trip));
  auto results = Scope::inlineGraph(node, body, arguments, Twine(trip));
  if (failed(results))
    return failure();
  for (Value result : *results)
    if (!result || !isa<RankedTensorType>(result.getType()))
      return node.refuse("shape of a result of the body is unknown");
  states.assign(results->begin(), results->begin() + states.size());
  for (auto [i, output] : llvm::enumerate(slices))
    output.push_back((*results)[states.size() + i]);
  return success();
}

LogicalResult ScanUnroller::setScanOutput(size_t i) {
  int64_t rank = int64_t(shapeOf(slices[i].front()).size()) + 1;
  FailureOr<int64_t> axis = normaliseAxis(node, outputAxes[i], rank);
  if (failed(axis))
    return failure();
  SmallVector<Value> rows;
  for (Value value : slices[i])
    rows.push_back(unsqueeze(node, value, {*axis}));
  if (outputDirections[i])
    std::reverse(rows.begin(), rows.end());
  return node.setOutput(states.size() + i, concat(node, rows, *axis));
}

LogicalResult ScanUnroller::run() {
  if (failed(read()))
    return failure();
  for (int64_t trip = 0; trip < trips; ++trip)
    if (failed(runTrip(trip)))
      return failure();
  for (auto [i, state] : llvm::enumerate(states))
    if (failed(node.setOutput(i, state)))
      return failure();
  for (size_t i = 0; i < slices.size(); ++i)
    if (node.hasOutput(states.size() + i) && failed(setScanOutput(i)))
      return failure();
  return success();
}

static LogicalResult importScan(Node &node) {
  const ::onnx::GraphProto *found = node.graphAttr("body");
  if (!found)
    return node.refuse("the body is missing");
  return ScanUnroller(node, *found).run();
}

// Scan-8 has a batch dimension and sequence lengths of its own.
VISIR_ONNX_OP(Scan, 9, 1, importScan)
