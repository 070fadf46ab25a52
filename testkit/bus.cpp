#include "testkit/bus.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <span>
#include <system_error>

namespace gateway::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Pipelined requests come in large pieces: the fewer reads, the less the bus costs.
constexpr std::size_t kRequestsRead = std::size_t{256} << 10;
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr milliseconds kReadPause{10};
// A reset throws away what the kernel still holds of the answers before it, so it waits for them.
constexpr milliseconds kLook{1};

std::span<char> request_buffer() {
  thread_local std::array<char, kRequestsRead> buffer;
  return buffer;
}

}  // namespace

class Bus::Listener final : public Pollable {
 public:
  Listener(Bus& owner, Socket socket) : owner_(owner), socket_(std::move(socket)) {}
  [[nodiscard]] int fd() const noexcept { return socket_.fd(); }
  void ready(std::uint32_t /*events*/) override { owner_.accept(); }

 private:
  Bus& owner_;
  Socket socket_;
};

class Bus::Connection final : public Pollable {
 public:
  Connection(Bus& owner, Socket socket, std::size_t number)
      : owner_(owner), socket_(std::move(socket)), number_(number), reader_(owner.grammar_) {
    if (owner.tls_ != nullptr) tls_.emplace(owner.tls_, fd(), TlsChannel::Side::server);
  }

  void ready(std::uint32_t events) override;
  void progress(TimePoint now);
  void read_a_piece(std::size_t size);
  void close(bool with_reset);
  [[nodiscard]] bool open() const noexcept { return socket_.open(); }
  [[nodiscard]] int fd() const noexcept { return socket_.fd(); }
  [[nodiscard]] bool owes() const noexcept { return open() && !pending_.empty(); }
  // When progress() has something to do, if it has.
  [[nodiscard]] TimePoint due(TimePoint otherwise) const;

 private:
  struct Pending {
    std::uint64_t number;
    Action action;
    TimePoint due;
    std::size_t sent = 0;  // of a paced answer
    bool staged = false;   // its bytes are in out_, or gone
  };

  void receive(std::size_t most);
  void take(std::string_view fresh);
  void take_request(TimePoint& now);
  void await(std::uint64_t number, Action action, TimePoint arrived);
  [[nodiscard]] bool stage_front(TimePoint now);
  [[nodiscard]] bool finish_front(TimePoint now);
  [[nodiscard]] bool flush();
  // Sends from the front of out_, as much as the kernel takes.
  [[nodiscard]] Transfer send();
  void end_sending();

  Bus& owner_;
  Socket socket_;
  std::optional<TlsChannel> tls_;
  std::size_t number_;
  std::size_t requests_ = 0;
  MessageReader reader_;
  std::string in_;  // of a request that came in pieces
  std::deque<Pending> pending_;
  std::string out_;
  std::vector<std::pair<std::uint64_t, Action>> leaving_;  // their bytes end in out_
  std::size_t plain_ = 0;                                  // likewise, of a bus without script
  bool readable_ = false;                                  // there may be more than was read
  bool blocked_ = false;                                   // the kernel takes no more for now
  bool last_ = false;                                      // no request comes after those there are
  bool finished_ = false;  // FIN sent: what still comes is thrown away
};

void Bus::Connection::ready(std::uint32_t events) {
  if (!open()) return;
  if (tls_ && !tls_->open()) {
    if (!tls_->handshake()) close(false);
    if (!open() || !tls_->open()) return;
    events |= EPOLLIN;  // what came with the end of the handshake is not told again
  }
  if ((events & EPOLLOUT) != 0) blocked_ = false;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    readable_ = true;
    if (owner_.read_size_ == 0) receive(kRequestsRead);
  }
  if (open()) progress(TimePoint());
}

void Bus::Connection::read_a_piece(std::size_t size) {
  if (!open() || !readable_) return;
  receive(size);
  if (open()) progress(TimePoint());
}

void Bus::Connection::receive(std::size_t most) {
  const std::span<char> room = request_buffer().first(std::min(most, kRequestsRead));
  do {
    const Transfer received = tls_ ? tls_->read(room) : receive_from(fd(), room);
    if (received.ended) {
      close(false);
      return;
    }
    readable_ = tls_ ? tls_->maybe_more(received.size) : received.size == room.size();
    if (received.size == 0) return;
    if (!finished_) take({room.data(), received.size});
  } while (open() && readable_ && owner_.read_size_ == 0);
}

void Bus::Connection::take(std::string_view fresh) {
  if (!in_.empty()) in_.append(fresh);
  const std::string_view bytes = in_.empty() ? fresh : std::string_view(in_);
  std::size_t used = 0;
  TimePoint now;
  try {
    while (!last_) {
      const std::size_t size = reader_.take_request(bytes.substr(used));
      if (size == 0) break;
      used += size;
      take_request(now);
    }
  } catch (const ProtocolError& error) {
    last_ = true;
    if (owner_.script_ == nullptr) {
      close(true);
      return;
    }
    await(BusScript::kNoRequest, owner_.script_->malformed(error), steady_clock::now());
  }
  if (last_) used = bytes.size();
  if (in_.empty()) {
    in_.assign(bytes.substr(used));
  } else {
    in_.erase(0, used);
  }
}

void Bus::Connection::take_request(TimePoint& now) {
  const MessageView& message = reader_.message();
  if (!message.keep_alive) last_ = true;
  const std::uint64_t number = owner_.requests_++;
  if (owner_.script_ == nullptr && owner_.interval_.count() == 0 && !owner_.held_ &&
      pending_.empty()) {
    out_ += kOk;
    ++plain_;
    return;
  }
  if (now == TimePoint()) now = steady_clock::now();
  const Place place{number, number_, requests_++, pending_.size() + 1};
  await(number, owner_.script_ == nullptr ? reply(200) : owner_.script_->request(message, place),
        now);
}

void Bus::Connection::await(std::uint64_t number, Action action, TimePoint arrived) {
  const TimePoint due = owner_.due(action, arrived);
  if (pending_.empty()) ++owner_.waiting_;
  pending_.push_back({number, std::move(action), due});
}

Bus::TimePoint Bus::Connection::due(TimePoint otherwise) const {
  if (!owes() || blocked_) return otherwise;
  const Pending& front = pending_.front();
  return front.action.then == Action::Then::hang ? otherwise : std::min(front.due, otherwise);
}

// Answers what is due. `now`: as far as it is known already.
void Bus::Connection::progress(TimePoint now) {
  if (!pending_.empty() && now == TimePoint()) now = steady_clock::now();
  while (open() && !pending_.empty() && !owner_.held_) {
    const Pending& front = pending_.front();
    if (front.action.then == Action::Then::hang || front.due > now) break;
    if (!stage_front(now) || !finish_front(now)) break;
  }
  if (!open() || !flush()) return;
  if (last_ && pending_.empty() && !finished_) end_sending();
}

// Puts the bytes of the first answer into out_. Returns whether all of them are there.
bool Bus::Connection::stage_front(TimePoint now) {
  Pending& front = pending_.front();
  if (front.staged) return true;
  if (front.action.pace.count() == 0) {
    out_ += front.action.bytes;
    front.staged = true;
    return true;
  }
  if (!flush()) return false;
  if (front.sent < front.action.bytes.size()) {
    out_ += front.action.bytes[front.sent++];
    front.due = now + front.action.pace;
    if (!flush()) return false;
  }
  front.staged = front.sent == front.action.bytes.size();
  return front.staged;
}

// Does what comes after the bytes of the first answer. Returns whether the next one may follow.
bool Bus::Connection::finish_front(TimePoint now) {
  Pending& front = pending_.front();
  if (front.action.then == Action::Then::keep) {
    leaving_.emplace_back(front.number, std::move(front.action));
    pending_.pop_front();
    if (pending_.empty()) --owner_.waiting_;
    return true;
  }
  if (!flush()) return false;
  int unsent = 0;
  if (front.action.then == Action::Then::reset && ::ioctl(fd(), SIOCOUTQ, &unsent) == 0 &&
      unsent > 0) {
    front.due = now + kLook;
    return false;
  }
  const bool with_reset = front.action.then == Action::Then::reset;
  owner_.answered_.fetch_add(1, std::memory_order_relaxed);
  if (owner_.script_ != nullptr) owner_.script_->done(front.number, front.action);
  pending_.pop_front();
  if (pending_.empty()) --owner_.waiting_;
  if (with_reset) {
    close(true);
  } else {
    end_sending();
  }
  return false;
}

// Sends out_. Returns whether all of it has left.
bool Bus::Connection::flush() {
  if (!open() || blocked_) return false;
  if (!out_.empty()) {
    const Transfer sent = send();
    if (sent.ended) {
      close(false);
      return false;
    }
    out_.erase(0, sent.size);
    blocked_ = !out_.empty();
    if (blocked_) return false;
  }
  owner_.answered_.fetch_add(plain_ + leaving_.size(), std::memory_order_relaxed);
  plain_ = 0;
  if (owner_.script_ != nullptr) {
    for (const auto& [number, action] : leaving_) owner_.script_->done(number, action);
  }
  leaving_.clear();
  return true;
}

Transfer Bus::Connection::send() {
  const iovec all{out_.data(), out_.size()};
  if (tls_) return tls_->write(std::span(&all, 1));
  const ssize_t size = ::send(fd(), all.iov_base, all.iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
  return {size < 0 ? 0 : static_cast<std::size_t>(size), size < 0 && errno != EAGAIN};
}

void Bus::Connection::end_sending() {
  ::shutdown(fd(), SHUT_WR);
  finished_ = last_ = true;
  if (!pending_.empty()) --owner_.waiting_;
  for (const Pending& pending : std::exchange(pending_, {})) {
    if (owner_.script_ != nullptr) owner_.script_->dropped(pending.number);
  }
}

void Bus::Connection::close(bool with_reset) {
  if (!open()) return;
  owner_.poller_.remove(fd());
  if (with_reset) {
    socket_.reset();
  } else {
    socket_.close();
  }
  owner_.closed_.push_back(number_);
  if (!pending_.empty()) --owner_.waiting_;
  if (owner_.script_ == nullptr) return;
  for (const auto& [number, action] : std::exchange(leaving_, {})) owner_.script_->dropped(number);
  for (const Pending& pending : std::exchange(pending_, {})) {
    owner_.script_->dropped(pending.number);
  }
  owner_.script_->closed(number_);
}

Bus::Bus(Poller& poller, const Settings& settings, BusScript* script)
    : poller_(poller),
      script_(script),
      grammar_(settings.grammar),
      interval_(settings.rate > 0 ? static_cast<std::int64_t>(1e9 / settings.rate) : 0),
      tls_(settings.tls),
      port_(settings.port),
      listener_(std::make_unique<Listener>(*this, bind_to(settings.host, port_))) {
  if (settings.listening) come_up();
  poller_.add(listener_->fd(), *listener_);
}

Bus::~Bus() {
  for (const auto& connection : connections_) {
    if (connection) connection->close(false);
  }
}

void Bus::accept() {
  while (listening_) {
    Socket socket(::accept4(listener_->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.open()) return;
    const int on = 1;
    ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::size_t number = connections_.size();
    connections_.push_back(std::make_unique<Connection>(*this, std::move(socket), number));
    Connection& connection = *connections_.back();
    if (script_ != nullptr && !script_->opened(number)) {
      connection.close(false);
      continue;
    }
    poller_.add(connection.fd(), connection);
  }
}

// At most a tenth of a second of a rate is made up for later.
Bus::TimePoint Bus::due(const Action& action, TimePoint arrived) {
  const TimePoint wanted = arrived + action.delay;
  if (interval_.count() == 0) return wanted;
  last_due_ = std::max(last_due_ + interval_, arrived - milliseconds(100));
  return std::max(wanted, last_due_);
}

Bus::TimePoint Bus::next_due(TimePoint now) {
  TimePoint due = now + std::chrono::seconds(1);
  if (read_size_ == 0 && next_read_ != TimePoint()) return now;
  if (read_size_ != 0) due = std::max(now, next_read_);
  if (waiting_ == 0 || held_) return due;
  for (const auto& connection : connections_) {
    if (connection) due = connection->due(due);
  }
  return due;
}

void Bus::advance(TimePoint now) {
  if (read_size_ != 0 && now >= next_read_) {
    next_read_ = now + kReadPause;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (connections_[i]) connections_[i]->read_a_piece(read_size_);
    }
  } else if (read_size_ == 0 && next_read_ != TimePoint()) {
    next_read_ = TimePoint();  // what was left for later is read now
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (connections_[i]) connections_[i]->read_a_piece(kRequestsRead);
    }
  }
  if (waiting_ != 0 && !held_) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (connections_[i] && connections_[i]->owes()) connections_[i]->progress(now);
    }
  }
  for (const std::size_t number : closed_) connections_[number].reset();
  closed_.clear();
}

void Bus::release() {
  held_ = false;
  advance(steady_clock::now());
}

// On Linux a listener that is shut down stops listening and keeps its port: nobody else can get it
// meanwhile, and a client's connect cannot meet itself there.
void Bus::go_down() {
  listening_ = false;
  ::shutdown(listener_->fd(), SHUT_RDWR);
  for (const auto& connection : connections_) {
    if (connection) connection->close(true);
  }
}

void Bus::come_up() {
  if (listening_) return;
  constexpr int kBacklog = 4096;
  if (::listen(listener_->fd(), kBacklog) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen");
  }
  listening_ = true;
}

}  // namespace gateway::test
