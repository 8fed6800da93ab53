// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where all memory of the runtime comes from, and an array that owns some.
#ifndef VISIR_RUNTIME_BASE_ALLOCATOR_H
#define VISIR_RUNTIME_BASE_ALLOCATOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <new>
#include <type_traits>

namespace visir::runtime {

// Hooks may be called from any thread, but only while a context, module or
// session is made or destroyed. Alignment is a power of two.
struct Allocator {
  void *(*allocate)(void *user, size_t bytes, size_t alignment); // null: full
  void (*release)(void *user, void *memory, size_t bytes, size_t alignment);
  void *user;
};

// The C library's heap; blocks of several MiB are aligned for huge pages and
// ask for them.
const Allocator &systemAllocator();

// A fixed-size array from an allocator: zeroed bytes, then T's constructor
// where it has one.
template <typename T> class Array {
public:
  Array() = default;
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;
  ~Array() { reset(); }

  // Replaces the content by `count` zeroed elements; false: no memory.
  bool allocate(const Allocator &from, size_t count,
                size_t alignment = alignof(T)) {
    reset();
    if (count == 0)
      return true;
    size_t bytes;
    if (__builtin_mul_overflow(count, sizeof(T), &bytes))
      return false;
    void *memory = from.allocate(from.user, bytes, alignment);
    if (!memory)
      return false;
    memset(memory, 0, bytes);
    allocator = from;
    elements = static_cast<T *>(memory);
    length = count;
    elementAlignment = alignment;
    if constexpr (!std::is_trivially_destructible<T>::value)
      for (size_t i = 0; i < count; ++i)
        new (elements + i) T();
    return true;
  }

  void reset() {
    if constexpr (!std::is_trivially_destructible<T>::value)
      for (size_t i = 0; i < length; ++i)
        elements[i].~T();
    if (elements)
      allocator.release(allocator.user, elements, length * sizeof(T),
                        elementAlignment);
    elements = nullptr;
    length = 0;
  }

  size_t size() const { return length; }
  T *data() { return elements; }
  const T *data() const { return elements; }
  T &operator[](size_t index) { return elements[index]; }
  const T &operator[](size_t index) const { return elements[index]; }
  T *begin() { return elements; }
  T *end() { return elements + length; }
  const T *begin() const { return elements; }
  const T *end() const { return elements + length; }

private:
  Allocator allocator = {};
  T *elements = nullptr;
  size_t length = 0;
  size_t elementAlignment = 0;
};

// Makes a T in memory from an allocator; null: no memory.
template <typename T> T *create(const Allocator &allocator) {
  void *memory = allocator.allocate(allocator.user, sizeof(T), alignof(T));
  return memory ? new (memory) T() : nullptr;
}

// Ends what create made. The allocator is a copy: it may live in the object.
template <typename T> void destroy(Allocator allocator, T *object) {
  object->~T();
  allocator.release(allocator.user, object, sizeof(T), alignof(T));
}

} // namespace visir::runtime

#endif // VISIR_RUNTIME_BASE_ALLOCATOR_H
