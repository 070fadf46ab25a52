#pragma once
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "process/placement.hpp"
#include "runtime/process_limits.hpp"
#include "soak/gateway_process.hpp"
#include "soak/load_pump.hpp"
#include "soak/outcome.hpp"
#include "soak/swarm.hpp"
#include "testkit/bus_thread.hpp"
#include "testkit/eventually.hpp"
#include "testkit/process_usage.hpp"

namespace gateway::soak {

// The place for an attack. Problem: the effect of an attack shows only beside a load of
// well-behaved clients, with memory watched, and with cores that the attackers cannot take.
// Solution: an arena consists of a gateway with one thread, on a core of its own if there are two,
// an eventbus, and such a load.
class Arena {
 public:
  using milliseconds = std::chrono::milliseconds;
  struct Settings {
    unsigned clients = 0;                   // that will attack
    std::vector<std::string> gateway = {};  // its settings, a key=value each
    double bus_rate = 0;  // answers a second of the eventbus; 0: as fast as can be
    unsigned load = 16;   // connections of the well-behaved load; 0: there is none
  };
  // Starts the load, which lasts until finish(), and measures it before the attack.
  Arena(std::string name, const Options& options, const Settings& settings)
      : options_(options),
        bus_({.rate = settings.bus_rate}),
        gateway_(options.gateway, options.directory, bus_.port(), small(settings.gateway),
                 placement_.for_gateway()),
        outcome_(std::move(name)) {
    // Of this process and of those that it starts.
    const std::size_t wanted = settings.clients + kOtherDescriptors;
    if (const std::size_t limit = raise_descriptor_limit(wanted); limit < wanted) {
      throw std::runtime_error(
          fmt::format("{} file descriptors are needed, {} allowed (ulimit -n)", wanted, limit));
    }
    gateway_.start();
    if (settings.load != 0) {
      pump_ = std::make_unique<LoadPump>(
          LoadPump::Settings{.port = gateway_.port(), .connections = settings.load});
      before(options_.part(0.1));
    }
    // Last: nobody would join it if something threw here.
    watcher_ = std::thread([this] { watch_memory(); });
  }
  ~Arena() {
    stopping_ = true;
    watcher_.join();
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Measures memory and goodput before the attack.
  void before(milliseconds time) {
    std::this_thread::sleep_for(milliseconds(300));
    goodput_before_ = goodput(time);
    descriptors_before_ = descriptors();
    result_.memory_before = memory_mb();
    forget_peak();
    if (pump_) outcome_.number("good records/s before", goodput_before_);
  }
  // Measures both during the attack, which the caller has started.
  void during(milliseconds time) {
    const auto times = [this] {
      return std::pair(test::core_time(gateway_.pid()), test::core_time(::getpid()));
    };
    const auto cores = [time](std::chrono::nanoseconds spent) {
      return std::chrono::duration<double>(spent) / std::chrono::duration<double>(time);
    };
    const auto [gateway_before, others_before] = times();
    const double rate = goodput(time);
    const auto [gateway, others] = times();
    const double waited = cores(gateway.waited - gateway_before.waited);
    outcome_.number("cores the gateway used", cores(gateway.used - gateway_before.used));
    outcome_.number("cores clients and eventbus used", cores(others.used - others_before.used));
    outcome_.number("cores the gateway waited for", waited);
    outcome_.number("cores the others waited for", cores(others.waited - others_before.waited));
    // Threads of the clients wait for each other where they share a core, which is no sign of a
    // busy machine.
    busy_ = busy_ || waited > kBusy;
    if (!pump_) return;
    outcome_.number("good records/s", rate);
    result_.goodput_share = goodput_before_ > 0 ? rate / goodput_before_ : 0;
  }
  // Starts an attack on the gateway, which lasts until finish().
  Swarm& launch(Swarm::Settings settings) {
    settings.port = gateway_.port();
    launched_ += settings.connections;
    return swarms_.emplace_back(settings);
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return gateway_.port(); }
  [[nodiscard]] test::BusThread& bus() noexcept { return bus_; }
  // Return what finish() returns, and what it says of the attack, both as known so far.
  [[nodiscard]] Outcome& outcome() noexcept { return outcome_; }
  [[nodiscard]] AttackResult& result() noexcept { return result_; }
  [[nodiscard]] double memory_mb() const {
    return static_cast<double>(test::resident_bytes(gateway_.pid())) / (1 << 20);
  }
  void forget_peak() noexcept { peak_ = 0; }
  [[nodiscard]] double peak_mb() const noexcept { return static_cast<double>(peak_) / (1 << 20); }

  // Records a problem if the goodput fell below this share of the goodput before.
  void want_goodput(double share) {
    const double got = result_.goodput_share;
    if (got > 0 && (!speed_is_judged() || got >= share)) return;
    outcome_.problem("goodput fell to {:.0f} %, {:.0f} % wanted", got * 100, share * 100);
  }
  // Records a problem unless all clients that were launched connect.
  void want_connected() {
    const auto connected = [this] { return sum(&Swarm::Counts::opened) >= launched_; };
    if (test::eventually(connected, kConnectLimit)) return;
    outcome_.problem("{} of {} clients could connect", sum(&Swarm::Counts::opened), launched_);
  }
  // Records a problem unless the gateway ends all of them within the limit; `what` says so.
  void want_all_ended(milliseconds limit, std::string_view what) {
    const auto ended = [this] { return sum(&Swarm::Counts::ended); };
    if (!test::eventually([&] { return ended() >= launched_; }, limit)) {
      outcome_.problem("{} of {} {}", ended(), launched_, what);
    }
    result_.cut = ended();
  }
  // Records a problem unless the load reaches four fifths of the goodput before.
  void want_recovery() {
    const double rate = goodput(options_.part(0.1));
    outcome_.number("good records/s after", rate);
    if (rate > 0 && (!speed_is_judged() || rate >= 0.8 * goodput_before_)) return;
    outcome_.problem("goodput came back to {:.0f} of {:.0f} records/s", rate, goodput_before_);
  }
  // Returns whether speed is judged: not in a short run, and not on a machine that is busy with
  // other work.
  [[nodiscard]] bool speed_is_judged() const noexcept { return !options_.brief && !busy_; }
  // Records a problem if a post of the well-behaved load was refused.
  void want_no_refusals() {
    if (pump_->refused() == 0) return;
    outcome_.problem("{} good posts were refused", pump_->refused());
  }
  // Records a problem if the peak of memory exceeds the memory before by more than this for each
  // client that was launched, and what any run may need.
  void want_memory(double client_mb) {
    const double allowed = launched_ * client_mb + kSlackMb;
    const double growth = peak_mb() - result_.memory_before;
    if (growth <= allowed) return;
    outcome_.problem("memory grew by {:.0f} MB, {:.0f} allowed", growth, allowed);
  }

  // Ends load and gateway. Records a problem if the gateway still holds connections, holds more
  // descriptors than before, reports counters that do not balance, or does not stop. Returns the
  // outcome.
  [[nodiscard]] Outcome finish() {
    for (Swarm& swarm : swarms_) swarm.stop();
    result_.connections = sum(&Swarm::Counts::opened);
    result_.memory_peak = peak_mb();
    if (pump_) {
      pump_->stop();
      outcome_.number("good posts refused", pump_->refused());
      pump_.reset();
    }
    const auto left = [this] { return gateway_.metric("cos_gateway_connections"); };
    if (!test::eventually([&] { return left() == 0; }, kAftermath, kMemoryLook)) {
      outcome_.problem("{} connections are left", left());
    }
    // Connections to the eventbus may have been added meanwhile.
    if (descriptors() > descriptors_before_ + 8) {
      outcome_.problem("{} descriptors are open, {} were", descriptors(), descriptors_before_);
    }
    if (gateway_.metric("cos_gateway_unaccounted_records") != 0)
      outcome_.problem("the books do not balance");
    result_.memory_after = memory_mb();
    outcome_.want_good_end(gateway_.stop(milliseconds(40'000)));
    outcome_.attack = result_;
    return std::move(outcome_);
  }

 private:
  static constexpr milliseconds kMemoryLook{50};
  static constexpr milliseconds kConnectLimit{20'000};
  // The time until the gateway has cleaned up after the attack.
  static constexpr milliseconds kAftermath{10'000};
  // The share of a core for which the gateway waited while other processes had it. Beyond it,
  // timings say more about the machine than about the gateway.
  static constexpr double kBusy = 0.05;
  // Of gateway and clients, besides those of the connections of an attack.
  static constexpr std::size_t kOtherDescriptors = 300;
  // The most memory that a run may need besides that of its clients: queue, buffers, the reserve of
  // the allocator.
  static constexpr double kSlackMb = 32;

  // Returns the settings with those of a gateway of one thread and few connections.
  static std::vector<std::string> small(std::vector<std::string> settings) {
    settings.insert(settings.end(), {"gateway.threads=1", "delivery.connections=2"});
    return settings;
  }
  void watch_memory() {
    while (!stopping_) {
      const pid_t process = gateway_.pid();
      if (process > 0) peak_ = std::max(peak_.load(), test::resident_bytes(process));
      std::this_thread::sleep_for(kMemoryLook);
    }
  }
  // Measures for `time` how many records of the load are acknowledged per second. Returns 0 without
  // a load.
  [[nodiscard]] double goodput(milliseconds time) const {
    const Growth acknowledged([this] { return pump_ ? pump_->acknowledged() : 0; });
    std::this_thread::sleep_for(time);
    return acknowledged.a_second();
  }
  // Returns the sum of a count of the swarms.
  [[nodiscard]] std::uint64_t sum(Swarm::Count Swarm::Counts::* count) const {
    std::uint64_t total = 0;
    for (const Swarm& swarm : swarms_) total += swarm.counts().*count;
    return total;
  }
  [[nodiscard]] std::size_t descriptors() const {
    std::error_code error;
    const std::filesystem::directory_iterator all(fmt::format("/proc/{}/fd", gateway_.pid()),
                                                  error);
    return error ? 0 : static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

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
