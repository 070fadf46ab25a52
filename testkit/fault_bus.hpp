#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "testkit/oracle.hpp"
#include "testkit/schedule.hpp"

namespace gateway::test {

// What a gateway is worth shows when its eventbus fails in every way there is. This is a bus in
// a thread of its own that fails by schedule and tells an oracle of every event: in the three
// content modes, over HTTP/1.1 with pipelined requests. The same seed makes the same choices, in
// the order requests happen to arrive. Members may be called from any thread.
class FaultBus {
 public:
  static constexpr std::size_t kKinds = 8;  // of faults

  // Listens on `host`, a numeric address. `oracle` must outlive it. Throws std::system_error if it
  // cannot listen.
  FaultBus(Schedule schedule, std::uint64_t seed, Oracle& oracle,
           const std::string& host = "127.0.0.1");
  ~FaultBus();
  FaultBus(const FaultBus&) = delete;
  FaultBus& operator=(const FaultBus&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  // From now on, from its first phase. Returns when it is in force.
  void follow(const Schedule& schedule);
  // Ends listener, connections and thread. Throws what ended the thread early, if anything did.
  void stop();

  // Events taken (answered 2xx, or the answer cut), each time they came.
  [[nodiscard]] std::uint64_t taken() const noexcept;
  // How often each kind of fault was done.
  [[nodiscard]] std::uint64_t done(Fault::Kind kind) const noexcept;
  // Requests that were no CloudEvents, or no HTTP.
  [[nodiscard]] std::uint64_t malformed() const noexcept;

 private:
  class Faults;
  std::unique_ptr<Faults> faults_;
};

}  // namespace gateway::test
