// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/cpu/tiled/Shapes.h"

using namespace visir::test;

namespace {

std::string num(int64_t value) { return std::to_string(value); }

std::string join(const std::vector<int64_t> &values, const char *separator) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i)
    text += (i ? separator : "") + num(values[i]);
  return text;
}

/// Collects the parts of a dispatch and writes it.
struct Text {
  std::string root, prologue, epilogue;
  std::string sum;     ///< type of the root's result, if not `scalar`
  std::string element; ///< of tensors, if not `scalar`
  std::vector<int64_t> domain;
  int64_t parallel = 0;
  std::vector<std::string> loadTypes, loads, storeTypes, stores;
  std::string scalar = "f32";

  std::string tensor(const std::vector<int64_t> &shape,
                     const std::string &layout = "") const {
    return "tensor<" + join(shape, "x") + (shape.empty() ? "" : "x") +
           (element.empty() ? scalar : element) +
           (layout.empty() ? "" : ", #visir.layout<" + layout + ">") + ">";
  }
  std::string access(const std::string &coordinates,
                     const std::string &more = "") const {
    std::string dims;
    for (size_t i = 0; i < domain.size(); ++i)
      dims += (i ? ", d" : "d") + num(i);
    return "#visir.access<(" + dims + ") -> (" + coordinates + ")" + more + ">";
  }
  void load(const std::string &type, const std::string &coordinates,
            const std::string &more = "") {
    loadTypes.push_back(type);
    loads.push_back(access(coordinates, more));
  }
  void store(const std::string &type, const std::string &coordinates,
             const std::string &more = "") {
    storeTypes.push_back(type);
    stores.push_back(access(coordinates, more));
  }
  std::string str() const;
};

std::string list(const std::vector<std::string> &parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i)
    text += (i ? ", " : "") + parts[i];
  return text;
}

std::string Text::str() const {
  std::string arguments, operands, blockArguments, ties, results;
  for (size_t i = 0; i < loads.size(); ++i) {
    arguments += (i ? ", " : "") + ("%a" + num(i)) + ": " + loadTypes[i];
    operands += (i ? ", " : "") + ("%a" + num(i));
    blockArguments += (i ? ", " : "") + ("%x" + num(i)) + ": " + scalar;
  }
  for (size_t j = 0; j < stores.size(); ++j)
    ties += j ? ", -1" : "-1";
  bool several = stores.size() > 1;
  std::string types = "(" + list(storeTypes) + ")";
  for (size_t j = 0; j < stores.size(); ++j)
    results += (j ? ", %r" : "%r") + (several ? "#" + num(j) : "");
  return "func.func @f(" + arguments + ") -> " + types + " {\n  %r" +
         (several ? ":" + num(stores.size()) : "") + " = visir.dispatch <" +
         root + "> domain = [" + join(domain, ", ") + "] parallel " +
         num(parallel) + " (" + operands + ")\n    loads [" + list(loads) +
         "]\n    stores [" + list(stores) + "] ties [" + ties + "]\n    : (" +
         list(loadTypes) + ") -> " + types + "\n    prologue { ^bb0(" +
         blockArguments + "): " + prologue +
         " }\n    epilogue { ^bb0(%s: " + (sum.empty() ? scalar : sum) + ", " +
         blockArguments + "): " + epilogue + " }\n  return " + results + " : " +
         list(storeTypes) + "\n}\n";
}

/// The epilogue of a tail; `first` is the number of its first load.
void setTail(Text &text, Tail tail, size_t first) {
  std::string type = " : " + text.scalar + " ", bias = "%x" + num(first);
  std::string residual = "%x" + num(first + 1);
  if (tail == Tail::None) {
    text.epilogue = "visir.yield %s" + type;
    return;
  }
  text.epilogue = "%b = arith.addf %s, " + bias + type;
  if (tail == Tail::Bias)
    text.epilogue += "visir.yield %b" + type;
  if (tail == Tail::Relu)
    text.epilogue += "%z = arith.constant 0.0" + type +
                     "%m = arith.maximumf %b, %z" + type + "visir.yield %m" +
                     type;
  if (tail == Tail::Gelu)
    text.epilogue +=
        "%h = arith.constant 0.5" + type + "%q = arith.constant 0.70710678" +
        type + "%o = arith.constant 1.0" + type + "%t = arith.mulf %b, %q" +
        type + "%e = math.erf %t" + type + "%u = arith.addf %e, %o" + type +
        "%v = arith.mulf %u, %h" + type + "%w = arith.mulf %v, %b" + type +
        "visir.yield %w" + type;
  if (tail == Tail::Silu)
    text.epilogue += "%o = arith.constant 1.0" + type + "%n = arith.negf %b" +
                     type + "%e = math.exp %n" + type +
                     "%u = arith.addf %e, %o" + type +
                     "%w = arith.divf %b, %u" + type + "visir.yield %w" + type;
  if (tail == Tail::Long)
    text.epilogue += "%h = arith.constant 0.5" + type +
                     "%t = arith.maximumf %b, %h" + type +
                     "%u = arith.mulf %t, %h" + type + "%v = arith.addf %u, " +
                     residual + type + "%w = arith.subf %v, %s" + type +
                     "visir.yield %v, %w : " + text.scalar + ", " + text.scalar;
}

const char *kLast = "order = [0, 2, 3, 1]";

/// The coordinate of an input along one spatial dimension.
std::string along(const std::string &out, const std::string &kernel,
                  int64_t taps, const ConvShape &s) {
  return out + " * " + num(s.stride) + " + " + kernel + " * " +
         num(s.dilation) + " - " + num(s.padOf(taps));
}

/// Adds the loads and stores that a tail needs.
void addTail(Text &text, Tail tail, const std::vector<int64_t> &shape,
             const std::string &coordinates, const std::string &layout,
             int64_t channels, const std::string &channel) {
  if (tail != Tail::None)
    text.load(text.tensor({channels}), channel);
  if (tail == Tail::Long) {
    text.load(text.tensor(shape, layout), coordinates);
    text.store(text.tensor(shape, layout), coordinates);
  }
  text.store(text.tensor(shape, layout), coordinates);
}

/// A second result that sums the first along the rows of a
/// [n, h, w, channels] domain.
void addSums(Text &text, int64_t n, int64_t h, int64_t channels) {
  text.store(text.tensor({n, h, 1, channels}), "d0, d1, 0, d3",
             ", sum = true");
  const std::string yield = "visir.yield ";
  size_t at = text.epilogue.rfind(yield) + yield.size();
  std::string value = text.epilogue.substr(at, text.epilogue.find(' ', at) - at);
  text.epilogue = text.epilogue.substr(0, at) + value + ", " + value +
                  " : f32, f32";
}

} // namespace

std::string visir::test::convText(const ConvShape &s) {
  Text text;
  text.root = "contract";
  bool grouped = s.groups > 1;
  int64_t ci = s.ci / s.groups, co = s.co / s.groups;
  text.domain = {s.n};
  if (grouped)
    text.domain.push_back(s.groups);
  text.domain.insert(text.domain.end(), {s.oh(), s.ow(), co, s.kh, s.kw, ci});
  int64_t at = grouped ? 2 : 1;
  text.parallel = at + 3;
  auto d = [&](int64_t i) { return "d" + num(at + i); };
  std::string inChannel = d(5), outChannel = d(2);
  if (grouped) {
    inChannel = "d1 * " + num(ci) + " + " + inChannel;
    outChannel = "d1 * " + num(co) + " + " + outChannel;
  }
  std::string layout = s.channelsLast ? kLast : "";
  text.load(text.tensor({s.n, s.ci, s.h, s.w}, s.imageInput ? "" : layout),
            "d0, " + inChannel + ", " + along(d(0), d(3), s.kh, s) + ", " +
                along(d(1), d(4), s.kw, s),
            s.pad ? ", padded = true" : "");
  if (grouped)
    text.load(text.tensor({s.groups, co, ci, s.kh, s.kw}),
              "d1, " + d(2) + ", " + d(5) + ", " + d(3) + ", " + d(4));
  else
    text.load(text.tensor({s.co, s.ci, s.kh, s.kw}),
              d(2) + ", " + d(5) + ", " + d(3) + ", " + d(4));
  addTail(text, s.tail, {s.n, s.co, s.oh(), s.ow()},
          "d0, " + outChannel + ", " + d(0) + ", " + d(1), layout, s.co,
          outChannel);
  if (s.gate) {
    text.load(text.tensor({s.n, s.ci}), "d0, " + inChannel);
    std::string gate = "%x" + num(int64_t(text.loads.size()) - 1);
    text.prologue = "%q = arith.mulf %x0, " + gate +
                    " : f32 visir.yield %q, %x1 : f32, f32";
    setTail(text, s.tail, 2);
    return text.str();
  }
  text.prologue = s.square ? "%q = arith.mulf %x0, %x0 : f32 "
                             "visir.yield %q, %x1 : f32, f32"
                           : "visir.yield %x0, %x1 : f32, f32";
  setTail(text, s.tail, 2);
  if (s.sums)
    addSums(text, s.n, s.oh(), s.co);
  return text.str();
}

std::string visir::test::convText3d(const ConvShape &s, int64_t depth,
                                    int64_t taps, int64_t pad) {
  Text text;
  text.root = "contract";
  int64_t out = depth + 2 * pad - taps + 1;
  text.domain = {s.n, out, s.oh(), s.ow(), s.co, taps, s.kh, s.kw, s.ci};
  text.parallel = 5;
  std::string layout = "order = [0, 2, 3, 4, 1]";
  text.load(text.tensor({s.n, s.ci, depth, s.h, s.w}, layout),
            "d0, d8, d1 + d5 - " + num(pad) + ", " +
                along("d2", "d6", s.kh, s) + ", " + along("d3", "d7", s.kw, s),
            ", padded = true");
  text.load(text.tensor({s.co, s.ci, taps, s.kh, s.kw}), "d4, d8, d5, d6, d7");
  addTail(text, s.tail, {s.n, s.co, out, s.oh(), s.ow()}, "d0, d4, d1, d2, d3",
          layout, s.co, "d4");
  text.prologue = "visir.yield %x0, %x1 : f32, f32";
  setTail(text, s.tail, 2);
  return text.str();
}

std::string visir::test::windowText(const ConvShape &s,
                                    const std::string &kind) {
  Text text;
  bool depthwise = kind == "depthwise", max = kind == "max";
  text.root = std::string("reduce, {combiner = #visir<reduce_kind ") +
              (max ? "max" : "sum") + ">}";
  text.domain = {s.n, s.oh(), s.ow(), s.ci, s.kh, s.kw};
  text.parallel = 4;
  std::string layout = s.channelsLast ? kLast : "";
  std::string padded = ", padded = true";
  if (max)
    padded += ", fill = 0xFF800000 : f32";
  text.load(text.tensor({s.n, s.ci, s.h, s.w}, layout),
            "d0, d3, " + along("d1", "d4", s.kh, s) + ", " +
                along("d2", "d5", s.kw, s),
            s.pad ? padded : "");
  if (depthwise)
    text.load(text.tensor({s.ci, 1, s.kh, s.kw}), "d3, 0, d4, d5");
  text.prologue = depthwise ? "%q = arith.mulf %x0, %x1 : f32 "
                              "visir.yield %q : f32"
                            : "visir.yield %x0 : f32";
  addTail(text, s.tail, {s.n, s.ci, s.oh(), s.ow()}, "d0, d3, d1, d2", layout,
          s.ci, "d3");
  setTail(text, s.tail, depthwise ? 2 : 1);
  if (s.sums)
    addSums(text, s.n, s.oh(), s.ci);
  return text.str();
}

std::string visir::test::matmulText(const MatMulShape &s) {
  Text text;
  text.root = "contract";
  text.scalar = s.element == "si8" ? "i8" : s.element;
  text.element = s.element;
  text.domain = s.batch;
  text.domain.insert(text.domain.end(), {s.m, s.n, s.k});
  text.parallel = int64_t(s.batch.size()) + 2;
  std::string batch;
  for (size_t i = 0; i < s.batch.size(); ++i)
    batch += "d" + num(i) + ", ";
  std::string m = "d" + num(s.batch.size()), n = "d" + num(s.batch.size() + 1);
  std::string k = "d" + num(s.batch.size() + 2);
  auto shape = [&](int64_t rows, int64_t columns, bool batched) {
    std::vector<int64_t> dims;
    if (batched)
      dims = s.batch;
    dims.insert(dims.end(), {rows, columns});
    return dims;
  };
  std::string norm;
  if (!s.norm.empty())
    norm = std::string(", norm = {epsilon = 1.0e-5 : f64") +
           (s.norm == "rms" ? ", rms}" : "}");
  text.load(text.tensor(shape(s.m, s.k, true)), batch + m + ", " + k, norm);
  std::string rhsBatch = s.sharedRhs ? "" : batch;
  if (s.transposedRhs)
    text.load(text.tensor(shape(s.n, s.k, !s.sharedRhs)),
              rhsBatch + n + ", " + k);
  else
    text.load(text.tensor(shape(s.k, s.n, !s.sharedRhs)),
              rhsBatch + k + ", " + n);
  if (s.element == "si8")
    text.element = "si32";
  addTail(text, s.tail, shape(s.m, s.n, true), batch + m + ", " + n, "", s.n,
          n);
  text.prologue = "visir.yield %x0, %x1 : " + s.element + ", " + s.element;
  setTail(text, s.tail, 2);
  if (!s.norm.empty()) {
    text.load(text.tensor({s.k}), k);
    text.prologue = "%q = arith.mulf %x0, %x" +
                    num(int64_t(text.loads.size()) - 1) + " : " + s.element +
                    " visir.yield %q, %x1 : " + s.element + ", " + s.element;
  }
  if (s.element == "f16") {
    text.sum = "f32";
    text.prologue = "%p = arith.extf %x0 : f16 to f32 "
                    "%q = arith.extf %x1 : f16 to f32 "
                    "visir.yield %p, %q : f32, f32";
    text.epilogue = "%t = arith.truncf %s : f32 to f16 visir.yield %t : f16";
  }
  if (s.element == "si8") {
    text.sum = "i32";
    text.prologue = "%p = arith.extsi %x0 : i8 to i32 "
                    "%q = arith.extsi %x1 : i8 to i32 "
                    "visir.yield %p, %q : i32, i32";
    text.epilogue = "visir.yield %s : i32";
  }
  return text.str();
}

std::string visir::test::attentionText(const AttentionShape &s) {
  Text text;
  text.root = std::string("attention, {scale = 0.25 : f64") +
              (s.causal ? ", causal" : "") + "}";
  text.domain = {s.batch, s.heads, s.m, s.e, s.n, s.d};
  text.parallel = 4;
  if (s.packed) {
    std::string type = text.tensor({s.batch, s.m, 3, s.heads, s.d});
    text.load(type, "d0, d2, 0, d1, d5");
    text.load(type, "d0, d4, 1, d1, d5");
    text.load(type, "d0, d4, 2, d1, d3");
  } else if (s.shared) {
    text.load(text.tensor({s.batch, s.heads, s.m, s.d}), "d0, d1, d2, d5");
    text.load(text.tensor({s.batch, s.n, s.d}), "d0, d4, d5");
    text.load(text.tensor({s.batch, s.n, s.e}), "d0, d4, d3");
  } else {
    text.load(text.tensor({s.batch, s.heads, s.m, s.d}), "d0, d1, d2, d5");
    if (s.transposedKey)
      text.load(text.tensor({s.batch, s.heads, s.d, s.n}), "d0, d1, d5, d4");
    else
      text.load(text.tensor({s.batch, s.heads, s.n, s.d}), "d0, d1, d4, d5");
    text.load(text.tensor({s.batch, s.heads, s.n, s.e}), "d0, d1, d4, d3");
  }
  if (s.mask)
    text.load(text.tensor({s.heads, s.m, s.n}), "d1, d2, d4");
  if (s.shared)
    text.store(text.tensor({s.batch, s.heads, s.m, s.e}), "d0, d1, d2, d3");
  else
    text.store(text.tensor({s.batch, s.m, s.heads, s.e}), "d0, d2, d1, d3");
  text.prologue = s.mask ? "visir.yield %x0, %x1, %x2, %x3 : f32, f32, f32, f32"
                         : "visir.yield %x0, %x1, %x2 : f32, f32, f32";
  text.epilogue = "visir.yield %s : f32";
  return text.str();
}
