#include "gateway/egress/access/access_token.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "events/ascii.hpp"
#include "events/base64.hpp"
#include "gateway/config/http_url.hpp"

namespace gateway::egress {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostShown = 100;
constexpr std::size_t kMostToken = std::size_t{16}
                                   << 10;  // with room in a head for what else it has
constexpr std::int64_t kLongest = 10LL * 365 * 24 * 3600;  // seconds; within what a clock can hold

std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, kMostShown)) shown += c >= ' ' && c <= '~' ? c : '?';
  return shown;
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

// Some servers write the number as text.
std::optional<std::chrono::seconds> lifetime_of(const json::object& object) {
  const json::value* const value = object.if_contains("expires_in");
  if (value == nullptr) return std::nullopt;
  double seconds = 0;
  if (value->is_number()) {
    seconds = value->to_number<double>();
  } else if (const std::string text = text_of(object, "expires_in");
             !text.empty() && text.size() < 18 && std::ranges::all_of(text, is_digit)) {
    seconds = static_cast<double>(std::stoll(text));
  } else {
    return std::nullopt;
  }
  return std::chrono::seconds(static_cast<std::int64_t>(std::clamp<double>(seconds, 0, kLongest)));
}

TokenFailure refused(unsigned status, const json::object* answer) {
  const std::string error = answer == nullptr ? std::string() : text_of(*answer, "error");
  const std::string why = answer == nullptr ? std::string() : text_of(*answer, "error_description");
  std::string text = fmt::format("answers {}", status);
  if (!error.empty()) text += " " + printable(error);
  if (!why.empty()) text += ": " + printable(why);
  if (status / 100 == 3) text += "; redirections are not followed";
  return {std::move(text), status == 401 || error == "invalid_client"};
}

HttpOrigin origin_of(const config::Delivery& delivery) {
  const auto url = config::parse_http_url(delivery.oauth2.token_url);
  if (!url) throw std::invalid_argument("delivery.oauth2.token_url: " + url.error().message());
  HttpOrigin origin(url->tls, url->host, url->port, url->authority);
  origin.go_by(delivery.proxies.find(url->tls, url->host, url->port));
  return origin;
}

}  // namespace

HttpRequest token_request(const config::OAuth2& oauth2, std::string target, ClientSecretIn where) {
  HttpRequest request;
  request.target = std::move(target);
  request.repeatable = true;  // another token does no harm
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  request.body = "grant_type=client_credentials";
  if (!oauth2.scope.empty()) request.body += "&scope=" + config::percent_encode(oauth2.scope);
  const std::string id = config::percent_encode(oauth2.client_id);
  const std::string secret = config::percent_encode(oauth2.client_secret.reveal());
  if (where == ClientSecretIn::body) {
    request.body += "&client_id=" + id + "&client_secret=" + secret;
  } else {
    std::string value = "Basic ";
    events::append_base64(value, id + ":" + secret);
    request.headers.emplace_back("Authorization", std::move(value));
  }
  return request;
}

TokenResult read_token_answer(unsigned status, std::string_view body) {
  error_code error;
  const json::value document = json::parse(json::string_view(body.data(), body.size()), error);
  const json::object* const answer = error ? nullptr : document.if_object();
  if (status != 200) return refused(status, answer);
  if (answer == nullptr) return TokenFailure("answers 200 and no JSON object", false);
  std::string token = text_of(*answer, "access_token");
  const std::string type = text_of(*answer, "token_type");
  if (token.empty()) return TokenFailure("answers 200 without an access_token", false);
  // What is no text of a header field (RFC 6750 section 2.1) never reaches one.
  const bool usable = token.size() <= kMostToken &&
                      std::ranges::all_of(token, [](char c) { return c > ' ' && c <= '~'; });
  if (!usable) return TokenFailure("gives an access_token that no header field may hold", false);
  if (!type.empty() && !equals_ignoring_case(type, "bearer")) {
    return TokenFailure(
        fmt::format("gives a token of type {}; only Bearer is supported", printable(type)), false);
  }
  return AccessToken(Secret(std::move(token)), lifetime_of(*answer));
}

TokenClient::TokenClient(const Executor& executor, const config::Delivery& delivery)
    : oauth2_(delivery.oauth2), http_(executor, origin_of(delivery), delivery.tls.ca) {
  const auto url = config::parse_http_url(oauth2_.token_url);
  secrets_.add(oauth2_.client_secret);
  target_ = (url->path.empty() ? "/" : url->path) + url->query;
}

Task<TokenResult> TokenClient::fetch(std::chrono::milliseconds timeout) {
  TokenFailure failure;
  for (int attempt = 0; attempt < 2; ++attempt) {
    HttpRequest request = token_request(oauth2_, target_, where_);
    HttpResult reply = co_await http_.exchange(std::move(request), timeout);
    if (!reply) {
      co_return TokenFailure(reply.error().text(), false);
    }
    if (reply->status != 200) secrets_.apply(reply->body);  // it may be told of
    TokenResult result = read_token_answer(reply->status, reply->body);
    if (result) co_return result;
    // What the first way came to is what is told of.
    if (attempt == 0) failure = result.error();
    if (!result.error().client_unknown()) break;
    where_ = where_ == ClientSecretIn::body ? ClientSecretIn::authorization : ClientSecretIn::body;
  }
  co_return failure;
}

}  // namespace gateway::egress
