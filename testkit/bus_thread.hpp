#pragma once
#include <cstdint>
#include <optional>

#include "testkit/bus.hpp"
#include "testkit/loop_thread.hpp"

namespace gateway::test {

// A bus without script in a thread of its own ("bus"): to measure with, where one that looks at
// events would be what is measured. Members may be called from any thread.
class BusThread {
 public:
  // Throws std::system_error if it cannot listen.
  explicit BusThread(const Bus::Settings& settings) {
    loop_.call([&] {
      bus_.emplace(loop_.poller(), settings, nullptr);
      loop_.drive(*bus_);
      port_ = bus_->port();
    });
  }
  // Closes listener and connections.
  ~BusThread() { loop_.stop(); }
  BusThread(const BusThread&) = delete;
  BusThread& operator=(const BusThread&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::uint64_t answered() const noexcept { return bus_->answered(); }
  void go_down() {
    loop_.call([this] { bus_->go_down(); });
  }
  void come_up() {
    loop_.call([this] { bus_->come_up(); });
  }

 private:
  std::optional<Bus> bus_;
  std::uint16_t port_ = 0;
  LoopThread loop_{"bus"};
};

}  // namespace gateway::test
