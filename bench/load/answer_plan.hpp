#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "testkit/random.hpp"

namespace gateway::load {

// How the eventbus of a run behaves.
struct SinkSettings {
  std::chrono::nanoseconds least_latency{0};  // from request to answer, drawn evenly
  std::chrono::nanoseconds most_latency{0};
  double fail_share = 0;  // of requests answered with one of fail_statuses
  std::vector<unsigned> fail_statuses{503};
  double cut_share = 0;    // of requests at which the connection is cut instead
  bool check_ids = false;  // remember every ce-id, to tell events that came twice
  bool batches = false;    // requests are batches of events, or may be
  bool tls = false;
  std::uint64_t seed = 1;
};

// Decides how each request is answered. No clock, no socket.
class AnswerPlan {
 public:
  struct Decision {
    unsigned status = 200;
    std::chrono::nanoseconds latency{0};
    bool cut = false;
  };

  explicit AnswerPlan(SinkSettings settings);
  // Returns whether every request is answered 200 at once.
  [[nodiscard]] bool plain() const noexcept { return plain_; }
  [[nodiscard]] Decision next();

 private:
  SinkSettings settings_;
  bool plain_;
  test::Random random_;
};

}  // namespace gateway::load
