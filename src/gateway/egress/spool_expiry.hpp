#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <unordered_map>

#include "gateway/egress/store/stored_event.hpp"

namespace gateway::egress {

// Tells which events of the spool have had their chance: older than spool.max_age, and answered
// with a failure kAnswers times since they were, while the eventbus was up and took other events
// between one of these answers and the next. An outage expires nothing. Counts from zero in every
// process. Sans-I/O; not thread-safe.
class SpoolExpiry {
 public:
  // Enough for an eventbus that fails most requests to have taken the event long before.
  static constexpr unsigned kAnswers = 16;
  // Of the events that are counted; others wait for their turn.
  static constexpr std::size_t kMostRows = 65'536;

  enum class Verdict : std::uint8_t { not_yet, now, before };

  // 0: never.
  explicit SpoolExpiry(std::chrono::milliseconds max_age) noexcept : max_age_(max_age) {}

  // The event of `row` was answered with a failure that may pass. `up`: the eventbus is known to
  // take events; `taken`: how many it has taken so far.
  [[nodiscard]] Verdict failing_answer(Sequence row, std::chrono::milliseconds age, bool up,
                                       std::uint64_t taken);
  // These are gone from the spool.
  void forget(std::span<const Sequence> rows) {
    if (rows_.empty()) return;
    for (const Sequence row : rows) rows_.erase(row);
  }

 private:
  struct Row {
    unsigned answers = 0;     // that count
    std::uint64_t taken = 0;  // by the eventbus, when the last of them came
  };

  std::chrono::milliseconds max_age_;
  std::unordered_map<Sequence, Row> rows_;
};

}  // namespace gateway::egress
