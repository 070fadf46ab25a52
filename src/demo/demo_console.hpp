#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "demo/delivery_ledger.hpp"
#include "events/cloud_event.hpp"

namespace gateway::demo {

// What a person sees of a demonstration, on standard output: at most ten events a second (id, event
// name, size of the object, latency, key), a
// summary line below them, and the balance. On a terminal the summary is rewritten in place and
// colours are used unless NO_COLOR is set; elsewhere it is a plain line per second.
class DemoConsole {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Latency = std::chrono::steady_clock::duration;

  DemoConsole();

  void headline(std::string_view text);
  // Shown, or counted as not shown.
  void event(const events::CloudEvent& event, Latency latency, TimePoint now);
  // To be called several times a second.
  void summary(const Balance& so_far, std::uint64_t retried, TimePoint now);
  void balance(const Balance& balance, std::uint64_t retried, Latency posting);

 private:
  enum class Colour { plain, dim, green, red, cyan };

  [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;
  void line(std::string_view text);

  bool terminal_;
  bool colours_;
  bool summary_shown_ = false;  // the cursor stands behind it
  TimePoint last_event_;
  std::uint64_t not_shown_ = 0;
  TimePoint last_summary_;
};

}  // namespace gateway::demo
