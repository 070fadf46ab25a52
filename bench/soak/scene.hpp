#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "soak/gateway_process.hpp"
#include "testkit/fault_bus.hpp"
#include "testkit/loader.hpp"
#include "testkit/oracle.hpp"

namespace gateway::soak {

struct Options {
  std::string gateway;                     // the program
  std::string directory;                   // for configuration, log and stores; must exist
  std::chrono::milliseconds time{60'000};  // for this scenario
  unsigned kills = 30;
  std::uint64_t backlog = 20'000;  // records, of the outage
  std::uint64_t seed = 1;
  bool spool = false;
  bool brief = false;     // speed is not judged
  bool terminal = false;  // progress is shown
  // Read what the stores of `directory` hold, after the gateway has ended.
  test::ReadStore dead_letters;
  test::ReadStore spooled;
};

// The result of an attack, a line in the table of `cos-soak --attacks`. Memory is the resident
// memory of the gateway, in MB; a figure that was not measured is negative.
struct AttackResult {
  std::uint64_t connections = 0;  // that were made
  std::uint64_t refused = 0;      // told 503, or closed without an answer
  std::uint64_t cut = 0;          // told 408, or closed for being idle
  double refusal_p99_ms = -1;
  double goodput_share = -1;  // of what the same load got before the attack
  double memory_before = 0;
  double memory_peak = 0;
  double memory_after = 0;
  bool busy = false;  // the gateway or its clients had to wait for cores: speed is not judged
};

// The result of a scenario.
class Outcome {
 public:
  Outcome() = default;

  std::string scenario;
  test::Balance balance;
  std::vector<std::pair<std::string, double>> numbers;
  std::optional<AttackResult> attack;
  std::vector<std::string> problems;  // what broke a promise besides the balance

  [[nodiscard]] bool good() const noexcept { return balance.good() && problems.empty(); }
};

// Gateway, eventbus and loader of one scenario. Used by one thread.
class Scene {
 public:
  static constexpr unsigned kConnections = 2;  // to the eventbus
  static constexpr unsigned kPipeline = 16;    // requests on each
  static constexpr std::chrono::milliseconds kGrace{3000};

  // Where the eventbus is.
  struct Place {
    std::string host = "127.0.0.1";    // as the gateway knows it
    std::string listen = "127.0.0.1";  // where it listens
    std::string delivery;              // the section of the configuration; empty: quick, for faults
    bool probed = false;               // it is also asked by OPTIONS, which is no event
  };

  // Starts the eventbus and the gateway. Throws if one cannot be started.
  Scene(std::string name, const Options& options, std::string_view schedule)
      : Scene(std::move(name), options, schedule, Place()) {}
  Scene(std::string name, const Options& options, std::string_view schedule, const Place& place);

  [[nodiscard]] test::LoaderSettings load() const;
  // Starts the load; at most one at a time.
  void begin_load(const test::LoaderSettings& settings);
  [[nodiscard]] test::Loader& loader() noexcept { return *loader_; }
  [[nodiscard]] test::FaultBus& bus() noexcept { return bus_; }
  [[nodiscard]] GatewayProcess& gateway() noexcept { return gateway_; }
  [[nodiscard]] std::mt19937_64& random() noexcept { return random_; }
  void follow(std::string_view schedule);

  // Waits, shows progress and checks the gateway's books. Returns true as soon as `until` holds,
  // false after `limit`.
  bool watch(std::chrono::milliseconds limit, const std::function<bool()>& until = {});
  // Returns the value of a metric; 0 when the gateway does not answer.
  [[nodiscard]] double metric(std::string_view name) const;
  void problem(std::string text);
  void number(std::string name, double value);

  // Ends the load, heals the eventbus, stops the gateway and asks the oracle. Returns the outcome.
  [[nodiscard]] Outcome finish();

 private:
  void check_books();
  void progress();

  Options options_;
  std::mt19937_64 random_;
  const bool probed_;
  test::Oracle oracle_;
  test::FaultBus bus_;
  std::uint16_t port_;
  std::uint16_t admin_;
  GatewayProcess gateway_;
  std::unique_ptr<test::Loader> loader_;
  Outcome outcome_;
  std::chrono::steady_clock::time_point next_scrape_;
  std::uint64_t scrapes_ = 0;
};

}  // namespace gateway::soak
