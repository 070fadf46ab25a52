#pragma once
#include <cassert>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace gateway {

// FIFO of small values in a power-of-two ring that grows and never shrinks: no allocation once it
// has held its most. Elements can also be put back at the front, which is where a resend belongs.
template <class T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  [[nodiscard]] T& operator[](std::size_t i) noexcept {
    assert(i < size_);
    return slots_[(head_ + i) & (capacity_ - 1)];
  }
  [[nodiscard]] T& front() noexcept { return (*this)[0]; }
  [[nodiscard]] T& back() noexcept { return (*this)[size_ - 1]; }

  // Makes room for `size` elements in all: until there are so many nothing is allocated.
  void reserve(std::size_t size) {
    while (capacity_ < size) [[unlikely]]
      grow();
  }
  void push_back(const T& value) {
    if (size_ == capacity_) [[unlikely]]
      grow();
    slots_[(head_ + size_) & (capacity_ - 1)] = value;
    ++size_;
  }
  void push_front(const T& value) {
    if (size_ == capacity_) [[unlikely]]
      grow();
    head_ = (head_ + capacity_ - 1) & (capacity_ - 1);
    slots_[head_] = value;
    ++size_;
  }
  void pop_front() noexcept {
    assert(size_ > 0);
    head_ = (head_ + 1) & (capacity_ - 1);
    --size_;
  }
  void clear() noexcept { head_ = size_ = 0; }

  // Removes every element `gone` says yes to; the order of the others stays.
  template <class Predicate>
  void remove_if(Predicate gone) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      T value = (*this)[i];
      if (!gone(value)) (*this)[kept++] = value;
    }
    size_ = kept;
  }

 private:
  [[gnu::noinline]] void grow() {  // so that pushing is small enough to be inlined
    const std::size_t larger = capacity_ == 0 ? 64 : capacity_ * 2;
    auto slots = std::make_unique_for_overwrite<T[]>(larger);
    for (std::size_t i = 0; i < size_; ++i) slots[i] = (*this)[i];
    slots_ = std::move(slots);
    capacity_ = larger;
    head_ = 0;
  }

  std::unique_ptr<T[]> slots_;
  std::size_t capacity_ = 0;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace gateway
