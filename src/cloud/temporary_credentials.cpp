#include "cloud/temporary_credentials.hpp"

#include <algorithm>
#include <boost/json/value.hpp>
#include <cstdint>

#include "runtime/log.hpp"

namespace gateway::cloud {
namespace {

// The official SDK refreshes at the same time before the end.
constexpr std::chrono::seconds kLeast{300};

bool is_printable(const Secret& secret) {
  const std::string& text = secret.reveal();
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

Secret secret_of(const boost::json::object& object, std::string_view name) {
  const auto* const value = object.if_contains(name);
  const auto* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? Secret() : Secret(std::string(text->data(), text->size()));
}

}  // namespace

bool TemporaryCredentials::is_fresh() const {
  const auto now = std::chrono::system_clock::now();
  return pair_ && pair_->expires().value_or(now) - now >= kLeast;
}

Task<ApiResult<Credential>> TemporaryCredentials::get() {
  if (is_fresh()) co_return *pair_;
  co_await fetching_.acquire();
  ApiResult<Credential> pair = co_await fetch_or_keep();
  fetching_.release();
  co_return pair;
}

Task<ApiResult<Credential>> TemporaryCredentials::fetch_or_keep() {
  // Somebody else may have fetched one meanwhile.
  if (is_fresh()) co_return *pair_;
  const auto now = std::chrono::system_clock::now();
  ApiResult<Credential> fetched = co_await fetch();
  if (fetched) {
    pair_ = *fetched;
    ever_had_ = true;
    co_return fetched;
  }
  if (!pair_ || pair_->expires().value_or(now) <= std::chrono::system_clock::now()) {
    co_return fetched;
  }
  log::warn("credentials are not renewed; those at hand are still valid",
            {{"source", name()}, {"error", fetched.error().text()}});
  co_return *pair_;
}

bool TemporaryCredentials::renew() {
  pair_.reset();
  return true;
}

ApiError credentials_error(ErrorKind kind, std::string_view action, std::string message,
                           std::string request_id, std::string advice) {
  return {kind,
          std::string(action),
          "ClientError.Credentials",
          std::move(message),
          std::move(request_id),
          std::move(advice)};
}

std::optional<Credential> read_temporary_pair(const boost::json::object& members,
                                              const boost::json::object& answer) {
  const auto* const expired = answer.if_contains("ExpiredTime");
  // The bound keeps the time within what the clock can hold.
  constexpr std::int64_t kYear2200 = 7258118400;
  if (expired == nullptr || !expired->is_int64() || expired->get_int64() < 0 ||
      expired->get_int64() > kYear2200) {
    return std::nullopt;
  }
  Credential pair(
      secret_of(members, "TmpSecretId"), secret_of(members, "TmpSecretKey"),
      secret_of(members, "Token"),
      std::chrono::system_clock::time_point(std::chrono::seconds(expired->get_int64())));
  if (!is_usable(pair) || pair.token().empty()) return std::nullopt;
  return pair;
}

bool is_usable(const Credential& pair) {
  return !pair.id().empty() && !pair.key().empty() && is_printable(pair.id()) &&
         is_printable(pair.key()) && is_printable(pair.token());
}

}  // namespace gateway::cloud
