#include "soak/load_pump.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "runtime/cores.hpp"

namespace gateway::soak {
namespace {

constexpr std::size_t kRecordBytes = 1024;
constexpr int kPollMs = 20;

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::string record() {
  std::string text =
      R"({"cos":{"cosSchemaVersion":"1.0","cosObject":{"url":"http://soak-1250000000.cos.)"
      R"(ap-guangzhou.myqcloud.com/photos/2026/3f1c9d7e.jpg","meta":{"x-cos-request-id":)"
      R"("NWMxOWY4MGFfMjViMjU4NjRfMTUyMV8=","Content-Type":"image/jpeg"},"vid":"","key":)"
      R"("/1250000000/soak/photos/2026/3f1c9d7e.jpg","size":1029},"cosBucket":{"region":"gz",)"
      R"("name":"soak","appid":"1250000000"},"cosNotificationId":"unkown"},"event":{"eventName":)"
      R"("cos:ObjectCreated:Put","eventVersion":"1.0","eventTime":1545205770,"eventSource":)"
      R"("qcs::cos","requestParameters":{"requestSourceIP":"192.0.2.1","requestHeaders":)"
      R"({"Authorization":")";
  constexpr std::string_view kEnd =
      R"("}},"eventQueue":"qcs:0:scf:gz:appid/1250000000:default.soak.$LATEST",)"
      R"("reservedInfo":"","reqid":179398952}})";
  text.append(kRecordBytes - text.size() - kEnd.size(), 'x');
  return text.append(kEnd);
}

std::string post(unsigned records) {
  std::string body = R"({"Records":[)";
  for (unsigned i = 0; i < records; ++i) body.append(i == 0 ? "" : ",").append(record());
  body += "]}";
  return fmt::format(
      "POST / HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\nContent-Length: {}"
      "\r\n\r\n{}",
      body.size(), body);
}

}  // namespace

LoadPump::LoadPump(const Settings& settings)
    : settings_(settings), post_(post(settings.records)), connections_(settings.connections) {
  poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  for (Connection& connection : connections_) {
    connection.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(settings_.port);
    if (::connect(connection.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
        0) {
      throw_errno("connect");
    }
    const int on = 1;
    ::setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = &connection;
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, connection.socket, &event);
  }
  thread_ = std::thread([this] {
    name_this_thread("load");
    try {
      run();
    } catch (...) {
      failure_ = std::current_exception();
    }
  });
}

LoadPump::~LoadPump() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  for (const Connection& connection : connections_) ::close(connection.socket);
  ::close(poll_);
}

void LoadPump::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void LoadPump::run() {
  std::array<epoll_event, 256> events{};
  while (!stopping_ || under_way_ != 0) {
    const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), kPollMs);
    for (int i = 0; i < count; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (connection.waiting) read(connection);
      write(connection);
    }
  }
}

// Begins a post if none is under way, and writes as much of it as goes.
void LoadPump::write(Connection& connection) {
  if (connection.waiting) return;
  if (connection.written == 0) {
    if (stopping_) return;
    ++under_way_;
  }
  while (connection.written < post_.size()) {
    const ssize_t size = ::send(connection.socket, post_.data() + connection.written,
                                post_.size() - connection.written, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size < 0) throw_errno("send");
    connection.written += static_cast<std::size_t>(size);
  }
  connection.waiting = true;
  connection.written = 0;
}

void LoadPump::read(Connection& connection) {
  std::array<char, 4096> part{};
  const ssize_t size = ::recv(connection.socket, part.data(), part.size(), MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) throw std::runtime_error("the gateway closed a connection under load");
  connection.answer.append(part.data(), static_cast<std::size_t>(size));
  const auto head = connection.answer.find("\r\n\r\n");
  if (head == std::string::npos) return;
  const bool good = connection.answer.starts_with("HTTP/1.1 200");
  if (!good) {
    // Refusals have a body, and come in one piece with it.
    ++refused_;
  } else {
    acknowledged_ += settings_.records;
  }
  connection.answer.clear();
  connection.waiting = false;
  --under_way_;
}

}  // namespace gateway::soak
