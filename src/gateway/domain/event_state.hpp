#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway {

// Who holds an event of a post, and what became of it. At its post's deadline an event that is on a
// connection is also copied to the spool; then two owners hold it, and each of the two may speak
// first. A state says which owners hold the event, so that nobody has to count them.
enum class EventState : std::uint8_t {
  // Open: the outcome is not known.
  queued,           // waits in the delivery queue
  retry_later,      // waits there for the time of its next attempt
  on_connection,    // sent or staged; the answer is due
  copying,          // the same, and a copy is on its way to the spool
  to_spool,         // on its way to the spool, nowhere else
  to_dead_letters,  // refused by the eventbus, on its way to the dead letters
  // Settled, but an owner still refers to it.
  delivered_copying,      // delivered; the spool has not said yet what became of the copy
  spooled_on_connection,  // spooled; a connection still refers to its bytes
  // Settled, and nobody refers to it.
  delivered,
  spooled,
  dead_lettered,
  failed,
  withdrawn,  // taken back at the deadline; counts as failed
  filtered,   // not wanted by the configuration
};

// What an owner reports of an event.
enum class EventMove : std::uint8_t {
  stage,          // the queue gave it to a connection
  put_back,       // a connection gave it back to the queue, to be sent next
  delay,          // the same, to be sent later
  release,        // the time of its next attempt has come
  deliver,        // the eventbus took it
  give_up,        // it will not be delivered
  withdraw,       // its post's deadline has passed
  spool,          // handed to the spool
  keep_in_spool,  // the spool has it on the device
  lose_in_spool,  // the spool could not keep it
  bury,           // handed to the dead letters
  keep_in_dead_letters,
  filter,
};

[[nodiscard]] std::string_view label(EventState state) noexcept;
[[nodiscard]] std::string_view label(EventMove move) noexcept;

inline constexpr std::size_t kEventStates = static_cast<std::size_t>(EventState::filtered) + 1;
inline constexpr std::size_t kEventMoves = static_cast<std::size_t>(EventMove::filter) + 1;
// Stands in the table for a move that cannot be.
inline constexpr EventState kImpossible{kEventStates};

namespace detail {
using EventTable = std::array<std::array<EventState, kEventMoves>, kEventStates>;

struct LegalMove {
  EventState from;
  EventMove move;
  EventState to;
};

consteval EventTable event_table() {
  using enum EventState;
  using enum EventMove;
  constexpr LegalMove kLegal[] = {
      {queued, stage, on_connection},
      {queued, give_up, failed},
      {queued, withdraw, withdrawn},
      {queued, spool, to_spool},
      {queued, filter, filtered},

      {retry_later, release, queued},
      {retry_later, give_up, failed},
      {retry_later, withdraw, withdrawn},
      {retry_later, spool, to_spool},

      {on_connection, put_back, queued},
      {on_connection, delay, retry_later},
      {on_connection, deliver, delivered},
      {on_connection, give_up, failed},
      {on_connection, withdraw, withdrawn},
      {on_connection, spool, copying},
      {on_connection, bury, to_dead_letters},

      // The connection's word is the first: a delivery counts, anything else leaves it to the
      // spool.
      {copying, deliver, delivered_copying},
      {copying, give_up, to_spool},
      {copying, withdraw, to_spool},
      // The spool's word is the first.
      {copying, keep_in_spool, spooled_on_connection},
      {copying, lose_in_spool, on_connection},

      {to_spool, keep_in_spool, spooled},
      {to_spool, lose_in_spool, failed},

      {to_dead_letters, keep_in_dead_letters, dead_lettered},
      {to_dead_letters, give_up, failed},

      {delivered_copying, keep_in_spool, delivered},
      {delivered_copying, lose_in_spool, delivered},

      {spooled_on_connection, deliver, spooled},
      {spooled_on_connection, give_up, spooled},
      {spooled_on_connection, withdraw, spooled},
  };
  EventTable table{};
  for (auto& row : table) row.fill(kImpossible);
  for (const LegalMove& legal : kLegal) {
    table[static_cast<std::size_t>(legal.from)][static_cast<std::size_t>(legal.move)] = legal.to;
  }
  return table;
}

inline constexpr EventTable kEventTable = event_table();
}  // namespace detail

// Returns the state after `move`, or kImpossible.
[[nodiscard]] constexpr EventState next_state(EventState from, EventMove move) noexcept {
  return detail::kEventTable[static_cast<std::size_t>(from)][static_cast<std::size_t>(move)];
}

// Returns whether the outcome of an event in this state is known.
[[nodiscard]] constexpr bool is_settled(EventState state) noexcept {
  return state >= EventState::delivered_copying;
}
// Returns whether some owner still refers to an event in this state.
[[nodiscard]] constexpr bool is_held(EventState state) noexcept {
  return state < EventState::delivered;
}

}  // namespace gateway
