#pragma once
#include <boost/system/result.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/settings.hpp"
#include "runtime/http_client.hpp"
#include "runtime/secret.hpp"
#include "runtime/secret_filter.hpp"

namespace gateway::egress {

// A token that lets its bearer send events (RFC 6750).
class AccessToken {
 public:
  AccessToken() = default;  // boost::system::result wants one
  AccessToken(Secret text, std::optional<std::chrono::seconds> lifetime)
      : text_(std::move(text)), lifetime_(lifetime) {}

  [[nodiscard]] const Secret& text() const noexcept { return text_; }
  // Nothing: the server does not say; it is good until somebody refuses it.
  [[nodiscard]] const std::optional<std::chrono::seconds>& lifetime() const noexcept {
    return lifetime_;
  }

 private:
  Secret text_;
  std::optional<std::chrono::seconds> lifetime_;
};

// Why there is no token. Its text holds no secret.
class TokenFailure {
 public:
  TokenFailure() = default;
  TokenFailure(std::string text, bool client_unknown)
      : text_(std::move(text)), client_unknown_(client_unknown) {}

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  // The server did not recognise the client; it may where the secret is sent the other way.
  [[nodiscard]] bool client_unknown() const noexcept { return client_unknown_; }

 private:
  std::string text_;
  bool client_unknown_ = false;
};

using TokenResult = boost::system::result<AccessToken, TokenFailure>;

// Where the client's secret stands in the request (RFC 6749 section 2.3.1). Every server must take
// the first, and some take the second alone.
enum class ClientSecretIn { authorization, body };

// Returns the request for a token by client credentials (RFC 6749 section 4.4.2) to `target`.
[[nodiscard]] HttpRequest token_request(const config::OAuth2& oauth2, std::string target,
                                        ClientSecretIn where);

// Returns what the token end point's answer says (RFC 6749 sections 5.1 and 5.2).
[[nodiscard]] TokenResult read_token_answer(unsigned status, std::string_view body);

// Fetches tokens over one connection; one at a time. Used on one thread; whoever spawned fetch()
// joins it before this dies.
class TokenClient {
 public:
  TokenClient(const Executor& executor, const config::Delivery& delivery);

  // Returns a token, or what went wrong within `timeout`.
  [[nodiscard]] Task<TokenResult> fetch(std::chrono::milliseconds timeout);
  // Returns the host tokens are fetched from, for messages.
  [[nodiscard]] const std::string& host() const noexcept { return http_.origin().authority(); }
  // Ends the fetch() under way, and every later one.
  void cancel() { http_.cancel(); }

 private:
  const config::OAuth2 oauth2_;
  SecretFilter secrets_;
  std::string target_;
  HttpClient http_;
  ClientSecretIn where_ = ClientSecretIn::authorization;
};

}  // namespace gateway::egress
