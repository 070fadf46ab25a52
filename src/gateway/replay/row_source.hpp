#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "gateway/egress/rows/row_walk.hpp"
#include "gateway/egress/store/replay_source.hpp"
#include "runtime/clock.hpp"

namespace gateway::replay {

// The source of a replay by command: the rows of a store that pass a filter. Rows that were
// delivered are removed from a spool, and marked among dead letters. Used by one thread; waits for
// the device.
class RowSource final : public egress::ReplaySource {
 public:
  // `store`, owned if it is a spool, outlives this. Rows behind `last` are none of its.
  RowSource(egress::EventStore& store, egress::StoreKind kind, egress::StoreFilter filter,
            std::uint64_t limit, egress::Sequence last)
      : store_(store),
        kind_(kind),
        walk_(store, std::move(filter), limit, std::min(last, store.last_seq())) {
    walk_.limit_whole_rows();
  }

  // Implement ReplaySource. All rows go to the one target of the replay, whichever is asked for,
  // and they come in order.
  bool fetch(const egress::RowsWanted& wanted, Fetched done, egress::SpooledEvents memory) override;
  bool give_back(std::size_t target, std::vector<egress::Sequence> rows) override;
  bool note_delivered(std::vector<egress::Sequence> rows) override;
  [[nodiscard]] std::uint64_t backlog() const noexcept override {
    return leased_ + (at_end() ? 0 : 1);  // how many are still to be read is not known
  }

  // Waits until what was noted is on the device.
  void finish();
  // Returns whether nothing is left to be fetched.
  [[nodiscard]] bool at_end() const noexcept {
    return walk_.at_end() && !walk_.available() && returned_.empty();
  }
  // Returns the number of rows that have not been fetched, counted until the deadline.
  [[nodiscard]] std::uint64_t count_rest(Instant deadline);
  [[nodiscard]] const egress::RowWalk& walk() const noexcept { return walk_; }
  // Returns why the store cannot be used any more; empty while it can.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }
  // Returns the number of delivered rows that the store could not note.
  [[nodiscard]] std::uint64_t not_noted() const noexcept { return not_noted_; }

 private:
  [[nodiscard]] egress::StoreResult read_next(const egress::RowsWanted& wanted,
                                              egress::SpooledEvents& rows);
  [[nodiscard]] egress::StoreResult read_returned(const egress::RowsWanted& wanted,
                                                  egress::SpooledEvents& rows);

  egress::EventStore& store_;
  const egress::StoreKind kind_;
  egress::RowWalk walk_;
  std::uint64_t leased_ = 0;
  std::set<egress::Sequence> returned_;  // given back; fetched after all others
  std::uint64_t not_noted_ = 0;
  std::string error_;
};

}  // namespace gateway::replay
