// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace visir::null {

Machine &machine() {
  static Machine *only = new Machine; // outlives all users
  return *only;
}

Allocation *Machine::find(uint64_t address) {
  auto found = memory.upper_bound(address);
  return found != memory.end() && found->second.base <= address ? &found->second
                                                                : nullptr;
}

uint64_t Machine::allocate(uint64_t bytes, Kind kind) {
  uint64_t rounded = (bytes + 511) / 256 * 256; // a gap behind it
  void *data = std::aligned_alloc(256, rounded);
  if (!data)
    return 0;
  memset(data, 0xcd, rounded); // what nobody should read
  Allocation made;
  made.base = reinterpret_cast<uint64_t>(data);
  made.bytes = bytes;
  made.kind = kind;
  if (kind == Kind::device)
    made.lines.resize((bytes + kLineBytes - 1) / kLineBytes);
  uint64_t base = made.base;
  memory[base + bytes] = std::move(made);
  return base;
}

bool Machine::release(uint64_t address) {
  Allocation *found = find(address);
  if (!found || found->base != address)
    return false;
  memory.erase(found->base + found->bytes);
  std::free(reinterpret_cast<void *>(address));
  return true;
}

bool Machine::markHost(uint64_t address, uint64_t bytes, bool constant) {
  Allocation *found = find(address);
  if (!found || address + bytes > found->base + found->bytes)
    return false;
  uint64_t first = (address - found->base) / kLineBytes;
  uint64_t end = (address + bytes - found->base + kLineBytes - 1) / kLineBytes;
  for (uint64_t i = first; i < end && i < found->lines.size(); ++i) {
    found->lines[i].ofHost = found->lines[i].written = true;
    found->lines[i].constant = constant;
  }
  return true;
}

void Machine::runStream(WorkStream &stream, uint64_t until) {
  while (!stream.work.empty() && stream.work.front().ticket <= until) {
    Work work = std::move(stream.work.front());
    stream.work.pop_front();
    if (failure.empty())
      work.act();
  }
}

void Machine::runNodes(const std::vector<Node> &nodes, bool dropEdges) {
  std::string text = GraphRun(dropEdges).run(nodes);
  if (failure.empty())
    failure = text;
}

std::string describe(const std::vector<Node> &nodes) {
  std::ostringstream out;
  for (const Node &node : nodes) {
    out << node.index << " ";
    if (node.type == Node::kernel) {
      const auto *function =
          reinterpret_cast<const LoadedFunction *>(node.launch.function);
      out << function->kernel->name << " grid " << node.launch.gridX
          << " block " << node.launch.blockX << " shared "
          << node.launch.sharedBytes;
    } else if (node.type == Node::copy) {
      out << "copy " << node.copyParams.width << " from "
          << (node.copyParams.fromType == kMemoryHost ? "host" : "device")
          << " to "
          << (node.copyParams.toType == kMemoryHost ? "host" : "device");
    } else if (node.type == Node::fill) {
      out << "fill " << node.fillParams.width;
    } else {
      out << "empty";
    }
    out << " after";
    for (uint32_t earlier : node.earlier)
      out << " " << earlier;
    out << "\n";
  }
  return out.str();
}

void GraphRun::findAncestors(const std::vector<Node> &nodes) {
  ancestors.assign(nodes.size(), std::vector<bool>(nodes.size()));
  for (const Node &node : nodes) // earlier nodes were added before
    for (uint32_t earlier : node.earlier) {
      ancestors[node.index][earlier] = true;
      for (uint32_t i = 0; i < earlier; ++i)
        if (ancestors[earlier][i])
          ancestors[node.index][i] = true;
    }
}

std::string GraphRun::run(const std::vector<Node> &nodes) {
  std::vector<Node> copies = nodes;
  if (dropEdges)
    for (Node &node : copies)
      node.earlier.clear();
  findAncestors(copies);
  for (auto &[end, allocation] : machine().memory)
    for (Line &line : allocation.lines) {
      line.writer = kNobody;
      line.readers.clear();
    }
  std::vector<bool> done(copies.size());
  for (size_t step = 0; step < copies.size() && failure.empty(); ++step)
    // The last one that may run.
    for (size_t i = copies.size(); i-- > 0;) {
      const auto &earlier = copies[i].earlier;
      if (done[i] || !std::all_of(earlier.begin(), earlier.end(),
                                  [&](uint32_t e) { return done[e]; }))
        continue;
      current = static_cast<uint32_t>(i);
      execute(copies[i]);
      done[i] = true;
      break;
    }
  return failure;
}

bool GraphRun::checkLine(Allocation &allocation, uint64_t index, bool write) {
  Line &line = allocation.lines[index];
  auto refuse = [&](const std::string &what) {
    std::ostringstream out;
    out << "node " << current << " " << (write ? "writes" : "reads") << " byte "
        << index * kLineBytes << " of an allocation of " << allocation.bytes
        << ": " << what;
    fail(out.str());
    return false;
  };
  if (line.writer != kNobody && !isBefore(line.writer, current))
    return refuse("node " + std::to_string(line.writer) +
                  " writes it and is not before");
  if (write) {
    if (line.constant)
      return refuse("it is the host's");
    for (uint32_t reader : line.readers)
      if (!isBefore(reader, current))
        return refuse("node " + std::to_string(reader) +
                      " reads it and is not before");
    line.readers.clear();
    line.writer = current;
    line.written = true;
    return true;
  }
  if (line.writer == kNobody && !line.ofHost)
    return refuse("nobody has written it in this run");
  if (line.readers.empty() || line.readers.back() != current)
    line.readers.push_back(current);
  return true;
}

bool GraphRun::touch(uint64_t address, uint64_t bytes, bool write) {
  if (bytes == 0)
    return true;
  if (!last || address < last->base || address >= last->base + last->bytes)
    last = machine().find(address);
  if (!last || address + bytes > last->base + last->bytes) {
    fail("node " + std::to_string(current) +
         " reaches memory that is not allocated");
    return false;
  }
  if (last->lines.empty())
    return true;
  uint64_t first = (address - last->base) / kLineBytes;
  uint64_t end = (address + bytes - 1 - last->base) / kLineBytes;
  for (uint64_t i = first; i <= end; ++i) {
    const Line &line = last->lines[i];
    // Seen before by this node.
    if (write ? line.writer == current
              : !line.readers.empty() && line.readers.back() == current)
      continue;
    if (!write && line.writer == current)
      continue;
    if (!checkLine(*last, i, write))
      return false;
  }
  return true;
}

bool GraphRun::access(uint64_t address, uint32_t bytes, bool write) {
  return touch(address, bytes, write);
}

void GraphRun::launch(const Node &node) {
  const auto &function =
      *reinterpret_cast<const LoadedFunction *>(node.launch.function);
  const Kernel &kernel = *function.kernel;
  const uint32_t threads[3] = {node.launch.blockX, node.launch.blockY,
                               node.launch.blockZ};
  uint32_t count = threads[0] * threads[1] * threads[2];
  uint32_t dynamic = node.launch.sharedBytes;
  if (count == 0 || count > kernel.maxThreads || node.launch.gridX == 0 ||
      node.launch.gridY != 1 || node.launch.gridZ != 1)
    return fail(kernel.name + ": grid or block is not what the kernel takes");
  if (dynamic > function.mostDynamicShared)
    return fail(kernel.name + ": dynamic shared memory is too large");
  if (kernel.hasDynamicShared && dynamic == 0)
    return fail(kernel.name + ": dynamic shared memory is missing");
  for (const Parameter &parameter : kernel.parameters) {
    uint64_t value = 0;
    memcpy(&value, node.parameters.data() + parameter.offset, parameter.bytes);
    if (parameter.bytes == 8 && !machine().find(value) && value)
      // The end of an allocation is the address of what has no bytes.
      if (!machine().find(value - 1))
        return fail(kernel.name + ": a parameter is no address of memory");
  }
  Block block;
  block.memory = this;
  block.parameters = node.parameters.data();
  for (uint32_t i = 0; i < node.launch.gridX; ++i) {
    block.shared.assign(kernel.sharedBytes + dynamic, 0xcd);
    // Blocks may run in any order.
    uint32_t index = node.launch.gridX - 1 - i;
    if (!runBlock(kernel, block, index, node.launch.gridX, threads) ||
        !failure.empty())
      return fail(block.failure);
  }
}

void GraphRun::execute(const Node &node) {
  if (node.type == Node::kernel)
    return launch(node);
  if (node.type == Node::fill) {
    const FillParams &p = node.fillParams;
    if (p.elementBytes != 1 || p.height != 1)
      return fail("fill is not of bytes");
    if (touch(p.to, p.width, true))
      memset(reinterpret_cast<void *>(p.to), static_cast<int>(p.value),
             p.width);
  }
  if (node.type == Node::copy) {
    const CopyParams &p = node.copyParams;
    if (p.height != 1 || p.depth != 1)
      return fail("copy is not of one row");
    uint64_t from = p.fromType == kMemoryHost
                        ? reinterpret_cast<uint64_t>(p.fromHost)
                        : p.fromDevice;
    uint64_t to = p.toType == kMemoryHost ? reinterpret_cast<uint64_t>(p.toHost)
                                          : p.toDevice;
    if (touch(from, p.width, false) && touch(to, p.width, true))
      memcpy(reinterpret_cast<void *>(to), reinterpret_cast<const void *>(from),
             p.width);
  }
}

} // namespace visir::null
