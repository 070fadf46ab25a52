#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace gateway::soak {

// Returns the seconds that have passed since then.
[[nodiscard]] inline double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Shows what a counter has counted since this was made, and how fast.
class Growth {
 public:
  explicit Growth(std::function<std::uint64_t()> counter)
      : counter_(std::move(counter)), before_(counter_()) {}

  [[nodiscard]] double count() const { return static_cast<double>(counter_() - before_); }
  [[nodiscard]] double seconds() const { return seconds_since(begin_); }
  [[nodiscard]] double a_second() const { return count() / seconds(); }

 private:
  std::function<std::uint64_t()> counter_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::uint64_t before_;
};

}  // namespace gateway::soak
