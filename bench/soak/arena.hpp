#pragma once
#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "soak/fast_bus.hpp"
#include "soak/gateway_process.hpp"
#include "soak/load_pump.hpp"
#include "soak/scene.hpp"
#include "soak/swarm.hpp"

namespace gateway::soak {

// Where attacks take place: a gateway of one thread on a core of its own, if there are two, and all
// else on the others; an eventbus, and its memory watched.
class Arena {
 public:
  struct Settings {
    std::string gateway;       // lines of configuration below `gateway:`
    std::string delivery;      // and below `delivery:`
    double bus_rate = 0;       // answers a second of the eventbus; 0: as fast as can be
    unsigned descriptors = 0;  // that gateway and clients need
  };
  Arena(std::string name, const Options& options, const Settings& settings);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // The good load, from now to the end.
  void begin_load(unsigned connections);
  // Records of it that are acknowledged a second, over so long; 0 while it does not run.
  [[nodiscard]] double goodput(std::chrono::milliseconds time) const;
  // Notes memory and good load before the attack.
  void before(std::chrono::milliseconds time);
  // Likewise during it; what the attack was like is for the caller.
  void during(std::chrono::milliseconds time);
  [[nodiscard]] Swarm::Settings swarm(Habit habit, unsigned connections) const;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] FastBus& bus() noexcept { return *bus_; }
  [[nodiscard]] AttackResult& result() noexcept { return *outcome_.attack; }
  [[nodiscard]] double metric(std::string_view name) const;
  [[nodiscard]] double memory_mb() const;
  void forget_peak() noexcept { peak_kb_ = 0; }
  [[nodiscard]] double peak_mb() const noexcept { return static_cast<double>(peak_kb_) / 1024; }
  void problem(std::string text);
  void number(std::string name, double value);
  // A problem unless the share of goodput is that much.
  void want_goodput(double share);
  // A problem unless the good load, over so long, gets four fifths of what it got before.
  void want_recovery(std::chrono::milliseconds time);
  // Not in a short run, nor on a machine that has other things to do.
  [[nodiscard]] bool speed_is_judged() const noexcept;
  // A problem if a post of the good load has been refused.
  void want_no_refusals();
  // A problem if the peak exceeds what there was before by more.
  void want_memory(double growth_mb);

  // After the attack: the gateway must be well, keep no more descriptors than before, and stop.
  [[nodiscard]] Outcome finish();

 private:
  // Gives the thread the cores back that it had.
  class CoresOfNow {
   public:
    CoresOfNow();
    ~CoresOfNow();
    CoresOfNow(const CoresOfNow&) = delete;
    CoresOfNow& operator=(const CoresOfNow&) = delete;

   private:
    cpu_set_t cores_;
  };

  void watch_memory();
  [[nodiscard]] std::size_t descriptors() const;

  const CoresOfNow cores_;
  const Options options_;
  std::uint16_t bus_port_;
  std::uint16_t port_;
  std::uint16_t admin_;
  std::unique_ptr<FastBus> bus_;
  GatewayProcess gateway_;
  std::unique_ptr<LoadPump> pump_;
  Outcome outcome_;
  double goodput_before_ = 0;
  std::size_t descriptors_before_ = 0;
  std::atomic<std::uint64_t> peak_kb_{0};
  std::atomic<bool> stopping_{false};
  std::thread watcher_;
};

}  // namespace gateway::soak
