#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/clock.hpp"

namespace gateway {

// The last answer of the eventbus that was not 2xx, or, with status 0, why there was none. Kept so
// that whoever is told that an event failed is told what the eventbus said.
struct BusAnswer {
  static constexpr std::size_t kMostText = 120;
  // An error names the eventbus up to twice, and a host name has up to 253 bytes.
  static constexpr std::size_t kMostError = 640;

  unsigned status = 0;
  std::string text;  // the first line of its body, shortened; or the error of the connection
  Instant at{};

  // Takes the answer of `now`. Keeps the memory of the one before.
  void take(unsigned new_status, std::string_view body, Instant now) {
    status = new_status;
    const std::string_view line = body.substr(0, body.find_first_of("\r\n"));
    text.assign(line.substr(0, status == 0 ? kMostError : kMostText));
    at = now;
  }
};

}  // namespace gateway
