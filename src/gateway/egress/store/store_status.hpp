#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/egress/store/async_store.hpp"
#include "runtime/clock.hpp"

namespace gateway::egress {

// What a scrape, /status and readiness want to know of a store.
struct StoreStatus {
  StoreStatus() = default;

  StoreState state = StoreState::ok;
  std::string error;  // the last one, while the state is not ok
  std::uint64_t appended = 0;
  std::uint64_t removed = 0;
  std::uint64_t refused = 0;  // events that submit() turned away or an error kept out
  std::uint64_t commits = 0;  // writes that appended
  std::uint64_t damaged_rows = 0;
  std::uint64_t vanished = 0;          // events whose file somebody removed, moved or cut
  std::uint64_t unreadable_files = 0;  // of the store, left alone
  std::uint64_t taken_over = 0;        // events of an earlier version's file
  std::uint64_t backlog_rows = 0;      // on disk, leased ones included
  std::uint64_t backlog_bytes = 0;     // their events'
  std::uint64_t unclaimed = 0;         // of these, events for targets that are not configured
  std::optional<WallInstant> oldest;
  std::uint64_t waiting_events = 0;  // handed in and not yet on disk
  std::uint64_t waiting_bytes = 0;
};

[[nodiscard]] std::string_view name_of(StoreState state) noexcept;
// Returns the state of a store that has failed so.
[[nodiscard]] StoreState state_of(StoreError::Kind kind) noexcept;

}  // namespace gateway::egress
