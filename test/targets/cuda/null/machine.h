// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A GPU that is not there: its memory, streams and graphs. Work waits in its
// stream until somebody waits for it. Graphs run in an order that their edges
// allow but nobody would expect, and each access of a node is checked: it lies
// in memory that was allocated, what it reads was written in this run (or is
// of the host), and nodes that meet in a line of memory are in order.
#ifndef VISIR_TEST_TARGETS_CUDA_NULL_MACHINE_H
#define VISIR_TEST_TARGETS_CUDA_NULL_MACHINE_H

#include "targets/cuda/driver/cuda_types.h"
#include "warp.h"

#include <deque>
#include <functional>

namespace visir::null {

using namespace visir::runtime::cuda;

constexpr uint64_t kLineBytes = 64;
constexpr uint32_t kNobody = UINT32_MAX;

enum class Kind { device, host, managed };

// What is known of a line of memory.
struct Line {
  bool ofHost = false;       // the host wrote it, for good
  bool constant = false;     // and kernels must not
  bool written = false;      // at all
  uint32_t writer = kNobody; // of this run
  std::vector<uint32_t> readers;
};

struct Allocation {
  uint64_t base = 0, bytes = 0;
  Kind kind = Kind::device;
  std::vector<Line> lines;
};

struct LoadedFunction {
  const Kernel *kernel = nullptr;
  uint32_t mostDynamicShared = 48 << 10;
};

struct LoadedModule {
  std::unique_ptr<Program> program;
  std::map<std::string, LoadedFunction> functions;
};

struct Node {
  enum Type { kernel, copy, fill, empty } type = empty;
  uint32_t index = 0;
  KernelParams launch = {};
  std::vector<uint8_t> parameters;
  CopyParams copyParams = {};
  FillParams fillParams = {};
  std::vector<uint32_t> earlier;
};

struct NodeGraph {
  std::vector<std::unique_ptr<Node>> nodes;
};

struct WorkStream;

struct TimeEvent {
  WorkStream *on = nullptr;
  uint64_t ticket = 0; // of its place in the stream
  uint64_t ns = 0;
};

struct Work {
  uint64_t ticket;
  std::function<void()> act;
};

struct WorkStream {
  std::deque<Work> work;
  uint64_t nextTicket = 1;
};

// One run of a graph, or one command in a stream.
class GraphRun : public GlobalMemory {
public:
  explicit GraphRun(bool dropEdges) : dropEdges(dropEdges) {}
  // The first failure, or an empty text.
  std::string run(const std::vector<Node> &nodes);
  bool access(uint64_t address, uint32_t bytes, bool write) override;

private:
  void findAncestors(const std::vector<Node> &nodes);
  void execute(const Node &node);
  void launch(const Node &node);
  bool touch(uint64_t address, uint64_t bytes, bool write);
  bool checkLine(Allocation &allocation, uint64_t line, bool write);
  bool isBefore(uint32_t earlier, uint32_t later) const {
    return earlier == later || ancestors[later][earlier];
  }
  void fail(const std::string &what) {
    if (failure.empty())
      failure = what;
  }

  bool dropEdges;
  uint32_t current = 0;
  std::vector<std::vector<bool>> ancestors;
  Allocation *last = nullptr; // found by the last access
  std::string failure, why;
};

// All of it; one for the process.
struct Machine {
  std::map<uint64_t, Allocation> memory; // by end of the allocation
  WorkStream defaultStream;
  std::string failure; // of work that is done; it stays
  uint64_t launches = 0;
  std::string lastGraph;

  Allocation *find(uint64_t address);
  uint64_t allocate(uint64_t bytes, Kind kind);
  bool release(uint64_t address);
  // Marks lines that the host wrote.
  bool markHost(uint64_t address, uint64_t bytes, bool constant);
  void runStream(WorkStream &stream, uint64_t until = UINT64_MAX);
  void add(WorkStream &stream, std::function<void()> act) {
    stream.work.push_back({stream.nextTicket++, std::move(act)});
  }
  void runNodes(const std::vector<Node> &nodes, bool dropEdges);
};

Machine &machine();

// For people and tests: a line for each node.
std::string describe(const std::vector<Node> &nodes);

} // namespace visir::null

#endif // VISIR_TEST_TARGETS_CUDA_NULL_MACHINE_H
