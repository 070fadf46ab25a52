#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "faults/record_mark.hpp"

namespace gateway::faults {

// What an eventbus received, by event id. Plain values; not thread-safe. About 70 bytes an event.
class Arrivals {
 public:
  enum class Answer {
    accepted,  // 2xx
    cut,       // received whole, but the connection ended instead of an answer
    refused    // any other status: the event has not arrived
  };
  struct Event {
    RecordMark record;
    std::uint32_t attempts = 0;      // received, whatever the answer
    std::uint32_t taken = 0;         // of them accepted or cut
    std::uint32_t acknowledged = 0;  // of them accepted
  };
  // An id that came with another record, or with other data, than the first time.
  using Conflict = std::pair<RecordMark, Answer>;

  static constexpr std::size_t kMaxEvents = 20'000'000;
  static constexpr std::size_t kMaxConflicts = 10'000;

  // Throws std::length_error beyond the bounds: what is not remembered cannot be judged.
  void note(std::string_view id, const RecordMark& record, Answer answer);

  [[nodiscard]] const std::unordered_map<std::uint64_t, Event>& events() const noexcept {
    return events_;
  }
  [[nodiscard]] const std::vector<Conflict>& conflicts() const noexcept { return conflicts_; }

 private:
  std::unordered_map<std::uint64_t, Event> events_;  // by hash of the id
  std::vector<Conflict> conflicts_;
};

}  // namespace gateway::faults
