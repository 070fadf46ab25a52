#include "simulation/stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>

namespace gateway::simulation {

void Stream::join(Stream& a, Stream& b, const std::shared_ptr<Way>& way) {
  for (auto [one, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    one->state_ = State::connected;
    one->way_ = way;
    one->peer_ = other->weak_from_this();
    one->changed();
  }
}

void Stream::fail(int error) {
  if (state_ == State::over) return;
  state_ = State::over;
  error_ = error;
  under_way_.clear();
  end_arrived_ = true;
  changed();
}

std::size_t Stream::room() const {
  const auto peer = peer_.lock();
  const std::size_t held = under_way_.size() + (peer ? peer->unread() : 0);
  return held < way_->capacity ? way_->capacity - held : 0;
}

std::uint32_t Stream::ready() const {
  switch (state_) {
    case State::fresh: return EPOLLOUT | EPOLLHUP;
    case State::connecting: return 0;
    case State::over:
      return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | (error_ != 0 ? EPOLLERR : 0U);
    case State::connected: break;
  }
  std::uint32_t events = 0;
  if (unread() != 0 || end_arrived_) events |= EPOLLIN;
  if (end_arrived_) events |= EPOLLRDHUP;
  if (end_arrived_ && end_sent_) events |= EPOLLHUP;
  if (end_sent_ || room() != 0) events |= EPOLLOUT;
  return events;
}

// What has arrived is read before an error is told, as with Linux.
ssize_t Stream::receive(std::span<char> into, int flags) {
  if (state_ == State::fresh || state_ == State::connecting) {
    return state_ == State::fresh ? -ENOTCONN : -EAGAIN;
  }
  const std::size_t size = std::min(into.size(), unread());
  if (size == 0) {
    if (error_ != 0) return -take_error();
    return end_arrived_ || into.empty() ? 0 : -EAGAIN;
  }
  if ((flags & MSG_TRUNC) == 0) arrived_.copy(into.data(), size, read_);
  if ((flags & MSG_PEEK) != 0) return static_cast<ssize_t>(size);
  const auto peer = peer_.lock();
  const bool was_full = peer && peer->state_ == State::connected && peer->room() == 0;
  read_ += size;
  if (unread() == 0) {
    arrived_.clear();
    read_ = 0;
  }
  if (was_full) peer->changed();
  return static_cast<ssize_t>(size);
}

ssize_t Stream::send(std::string_view bytes, Instant now) {
  if (state_ == State::connecting) return -EAGAIN;
  if (state_ != State::connected || end_sent_) return error_ != 0 ? -take_error() : -EPIPE;
  const std::size_t size = std::min(bytes.size(), room());
  if (size == 0) return -EAGAIN;
  under_way_ += bytes.substr(0, size);
  if (followed_) *followed_ += bytes.substr(0, size);
  if (way_->forgets) {
    if (!unheard_since_) {
      unheard_since_ = now;
      if (gives_up.count() != 0) {
        later_(gives_up, [self = weak_from_this()] {
          if (const auto stream = self.lock()) stream->fail(ETIMEDOUT);
        });
      }
    }
    return static_cast<ssize_t>(size);
  }
  heard_ = now;
  deliver_soon();
  return static_cast<ssize_t>(size);
}

std::shared_ptr<const std::string> Stream::follow_peer() {
  auto text = std::make_shared<std::string>(arrived_, read_);
  if (const auto peer = peer_.lock()) {
    *text += peer->under_way_;
    peer->followed_ = text;
  }
  return text;
}

void Stream::deliver_soon() {
  if (way_->segment == 0) {
    deliver();
    return;
  }
  if (std::exchange(delivering_, true)) return;
  later_(way_->delay, [self = weak_from_this()] {
    const auto stream = self.lock();
    if (!stream) return;
    stream->delivering_ = false;
    stream->deliver();
  });
}

void Stream::deliver() {
  if (way_->forgets) return;
  const auto peer = peer_.lock();
  if (!peer || peer->closed_ || peer->state_ != State::connected) {
    // Nobody is there to read it: the kernel answers with a reset.
    if (closed_ || !under_way_.empty()) fail(ECONNRESET);
    return;
  }
  const std::size_t most = way_->segment == 0 ? under_way_.size() : way_->segment;
  const std::size_t size = std::min(most, under_way_.size());
  peer->arrived_.append(under_way_, 0, size);
  under_way_.erase(0, size);
  if (under_way_.empty() && end_sent_) peer->end_arrived_ = true;
  peer->changed();
  if (!under_way_.empty()) {
    deliver_soon();
  } else if (closed_) {
    fail(0);
  }
}

void Stream::shut_down() {
  if (state_ != State::connected || std::exchange(end_sent_, true)) return;
  changed();
  if (!delivering_) deliver();
}

void Stream::close() {
  closed_ = true;
  if (state_ != State::connected || way_->forgets) {
    fail(0);
  } else if (resets_at_close || unread() != 0) {
    if (const auto peer = peer_.lock()) peer->fail(ECONNRESET);
    fail(0);
  } else if (!end_sent_) {
    shut_down();
  } else if (under_way_.empty()) {
    fail(0);
  }
}

tcp_info Stream::facts(Instant now) const {
  tcp_info info{};
  const auto since = unheard_since_ ? now - *unheard_since_ : Instant::duration::zero();
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  info.tcpi_unacked = unheard_since_ ? 1 : 0;
  // After 200 ms, 600 ms, 1400 ms and so on.
  info.tcpi_retransmits =
      static_cast<std::uint8_t>(std::bit_width(static_cast<std::uint64_t>(waited / 200 + 1)) - 1);
  const auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(now - heard_).count();
  info.tcpi_last_ack_recv = static_cast<std::uint32_t>(silent);
  return info;
}

}  // namespace gateway::simulation
