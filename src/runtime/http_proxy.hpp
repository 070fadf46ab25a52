#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/secret.hpp"

namespace gateway {

// An HTTP proxy: a host by way of which requests leave a network that lets nothing else out.
class HttpProxy {
 public:
  HttpProxy() = default;
  // `authorization` is the value of Proxy-Authorization (RFC 9110 section 11.7.2); empty: none is
  // sent.
  HttpProxy(std::string host, std::uint16_t port, Secret authorization = {});

  [[nodiscard]] const std::string& host() const noexcept { return host_; }  // IPv6 without brackets
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const Secret& authorization() const noexcept { return authorization_; }
  // Returns `host:port`, for messages.
  [[nodiscard]] std::string address() const;
  // Returns the field lines that each request to the proxy has; empty without an authorization.
  // Not for output.
  [[nodiscard]] std::string credentials() const;

 private:
  std::string host_;
  std::uint16_t port_ = 80;
  Secret authorization_;
};

// The conversation that makes a connection to a proxy one to `host` (RFC 9110 section 9.3.6):
// CONNECT, and an answer of which only the status counts. Sans-I/O; once a connection.
class ProxyTunnel {
 public:
  // `open`: what is sent from now on reaches the host. `refused`: problem() says why.
  enum class Step { need_more, open, refused };

  ProxyTunnel(const HttpProxy& proxy, const std::string& host, std::uint16_t port);

  // Returns what is to be sent. Holds the password: not for output.
  [[nodiscard]] const std::string& request() const noexcept { return request_.reveal(); }
  // Takes what has come.
  [[nodiscard]] Step receive(std::string_view bytes);
  // Takes that the connection has ended with `error`.
  void end(std::string_view error);
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  [[nodiscard]] Step judge(std::string_view head, bool more);
  [[nodiscard]] std::string refusal(std::string_view head, unsigned status) const;

  std::string proxy_;  // for messages, as is target_
  std::string target_;
  bool has_credentials_;
  Secret request_;
  std::string received_;
  std::string problem_;
};

}  // namespace gateway
