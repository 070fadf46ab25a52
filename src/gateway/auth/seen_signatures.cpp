#include "gateway/auth/seen_signatures.hpp"

namespace gateway::auth {

SeenSignatures::Seen SeenSignatures::note(std::uint64_t post, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto drop_oldest = [this] {
    const auto [oldest, at] = in_order_.front();
    in_order_.pop_front();
    // It may have been forgotten, and noted again later.
    const auto found = posts_.find(oldest);
    if (found != posts_.end() && found->second == at) posts_.erase(found);
  };
  while (!in_order_.empty() && now - in_order_.front().at >= window_) drop_oldest();
  // The clocks of shards differ by a loop turn: what stands behind a later entry may be over too.
  const auto [entry, added] = posts_.try_emplace(post, now);
  if (!added) {
    if (now - entry->second < window_) return Seen::before;
    entry->second = now;
  }
  const bool full = in_order_.size() == most_;
  if (full) drop_oldest();
  in_order_.push_back({post, now});
  return full ? Seen::full : Seen::never;
}

void SeenSignatures::forget(std::uint64_t post) {
  const std::lock_guard lock(mutex_);
  posts_.erase(post);
}

}  // namespace gateway::auth
