#include "load/sink.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <span>
#include <system_error>

#include "runtime/descriptor.hpp"

namespace gateway::load {
namespace {

// Gathered requests come in large pieces: the fewer reads, the less the eventbus costs.
constexpr std::size_t kReadSize = std::size_t{256} << 10;
constexpr int kBacklog = 4096;

std::span<char> read_buffer() {
  thread_local std::array<char, kReadSize> buffer;
  return buffer;
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

class Sink::Listener final : public Pollable {
 public:
  explicit Listener(Sink& owner)
      : owner_(owner), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    if (!socket_) fail("socket");
  }

  [[nodiscard]] std::uint16_t listen() const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd(), generic, size) != 0 || ::listen(fd(), kBacklog) != 0 ||
        ::getsockname(fd(), generic, &size) != 0) {
      fail("listen");
    }
    return ntohs(address.sin_port);
  }
  [[nodiscard]] int fd() const noexcept { return socket_.get(); }
  void ready(std::uint32_t /*events*/) override { owner_.accept(); }

 private:
  Sink& owner_;
  Descriptor socket_;
};

class Sink::Connection final : public Pollable {
 public:
  Connection(Sink& owner, int fd) : owner_(owner), fd_(fd) {}
  ~Connection() override { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void ready(std::uint32_t events) override {
    if (fd_ < 0) return;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) receive();
    flush();
  }
  // Sends what is due by now.
  void advance(TimePoint now) {
    if (fd_ < 0 || line_.empty()) return;
    line_.take(now, out_);
    flush();
  }
  [[nodiscard]] bool owes() const noexcept { return fd_ >= 0 && !line_.empty(); }
  [[nodiscard]] TimePoint due() noexcept { return line_.due(); }
  [[nodiscard]] bool is_closed() const noexcept { return fd_ < 0; }

 private:
  void receive() {
    const std::span<char> room = read_buffer();
    while (fd_ >= 0) {
      const ssize_t size = ::recv(fd_, room.data(), room.size(), 0);
      if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
        close();
        return;
      }
      if (size < 0) return;
      take({room.data(), static_cast<std::size_t>(size)});
      if (static_cast<std::size_t>(size) < room.size()) return;
    }
  }

  void take(std::string_view input) {
    const bool plain = owner_.plan_.plain();
    const TimePoint now = plain ? TimePoint() : std::chrono::steady_clock::now();
    while (!input.empty()) {
      const RequestScanner::Step step = scanner_.next(input);
      if (step == RequestScanner::Step::need_more) return;
      if (step == RequestScanner::Step::bad) {
        close();
        return;
      }
      last_ = last_ || scanner_.request().close;
      if (plain) {
        owner_.count(scanner_.request(), 200);
        append_answer(out_, 200);
        continue;
      }
      const AnswerPlan::Decision decision = owner_.plan_.next();
      owner_.count(scanner_.request(), decision.cut ? 0 : decision.status);
      if (decision.cut) {
        close();
        return;
      }
      line_.add(decision.status, now + decision.latency);
    }
    line_.take(now, out_);
  }

  void flush() {
    if (fd_ < 0) return;
    if (!out_.empty()) {
      const ssize_t size = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
      if (size > 0) out_.erase(0, static_cast<std::size_t>(size));
    }
    if (last_ && out_.empty() && line_.empty()) close();
  }

  void close() {
    if (fd_ < 0) return;
    ::close(fd_);
    fd_ = -1;
    owner_.some_closed_ = true;
  }

  Sink& owner_;
  int fd_;
  RequestScanner scanner_;
  AnswerLine line_;
  std::string out_;
  bool last_ = false;  // ends when all is answered
};

Sink::Sink(Poller& poller, const SinkSettings& settings)
    : poller_(poller),
      check_ids_(settings.check_ids),
      plan_(settings),
      listener_(std::make_unique<Listener>(*this)) {
  port_ = listener_->listen();
  poller_.add(listener_->fd(), *listener_);
}

Sink::~Sink() = default;

void Sink::accept() {
  for (;;) {
    const int fd = ::accept4(listener_->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++totals_.connections;
    connections_.push_back(std::make_unique<Connection>(*this, fd));
    poller_.add(fd, *connections_.back());
  }
}

void Sink::count(const ScannedRequest& request, unsigned status) {
  ++totals_.requests;
  if (status / 100 != 2) return;
  ++totals_.taken;
  if (request.id.empty()) {
    ++totals_.without_id;
  } else if (check_ids_) {
    ids_.push_back(std::hash<std::string_view>()(request.id));
  }
}

void Sink::advance(TimePoint now) {
  if (some_closed_) {
    some_closed_ = false;
    std::erase_if(connections_, [](const auto& connection) { return connection->is_closed(); });
  }
  if (plan_.plain()) return;
  for (const auto& connection : connections_) connection->advance(now);
}

Sink::TimePoint Sink::next_due(TimePoint now) {
  TimePoint due = now + std::chrono::seconds(1);
  if (plan_.plain()) return due;
  for (const auto& connection : connections_) {
    if (connection->owes()) due = std::min(due, connection->due());
  }
  return due;
}

std::uint64_t Sink::distinct() {
  if (!check_ids_) return totals_.taken;
  std::ranges::sort(ids_);
  ids_.erase(std::ranges::unique(ids_).begin(), ids_.end());
  return totals_.without_id + ids_.size();
}

}  // namespace gateway::load
