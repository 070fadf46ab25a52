#include "load/load_connection.hpp"

#include <array>
#include <span>

namespace gateway::load {
namespace {

using Step = egress::ResponseReader::Step;

// Answers are short; a read takes many of them.
constexpr std::size_t kReadSize = std::size_t{64} << 10;
// More posts than this leave in several calls.
constexpr std::size_t kParts = 64;

// After a failure.
constexpr std::chrono::milliseconds kRest{10};
// Of what a server asks for that has no room: the shortest there is but none, as it may ask for
// more than a run has.
constexpr std::chrono::milliseconds kLongestWait{1000};

std::span<char> read_buffer() {
  thread_local std::array<char, kReadSize> buffer;
  return buffer;
}

}  // namespace

void LoadConnection::connect(TimePoint now) {
  reader_.reset();
  told_ = false;
  SSL_CTX* const tls = owner_.settings_.tls ? owner_.tls_.get() : nullptr;
  if (!stream_.connect(owner_.settings_.target, owner_.next_source(), tls)) {
    lose("connect", now);
    return;
  }
  // Whatever its state is now, the poller tells it once more.
  owner_.poller_.add(stream_.fd(), *this);
}

bool LoadConnection::has_room() const noexcept {
  if (owner_.settings_.new_connection_per_post) return talk_.outstanding() == 0;
  return stream_.state() == Stream::State::open && talk_.outstanding() < owner_.settings_.depth;
}

void LoadConnection::close() noexcept {
  stream_.close();
  talk_.clear();
}

void LoadConnection::transmit() {
  if (stream_.state() == Stream::State::closed) {
    connect(std::chrono::steady_clock::now());
    return;
  }
  std::array<iovec, kParts> parts;
  while (stream_.state() == Stream::State::open && talk_.unsent()) {
    const std::size_t count = talk_.gather(parts);
    const Stream::Transfer transfer = stream_.write(std::span(parts).first(count));
    talk_.sent(transfer.size);
    // Of an end, reading will tell; there may still be an answer before it.
    if (transfer.ended || transfer.size == 0) return;
  }
}

void LoadConnection::wake(TimePoint now) {
  switch (stream_.state()) {
    case Stream::State::closed:
      if (!owner_.settings_.new_connection_per_post) {
        connect(now);
        return;
      }
      break;
    case Stream::State::connecting:
      return;
    case Stream::State::open:
      break;
  }
  if (has_room()) owner_.has_room(*this, now);
  if (talk_.unsent()) transmit();
}

// In a closed loop: an open one keeps its rate, whatever it is told.
std::chrono::milliseconds LoadConnection::asked_to_wait() const {
  const auto& response = reader_.response();
  if (owner_.settings_.rate || response.status / 100 == 2 || response.retry_after.empty()) {
    return std::chrono::milliseconds(0);
  }
  return kLongestWait;
}

void LoadConnection::ready(std::uint32_t events) {
  if (stream_.state() == Stream::State::closed) return;
  if (stream_.state() == Stream::State::connecting) {
    const TimePoint now = std::chrono::steady_clock::now();
    if (!stream_.step()) {
      lose("connect", now);
      return;
    }
    if (stream_.state() != Stream::State::open) return;
  }
  if (!told_) {
    told_ = true;
    owner_.opened(*this, std::chrono::steady_clock::now());
  }
  const bool plain = !owner_.settings_.tls;
  if (!plain || (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) receive();
  if (talk_.unsent() && stream_.state() == Stream::State::open) transmit();
}

void LoadConnection::receive() {
  const std::span<char> room = read_buffer();
  for (;;) {
    const Stream::Transfer transfer = stream_.read(room);
    const TimePoint now = std::chrono::steady_clock::now();
    if (transfer.size != 0 && !take({room.data(), transfer.size}, now)) return;
    if (transfer.ended) {
      ended(now);
      return;
    }
    if (!stream_.maybe_more(transfer.size, room.size())) return;
  }
}

bool LoadConnection::take(std::string_view input, TimePoint now) {
  while (!input.empty()) {
    switch (reader_.next(input)) {
      case Step::need_more:
        return true;
      case Step::response:
        if (!answer(now)) return false;
        break;
      case Step::bad:
        lose("bad", now);
        return false;
    }
  }
  return true;
}

bool LoadConnection::answer(TimePoint now) {
  const auto first = talk_.answered();
  if (!first) {
    lose("bad", now);
    return false;
  }
  const auto& response = reader_.response();
  owner_.completed(*first->post, first->intended, response.status, now);
  const bool last = owner_.settings_.new_connection_per_post || response.close || talk_.broken();
  const std::chrono::milliseconds wait = asked_to_wait();
  if (wait.count() != 0) {
    if (last) {
      owner_.failed("closed", talk_.outstanding());
      close();
    }
    owner_.rest(*this, now + wait);
    return !last;
  }
  if (last) {
    renew(now);
    return false;
  }
  owner_.has_room(*this, now);
  return true;
}

void LoadConnection::ended(TimePoint now) {
  if (reader_.in_message() && reader_.end() == Step::response) {
    if (!answer(now)) return;
  }
  lose("closed", now);
}

// Posts that were outstanding are errors; the connection rests before it tries again.
void LoadConnection::lose(std::string_view why, TimePoint now) {
  const std::size_t lost = talk_.outstanding();
  owner_.failed(why, lost);
  close();
  owner_.rest(*this, now + kRest);
}

// The connection has served its time: the next one is made at once.
void LoadConnection::renew(TimePoint now) {
  owner_.failed("closed", talk_.outstanding());
  close();
  if (owner_.settings_.new_connection_per_post) {
    owner_.has_room(*this, now);
    if (talk_.unsent()) connect(now);
  } else {
    connect(now);
  }
}

}  // namespace gateway::load
