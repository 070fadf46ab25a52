#include "support/tunnel_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <utility>

namespace gateway::test {
namespace {

bool send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Passes bytes on in both directions until one side ends.
void splice(int client, int server) {
  std::array<char, 16384> room{};
  for (;;) {
    std::array<pollfd, 2> both{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    if (::poll(both.data(), both.size(), -1) < 0) return;
    for (const auto& [from, to] : {std::pair(both[0], server), std::pair(both[1], client)}) {
      if (from.revents == 0) continue;
      const ssize_t size = ::recv(from.fd, room.data(), room.size(), 0);
      if (size <= 0) return;
      if (!send_all(to, {room.data(), static_cast<std::size_t>(size)})) return;
    }
  }
}

}  // namespace

TunnelProxy::TunnelProxy(std::uint16_t leads_to)
    : leads_to_(leads_to), listener_(bind_loopback(port_)) {
  ::listen(listener_.fd(), 64);
  thread_ = std::thread([this] { accept_all(); });
}

TunnelProxy::~TunnelProxy() {
  stopping_ = true;
  ::shutdown(listener_.fd(), SHUT_RDWR);
  thread_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const Socket& client : clients_) ::shutdown(client.fd(), SHUT_RDWR);
  }
  for (std::thread& one : threads_) one.join();
}

void TunnelProxy::answer(std::string text) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(text);
}

std::vector<std::string> TunnelProxy::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void TunnelProxy::accept_all() {
  while (!stopping_) {
    const int client = ::accept(listener_.fd(), nullptr, nullptr);
    if (client < 0) continue;
    const std::lock_guard lock(mutex_);
    clients_.emplace_back(client);
    threads_.emplace_back([this, client] { serve(client); });
  }
}

void TunnelProxy::serve(int client) {
  std::string head;
  std::array<char, 4096> room{};
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t size = ::recv(client, room.data(), room.size(), 0);
    if (size <= 0) return;
    head.append(room.data(), static_cast<std::size_t>(size));
  }
  std::string answer;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(head);
    answer = answer_;
  }
  if (!answer.empty()) {
    if (!send_all(client, answer)) return;
    if (answer.find(" 200") != std::string::npos) {
      const Socket server = connect_to("127.0.0.1", leads_to_);
      splice(client, server.fd());
    }
    ::shutdown(client, SHUT_RDWR);
  }
}

}  // namespace gateway::test
