#pragma once
#include <cstdint>
#include <map>
#include <string>

namespace gateway::load {

// What has been counted since the start of a load. Differences of two are what a window saw.
struct LoadTotals {
  std::uint64_t posts = 0;    // answered 2xx
  std::uint64_t records = 0;  // of them
  std::uint64_t bytes = 0;    // of their bodies
  // Posts that came to nothing: by status, or by "connect" (no connection), "closed" (it ended
  // without an answer), "bad" (the answer was no HTTP) and "unanswered" (none came in time).
  std::map<std::string, std::uint64_t> errors;
};

}  // namespace gateway::load
