// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/emulator/Memory.h"

#include "mlir/IR/Diagnostics.h"

#include <cstring>

using namespace mlir;
using namespace visir::cuda;

Memory::Memory(MutableArrayRef<char> bytes, unsigned elementBytes,
               bool watched)
    : bytes(bytes), elementBytes(elementBytes), shared(false),
      touches(watched ? bytes.size() / elementBytes : 0) {}

Memory::Memory(int64_t elements, unsigned elementBytes)
    : own(elements * elementBytes), bytes(own), elementBytes(elementBytes),
      shared(true), touches(elements) {}

LogicalResult Memory::check(Operation *op, int64_t element) const {
  int64_t elements = bytes.size() / elementBytes;
  if (element >= 0 && element < elements)
    return success();
  return op->emitError() << "element is " << element
                         << ", expected 0 to " << elements - 1;
}

LogicalResult Memory::meet(Operation *op, int64_t element, int64_t one,
                           int64_t other, const char *what) const {
  return op->emitError() << "threads " << one << " and " << other << " " << what
                         << " element " << element << " of "
                         << (shared ? "shared" : "global")
                         << " memory without a barrier between";
}

FailureOr<uint64_t> Memory::read(Operation *op, int64_t element,
                                 int64_t thread, int64_t epoch) {
  if (failed(check(op, element)))
    return failure();
  if (!touches.empty()) {
    Touch &touch = touches[element];
    if (touch.copied)
      return meetCopy(op, element);
    if (shared && touch.writer < 0)
      return op->emitError() << "element " << element
                             << " of shared memory is read before it is "
                                "written";
    if (touch.writeEpoch == epoch && touch.writer != thread)
      return meet(op, element, touch.writer, thread, "write and read");
    bool again = touch.readEpoch == epoch;
    touch.manyReaders =
        again && (touch.manyReaders || touch.reader != thread);
    touch.reader = thread;
    touch.readEpoch = epoch;
  }
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + element * elementBytes, elementBytes);
  return value;
}

LogicalResult Memory::meetCopy(Operation *op, int64_t element) const {
  return op->emitError() << "element " << element << " of shared memory is "
                         << "touched while a copy to it is on its way";
}

LogicalResult Memory::claim(Operation *op, int64_t element, int64_t thread,
                            int64_t epoch) {
  if (failed(check(op, element)))
    return failure();
  if (!touches.empty()) {
    Touch &touch = touches[element];
    if (touch.copied)
      return meetCopy(op, element);
    if (touch.writeEpoch == epoch && touch.writer != thread)
      return meet(op, element, touch.writer, thread, "both write");
    if (touch.readEpoch == epoch &&
        (touch.manyReaders || touch.reader != thread))
      return meet(op, element, touch.reader, thread, "read and write");
    touch.writer = thread;
    touch.writeEpoch = epoch;
  }
  return success();
}

LogicalResult Memory::beginCopy(Operation *op, int64_t element, int64_t thread,
                                int64_t epoch) {
  if (failed(claim(op, element, thread, epoch)))
    return failure();
  touches[element].copied = true;
  return success();
}

LogicalResult Memory::write(Operation *op, int64_t element, uint64_t value,
                            int64_t thread, int64_t epoch) {
  if (failed(claim(op, element, thread, epoch)))
    return failure();
  std::memcpy(bytes.data() + element * elementBytes, &value, elementBytes);
  return success();
}
