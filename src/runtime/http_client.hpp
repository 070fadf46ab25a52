#pragma once
#include <boost/system/result.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/asio.hpp"
#include "runtime/http_proxy.hpp"

namespace gateway {

class OriginConnection;

// The place of a service: scheme, host and port, and the proxy on the way.
class HttpOrigin {
 public:
  HttpOrigin() = default;
  // `authority` is the value of the Host header; empty: the host, and the port if it is not the
  // default.
  HttpOrigin(bool tls, std::string host, std::uint16_t port, std::string authority = {});

  [[nodiscard]] bool tls() const noexcept { return tls_; }
  [[nodiscard]] const std::string& host() const noexcept { return host_; }  // IPv6 without brackets
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const std::string& authority() const noexcept { return authority_; }

  // Returns the proxy that requests go by, if any.
  [[nodiscard]] const std::optional<HttpProxy>& proxy() const noexcept { return proxy_; }
  void go_by(const HttpProxy* proxy) {
    proxy_ = proxy == nullptr ? std::nullopt : std::optional(*proxy);
  }

 private:
  bool tls_ = true;
  std::string host_;
  std::uint16_t port_ = 443;
  std::string authority_;
  std::optional<HttpProxy> proxy_;
};

struct HttpRequest {
  HttpRequest() = default;
  std::string method = "POST";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers;  // besides Host and Content-Length
  std::string body;
  bool repeatable = false;  // sending it twice does no harm
};

struct HttpReply {
  HttpReply() = default;
  unsigned status = 0;
  std::string date;  // the Date header, or empty
  std::string body;
};

// Why an exchange gave no answer.
class HttpFailure {
 public:
  enum class Reason { connection, timeout, answer, cancelled };

  HttpFailure() = default;  // boost::system::result wants one
  HttpFailure(Reason reason, std::string text, bool sent)
      : reason_(reason), text_(std::move(text)), sent_(sent) {}

  // Returns the reason. `answer`: what came is no HTTP, or too large.
  [[nodiscard]] Reason reason() const noexcept { return reason_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  // Returns whether the server may have received the request.
  [[nodiscard]] bool sent() const noexcept { return sent_; }

 private:
  Reason reason_ = Reason::connection;
  std::string text_;
  bool sent_ = false;
};

using HttpResult = boost::system::result<HttpReply, HttpFailure>;

// One kept-alive HTTP/1.1 connection to one origin, opened when it is needed. TLS is 1.2 or newer;
// the certificate and the host's name in it are verified against the system's trust store
// (SSL_CERT_FILE and SSL_CERT_DIR are honoured). Used on one thread, one exchange at a time;
// whoever spawned the coroutine joins it before this object dies. It is for occasional calls: each
// message is held in memory as a whole.
class HttpClient {
 public:
  static constexpr std::size_t kMostAnswer = std::size_t{16} << 20;  // bytes of an answer's body

  // `ca_file` (PEM) is trusted as well; empty: none.
  HttpClient(const Executor& executor, HttpOrigin origin, std::string ca_file = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Sends a request and returns its answer, name look-up and handshakes included, within `timeout`.
  // If a kept connection ends before anything of an answer came, and the request is repeatable, it
  // is sent once more on a new connection.
  [[nodiscard]] Task<HttpResult> exchange(HttpRequest request, std::chrono::milliseconds timeout);
  using OnBody = std::function<void(std::string_view)>;
  // Sends a request on a new connection, for an answer that goes on until the connection ends, such
  // as an event stream. If the status is 200, hands the body to `on_body` as it comes. Returns when
  // the server has ended the connection, or with any other answer as exchange() does. Fails if
  // there is no status within `timeout`, or nothing of the body for `silence`. For origins without
  // TLS.
  [[nodiscard]] Task<HttpResult> follow(HttpRequest request, std::chrono::milliseconds timeout,
                                        std::chrono::milliseconds silence, OnBody on_body);
  // Ends the present exchange, and every later one, with `cancelled`.
  void cancel();

  [[nodiscard]] const HttpOrigin& origin() const noexcept;

 private:
  struct Parser;  // Beast's, which is hidden

  [[nodiscard]] HttpFailure failure(std::string text) const;
  // Ends the use of the connection, which is closed. Returns why.
  [[nodiscard]] HttpFailure give_up(std::string text);
  // Sends the request and takes its answer, or the head of it, into parser_.
  template <class Stream, class Request>
  [[nodiscard]] Task<error_code> converse(Stream& stream, Request& request, bool head_only);
  [[nodiscard]] HttpResult take_reply();

  const std::shared_ptr<OriginConnection> connection_;
  std::unique_ptr<Parser> parser_;
  bool sent_ = false;
};

}  // namespace gateway
