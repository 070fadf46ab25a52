#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "faults/arrivals.hpp"
#include "faults/record_mark.hpp"
#include "faults/sent_records.hpp"

namespace gateway::faults {

// Goes through what a store of the gateway (dead letters, spool) holds and calls back for each
// record in it; an empty function is an empty store.
using ReadStore = std::function<void(const std::function<void(const RecordMark&)>&)>;

// What came of a run.
class Balance {
 public:
  Balance() = default;

  std::uint64_t posts = 0;
  std::uint64_t posts_acknowledged = 0;
  std::uint64_t refused = 0;     // attempts answered otherwise than by 200
  std::uint64_t unanswered = 0;  // attempts
  std::uint64_t records = 0;
  std::uint64_t records_acknowledged = 0;
  std::uint64_t arrived = 0;     // records, each once
  std::uint64_t duplicates = 0;  // arrivals of an event id beyond its first
  std::uint64_t repeats = 0;  // further ids of a record that had arrived: its post was made again
  std::uint64_t dead_letters = 0;  // records, each once
  std::uint64_t spooled = 0;       // records, each once

  std::uint64_t lost = 0;       // acknowledged, and nowhere
  std::uint64_t foreign = 0;    // somewhere, and never sent
  std::uint64_t damaged = 0;    // somewhere, and not byte for byte what was sent
  std::uint64_t conflicts = 0;  // an event id that stood for two records

  [[nodiscard]] bool good() const noexcept {
    return lost == 0 && foreign == 0 && damaged == 0 && conflicts == 0;
  }
  // A line for each number.
  [[nodiscard]] std::string table() const;
};

// Compares: acknowledged records must have arrived or lie in a store; whatever arrived or was
// stored must have been sent, with these bytes. A damaged record counts as missing, too. Attempts
// the eventbus refused do not arrive, but must not carry anything foreign or damaged either.
[[nodiscard]] Balance check(const SentRecords& sent, const Arrivals& arrivals,
                            const ReadStore& dead_letters = {}, const ReadStore& spool = {});

}  // namespace gateway::faults
