#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <unordered_map>

#include "gateway/egress/segments/stored_event.hpp"

namespace gateway::egress {

// Decides which events of the spool have expired: those older than spool.max_age that the eventbus
// has since answered with a failure kAnswers times, while it was up and took other events between
// these answers. An outage expires nothing. The count starts at zero in every process. Sans-I/O;
// not thread-safe.
class SpoolExpiry {
 public:
  // An eventbus that fails most requests would have taken the event long before.
  static constexpr unsigned kAnswers = 16;
  // The most events that are counted at a time; others wait for their turn.
  static constexpr std::size_t kMostRows = 65'536;

  enum class Verdict : std::uint8_t { not_yet, now, before };

  // Takes spool.max_age; 0 means that events never expire.
  explicit SpoolExpiry(std::chrono::milliseconds max_age) noexcept : max_age_(max_age) {}

  // Records that the event of `row` was answered with a temporary failure. `up`: the eventbus is
  // known to take events; `taken`: how many it has taken so far. Returns whether the event has
  // expired.
  [[nodiscard]] Verdict failing_answer(Sequence row, std::chrono::milliseconds age, bool up,
                                       std::uint64_t taken);
  // Forgets rows that were removed from the spool.
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
