#include "cloud/temporary_credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <optional>

#include "events/ascii.hpp"

namespace gateway::cloud {
namespace {

namespace json = boost::json;

constexpr std::string_view kRoleAction = "InstanceRole";
constexpr std::string_view kPath = "/latest/meta-data/cam/security-credentials/";

std::optional<Credential> read_pair(std::string_view body) {
  error_code error;
  const json::value document = json::parse(body, error);
  const auto* const members = error ? nullptr : document.if_object();
  if (members == nullptr) return std::nullopt;
  const auto* const code = members->if_contains("Code");
  if (code == nullptr || *code != "Success") return std::nullopt;
  return read_temporary_pair(*members, *members);
}

// Returns the first line, which becomes part of a path.
std::string role_name(const std::string& body) {
  return body.substr(0, body.find_first_of("\r\n"));
}

bool is_role_name(std::string_view text) {
  constexpr std::string_view kMarks = "_+=,.@-";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return is_alphanumeric(c) || kMarks.find(c) != std::string_view::npos;
  });
}

}  // namespace

InstanceRoleCredentials::InstanceRoleCredentials(const Executor& executor, HttpOrigin metadata,
                                                 std::chrono::milliseconds timeout)
    : TemporaryCredentials(executor), timeout_(timeout), http_(executor, std::move(metadata)) {}

Task<ApiResult<std::string>> InstanceRoleCredentials::read(std::string target) {
  HttpRequest request;
  request.method = "GET";
  request.target = std::move(target);
  request.repeatable = true;
  const HttpResult reply = co_await http_.exchange(std::move(request), timeout_);
  if (!reply) {
    // If the metadata service cannot even be reached, this is no CVM.
    const bool nowhere = !reply.error().sent() && !ever_had() &&
                         reply.error().reason() != HttpFailure::Reason::cancelled;
    if (nowhere) {
      co_return credentials_error(
          ErrorKind::denied, kRoleAction,
          fmt::format("no credentials: no key pair is configured, there is no pod identity, and "
                      "this is no CVM with an instance role ({})",
                      reply.error().text()),
          {}, std::string(kHowToConfigure));
    }
    co_return credentials_error(ErrorKind::transient, kRoleAction,
                                fmt::format("{}: {}", name(), reply.error().text()));
  }
  if (reply->status == 404) {
    co_return credentials_error(
        ErrorKind::denied, kRoleAction,
        "no credentials: no key pair is configured, there is no pod identity, and no role is bound "
        "to this instance",
        {}, std::string(kHowToConfigure));
  }
  if (reply->status != 200) {
    co_return credentials_error(ErrorKind::transient, kRoleAction,
                                fmt::format("{}: the metadata service answered with HTTP status {}",
                                            name(), reply->status));
  }
  co_return reply->body;
}

Task<ApiResult<Credential>> InstanceRoleCredentials::fetch() {
  const ApiResult<std::string> roles = co_await read(std::string(kPath));
  if (!roles) co_return roles.error();
  const std::string role = role_name(*roles);
  if (!is_role_name(role)) {
    co_return credentials_error(ErrorKind::transient, kRoleAction,
                                fmt::format("{}: the metadata service names no role", name()), {},
                                std::string(kHowToConfigure));
  }
  const ApiResult<std::string> body = co_await read(std::string(kPath) + role);
  if (!body) co_return body.error();
  const auto pair = read_pair(*body);
  if (!pair) {
    co_return credentials_error(
        ErrorKind::transient, kRoleAction,
        fmt::format("{}: the metadata service gives no credentials for role {}", name(), role));
  }
  co_return *pair;
}

}  // namespace gateway::cloud
