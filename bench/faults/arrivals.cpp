#include "faults/arrivals.hpp"

#include <stdexcept>

namespace gateway::faults {

void Arrivals::note(std::string_view id, const RecordMark& record, Answer answer) {
  const auto [at, fresh] = events_.try_emplace(hash_of(id));
  Event& event = at->second;
  if (fresh) {
    if (events_.size() > kMaxEvents) throw std::length_error("too many events for one run");
    event.record = record;
  } else if (event.record != record) {
    if (conflicts_.size() == kMaxConflicts) throw std::length_error("too many conflicting ids");
    conflicts_.emplace_back(record, answer);
    return;
  }
  ++event.attempts;
  if (answer != Answer::refused) ++event.taken;
  if (answer == Answer::accepted) ++event.acknowledged;
}

}  // namespace gateway::faults
