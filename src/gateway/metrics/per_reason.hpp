#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace gateway {

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

}  // namespace gateway
