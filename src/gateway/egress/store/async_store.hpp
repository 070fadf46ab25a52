#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/egress/segments/store_error.hpp"
#include "gateway/egress/segments/stored_event.hpp"
#include "gateway/egress/store/replay_source.hpp"
#include "runtime/clock.hpp"

namespace gateway::egress {

enum class StoreState : std::uint8_t { ok, full, failing };

[[nodiscard]] constexpr std::string_view name_of(StoreState state) noexcept {
  if (state == StoreState::ok) return "ok";
  return state == StoreState::full ? "full" : "failing";
}
// Returns the state of a store that has failed so.
[[nodiscard]] constexpr StoreState state_of(StoreError::Kind kind) noexcept {
  return kind == StoreError::Kind::full ? StoreState::full : StoreState::failing;
}

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

// A store without blocking calls, for the thread of a shard: the result of a write is reported
// later.
class AsyncStore : public ReplaySource {
 public:
  using Done = std::function<void(StoreResult)>;

  // Submits all of `events` or none. `done` is called when they are on the device, or with the
  // reason why they are not. Returns false if nothing was accepted; `done` is not called then.
  [[nodiscard]] virtual bool submit(std::vector<StoredEvent> events, Done done) = 0;
  // Returns the state of the store. Cheap enough to be called for every post.
  [[nodiscard]] virtual StoreState state() const noexcept = 0;
};

}  // namespace gateway::egress
