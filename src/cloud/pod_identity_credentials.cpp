#include "cloud/temporary_credentials.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <fstream>
#include <optional>

#include "cloud/api_answer.hpp"

namespace gateway::cloud {
namespace {

namespace json = boost::json;

constexpr std::string_view kAssumeAction = "AssumeRoleWithWebIdentity";
constexpr std::int64_t kDuration = 7200;  // seconds
constexpr std::size_t kMostToken = std::size_t{64} << 10;

// Returns the text of a file without the white space around it; empty if there is no such file.
std::string read_token(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostToken, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::optional<Credential> read_pair(const json::object& answer) {
  const auto* const value = answer.if_contains("Credentials");
  const auto* const members = value == nullptr ? nullptr : value->if_object();
  if (members == nullptr) return std::nullopt;
  return read_temporary_pair(*members, answer);
}

}  // namespace

PodIdentityCredentials::PodIdentityCredentials(const Executor& executor, PodIdentity identity,
                                               HttpOrigin sts, std::chrono::milliseconds timeout,
                                               std::string ca_file)
    : TemporaryCredentials(executor),
      identity_(std::move(identity)),
      timeout_(timeout),
      http_(executor, std::move(sts), std::move(ca_file)) {}

Task<ApiResult<Credential>> PodIdentityCredentials::fetch() {
  const std::string token = read_token(identity_.token_file);
  if (token.empty()) {
    co_return credentials_error(
        ErrorKind::denied, kAssumeAction,
        fmt::format("{}: no token in {}", name(), identity_.token_file), {},
        "check that the pod's service account token is mounted (TKE_WEB_IDENTITY_TOKEN_FILE)");
  }
  const json::object parameters{{"ProviderId", identity_.provider_id},
                                {"WebIdentityToken", token},
                                {"RoleArn", identity_.role_arn},
                                {"RoleSessionName", "cos-gateway"},
                                {"DurationSeconds", kDuration}};

  HttpRequest request;
  request.repeatable = true;  // another pair does no harm
  request.body = json::serialize(parameters);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  request.headers = {
      {"Content-Type", "application/json"},
      {"X-TC-Action", std::string(kAssumeAction)},
      {"X-TC-Version", "2018-08-13"},
      {"X-TC-Region", identity_.region},
      {"X-TC-Timestamp", fmt::format("{}", now.time_since_epoch().count())},
      {"X-TC-Language", "en-US"},
      {"Authorization", "SKIP"},  // the token is what proves who calls
  };
  const HttpResult reply = co_await http_.exchange(std::move(request), timeout_);
  if (!reply) {
    co_return credentials_error(ErrorKind::transient, kAssumeAction,
                                fmt::format("{}: {}", name(), reply.error().text()));
  }
  const auto answer = read_api_answer(kAssumeAction, reply->status, reply->body);
  if (!answer) {
    const ApiError error = answer.error();
    // An operator has to correct the pod's role; errors that may pass are retried.
    ErrorKind kind = ErrorKind::transient;
    if (error.is_permanent()) kind = ErrorKind::denied;
    co_return credentials_error(
        kind, kAssumeAction, fmt::format("{}: {}: {}", name(), error.code(), error.message()),
        error.request_id(),
        "check that the role in TKE_ROLE_ARN trusts the identity provider of this cluster and the "
        "pod's service account");
  }
  const auto pair = read_pair(answer->members);
  if (!pair) {
    co_return credentials_error(ErrorKind::transient, kAssumeAction,
                                fmt::format("{}: the answer holds no credentials", name()),
                                answer->request_id);
  }
  co_return *pair;
}

}  // namespace gateway::cloud
