#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "process/placement.hpp"
#include "soak/gateway_process.hpp"
#include "soak/load_pump.hpp"
#include "soak/outcome.hpp"
#include "soak/swarm.hpp"
#include "testkit/bus_thread.hpp"

namespace gateway::soak {

// The place for an attack. Problem: the effect of an attack shows only beside a load of
// well-behaved clients, with memory watched, and with cores that the attackers cannot take.
// Solution: an arena consists of a gateway with one thread, on a core of its own if there are two,
// an eventbus, and such a load.
class Arena {
 public:
  struct Settings {
    unsigned clients = 0;       // that will attack
    std::string gateway = {};   // lines of configuration below `gateway:`
    std::string delivery = {};  // and below `delivery:`
    double bus_rate = 0;        // answers a second of the eventbus; 0: as fast as can be
    unsigned load = 16;         // connections of the well-behaved load; 0: there is none
  };
  // Starts the load, which lasts until finish(), and measures it before the attack.
  Arena(std::string name, const Options& options, const Settings& settings);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Measures for `time` how many records of the load are acknowledged per second. Returns 0 without
  // a load.
  [[nodiscard]] double goodput(std::chrono::milliseconds time) const;
  // Measures memory and goodput before the attack.
  void before(std::chrono::milliseconds time);
  // Measures both during the attack, which the caller has started.
  void during(std::chrono::milliseconds time);
  [[nodiscard]] Swarm::Settings swarm(Habit habit, unsigned connections) const;
  // Starts an attack, which lasts until finish().
  Swarm& launch(const Swarm::Settings& settings);

  [[nodiscard]] test::BusThread& bus() noexcept { return bus_; }
  // Return what finish() returns, and what it says of the attack, both as known so far.
  [[nodiscard]] Outcome& outcome() noexcept { return outcome_; }
  [[nodiscard]] AttackResult& result() noexcept { return result_; }
  [[nodiscard]] double memory_mb() const;
  void forget_peak() noexcept { peak_ = 0; }
  [[nodiscard]] double peak_mb() const noexcept { return static_cast<double>(peak_) / (1 << 20); }
  // Records a problem if the goodput fell below this share of the goodput before.
  void want_goodput(double share);
  // Records a problem unless all clients that were launched connect.
  void want_connected();
  // Records a problem unless the gateway ends all of them within the limit; `what` says so.
  void want_all_ended(std::chrono::milliseconds limit, std::string_view what);
  // Records a problem unless the load reaches four fifths of the goodput before.
  void want_recovery();
  // Returns whether speed is judged: not in a short run, and not on a machine that is busy with
  // other work.
  [[nodiscard]] bool speed_is_judged() const noexcept;
  // Records a problem if a post of the well-behaved load was refused.
  void want_no_refusals();
  // Records a problem if the peak of memory exceeds the memory before by more than this for each
  // client that was launched, and what any run may need.
  void want_memory(double client_mb);

  // Ends load and gateway. Records a problem if the gateway still holds connections, holds more
  // descriptors than before, reports counters that do not balance, or does not stop. Returns the
  // outcome.
  [[nodiscard]] Outcome finish();

 private:
  void watch_memory();
  // Returns the sum of a count of the swarms.
  [[nodiscard]] std::uint64_t sum(Swarm::Count Swarm::Counts::* count) const;
  [[nodiscard]] std::size_t descriptors() const;

  const Options options_;
  const bench::Placement placement_{true, bench::Rest::all_others};
  test::BusThread bus_;
  GatewayProcess gateway_;
  std::unique_ptr<LoadPump> pump_;
  std::deque<Swarm> swarms_;
  unsigned launched_ = 0;  // clients, of all swarms
  Outcome outcome_;
  AttackResult result_;
  bool busy_ = false;  // the gateway had to wait for its core
  double goodput_before_ = 0;
  std::size_t descriptors_before_ = 0;
  std::atomic<std::uint64_t> peak_{0};  // bytes
  std::atomic<bool> stopping_{false};
  std::thread watcher_;
};

}  // namespace gateway::soak
