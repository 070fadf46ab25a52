#include "runtime/buffer_pool.hpp"

#include <bit>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

namespace gateway {

void Buffer::release() noexcept {
  if (data_ == nullptr) return;
  pool_->put(data_, size_ + BufferPool::kPadding);
  data_ = nullptr;
  size_ = 0;
}

BufferPool::~BufferPool() {
  for (auto& list : free_) {
    for (char* data : list) std::free(data);
  }
}

std::size_t BufferPool::class_of(std::size_t allocation) noexcept {
  return static_cast<std::size_t>(std::bit_width((allocation - 1) / kSmallest));
}

Buffer BufferPool::take(std::size_t size) {
  const std::size_t index = class_of(size + kPadding);
  assert(index < kClasses);
  const std::size_t allocation = kSmallest << index;
  auto& list = free_[index];
  char* data = nullptr;
  if (!list.empty()) {
    data = list.back();
    list.pop_back();
    kept_bytes_ -= allocation;
  } else {
    data = static_cast<char*>(std::malloc(allocation));
    if (data == nullptr) throw std::bad_alloc();
    // The padding is read, though never looked at: keep it defined for the sanitizers.
    std::memset(data + allocation - kPadding, 0, kPadding);
  }
  return Buffer(this, data, allocation - kPadding);
}

void BufferPool::put(char* data, std::size_t allocation) noexcept {
  if (kept_bytes_ + allocation > keep_bytes_) {
    std::free(data);
    return;
  }
  try {
    free_[class_of(allocation)].push_back(data);
    kept_bytes_ += allocation;
  } catch (const std::bad_alloc&) {
    std::free(data);  // no room to remember it: back to the system
  }
}

}  // namespace gateway
