#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "runtime/clock.hpp"

namespace gateway::egress::limited {

// A limiter of the rate of requests: whether it takes the one that arrives now.
struct Limiter {
  std::string name;
  std::function<bool(Instant)> takes;
};

// Counts the requests of each period, as do quotas of API gateways.
inline Limiter fixed_window(double a_second, std::chrono::milliseconds period) {
  struct State {
    std::int64_t window = 0;
    double taken = 0;
  };
  const double most = a_second * std::chrono::duration<double>(period).count();
  return {"fixed window", [state = State(), most, period](Instant now) mutable {
            const auto window = now.time_since_epoch() / period;
            if (window != state.window) state = {window, 0};
            if (state.taken + 1 > most) return false;
            state.taken += 1;
            return true;
          }};
}

// Counts the requests of the last period. `refused_count`: those it refuses too, as HAProxy's
// http_req_rate does.
inline Limiter sliding_window(double a_second, std::chrono::milliseconds period,
                              bool refused_count = false) {
  const double most = a_second * std::chrono::duration<double>(period).count();
  return {refused_count ? "sliding window that counts refusals" : "sliding window",
          [counted = std::deque<Instant>(), most, period, refused_count](Instant now) mutable {
            while (!counted.empty() && now - counted.front() >= period) counted.pop_front();
            const bool takes = static_cast<double>(counted.size()) + 1 <= most;
            if (takes || refused_count) counted.push_back(now);
            return takes;
          }};
}

// HAProxy's http_req_rate(1s): counts the requests of this second, those it refuses too, and the
// share of the last second's that is less than a second ago.
inline Limiter http_req_rate(double a_second) {
  struct State {
    std::int64_t begin = 0;  // milliseconds
    double last = 0;
    double counted = 0;
  };
  return {"http_req_rate", [state = State(), a_second](Instant now) mutable {
            const std::int64_t at = now.time_since_epoch() / std::chrono::milliseconds(1);
            if (at - state.begin >= 2000) {
              state = {at, 0, 0};
            } else if (at - state.begin >= 1000) {
              state = {state.begin + 1000, state.counted, 0};
            }
            state.counted += 1;
            const double left = 1 - static_cast<double>(at - state.begin) / 1000;
            return state.counted + state.last * left <= a_second;
          }};
}

// Gives leave at a steady rate and keeps what is not used, up to `burst`, as do Envoy and most
// frameworks.
inline Limiter token_bucket(double a_second, double burst) {
  struct State {
    double tokens = 0;
    Instant at{};
  };
  return {"token bucket of " + std::to_string(burst),
          [state = State(), a_second, burst](Instant now) mutable {
            const double seconds = std::chrono::duration<double>(now - state.at).count();
            state = {std::min(burst, state.tokens + seconds * a_second), now};
            if (state.tokens < 1) return false;
            state.tokens -= 1;
            return true;
          }};
}

// nginx's limit_req with nodelay: a leaky bucket that reads a clock of milliseconds.
inline Limiter limit_req(double a_second, double burst) {
  struct State {
    double excess = 0;
    std::int64_t last = 0;  // milliseconds
  };
  return {"limit_req burst=" + std::to_string(burst),
          [state = State(), a_second, burst](Instant now) mutable {
            const std::int64_t at = now.time_since_epoch() / std::chrono::milliseconds(1);
            const double leaked = a_second * static_cast<double>(at - state.last) / 1000;
            const double excess = std::max(0.0, state.excess - leaked + 1);
            if (state.last == 0) {
              state.last = at;
              return true;
            }
            if (excess > burst) return false;
            state = {excess, at};
            return true;
          }};
}

}  // namespace gateway::egress::limited
