#include "gateway/domain/event_state.hpp"

namespace gateway {

std::string_view label(EventState state) noexcept {
  constexpr std::array<std::string_view, kEventStates> kNames{
      "queued",    "retry_later",     "on_connection",     "copying",
      "to_spool",  "to_dead_letters", "delivered_copying", "spooled_on_connection",
      "delivered", "spooled",         "dead_lettered",     "failed",
      "withdrawn", "filtered"};
  const auto index = static_cast<std::size_t>(state);
  return index < kNames.size() ? kNames[index] : "impossible";
}

std::string_view label(EventMove move) noexcept {
  constexpr std::array<std::string_view, kEventMoves> kNames{
      "stage",    "put_back", "delay",         "release",       "deliver", "give_up",
      "withdraw", "spool",    "keep_in_spool", "lose_in_spool", "bury",    "keep_in_dead_letters",
      "filter"};
  const auto index = static_cast<std::size_t>(move);
  return index < kNames.size() ? kNames[index] : "unknown";
}

}  // namespace gateway
