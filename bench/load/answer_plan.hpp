#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "load/random.hpp"
#include "runtime/ring.hpp"

namespace gateway::load {

// How the eventbus of a run behaves.
struct SinkSettings {
  std::chrono::nanoseconds least_latency{0};  // from request to answer, drawn evenly
  std::chrono::nanoseconds most_latency{0};
  double fail_share = 0;  // of requests answered with one of fail_statuses
  std::vector<unsigned> fail_statuses{503};
  double cut_share = 0;    // of requests at which the connection is cut instead
  bool check_ids = false;  // remember every ce-id, to tell events that came twice
  std::uint64_t seed = 1;
};

// Decides what becomes of each request. No clock, no socket.
class AnswerPlan {
 public:
  struct Decision {
    unsigned status = 200;
    std::chrono::nanoseconds latency{0};
    bool cut = false;
  };

  explicit AnswerPlan(SinkSettings settings);
  // Whether each is answered 200 at once.
  [[nodiscard]] bool plain() const noexcept { return plain_; }
  [[nodiscard]] Decision next();

 private:
  SinkSettings settings_;
  bool plain_;
  Random random_;
};

// The answers one connection owes: they leave in the order of the requests, so one that is ready
// waits for those before it. Sans-I/O.
class AnswerLine {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  void add(unsigned status, TimePoint due);
  // Appends the answers that may leave by now.
  void take(TimePoint now, std::string& out);
  [[nodiscard]] bool empty() const noexcept { return owed_.empty(); }
  // When take() next has something; only unless empty().
  [[nodiscard]] TimePoint due() noexcept { return owed_.front().due; }

 private:
  struct Owed {
    TimePoint due;
    unsigned status;
  };
  Ring<Owed> owed_;
};

// An answer without a body.
void append_answer(std::string& out, unsigned status);

}  // namespace gateway::load
