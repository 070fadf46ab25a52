#include "testkit/load_connection.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace gateway::test {
namespace {

// Answers are short; a read takes many of them.
constexpr std::size_t kAnswersRead = std::size_t{64} << 10;
// More posts than this leave in several calls.
constexpr std::size_t kParts = 64;

// After a failure.
constexpr std::chrono::milliseconds kRest{10};
// Of what a server asks for that has no room: the shortest there is but none, as it may ask for
// more than a run has.
constexpr std::chrono::milliseconds kLongestWait{1000};

std::span<char> answer_buffer() {
  thread_local std::array<char, kAnswersRead> buffer;
  return buffer;
}

}  // namespace

void LoadConnection::connect(TimePoint now) {
  in_.clear();
  reader_ = MessageReader(Grammar::lenient);
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
  const std::size_t busy = posts_.outstanding() + again_.size();
  if (owner_.settings_.new_connection_per_post) return busy == 0 && !resting_;
  if (stream_.state() == Stream::State::open) return busy < owner_.settings_.depth && !resting_;
  return owner_.settings_.connect_for_posts && busy == 0 && !resting_;
}

void LoadConnection::begin(const Post& post, TimePoint intended) {
  posts_.begin(post, intended);
  owner_.expect_answer(*this, begun_++);
}

void LoadConnection::close() noexcept {
  if (stream_.state() != Stream::State::closed) owner_.poller_.remove(stream_.fd());
  stream_.close();
  posts_.clear();
}

std::size_t LoadConnection::forget_again() noexcept {
  return std::exchange(again_, {}).size();
}

void LoadConnection::give_up() {
  fail_all("unanswered");
  close();
}

void LoadConnection::transmit() {
  if (stream_.state() == Stream::State::closed) {
    connect(std::chrono::steady_clock::now());
    return;
  }
  std::array<iovec, kParts> parts;
  while (stream_.state() == Stream::State::open && posts_.unsent()) {
    const std::size_t count = posts_.gather(parts);
    const Stream::Transfer transfer = stream_.write(std::span(parts).first(count));
    posts_.sent(transfer.size);
    // Of an end, reading will tell; there may still be an answer before it.
    if (transfer.ended || transfer.size == 0) return;
  }
}

void LoadConnection::wake(TimePoint now) {
  resting_ = false;
  if (stream_.state() == Stream::State::connecting) return;
  if (stream_.state() == Stream::State::closed && !owner_.connects_for_posts()) {
    connect(now);
    return;
  }
  for (const Post* const post : std::exchange(again_, {})) begin(*post, now);
  if (has_room()) owner_.has_room(*this, now);
  if (posts_.unsent()) transmit();
}

void LoadConnection::overdue(std::uint64_t serial, TimePoint now) {
  if (serial >= begun_ - posts_.outstanding()) lose("unanswered", now);
}

// In a closed loop: an open one keeps its rate, whatever it is told.
std::chrono::nanoseconds LoadConnection::asked_to_wait() const {
  const MessageView& response = reader_.message();
  if (!again_.empty()) return owner_.settings_.pause;
  if (owner_.settings_.rate || response.status / 100 == 2 ||
      response.fields["Retry-After"].empty()) {
    return std::chrono::nanoseconds(0);
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
    const TimePoint now = std::chrono::steady_clock::now();
    for (const Post* const post : std::exchange(again_, {})) begin(*post, now);
    owner_.opened(*this, now);
  }
  const bool plain = !owner_.settings_.tls;
  if (!plain || (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) receive();
  if (posts_.unsent() && stream_.state() == Stream::State::open) transmit();
}

void LoadConnection::receive() {
  const std::span<char> room = answer_buffer();
  for (;;) {
    const Stream::Transfer transfer = stream_.read(room);
    const TimePoint now = std::chrono::steady_clock::now();
    if (transfer.size != 0 && !take({room.data(), transfer.size}, false, now)) return;
    if (transfer.ended) {
      ended(now);
      return;
    }
    if (!stream_.maybe_more(transfer.size, room.size())) return;
  }
}

bool LoadConnection::take(std::string_view input, bool at_end, TimePoint now) {
  if (!in_.empty()) in_.append(input);
  // The bytes may go while an answer is looked at, as its connection may.
  std::string kept = std::exchange(in_, {});
  std::string_view bytes = kept.empty() ? input : std::string_view(kept);
  try {
    while (!bytes.empty()) {
      const std::size_t size = reader_.take_response(bytes, at_end);
      if (size == 0) break;
      bytes.remove_prefix(size);
      if (reader_.message().status >= 200 && !answer(now)) return false;
    }
  } catch (const ProtocolError&) {
    lose(at_end ? "closed" : "bad", now);
    return false;
  }
  if (bytes.size() == kept.size()) {
    in_ = std::move(kept);
  } else {
    in_.assign(bytes);
  }
  return true;
}

bool LoadConnection::answer(TimePoint now) {
  const auto first = posts_.answered();
  if (!first) {
    lose("bad", now);
    return false;
  }
  const MessageView& response = reader_.message();
  if (owner_.completed(*first->post, first->intended, response.status, response.body, now)) {
    again_.push_back(first->post);
  }
  const bool last =
      owner_.settings_.new_connection_per_post || !response.keep_alive || posts_.broken();
  const std::chrono::nanoseconds wait = asked_to_wait();
  if (wait.count() != 0 || !again_.empty()) {
    if (last) {
      fail_all("closed");
      close();
    }
    rest(now + wait);
    return !last;
  }
  if (last) {
    renew(now);
    return false;
  }
  if (!resting_) owner_.has_room(*this, now);
  return true;
}

void LoadConnection::ended(TimePoint now) {
  if (!in_.empty() && !take({}, true, now)) return;
  if (stream_.state() != Stream::State::closed) lose("closed", now);
}

void LoadConnection::fail_all(std::string_view why) {
  while (const auto post = posts_.answered()) {
    if (owner_.failed(*post->post, why)) again_.push_back(post->post);
  }
}

// Posts that were outstanding have failed; the connection rests before it tries again.
void LoadConnection::lose(std::string_view why, TimePoint now) {
  // With no connection, what was to be made again has failed once more.
  if (why == "connect") {
    for (const Post* const post : std::exchange(again_, {})) {
      if (owner_.failed(*post, why)) again_.push_back(post);
    }
  }
  fail_all(why);
  close();
  rest(now + (again_.empty() ? std::max<std::chrono::nanoseconds>(kRest, owner_.settings_.pause)
                             : owner_.settings_.pause));
}

void LoadConnection::rest(TimePoint until) {
  if (resting_) return;
  resting_ = true;
  owner_.rest(*this, until);
}

// The connection has served its time: the next one is made at once.
void LoadConnection::renew(TimePoint now) {
  fail_all("closed");
  close();
  if (!again_.empty()) {
    rest(now + owner_.settings_.pause);
  } else if (owner_.connects_for_posts()) {
    owner_.has_room(*this, now);
    if (posts_.unsent()) connect(now);
  } else {
    connect(now);
  }
}

}  // namespace gateway::test
