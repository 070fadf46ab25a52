#include "support/scripted_eventbus.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <ostream>
#include <system_error>

#include "support/allocation_counter.hpp"
#include "support/event_binding.hpp"

namespace gateway::test {

using Clock = std::chrono::steady_clock;

struct ScriptedEventbus::Connection {
  struct Pending {
    std::size_t request;
    Action action;
    Clock::time_point due;
    std::size_t sent = 0;
  };

  Socket socket;
  std::size_t number = 0;
  std::size_t requests = 0;
  std::string in;
  std::deque<Pending> pending;
  bool finished = false;  // FIN sent: what still comes is thrown away
  bool blocked = false;   // the kernel takes no more bytes for now
};

void PrintTo(const Request& request, std::ostream* out) {
  *out << "request " << request.index << " (connection " << request.connection << ", answered "
       << request.answered << "): " << request.method << ' ' << request.target << ' '
       << request.body;
}

ScriptedEventbus::ScriptedEventbus(Start start)
    : listener_(bind_loopback(port_)), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (start == Start::listening) come_up();
  thread_ = std::thread([this] { run(); });
}

ScriptedEventbus::~ScriptedEventbus() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
  for (const std::string& error : protocol_errors_) {
    ADD_FAILURE() << "the eventbus received a bad request: " << error;
  }
}

void ScriptedEventbus::script(Script script) {
  const std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

void ScriptedEventbus::next(const Action& action, std::size_t times) {
  const std::lock_guard lock(mutex_);
  next_.insert(next_.end(), times, action);
}

void ScriptedEventbus::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void ScriptedEventbus::release() {
  {
    const std::lock_guard lock(mutex_);
    held_ = false;
  }
  wake();
}

// On Linux a listener that is shut down stops listening and keeps its port: nobody else can get it
// meanwhile, and a client's connect cannot meet itself there.
void ScriptedEventbus::go_down() {
  {
    const std::lock_guard lock(mutex_);
    listening_ = false;
    ::shutdown(listener_.fd(), SHUT_RDWR);
    close_all();
  }
  wake();
  changed_.notify_all();
}

void ScriptedEventbus::come_up() {
  {
    const std::lock_guard lock(mutex_);
    if (::listen(listener_.fd(), SOMAXCONN) != 0) {
      throw std::system_error(errno, std::generic_category(), "listen");
    }
    listening_ = true;
  }
  wake();
}

Requests ScriptedEventbus::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t ScriptedEventbus::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

std::size_t ScriptedEventbus::open_connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const auto& connection) { return connection->socket.open(); }));
}

std::size_t ScriptedEventbus::deepest_pipeline() const {
  const std::lock_guard lock(mutex_);
  return deepest_pipeline_;
}

bool ScriptedEventbus::wait_for(const std::function<bool(const Requests&)>& ready,
                                std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return ready(requests_); });
}

bool ScriptedEventbus::wait_for_requests(std::size_t count, std::chrono::milliseconds limit) const {
  return wait_for([&](const Requests& requests) { return requests.size() >= count; }, limit);
}

bool ScriptedEventbus::wait_for_connections(std::size_t count,
                                            std::chrono::milliseconds limit) const {
  return wait_for([&](const Requests&) { return connections_.size() >= count; }, limit);
}

bool ScriptedEventbus::wait_until_closed(std::size_t connection,
                                         std::chrono::milliseconds limit) const {
  return wait_for(
      [&](const Requests&) {
        return connection < connections_.size() && !connections_[connection]->socket.open();
      },
      limit);
}

void ScriptedEventbus::wake() const {
  const std::uint64_t one = 1;
  // Fails only when the counter is at its limit, and then the loop is awake anyway.
  [[maybe_unused]] const ssize_t written = ::write(wake_.fd(), &one, sizeof one);
}

void ScriptedEventbus::close_all() {
  for (const auto& connection : connections_) connection->socket.reset();
}

int ScriptedEventbus::poll_timeout() const {
  std::optional<Clock::time_point> first;
  for (const auto& connection : connections_) {
    if (held_ || !connection->socket.open() || connection->pending.empty()) continue;
    const auto& front = connection->pending.front();
    if (front.action.then == Action::Then::hang || connection->blocked) continue;
    if (!first || front.due < *first) first = front.due;
  }
  if (!first) return -1;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*first - Clock::now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(wait.count(), 0));
}

void ScriptedEventbus::run() {
  const AllocationCounter::ExcludeThread not_the_gateway;
  std::vector<pollfd> fds;
  std::vector<Connection*> polled;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    fds.clear();
    polled.clear();
    fds.push_back({wake_.fd(), POLLIN, 0});
    fds.push_back({listening_ ? listener_.fd() : -1, POLLIN, 0});
    for (const auto& connection : connections_) {
      if (!connection->socket.open()) continue;
      const short writable = connection->blocked ? POLLOUT : 0;
      fds.push_back({connection->socket.fd(), static_cast<short>(POLLIN | writable), 0});
      polled.push_back(connection.get());
    }
    const int timeout = poll_timeout();
    lock.unlock();
    ::poll(fds.data(), fds.size(), timeout);
    lock.lock();
    std::uint64_t count = 0;
    while (::read(wake_.fd(), &count, sizeof count) > 0) {
    }
    if (listening_) accept_all();
    for (std::size_t i = 0; i < polled.size(); ++i) {
      Connection& connection = *polled[i];
      if (!connection.socket.open()) continue;
      if ((fds[i + 2].revents & POLLOUT) != 0) connection.blocked = false;
      if ((fds[i + 2].revents & (POLLIN | POLLHUP | POLLERR)) != 0) read(connection);
    }
    if (!held_) {
      for (const auto& connection : connections_) progress(*connection);
    }
    changed_.notify_all();
  }
  close_all();
}

void ScriptedEventbus::accept_all() {
  while (true) {
    Socket socket(::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.open()) return;
    const int on = 1;
    ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto connection = std::make_unique<Connection>();
    connection->socket = std::move(socket);
    connection->number = connections_.size();
    connections_.push_back(std::move(connection));
  }
}

void ScriptedEventbus::read(Connection& connection) {
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t size = ::recv(connection.socket.fd(), buffer.data(), buffer.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (size <= 0) {
      connection.socket.close();
      return;
    }
    if (!connection.finished) connection.in.append(buffer.data(), static_cast<std::size_t>(size));
  }
  parse(connection);
}

void ScriptedEventbus::parse(Connection& connection) {
  std::size_t used = 0;
  try {
    while (!connection.finished) {
      auto taken = take_request(std::string_view(connection.in).substr(used));
      if (!taken) break;
      used += taken->size;
      if (std::string violation = binding_violation(taken->message); !violation.empty()) {
        protocol_errors_.push_back(std::move(violation));
      }
      Request request;
      request.index = requests_.size();
      request.connection = connection.number;
      request.on_connection = connection.requests++;
      request.in_flight = connection.pending.size() + 1;
      request.method = std::move(taken->message.method);
      request.target = std::move(taken->message.target);
      request.headers = std::move(taken->message.headers);
      request.body = std::move(taken->message.body);
      request.arrived = Clock::now();
      deepest_pipeline_ = std::max(deepest_pipeline_, request.in_flight);
      Action action = reply(200);
      if (!next_.empty()) {
        action = std::move(next_.front());
        next_.pop_front();
      } else if (script_) {
        action = script_(request);
      }
      const auto due = request.arrived + action.delay;
      connection.pending.push_back({request.index, std::move(action), due});
      requests_.push_back(std::move(request));
    }
  } catch (const ProtocolError& error) {
    protocol_errors_.emplace_back(error.what());
    connection.socket.reset();
    return;
  }
  connection.in.erase(0, used);
}

// Sends what is due of the first pending answer; true when that one is done with.
bool ScriptedEventbus::send_front(Connection& connection) {
  Connection::Pending& front = connection.pending.front();
  while (front.sent < front.action.bytes.size()) {
    if (front.due > Clock::now()) return false;
    const bool paced = front.action.pace.count() > 0;
    const std::size_t size = paced ? 1 : front.action.bytes.size() - front.sent;
    const ssize_t sent =
        ::send(connection.socket.fd(), front.action.bytes.data() + front.sent, size, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN) {
        connection.blocked = true;
      } else {
        connection.socket.close();
      }
      return false;
    }
    front.sent += static_cast<std::size_t>(sent);
    if (paced) front.due = Clock::now() + front.action.pace;
  }
  return true;
}

void ScriptedEventbus::progress(Connection& connection) {
  while (connection.socket.open() && !connection.pending.empty()) {
    Connection::Pending& front = connection.pending.front();
    if (front.action.then == Action::Then::hang || front.due > Clock::now()) return;
    if (!send_front(connection)) return;
    requests_[front.request].answered = front.action.status;
    switch (front.action.then) {
      case Action::Then::keep:
      case Action::Then::hang:
        connection.pending.pop_front();
        break;
      case Action::Then::close:
        ::shutdown(connection.socket.fd(), SHUT_WR);
        connection.finished = true;
        connection.pending.clear();
        break;
      case Action::Then::reset: {
        // A reset throws away what the kernel still holds: let the answers before it get across.
        int unsent = 0;
        if (::ioctl(connection.socket.fd(), SIOCOUTQ, &unsent) == 0 && unsent > 0) {
          front.due = Clock::now() + std::chrono::milliseconds(1);
          return;
        }
        connection.socket.reset();
        break;
      }
    }
  }
}

ScriptedEventbus::Script answer_then(std::size_t k, Action fault, unsigned status) {
  return [k, fault = std::move(fault), status, seen = std::size_t{0}](const Request&) mutable {
    return seen++ == k ? fault : reply(status);
  };
}

}  // namespace gateway::test
