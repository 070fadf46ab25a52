#include "cloud/api_answer.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "events/utf8.hpp"

namespace gateway::cloud {
namespace {

namespace json = boost::json;

// Longer texts of the service are cut. No known text is nearly as long.
constexpr std::size_t kMostText = 2048;

// Returns the member if it is a string, else an empty text.
std::string text_of(const json::object& object, std::string_view name) {
  const auto* const value = object.if_contains(name);
  const auto* const text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr) return {};
  return std::string(events::utf8_front({text->data(), text->size()}, kMostText));
}

ApiError unusable(std::string_view action, unsigned status, std::string_view what,
                  std::string request_id = {}) {
  if (status != 200) {
    return {ErrorKind::transient, std::string(action), "ClientError.HttpStatus",
            fmt::format("the service answered with HTTP status {}", status), std::move(request_id)};
  }
  return {ErrorKind::transient, std::string(action), "ClientError.Answer",
          fmt::format("the answer is not usable: {}", what), std::move(request_id)};
}

ApiError refused(std::string_view action, std::string code, std::string message,
                 std::string request_id) {
  const auto classified = classify(action, code);
  return {classified.kind,    std::string(action),   std::move(code),
          std::move(message), std::move(request_id), std::string(classified.advice)};
}

ApiResult<ApiAnswer> read_response(std::string_view action, unsigned status,
                                   json::object& response) {
  std::string request_id = text_of(response, "RequestId");
  const auto* const error = response.if_contains("Error");
  if (error != nullptr && !error->is_null()) {
    const auto* const members = error->if_object();
    std::string code = members == nullptr ? std::string() : text_of(*members, "Code");
    if (code.empty()) return unusable(action, status, "an error without a code", request_id);
    return refused(action, std::move(code), text_of(*members, "Message"), std::move(request_id));
  }
  if (status != 200) return unusable(action, status, {}, std::move(request_id));
  ApiAnswer answer;
  answer.request_id = std::move(request_id);
  response.erase("RequestId");
  response.erase("Error");
  answer.members = std::move(response);
  return answer;
}

}  // namespace

ApiResult<ApiAnswer> read_api_answer(std::string_view action, unsigned status,
                                     std::string_view body) {
  error_code error;
  json::value document = json::parse(body, error);
  if (error) return unusable(action, status, "no JSON, or not all of it");
  auto* const envelope = document.if_object();
  if (envelope == nullptr) return unusable(action, status, "no object");
  if (auto* const response = envelope->if_contains("Response")) {
    if (auto* const members = response->if_object()) return read_response(action, status, *members);
    return unusable(action, status, "Response is no object");
  }
  std::string code = text_of(*envelope, "codeDesc");
  const auto* const number = envelope->if_contains("code");
  const bool failed = number != nullptr && number->is_int64() && number->get_int64() != 0;
  if (failed && !code.empty()) {
    return refused(action, std::move(code), text_of(*envelope, "message"),
                   text_of(*envelope, "requestId"));
  }
  return unusable(action, status, "neither Response nor an error");
}

}  // namespace gateway::cloud
