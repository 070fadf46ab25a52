#include "testkit/http_client.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace gateway::test {
namespace {

using Clock = std::chrono::steady_clock;

int remaining_ms(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
}

void append_fields(std::string& text, const Headers& headers) {
  for (const Header& field : headers.fields()) {
    text += fmt::format("{}: {}\r\n", field.name, field.value);
  }
}

}  // namespace

std::string request_text(std::string_view method, std::string_view target, std::string_view body,
                         const Headers& headers) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {}\r\n",
                                 method, target.empty() ? "/" : target, body.size());
  append_fields(text, headers);
  text += "\r\n";
  text += body;
  return text;
}

std::string post_text(std::string_view body, const Headers& headers) {
  return request_text("POST", "/", body, headers);
}

std::string chunked_post_text(std::string_view body, std::size_t chunk, const Headers& headers) {
  std::string text = "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n";
  append_fields(text, headers);
  text += "\r\n";
  for (std::size_t at = 0; at < body.size(); at += chunk) {
    const std::string_view piece = body.substr(at, chunk);
    text += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
  }
  text += "0\r\n\r\n";
  return text;
}

HttpClient::HttpClient(std::uint16_t port, const std::string& host)
    : socket_(connect_to(host, port)) {}

void HttpClient::send(std::string_view bytes) {
  const auto deadline = Clock::now() + kPatience;
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      pollfd writable{socket_.fd(), POLLOUT, 0};
      if (::poll(&writable, 1, remaining_ms(deadline)) == 0) {
        throw std::runtime_error("the gateway takes no more bytes");
      }
    } else if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "send");
    }
  }
}

void HttpClient::send_bytewise(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) send(bytes.substr(i, 1));
}

std::size_t HttpClient::send_until_answered(std::string_view bytes) {
  const auto deadline = Clock::now() + kPatience;
  std::size_t total = 0;
  while (total < bytes.size() && Clock::now() < deadline) {
    pollfd ready{socket_.fd(), POLLIN | POLLOUT, 0};
    if (::poll(&ready, 1, remaining_ms(deadline)) <= 0 || (ready.revents & POLLIN) != 0) break;
    const ssize_t sent = ::send(socket_.fd(), bytes.data() + total, bytes.size() - total,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) break;
    if (sent > 0) total += static_cast<std::size_t>(sent);
  }
  return total;
}

bool HttpClient::receive(Clock::time_point deadline) {
  if (ended_) return false;
  pollfd ready{socket_.fd(), POLLIN, 0};
  if (::poll(&ready, 1, remaining_ms(deadline)) <= 0) {
    throw std::runtime_error("the gateway kept silent too long; so far: '" + in_ + "'");
  }
  std::array<char, 16384> buffer;
  const ssize_t size = ::recv(socket_.fd(), buffer.data(), buffer.size(), 0);
  if (size <= 0) {
    ended_ = true;
    return false;
  }
  in_.append(buffer.data(), static_cast<std::size_t>(size));
  return true;
}

std::optional<Response> HttpClient::read() {
  const auto deadline = Clock::now() + kPatience;
  while (true) {
    if (auto taken = in_.empty() ? std::nullopt : take_response(in_, ended_)) {
      in_.erase(0, taken->size);
      return std::move(taken->message);
    }
    if (ended_) return std::nullopt;
    receive(deadline);
  }
}

Response HttpClient::response() {
  std::optional<Response> answer = read();
  if (!answer) throw std::runtime_error("the gateway closed without an answer");
  return *std::move(answer);
}

Response HttpClient::post(std::string_view body, const Headers& headers) {
  send(post_text(body, headers));
  return response();
}

Response HttpClient::get(std::string_view target) {
  send(fmt::format("GET {} HTTP/1.1\r\nHost: gateway.test\r\n\r\n", target));
  return response();
}

bool HttpClient::readable(std::chrono::milliseconds limit) const {
  if (!in_.empty() || ended_) return true;
  pollfd ready{socket_.fd(), POLLIN, 0};
  return ::poll(&ready, 1, static_cast<int>(limit.count())) > 0;
}

bool HttpClient::closed_by_peer(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (in_.empty() && !ended_) {
    if (!readable(std::chrono::milliseconds(remaining_ms(deadline)))) return false;
    receive(deadline);
  }
  return in_.empty() && ended_;
}

void HttpClient::shut_down_sending() {
  ::shutdown(socket_.fd(), SHUT_WR);
}

std::size_t first_readable(std::span<HttpClient> clients) {
  std::vector<pollfd> fds;
  for (const HttpClient& client : clients) fds.push_back({client.fd(), POLLIN, 0});
  constexpr auto kLimit = std::chrono::milliseconds(HttpClient::kPatience).count();
  if (::poll(fds.data(), fds.size(), static_cast<int>(kLimit)) <= 0) {
    throw std::runtime_error("no client got an answer");
  }
  const auto found =
      std::find_if(fds.begin(), fds.end(), [](const pollfd& fd) { return fd.revents != 0; });
  return static_cast<std::size_t>(found - fds.begin());
}

}  // namespace gateway::test
