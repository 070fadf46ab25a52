#include "gateway/egress/store/store_requests.hpp"

#include <iterator>

namespace gateway::egress {

void StoreRequests::add(Submission&& submission) {
  const std::size_t events = submission.events.size();
  const std::size_t bytes = submission.bytes;
  submissions_.push_back(std::move(submission));
  events_ += events;
  bytes_ += bytes;
}

void StoreRequests::take(Turn& turn, std::size_t group_bytes) {
  constexpr std::size_t kMostRowsRemoved = 8192;
  std::size_t bytes = 0;
  while (!submissions_.empty() &&
         (bytes == 0 || bytes + submissions_.front().bytes <= group_bytes)) {
    bytes += submissions_.front().bytes;
    turn.submissions.push_back(std::move(submissions_.front()));
    submissions_.pop_front();
  }
  std::size_t rows = 0;
  while (!removals_.empty() && rows < kMostRowsRemoved) {
    rows += removals_.front().rows.size();
    turn.removals.push_back(std::move(removals_.front()));
    removals_.pop_front();
  }
  turn.returns.insert(turn.returns.end(), std::make_move_iterator(returns_.begin()),
                      std::make_move_iterator(returns_.end()));
  returns_.clear();
  if (!turn.fetch && !fetches_.empty()) {
    turn.fetch = std::move(fetches_.front());
    fetches_.pop_front();
  }
}

}  // namespace gateway::egress
