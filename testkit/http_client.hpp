#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "testkit/http_text.hpp"
#include "testkit/socket.hpp"

namespace gateway::test {

// A request with Host and Content-Length. An empty target becomes "/".
[[nodiscard]] std::string request_text(std::string_view method, std::string_view target,
                                       std::string_view body, const Headers& headers = {});
[[nodiscard]] std::string post_text(std::string_view body, const Headers& headers = {});
// The same body cut into chunks of `chunk` bytes.
[[nodiscard]] std::string chunked_post_text(std::string_view body, std::size_t chunk,
                                            const Headers& headers = {});

// A blocking client that writes what it is told and waits at most kPatience for anything: a test
// that would hang fails with std::runtime_error instead.
class HttpClient {
 public:
  static constexpr std::chrono::seconds kPatience{10};

  explicit HttpClient(std::uint16_t port, const std::string& host = "127.0.0.1");

  // Throws std::system_error when the peer takes no more.
  void send(std::string_view bytes);
  // One write per byte.
  void send_bytewise(std::string_view bytes);
  // As much as goes out before the peer answers or closes; never throws. Returns the bytes sent.
  std::size_t send_until_answered(std::string_view bytes);

  // The next response, interim ones included; nothing when the peer closed without one.
  [[nodiscard]] std::optional<Response> read();
  // The next response; throws std::runtime_error when there is none.
  Response response();
  Response post(std::string_view body, const Headers& headers = {});
  Response get(std::string_view target);

  // Whether something can be read (bytes or the end) within `limit`.
  [[nodiscard]] bool readable(std::chrono::milliseconds limit) const;
  // Waits for the peer to close, by FIN or RST; false when it does not, or says more before it.
  [[nodiscard]] bool closed_by_peer(std::chrono::milliseconds limit = kPatience);

  void shut_down_sending();
  void close() { socket_.close(); }
  void reset() { socket_.reset(); }
  [[nodiscard]] int fd() const noexcept { return socket_.fd(); }

 private:
  // False at the end of the stream, a reset included.
  bool receive(std::chrono::steady_clock::time_point deadline);

  Socket socket_;
  std::string in_;
  bool ended_ = false;
};

// The index of a client that has something to read; throws when none has within kPatience.
[[nodiscard]] std::size_t first_readable(std::span<HttpClient> clients);

}  // namespace gateway::test
