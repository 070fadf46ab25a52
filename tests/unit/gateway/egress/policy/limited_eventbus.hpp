#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <random>
#include <utility>

#include "gateway/egress/policy/pace.hpp"
#include "unit/gateway/egress/policy/limiters.hpp"

namespace gateway::egress::limited {

// How an eventbus behind a limiter refuses, and how far away it is.
struct World {
  double offered = 0;  // requests a second, which wait until they are taken
  Instant::duration retry_after{};
  Instant::duration round_trip = std::chrono::microseconds(500);
  bool bare_503 = false;
  double burst = 0;             // requests that are offered besides, all at once, after ten seconds
  Instant::duration held_up{};  // the eventbus is not run for up to so long, now and then
};

struct Outcome {
  double taken = 0;  // a second, of the last 30 s
  double first = 0;  // of the first 20 s
  double refused = 0;
  Instant::duration longest{};  // that a request waited
};

// A minute of a gateway in front of a limiter, in virtual time. Requests arrive a little late, and
// so do timers.
class Dialogue {
 public:
  Dialogue(Limiter limiter, const World& world) : limiter_(std::move(limiter)), world_(world) {}

  Outcome run() {
    for (; now_ < kBegin + std::chrono::seconds(60); now_ = next()) {
      if (now_ >= tick_) {
        tell();
        tick_ += std::chrono::milliseconds(100);
      }
      for (; now_ >= offer_; offer_ += seconds(1 / world_.offered)) {
        if (waiting_.size() < kQueue) waiting_.push({offer_, 0});
      }
      if (now_ >= kBegin + std::chrono::seconds(10)) {
        for (double more = std::exchange(world_.burst, 0); more >= 1; --more)
          waiting_.push({now_, 0});
      }
      for (; due(delayed_); delayed_.pop()) waiting_.push(delayed_.top().request);
      for (; due(arriving_); arriving_.pop()) arrive(arriving_.top());
      for (; due(answers_); answers_.pop()) answer(answers_.top());
      send();
    }
    outcome_.taken /= 30;
    outcome_.first /= 20;
    return outcome_;
  }

  static constexpr Instant kBegin{std::chrono::seconds(1000)};

 private:
  struct Request {
    Instant offered;
    unsigned attempts = 0;
  };
  struct Step {
    Instant at;
    Instant staged;
    Request request;
    bool taken = false;
    bool operator<(const Step& other) const { return at > other.at; }
  };
  using Steps = std::priority_queue<Step>;

  static Instant::duration seconds(double number) {
    return std::chrono::duration_cast<Instant::duration>(std::chrono::duration<double>(number));
  }
  Instant::duration up_to(Instant::duration most) {
    return Instant::duration(
        std::uniform_int_distribution<Instant::duration::rep>(0, most.count())(random_));
  }
  [[nodiscard]] bool due(const Steps& steps) const {
    return !steps.empty() && steps.top().at <= now_;
  }
  [[nodiscard]] Instant next() const {
    Instant at = std::min({tick_, offer_, timer_});
    for (const Steps* steps : {&delayed_, &arriving_, &answers_}) {
      if (!steps->empty()) at = std::min(at, steps->top().at);
    }
    return std::max(at, now_ + std::chrono::microseconds(1));
  }

  Instant arrives(Instant at) {
    if (world_.held_up == Instant::duration{}) return at;
    while (at >= held_up_until_) {
      held_up_from_ = held_up_until_ + up_to(5 * world_.held_up);
      held_up_until_ = held_up_from_ + up_to(world_.held_up);
    }
    return at < held_up_from_ ? at : held_up_until_;
  }

  void tell() { pace_.taken(std::exchange(untold_, 0), now_); }

  void arrive(Step step) {
    step.taken = limiter_.takes(now_);
    step.at = now_ + world_.round_trip / 2 + up_to(kLate);
    answers_.push(step);
  }
  void answer(Step step) {
    if (step.taken) {
      ++untold_;
      if (now_ < kBegin + std::chrono::seconds(20)) ++outcome_.first;
      if (now_ >= kBegin + std::chrono::seconds(30)) ++outcome_.taken;
      outcome_.longest = std::max(outcome_.longest, now_ - step.request.offered);
      return;
    }
    ++outcome_.refused;
    tell();
    bool all_wait = false;
    if (world_.bare_503) {
      static_cast<void>(pace_.perhaps_refused(step.staged, now_));
    } else {
      all_wait = pace_.refused(step.staged, world_.retry_after, now_);
    }
    if (all_wait) held_ = std::max(held_, now_ + world_.retry_after);
    const bool asked = all_wait && world_.retry_after != Instant::duration{};
    const Instant::duration grown =
        std::chrono::milliseconds(100) * (1U << std::min(step.request.attempts++, 6U));
    step.at = now_ + (asked ? world_.retry_after : up_to(grown));
    delayed_.push(step);
  }
  void send() {
    if (now_ < timer_ && timer_ != Instant::max() && pace_.active()) return;
    timer_ = Instant::max();
    if (waiting_.empty()) return;
    if (now_ >= held_) {
      constexpr std::size_t kInFlight = 512;
      std::size_t room = kInFlight - std::min(kInFlight, arriving_.size() + answers_.size());
      if (pace_.active()) {
        tell();
        room = pace_.take_leave(std::min(room, waiting_.size()), now_);
      }
      for (; room != 0 && !waiting_.empty(); --room) {
        const Instant at = now_ + world_.round_trip / 2 + up_to(kLate);
        arriving_.push({arrives(at), now_, waiting_.front()});
        waiting_.pop();
      }
    }
    if (pace_.active()) {
      timer_ = std::max(held_, pace_.sends_at(now_).value_or(now_)) +
               std::chrono::microseconds(50) + up_to(kLate);
    } else if (now_ < held_) {
      timer_ = held_;
    }
  }

  static constexpr std::size_t kQueue = 10'000;
  static constexpr Instant::duration kLate = std::chrono::microseconds(50);
  Limiter limiter_;
  World world_;
  Pace pace_;
  Outcome outcome_;
  std::minstd_rand random_;  // NOLINT(cert-msc51-cpp): the same each time
  std::queue<Request> waiting_;
  Steps delayed_;
  Steps arriving_;
  Steps answers_;
  std::uint64_t untold_ = 0;
  Instant now_ = kBegin;
  Instant tick_ = kBegin;
  Instant offer_ = kBegin;
  Instant held_ = kBegin;
  Instant held_up_from_ = kBegin;
  Instant held_up_until_ = kBegin;
  Instant timer_ = Instant::max();
};

}  // namespace gateway::egress::limited
