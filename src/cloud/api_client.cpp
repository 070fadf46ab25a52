#include "cloud/api_client.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "cloud/api_answer.hpp"
#include "cloud/http_date.hpp"
#include "cloud/request_signing.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"

namespace gateway::cloud {
namespace {

constexpr std::string_view kContentType = "application/json";

bool is_read(std::string_view action) {
  return action.starts_with("Get") || action.starts_with("List") || action.starts_with("Describe");
}

ApiError cancelled(std::string_view action) {
  return {ErrorKind::transient, std::string(action), "ClientError.Cancelled", "cancelled", {}};
}

ApiError client_error(std::string_view action, const HttpFailure& failure) {
  std::string_view code;
  switch (failure.reason()) {
    case HttpFailure::Reason::connection: code = "ClientError.Connection"; break;
    case HttpFailure::Reason::timeout: code = "ClientError.Timeout"; break;
    case HttpFailure::Reason::answer: code = "ClientError.Answer"; break;
    case HttpFailure::Reason::cancelled: return cancelled(action);
  }
  return {ErrorKind::transient, std::string(action), std::string(code), failure.text(), {}};
}

// Returns a time as "2026-01-02 03:04:05 UTC".
std::string clock_text(std::chrono::sys_seconds time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(time.time_since_epoch().count()));
}

std::chrono::sys_seconds machine_time() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

struct ApiClient::Outcome {
  Outcome(ApiResult<ApiAnswer> of_call, std::string date_of_answer, bool was_sent)
      : result(std::move(of_call)), date(std::move(date_of_answer)), sent(was_sent) {}

  ApiResult<ApiAnswer> result;
  std::string date;  // the service's clock; empty without an answer
  bool sent = false;

  // By value: error() of an older result gives a copy.
  [[nodiscard]] std::string code() const { return result.error().code(); }
};

ApiClient::ApiClient(const Executor& executor, ApiService service, Credentials& credentials,
                     ApiPace pace, std::string ca_file)
    : service_(std::move(service)),
      pace_(pace),
      credentials_(credentials),
      http_(executor, service_.origin, std::move(ca_file)),
      wake_(executor) {}

void ApiClient::cancel() {
  cancelled_ = true;
  credentials_.cancel();
  http_.cancel();
  wake_.notify_all();
}

std::chrono::sys_seconds ApiClient::now() const {
  return machine_time() + clock_offset_;
}

HttpRequest ApiClient::request(std::string_view action, std::string_view body,
                               const Credential& credential) const {
  SigningInput input;
  input.host = service_.origin.authority();
  input.service = service_.name;
  input.action = action;
  input.content_type = kContentType;
  input.body = body;
  input.time = now();

  HttpRequest request;
  request.repeatable = is_read(action);
  request.headers = {
      {"Content-Type", std::string(kContentType)},
      {"X-TC-Action", std::string(action)},
      {"X-TC-Version", service_.version},
      {"X-TC-Region", service_.region},
      {"X-TC-Timestamp", fmt::format("{}", input.time.time_since_epoch().count())},
      {"X-TC-Language", "en-US"},
      {"Authorization", authorization(input, credential.id(), credential.key())},
  };
  if (!credential.token().empty()) {
    request.headers.emplace_back("X-TC-Token", credential.token().reveal());
  }
  return request;
}

Task<ApiClient::Outcome> ApiClient::attempt(std::string action, std::string body,
                                            Credential credential) {
  const Instant begun = std::chrono::steady_clock::now();
  HttpRequest wanted = request(action, body, credential);
  wanted.body = std::move(body);
  const HttpResult answer = co_await http_.exchange(std::move(wanted), pace_.timeout);

  const auto judge = [&]() -> Outcome {
    if (!answer) return {client_error(action, answer.error()), {}, answer.error().sent()};
    return {read_api_answer(action, answer->status, answer->body), answer->date, true};
  };
  Outcome outcome = judge();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);
  if (outcome.result) {
    log::debug("cloud API call", {{"action", action},
                                  {"milliseconds", took.count()},
                                  {"request_id", outcome.result->request_id}});
  } else {
    log::debug("cloud API call failed", {{"action", action},
                                         {"milliseconds", took.count()},
                                         {"request_id", outcome.result.error().request_id()},
                                         {"code", outcome.code()},
                                         {"error", outcome.result.error().message()}});
  }
  co_return outcome;
}

Task<void> ApiClient::back_off(unsigned attempts) {
  const unsigned doublings = std::min(attempts - 1, 16U);
  const auto longest = std::min(pace_.retry_max, pace_.retry_initial * (1U << doublings));
  std::uniform_int_distribution<std::chrono::milliseconds::rep> wait(0, longest.count());
  const Instant until = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait(jitter_));
  while (!cancelled_ && std::chrono::steady_clock::now() < until) co_await wake_.wait_until(until);
}

// Adopts the service's clock. Returns false if the service's time is not known.
bool ApiClient::correct_clock(std::string_view action, std::string_view date) {
  const auto theirs = read_http_date(date);
  if (!theirs) return false;
  clock_offset_ = *theirs - machine_time();
  log::warn("this machine's clock differs from the service's, whose time is used for signing",
            {{"action", action}, {"seconds", clock_offset_.count()}});
  return true;
}

ApiError ApiClient::clock_error(const Outcome& outcome) const {
  const ApiError error = outcome.result.error();
  const auto theirs = read_http_date(outcome.date);
  std::string said = "is not known";
  if (theirs) said = "says " + clock_text(*theirs);
  return {ErrorKind::permanent,
          error.action(),
          error.code(),
          fmt::format("{}; the service's clock {}, this machine's {}, the call was signed for {}",
                      error.message(), said, clock_text(machine_time()), clock_text(now())),
          error.request_id(),
          error.advice()};
}

Task<ApiResult<boost::json::object>> ApiClient::call(std::string action,
                                                     boost::json::object parameters) {
  const std::string body = boost::json::serialize(parameters);
  unsigned attempts = 0;
  bool clock_corrected = false;
  bool renewed = false;
  while (!cancelled_) {
    ApiResult<Credential> credential = co_await credentials_.get();
    if (cancelled_) break;
    if (!credential) co_return credential.error();
    const bool temporary = !credential->token().empty();
    Outcome outcome = co_await attempt(action, body, std::move(*credential));
    if (outcome.result) co_return std::move(outcome.result->members);

    const std::string code = outcome.code();
    if (code == "AuthFailure.SignatureExpire") {
      if (clock_corrected || !correct_clock(action, outcome.date)) co_return clock_error(outcome);
      clock_corrected = true;
      continue;
    }
    const bool unknown_pair =
        code == "AuthFailure.SecretIdNotFound" || code == "AuthFailure.InvalidSecretId";
    const bool refused = code == "AuthFailure.TokenFailure" || (temporary && unknown_pair);
    if (refused && !renewed && credentials_.renew()) {
      renewed = true;
      continue;
    }
    ++attempts;
    const bool limited = code.starts_with("RequestLimitExceeded");
    const bool harmless = limited || is_read(action) || !outcome.sent;
    const bool passes = outcome.result.error().kind() == ErrorKind::transient;
    if (!harmless || !passes || attempts >= pace_.attempts) co_return outcome.result.error();
    co_await back_off(attempts);
  }
  co_return cancelled(action);
}

}  // namespace gateway::cloud
