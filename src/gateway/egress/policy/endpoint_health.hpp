#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "gateway/config/settings.hpp"
#include "gateway/domain/eventbus_state.hpp"
#include "gateway/egress/policy/delivery_policy.hpp"
#include "runtime/clock.hpp"

namespace gateway::egress {

// What one shard knows of the eventbus as a whole, and what its connections may therefore do.
//
//   up          nothing is held back
//   down        nothing is sent and nobody connects until the back-off has passed
//   probing     one connection attempt or one request is on its way and decides
//   slow_start  it answers again: requests in flight are limited, to 1 at first, to twice as many
//               with every full window of good answers, until that is no limit any more or it has
//               gone well for kWellFor
//
// It goes down when no good answer has come in between
//   - and kLinkFailures connections in a row could not be made, or ended without any answer to what
//     was sent last;
//   - and kFailing of the last kWindow answers said "not now";
//   - and kFailingEvents events were answered so over kFailingFor or longer: few posts are enough.
// So that no single event can bring it down, a connection lost to an event already suspected does
// not count, and an answer counts for an event's first attempt only. An answer that refuses an
// event for good is a good one here: the eventbus works. One that refuses it for its rate (429)
// counts by time alone.
//
// Retry-After holds for everything: until it has passed, no request leaves in any state.
//
// Connections are made under the same back-off: after a failure one at a time and one an interval,
// until one of them has been answered. The back-off of both ends at kMostWait, as an attempt a
// second costs nobody anything and delivery is to be back within a second of the eventbus.
//
// Where nothing waits to be sent there is nothing to probe with: a connection that is there is
// enough to be up. The next failure takes it down at once.
//
// Sans-I/O; while all is well an answer costs a shift and two stores.
class EndpointHealth {
 public:
  using State = EndpointState;
  using EventKey = std::uint64_t;  // tells one event from another
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();
  static constexpr unsigned kLinkFailures = 3;
  static constexpr int kWindow = 64;
  static constexpr int kFailing = 60;
  // The same in slow start, where every answer counts: so many in a row.
  static constexpr unsigned kFailingAgain = 16;
  static constexpr unsigned kFailingEvents = 3;
  static constexpr std::chrono::seconds kFailingFor{5};
  static constexpr std::chrono::seconds kWellFor{1};
  static constexpr std::chrono::milliseconds kMostWait{800};

  // `full`: as many requests as can be in flight at all.
  EndpointHealth(const config::Retry& retry, std::size_t full, std::uint64_t seed) noexcept;

  [[nodiscard]] State state() const noexcept { return state_; }
  // Every tick. `demand`: events wait. Returns whether more may be sent or connected than before.
  bool tick(bool demand, Instant now) noexcept;

  // --- sending ---
  // The usual case: no limit, no need to ask allowance().
  [[nodiscard]] bool unrestrained() const noexcept { return state_ == State::up && !held_; }
  // Requests that may leave now besides those in flight.
  [[nodiscard]] std::size_t allowance(std::size_t in_flight, Instant now) noexcept;
  // Some did, by leave of allowance().
  void sent(Instant now) noexcept;
  // When allowance() may change by the passing of time alone.
  [[nodiscard]] std::optional<Instant> sends_at(Instant now) const noexcept;

  // --- answers ---
  // `staged`: when the request was. True if more may be sent or connected than before.
  bool good_answer(Instant staged) noexcept {
    history_ <<= 1U;
    link_failures_in_a_row_ = 0;
    failing_events_ = 0;
    return state_ != State::up && recover(staged);
  }
  // An answer that is worth a retry. `limited`: it was refused for the rate.
  void failing_answer(bool first_attempt, bool limited, Instant staged, Instant now);
  // The eventbus asked for this wait.
  void hold(std::chrono::seconds asked, Instant now) noexcept;

  // --- connections ---
  [[nodiscard]] bool may_connect(Instant now) const noexcept;
  // When may_connect() may change by the passing of time alone; max: not without an event.
  [[nodiscard]] Instant connects_at() const noexcept;
  void connecting() noexcept;
  void connected() noexcept { ++links_; }
  // `others_answered`: something was answered over other connections since it was begun, so that it
  // is no failure of the eventbus, which may keep as many connections as it wants.
  void connect_failed(bool others_answered, Instant now);
  // The first answer of a connection.
  void link_proven() noexcept;
  // A connection that was made is gone.
  enum class End : std::uint8_t {
    quiet,    // nothing was on its way, or the eventbus had said that it ends
    broken,   // it had answered before
    useless,  // not one answer, or none in time: a failure of the eventbus
    // Likewise, but at one address of several, or while others were answered: it says nothing of
    // these.
    inconclusive,
  };
  // `lost`: the event whose answer was due then.
  void link_ended(End end, bool proven, std::optional<EventKey> lost, Instant now);

 private:
  bool recover(Instant staged) noexcept;
  void go_down(Instant now);
  void go_up() noexcept;
  void link_failed(std::optional<EventKey> lost, Instant now);
  // Sets when the next connection may be made, by the attempts that have failed.
  void put_off_connecting(Instant now);
  [[nodiscard]] bool lost_before(EventKey event) const noexcept;

  Backoff backoff_;
  const std::chrono::milliseconds most_;
  const std::size_t full_;
  State state_ = State::up;
  bool held_ = false;
  std::uint64_t history_ = 0;  // of the last answers, the latest lowest: 1 is a failing one
  unsigned link_failures_in_a_row_ = 0;
  unsigned failing_events_ = 0;  // without a good answer between them
  Instant failing_since_{};
  std::array<EventKey, kLinkFailures + 1> lost_events_{};
  std::size_t next_lost_ = 0;
  Instant held_until_{};

  unsigned downs_ = 0;  // since it was up: grows the back-off
  Instant until_{};     // down
  bool probe_sent_ = false;
  Instant probe_sent_at_{};
  std::size_t limit_ = 1;  // slow start
  std::size_t successes_ = 0;
  bool answered_well_ = false;  // since the last failure
  std::optional<Instant> well_since_;

  std::size_t links_ = 0;         // connections there are
  std::size_t trials_ = 0;        // those under way, or not yet answered
  unsigned failed_attempts_ = 0;  // to make one, since one was answered
  Instant connect_at_{};
};

}  // namespace gateway::egress
