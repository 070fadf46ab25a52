#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "gateway/egress/store/event_store.hpp"
#include "gateway/egress/store/replay_source.hpp"
#include "gateway/egress/store/target_names.hpp"

namespace gateway::egress {

// Gives the rows of a store out to the replays of its targets, each row to one at a time. A
// target's rows are leased in order, so that it keeps only how far leasing has come, and which rows
// were given back since. In memory only: a new process begins at the first row. Not thread-safe.
class RowLeases {
 public:
  explicit RowLeases(TargetNames targets = {})
      : names_(std::move(targets)), targets_(names_.size()) {}

  // Leases rows of a target and reads them into `chunk`: the newest, or by turns those that were
  // given back, and new ones, so that rows which come back again and again keep no others from
  // being read. If it holds no rows and is not at the end, there may be some: much of other targets
  // was passed over. Its damaged rows are named once.
  [[nodiscard]] StoreResult read(EventStore& store, const RowsWanted& wanted, SpooledChunk& chunk);
  // Says whether the rows of the last read() have arrived. If not, they are given back.
  void arrived(bool arrived);

  void give_back(std::size_t target, std::span<const Sequence> rows) {
    targets_[target].returned.insert(rows.begin(), rows.end());
  }
  // Forgets rows that were removed from the store.
  void forget(std::span<const Sequence> rows);
  // Leases all rows anew, as there may be others than before: also those that are leased now, but
  // for those that are `delivered`, whose removal is owed.
  void begin_again(std::vector<Sequence> delivered) noexcept;

  // Begins to count the rows that are there now and are for none of the targets.
  void begin_count(const EventStore& store) { count_to_ = store.last_seq(); }
  [[nodiscard]] bool counting() const noexcept { return count_to_.has_value(); }
  // Goes through some more rows. An error ends the count.
  [[nodiscard]] StoreResult count_on(EventStore& store);
  // Returns how many rows for none of the targets have been found.
  [[nodiscard]] std::uint64_t unclaimed() const noexcept { return unclaimed_; }

 private:
  struct Target {
    Sequence frontier = 0;  // all new rows up to it have been leased
    std::set<Sequence> returned;
    std::set<Sequence> ahead;    // behind the frontier, and leased since, as the newest then
    bool new_first = false;      // the last read() was of `returned`
    Sequence newest_before = 0;  // where the search for the newest goes on; 0: at the end
  };

  [[nodiscard]] std::vector<Sequence> take_returned(Target& target, std::size_t max);
  // Returns whether a row is of target_ and has not been leased, if it is behind the frontier.
  [[nodiscard]] bool is_new(const RecordReader::Record& record) const;
  // Read rows of target_.
  [[nodiscard]] StoreResult read_returned(EventStore& store, const RowsWanted& wanted,
                                          SpooledChunk& chunk);
  [[nodiscard]] StoreResult read_new(EventStore& store, const RowsWanted& wanted,
                                     SpooledChunk& chunk);
  [[nodiscard]] StoreOutcome<Sequence> last_new(EventStore& store, Sequence last) const;
  [[nodiscard]] StoreOutcome<Sequence> find_newest(EventStore& store);
  [[nodiscard]] StoreResult read_newest(EventStore& store, const RowsWanted& wanted,
                                        SpooledChunk& chunk);

  TargetNames names_;
  std::vector<Sequence> delivered_;  // in order; not to be leased
  std::vector<Target> targets_;
  std::size_t target_ = 0;        // of the last read()
  std::vector<Sequence> leased_;  // by the last read()
  std::optional<Sequence> count_to_;
  Sequence counted_to_ = 0;
  std::uint64_t unclaimed_ = 0;
};

}  // namespace gateway::egress
