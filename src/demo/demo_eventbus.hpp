#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

#include "testkit/bus.hpp"
#include "testkit/received_events.hpp"

namespace gateway::demo {

// A CloudEvents receiver for the kit's bus: answers 200 to whatever carries CloudEvents, 400 to the
// rest, and the handshake of webhooks (CloudEvents 1.0 "HTTP 1.1 Web Hooks", section 4).
class DemoEventbus final : public test::BusScript {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using OnEvents =
      std::function<void(const test::MessageView&, const test::ReceivedEvents&, TimePoint)>;

  explicit DemoEventbus(OnEvents on_events) : on_events_(std::move(on_events)) {}

  // Answers 422 to every `n`th request, so that failures can be seen; 0: to none.
  void refuse_every(std::uint64_t n) noexcept { refuse_every_ = n; }

  // Returns what a bus needs for it: requests without a length come in handshakes.
  [[nodiscard]] static test::Bus::Settings settings();

 private:
  test::Action request(const test::MessageView& request, const test::Place& place) override;
  test::Action malformed(const test::ProtocolError& error) override;

  OnEvents on_events_;
  std::uint64_t refuse_every_ = 0;
  std::uint64_t events_ = 0;  // requests that carried some
};

}  // namespace gateway::demo
