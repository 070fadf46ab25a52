#include "gateway/egress/replay/spool_expiry.hpp"

namespace gateway::egress {

SpoolExpiry::Verdict SpoolExpiry::failing_answer(Sequence row, std::chrono::milliseconds age,
                                                 bool up, std::uint64_t taken) {
  if (max_age_ == std::chrono::milliseconds::zero() || age <= max_age_ || !up) {
    return Verdict::not_yet;
  }
  const auto known = rows_.find(row);
  if (known == rows_.end()) {
    // Nobody tells of rows that were given back and delivered by another thread.
    if (rows_.size() >= kMostRows) rows_.clear();
    rows_.emplace(row, Row{0, taken});
    return Verdict::not_yet;
  }
  auto& [answers, taken_before] = known->second;
  if (answers >= kAnswers) return Verdict::before;
  if (taken == taken_before) return Verdict::not_yet;
  taken_before = taken;
  return ++answers < kAnswers ? Verdict::not_yet : Verdict::now;
}

}  // namespace gateway::egress
