#include "runtime/readiness.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <utility>

namespace gateway {
namespace {

// Where there is more than bytes to be read, or bytes behind a mark a read stops at (EPOLLPRI,
// urgent data): a read that did not fill its room says nothing then.
constexpr std::uint32_t kBeyondBytes = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;
constexpr std::uint32_t kInput = EPOLLIN | kBeyondBytes;
// Trying to send tells what the matter is.
constexpr std::uint32_t kOutput = EPOLLOUT | EPOLLHUP | EPOLLERR;

error_code last_error() noexcept {
  return {errno, boost::system::system_category()};
}

}  // namespace

error_code WatchedSocket::watch() {
  return control(EPOLL_CTL_ADD, EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET);
}

error_code WatchedSocket::watch_both() {
  return control(EPOLL_CTL_ADD, EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLOUT | EPOLLET);
}

error_code WatchedSocket::watch_writable() {
  return control(EPOLL_CTL_MOD, EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLOUT | EPOLLET);
}

error_code WatchedSocket::control(int operation, std::uint32_t events) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.ptr = this;
  if (::epoll_ctl(set_.set_.native_handle(), operation, handle(), &event) != 0) return last_error();
  return {};
}

// Leaves the set first: while a child process that was just forked has a copy of the descriptor,
// closing ours would not do that, and the set would tell of a socket that is gone (epoll(7),
// question 6).
void WatchedSocket::close() noexcept {
  if (!socket_) return;
  unlink();
  static_cast<void>(control(EPOLL_CTL_DEL, 0));
  may_read_ = false;
  socket_.close();
}

void WatchedSocket::call_again() {
  if (is_linked() || !socket_) return;
  set_.again_.push_back(*this);
  set_.turn_soon();
}

WatchedSocket::Received WatchedSocket::discard(std::span<char> room) noexcept {
  return read(room, MSG_TRUNC);  // tcp(7)
}

WatchedSocket::Received WatchedSocket::peek(std::span<char> room) noexcept {
  const bool may_read = may_read_;
  const Received received = read(room, MSG_PEEK);
  if (!received.error) may_read_ = may_read;
  return received;
}

bool WatchedSocket::has_unread() const noexcept {
  int size = 0;
  return ::ioctl(handle(), FIONREAD, &size) == 0 && size > 0;
}

WatchedSocket::Received WatchedSocket::read(std::span<char> room, int flags) noexcept {
  ssize_t result = 0;
  do {
    result = ::recv(handle(), room.data(), room.size(), flags);
  } while (result < 0 && errno == EINTR);
  if (result > 0) {
    const auto got = static_cast<std::size_t>(result);
    set_.bytes_ += got;
    if (got < room.size() && !ending_) may_read_ = false;
    return {got, {}};
  }
  may_read_ = false;
  if (result == 0) return {0, asio::error::eof};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {0, asio::error::would_block};
  return {0, last_error()};
}

Readiness::Readiness(const Executor& executor, Clock& clock, TurnEnd& turn_end)
    : clock_(clock), turn_end_(turn_end), set_(executor) {
  Descriptor set(::epoll_create1(EPOLL_CLOEXEC));
  if (!set) throw boost::system::system_error(last_error(), "epoll_create1");
  set_.assign(set.release());
}

void Readiness::stop() {
  stopped_ = true;
  again_.clear();
  due_.clear();
  error_code ignored;
  set_.cancel(ignored);
}

// Ends at once if something is ready already.
void Readiness::wait() {
  if (waiting_) return;
  set_.async_wait(asio::posix::descriptor_base::wait_read, [this](const error_code&) {
    waiting_ = false;
    if (!stopped_) turn();
  });
  waiting_ = true;
}

void Readiness::turn_soon() {
  if (turn_due_) return;
  asio::post(set_.get_executor(), [this] {
    turn_due_ = false;
    if (!stopped_) turn();
  });
  turn_due_ = true;
}

void Readiness::turn() {
  clock_.refresh();
  bytes_ = 0;
  turn_end_.turn([this] {
    look();
    tell_all();
  });
  if (stopped_) return;
  if (busy_ || !due_.empty()) {
    turn_soon();
  } else if (!turn_due_) {
    wait();
  }
}

// Also when some are left from the last turn: what precedes them may be ready by now.
void Readiness::look() {
  const int found = ::epoll_wait(set_.native_handle(), batch_.data(), kBatch, 0);
  const std::size_t ready = found > 0 ? static_cast<std::size_t>(found) : 0;
  for (std::size_t i = 0; i < ready; ++i) note(batch_[i]);
  // Those that ask to be called again come after all others.
  due_.splice(due_.end(), again_);
  busy_ = ready >= kBusy;
}

void Readiness::note(const epoll_event& event) noexcept {
  auto& socket = *static_cast<WatchedSocket*>(event.data.ptr);
  if ((event.events & kInput) != 0) socket.may_read_ = true;
  if ((event.events & kOutput) != 0) socket.may_write_ = true;
  if ((event.events & kBeyondBytes) != 0) socket.ending_ = true;
  if (socket.is_linked()) return;
  if (socket.precedence_ == WatchedSocket::Precedence::first) {
    due_.push_front(socket);
  } else {
    due_.push_back(socket);
  }
}

void Readiness::tell_all() {
  for (std::size_t told = 0; told < kBatch && bytes_ < kMostBytes && !due_.empty(); ++told) {
    WatchedSocket& socket = due_.front();
    due_.pop_front();
    socket.on_ready(std::exchange(socket.may_write_, false));
  }
}

}  // namespace gateway
