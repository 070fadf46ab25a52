#pragma once
#include <cstddef>

// What a container keeps of its memory once it is empty. Neither clear() nor the assignment of an
// empty container gives any of it back: `v = {}` keeps all of a vector's, `s = std::string()` all
// of a string's.
namespace gateway {

// Empties a container and frees its memory.
template <class Container>
void free_memory(Container& container) noexcept {
  Container().swap(container);
}

// Empties a container and frees its memory if that is for more than `most` elements.
template <class Container>
void clear_keeping(Container& container, std::size_t most) noexcept {
  if (container.capacity() > most) {
    free_memory(container);
  } else {
    container.clear();
  }
}

}  // namespace gateway
