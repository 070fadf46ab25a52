#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

#include "events/cloud_event.hpp"
#include "runtime/terminal.hpp"
#include "testkit/histogram.hpp"
#include "testkit/oracle.hpp"

namespace gateway::demo {

// What came of a demonstration so far.
struct Progress {
  test::Balance balance;
  std::uint64_t retried = 0;
  std::uint64_t waiting = 0;  // records acknowledged that have not arrived yet
  bool eventbus_down = false;
};

// What a person sees of a demonstration, on standard output: at most ten events a second, a status
// line below them, and the balance. Where that is no terminal the status is a line a second.
class DemoConsole {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Latency = std::chrono::steady_clock::duration;

  DemoConsole() : terminal_(stdout) {}

  void headline(std::string_view text, Colour colour = Colour::cyan);
  // Shown, or counted as not shown.
  void event(const events::CloudEvent& event, Latency latency, TimePoint now);
  // To be called several times a second.
  void status(const Progress& progress, TimePoint now);
  void balance(const Progress& end, const test::Histogram& latencies, Latency posting);
  void flush() { terminal_.flush(); }

 private:
  Terminal terminal_;
  TimePoint last_event_;
  std::uint64_t not_shown_ = 0;
  TimePoint last_status_;
};

// Returns whether every post was acknowledged, and every acknowledgement was true.
[[nodiscard]] bool is_good(const test::Balance& balance) noexcept;

}  // namespace gateway::demo
