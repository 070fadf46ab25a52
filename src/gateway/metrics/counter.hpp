#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace gateway {

// Written by one thread alone and read by any: plain loads and stores, no locked instruction.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_release);
  }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_acquire);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(std::uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// A counter or gauge for each value of an enum that ends with count_.
template <class Enum, class Cell>
class PerReason {
 public:
  [[nodiscard]] Cell& operator[](Enum reason) noexcept {
    return cells_[static_cast<std::size_t>(reason)];
  }
  [[nodiscard]] const Cell& operator[](Enum reason) const noexcept {
    return cells_[static_cast<std::size_t>(reason)];
  }
  static constexpr std::size_t size() noexcept { return static_cast<std::size_t>(Enum::count_); }
  [[nodiscard]] std::uint64_t total() const noexcept {
    std::uint64_t total = 0;
    for (const Cell& cell : cells_) total += cell.value();
    return total;
  }

 private:
  std::array<Cell, static_cast<std::size_t>(Enum::count_)> cells_;
};

// Numbers by the value of an enumeration.
template <class Enum>
struct Counts : std::array<std::uint64_t, static_cast<std::size_t>(Enum::count_)> {
  using std::array<std::uint64_t, static_cast<std::size_t>(Enum::count_)>::operator[];
  [[nodiscard]] std::uint64_t& operator[](Enum value) noexcept {
    return (*this)[static_cast<std::size_t>(value)];
  }
  [[nodiscard]] std::uint64_t operator[](Enum value) const noexcept {
    return (*this)[static_cast<std::size_t>(value)];
  }
};

}  // namespace gateway
