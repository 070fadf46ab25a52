#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/observe/observation.hpp"

namespace gateway::observe {

// One log line about events that were not delivered at once.
struct OutcomeLine {
  std::string message;
  std::uint64_t events = 0;  // since the line of this kind before it
  std::string targets;       // their URLs, with a comma between
  BusAnswer answer;          // of the target of most of them
  std::string example_key;
  std::string what_to_do;
  std::uint64_t in_spool = 0;
  std::optional<std::chrono::seconds> took;  // how long a trouble lasted that has ended
  bool good = false;                         // the line says that a trouble has ended
};

// Decides when the log speaks of events that are given up, dead-lettered, spooled and drained.
// Problem: a line for each event would drown the log, and no line lets a gateway fail in silence.
// Solution: per kind one line at once, the next after 10 s, later ones once a minute, each with the
// number of events since the last; a quiet minute begins anew. Lives on the control thread; no I/O.
class OutcomeLog {
 public:
  static constexpr std::chrono::seconds kSecondLine{10};
  static constexpr std::chrono::seconds kLaterLines{60};

  // Returns the lines that are due at `seen.now`. Call about once a second.
  [[nodiscard]] std::vector<OutcomeLine> due(const Observation& seen);

 private:
  enum Kind : std::uint8_t { refused, timed_out, not_stored, dead_lettered, spooled, kinds };
  struct Told {
    std::uint64_t counter = 0;  // as it was in the last line
    std::optional<Instant> at;
    unsigned lines = 0;  // since it was quiet
    // As they were in the last line, or when there was last nothing new.
    std::vector<std::uint64_t> of_targets;
  };

  [[nodiscard]] std::uint64_t newly(Kind kind, std::uint64_t counter, Instant now);

  std::array<Told, kinds> told_{};
  std::optional<Instant> draining_since_;
  std::uint64_t replayed_before_ = 0;
};

}  // namespace gateway::observe
