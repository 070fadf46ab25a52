#include "testkit/outstanding_posts.hpp"

#include <algorithm>

namespace gateway::test {

std::size_t OutstandingPosts::gather(std::span<iovec> parts) {
  const std::size_t count = std::min(parts.size(), posts_.size() - sent_);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& wire = posts_[sent_ + i].post->wire;
    const std::size_t skip = i == 0 ? offset_ : 0;
    parts[i].iov_base = const_cast<char*>(wire.data() + skip);
    parts[i].iov_len = wire.size() - skip;
  }
  return count;
}

void OutstandingPosts::sent(std::size_t bytes) {
  offset_ += bytes;
  while (unsent()) {
    const std::size_t size = posts_[sent_].post->wire.size();
    if (offset_ < size) return;
    offset_ -= size;
    ++sent_;
  }
}

std::optional<OutstandingPosts::Outstanding> OutstandingPosts::answered() {
  if (posts_.empty()) return std::nullopt;
  const Outstanding first = posts_.front();
  posts_.pop_front();
  if (sent_ == 0) {
    broken_ = true;
  } else {
    --sent_;
  }
  return first;
}

void OutstandingPosts::clear() noexcept {
  posts_.clear();
  sent_ = offset_ = 0;
  broken_ = false;
}

}  // namespace gateway::test
