#include "soak/gateway_process.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "runtime/descriptor.hpp"

namespace gateway::soak {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPoll{10};
constexpr milliseconds kStartLimit{20'000};

Descriptor tcp_socket() {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw std::system_error(errno, std::generic_category(), "socket");
  return socket;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

std::optional<std::string> get(std::uint16_t port, std::string_view target) {
  const Descriptor socket = tcp_socket();
  const timeval limit{2, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const sockaddr_in address = loopback(port);
  if (::connect(socket.get(), generic(address), sizeof address) != 0) return std::nullopt;
  const std::string request =
      fmt::format("GET {} HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n\r\n", target);
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return std::nullopt;
  std::string answer;
  std::array<char, 16384> part{};
  for (;;) {
    const ssize_t size = ::recv(socket.get(), part.data(), part.size(), 0);
    if (size < 0) return std::nullopt;
    if (size == 0) break;
    answer.append(part.data(), static_cast<std::size_t>(size));
  }
  const auto body = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.1 200") || body == std::string::npos) return std::nullopt;
  return answer.substr(body + 4);
}

double metric_total(std::string_view page, std::string_view name) {
  double total = 0;
  while (!page.empty()) {
    const auto end = page.find('\n');
    const std::string line(page.substr(0, end));
    page = end == std::string_view::npos ? std::string_view{} : page.substr(end + 1);
    if (!line.starts_with(name)) continue;
    const char after = line.size() > name.size() ? line[name.size()] : '\0';
    if (after != ' ' && after != '{') continue;
    total += std::strtod(line.c_str() + line.rfind(' '), nullptr);
  }
  return total;
}

std::uint16_t free_port() {
  const Descriptor socket = tcp_socket();
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool bound = ::bind(socket.get(), generic(address), size) == 0 &&
                     ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!bound) throw std::system_error(errno, std::generic_category(), "bind");
  return ntohs(address.sin_port);
}

std::string write_config(const std::string& directory, const Ports& ports, std::string_view gateway,
                         std::string_view rest) {
  std::string path = directory + "/config.yml";
  std::ofstream file(path);
  file << fmt::format(
      "target: http://127.0.0.1:{}\neventbus: soak\nfunction: {{ provision: false }}\n"
      "gateway:\n  listen: 127.0.0.1:{}\n  admin: 127.0.0.1:{}\n  auth: none\n{}{}",
      ports.bus, ports.gateway, ports.admin, gateway, rest);
  file.close();
  if (!file) throw std::system_error(errno, std::generic_category(), path);
  return path;
}

GatewayProcess::GatewayProcess(const std::string& program, const std::string& config,
                               const std::string& log, std::uint16_t admin)
    : process_({program, "run", "--config", config}, log), admin_(admin) {}

void GatewayProcess::start() {
  process_.start();
  const auto limit = steady_clock::now() + kStartLimit;
  while (!get(admin_, "/readyz")) {
    if (const auto code = process_.ended()) {
      throw std::runtime_error(fmt::format("{} ended with {}; its log is {}", process_.program(),
                                           *code, process_.log()));
    }
    if (steady_clock::now() >= limit) {
      throw std::runtime_error(
          fmt::format("{} does not get ready; its log is {}", process_.program(), process_.log()));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace gateway::soak
