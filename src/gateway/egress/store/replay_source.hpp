#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "gateway/egress/segments/store_error.hpp"
#include "gateway/egress/store/spooled_events.hpp"

namespace gateway::egress {

// Rows that a replay asks for.
struct RowsWanted {
  std::size_t target = 0;  // whose rows
  std::size_t max_rows = 0;
  std::size_t max_bytes = 0;
  // Asks for the row that was added last, instead of the next ones.
  bool newest = false;
};

// Where a replay has its events from, and where it notes what was delivered: the writer of a
// running gateway's spool, or a store that a command reads.
class ReplaySource {
 public:
  using Fetched = std::function<void(StoreOutcome<SpooledEvents>)>;

  ReplaySource() = default;
  virtual ~ReplaySource() = default;
  ReplaySource(const ReplaySource&) = delete;
  ReplaySource& operator=(const ReplaySource&) = delete;

  // Leases rows: nobody else is given them until they are given back. `done` is called on any
  // thread, at once or later, with no rows if there are none now. `memory` is used again for them,
  // whatever it holds. False: there will be none any more, and `done` is not called.
  [[nodiscard]] virtual bool fetch(const RowsWanted& wanted, Fetched done,
                                   SpooledEvents memory) = 0;
  // Whoever fetches for this target next gets them, or new ones if it was so the last time.
  virtual bool give_back(std::size_t target, std::vector<Sequence> rows) = 0;
  // The eventbus has taken these.
  virtual bool note_delivered(std::vector<Sequence> rows) = 0;
  // Rows there are, of every target, leased ones included.
  [[nodiscard]] virtual std::uint64_t backlog() const noexcept = 0;
  // How many times all rows have been leased anew, those that are leased included.
  [[nodiscard]] virtual std::uint64_t readings() const noexcept { return 0; }
};

}  // namespace gateway::egress
