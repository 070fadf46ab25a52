#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/metrics/counter.hpp"

namespace gateway {

// The families of COS events, as `cos:<family>:<what exactly>` names them.
enum class EventKind : std::uint8_t { created, removed, restored, other, count_ };
[[nodiscard]] constexpr const char* label(EventKind kind) noexcept {
  constexpr std::array names{"created", "removed", "restored", "other"};
  static_assert(names.size() == static_cast<std::size_t>(EventKind::count_));
  return names[static_cast<std::size_t>(kind)];
}
[[nodiscard]] EventKind kind_of(std::string_view event_name) noexcept;

// How old events are when they are acknowledged. Seconds are as fine as COS tells the time of an
// event, and what comes from a spool may be days old.
class LagHistogram {
 public:
  static constexpr std::array<std::uint32_t, 12> kBounds{1,  2,   3,    5,    10,    30,
                                                         60, 300, 1800, 7200, 21600, 86400};
  static constexpr std::size_t kBuckets = kBounds.size() + 1;  // the last one is +Inf

  // A negative lag, of clocks that disagree, counts as none.
  void observe(std::chrono::milliseconds lag) noexcept;
  [[nodiscard]] std::uint64_t count(std::size_t bucket) const noexcept {
    return counts_[bucket].value();
  }
  [[nodiscard]] std::uint64_t sum_ms() const noexcept { return sum_ms_.value(); }

 private:
  std::array<Counter, kBuckets> counts_;
  Counter sum_ms_;
};

}  // namespace gateway
