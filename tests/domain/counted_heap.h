// Counts what a thread asks of the heap, for tests of what must not cost any. This program's operator new is replaced.
#pragma once
#include <cstddef>

namespace eventrelay {

struct HeapUse {
  std::size_t calls = 0;
  std::size_t bytes = 0;
};

/// What the calling thread has asked for since it began.
HeapUse heap_use();

}  // namespace eventrelay
