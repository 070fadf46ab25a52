#include "gateway/ingress/connection_count.hpp"

namespace gateway::ingress {
namespace {

// Connections beyond a limit are answered 503; when those pile up as well, they are just closed.
bool is_far_beyond(std::size_t number, std::size_t limit) noexcept {
  return number > limit + limit / 8 + 16;
}

}  // namespace

Source::Source(const boost::asio::ip::address& address) noexcept {
  namespace ip = boost::asio::ip;
  if (address.is_v4()) {
    bits_ = address.to_v4().to_uint();
    return;
  }
  const ip::address_v6::bytes_type bytes = address.to_v6().to_bytes();
  const bool mapped = address.to_v6().is_v4_mapped();
  v6_ = !mapped;
  const std::size_t begin = mapped ? 12 : 0;
  const std::size_t end = mapped ? 16 : 8;
  for (std::size_t i = begin; i < end; ++i) bits_ = bits_ << 8U | bytes[i];
}

ConnectionCount::Permit ConnectionCount::add(const std::optional<Source>& source) {
  Permit permit(*this);
  ever_.fetch_add(1, std::memory_order_relaxed);
  const std::size_t number = total_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (number > limit_) {
    permit.beyond_ = ConnectionLimit::total;
    permit.far_beyond_ = is_far_beyond(number, limit_);
  }
  if (source) add_source(permit, *source);
  return permit;
}

void ConnectionCount::add_source(Permit& permit, const Source& source) {
  std::size_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++by_source_[source];
  }
  permit.source_ = source;
  if (number <= per_source_) return;
  permit.beyond_ = ConnectionLimit::source;
  permit.far_beyond_ = permit.far_beyond_ || is_far_beyond(number, per_source_);
}

void ConnectionCount::remove(const std::optional<Source>& source) noexcept {
  total_.fetch_sub(1, std::memory_order_relaxed);
  if (!source) return;
  const std::lock_guard lock(mutex_);
  const auto found = by_source_.find(*source);
  if (--found->second == 0) by_source_.erase(found);
}

}  // namespace gateway::ingress
