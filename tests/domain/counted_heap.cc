#include "tests/domain/counted_heap.h"

#include <cstdlib>
#include <new>

namespace {
thread_local eventrelay::HeapUse use;
}  // namespace

eventrelay::HeapUse eventrelay::heap_use() {
  return use;
}

// Compiled on its own: where g++ can inline one of the two, it takes them for a mismatched pair.
void* operator new(std::size_t size) {
  ++use.calls;
  use.bytes += size;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
