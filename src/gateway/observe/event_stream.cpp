#include "gateway/observe/event_stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <string>

#include "gateway/observe/server_sent_events.hpp"
#include "gateway/version.hpp"

namespace gateway::observe {
namespace {

constexpr std::chrono::seconds kHeartbeatEvery{10};
// How soon it is noticed that a watcher has left, which makes room for another.
constexpr std::chrono::seconds kLookEvery{1};
// A watcher that accepts nothing for this long is gone.
constexpr std::chrono::seconds kPatience{20};

// The end of the connection ends the body, so that it needs no framing (RFC 9112 section 6.3).
std::string stream_head() {
  return std::string("HTTP/1.1 200 OK\r\nServer: cos-gateway/") + kVersion +
         "\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
         "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nretry: 2000\n\n";
}

// Returns whether the client has closed its side: it has nothing more to say.
bool has_left(AdminStream& stream) noexcept {
  char next = 0;
  const auto size = ::recv(stream.socket().native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
  return size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace

bool wants_status(std::string_view target) noexcept {
  return target.find("?events=tap") == std::string_view::npos;
}

Task<void> serve_stream(AdminStream& stream, Watcher& watcher) {
  std::string out = stream_head();
  while (stream.socket().is_open()) {
    stream.expires_after(kPatience);
    [[maybe_unused]] auto [error, written] =
        co_await asio::async_write(stream, asio::buffer(out), tuple);
    if (error) break;
    const Instant heartbeat = std::chrono::steady_clock::now() + kHeartbeatEvery;
    while (watcher.frames.empty() && stream.socket().is_open() && !has_left(stream)) {
      const Instant now = std::chrono::steady_clock::now();
      if (now >= heartbeat) break;
      co_await watcher.arrived.wait_until(std::min(heartbeat, now + kLookEvery));
    }
    if (has_left(stream)) break;
    out.clear();
    if (const auto dropped = watcher.frames.take_dropped(); dropped != 0) {
      out = server_sent_event("dropped", "{\"events\":" + std::to_string(dropped) + "}");
    }
    out += watcher.frames.take_all();
    if (out.empty()) out = kHeartbeat;
  }
}

}  // namespace gateway::observe
