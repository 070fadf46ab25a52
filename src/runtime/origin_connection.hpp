#pragma once
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/asio.hpp"
#include "runtime/clock.hpp"
#include "runtime/http_client.hpp"
#include "runtime/name_lookup.hpp"

namespace gateway {

// A connection that an HttpClient keeps open to its origin: name look-up, addresses, proxy and TLS,
// under one deadline. At the deadline, and by cancel(), the socket is closed, which ends whatever
// waits for it. Shared with timers that are still to fire.
class OriginConnection : public std::enable_shared_from_this<OriginConnection> {
 public:
  using TlsStream = asio::ssl::stream<Socket&>;
  // What is open. The socket is first, so that TLS on it is destroyed before it.
  struct Link {
    explicit Link(const Executor& executor) : socket(executor) {}
    Socket socket;
    std::unique_ptr<TlsStream> tls;  // null: none
    boost::beast::flat_buffer buffer;
    Instant used;
  };

  // `ca_file` as for HttpClient.
  OriginConnection(const Executor& executor, HttpOrigin origin, std::string ca_file);

  // Sets the deadline of what follows.
  void set_deadline(Instant end) noexcept { end_ = end; }
  // Returns whether the deadline has passed or cancel() was called.
  [[nodiscard]] bool over() const { return cancelled_ || std::chrono::steady_clock::now() >= end_; }
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }
  // Closes the socket now and fails every later open().
  void cancel();

  // Closes what is open and opens it anew. Returns false if that fails; problem() says why.
  [[nodiscard]] Task<bool> open();
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  // Has the socket closed at the deadline, until disarm().
  void arm() { arm(end_); }
  void disarm();
  void close() { link_.reset(); }
  // Returns what is open, or null.
  [[nodiscard]] const std::shared_ptr<Link>& link() const noexcept { return link_; }
  // Returns whether it can be used for another request.
  [[nodiscard]] bool is_reusable();

  [[nodiscard]] const HttpOrigin& origin() const noexcept { return origin_; }

 private:
  void arm(Instant at);
  [[nodiscard]] Task<std::vector<tcp::endpoint>> resolve();
  [[nodiscard]] Task<bool> connect(tcp::endpoint endpoint, Instant until);
  [[nodiscard]] Task<bool> open_tunnel(const HttpProxy& proxy);
  [[nodiscard]] Task<bool> secure();
  [[nodiscard]] asio::ssl::context& trust();

  const Executor executor_;
  const HttpOrigin origin_;
  const std::string ca_file_;
  std::optional<asio::ssl::context> trust_;
  Timer timer_;
  unsigned armed_ = 0;  // a timer that was set again meanwhile does nothing
  NameLookup lookup_;
  std::shared_ptr<Link> link_;
  Instant end_;
  std::string problem_;
  bool cancelled_ = false;
};

}  // namespace gateway
