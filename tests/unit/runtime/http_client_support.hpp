#pragma once
#include <chrono>
#include <string>
#include <utility>

#include "runtime/http_client.hpp"

// What the tests of the HTTP client share: a request, and how long it may take.
namespace gateway::test {

inline constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(10);
inline constexpr std::chrono::milliseconds kShort{50};  // where the time is to run out

inline HttpRequest post(std::string body, bool repeatable = false) {
  HttpRequest request;
  request.headers = {{"Content-Type", "application/json"}, {"X-Extra", "1"}};
  request.body = std::move(body);
  request.repeatable = repeatable;
  return request;
}

}  // namespace gateway::test
