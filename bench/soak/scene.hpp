#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "soak/gateway_process.hpp"
#include "soak/outcome.hpp"
#include "testkit/fault_bus.hpp"
#include "testkit/loader.hpp"

namespace gateway::soak {

// Where the eventbus of a scenario is.
struct Place {
  std::string host = "127.0.0.1";    // as the gateway knows it
  std::string listen = "127.0.0.1";  // where it listens
  bool quick = true;    // few connections and short waits, for faults; else the gateway's own
  bool probed = false;  // it is also asked by OPTIONS, which is no event
};

// Gateway, eventbus and loader of one scenario. Used by one thread.
class Scene {
 public:
  static constexpr unsigned kConnections = 2;  // to the eventbus
  static constexpr unsigned kPipeline = 16;    // requests on each
  static constexpr std::chrono::milliseconds kGrace{3000};

  // Starts the eventbus and the gateway. Throws if one cannot be started.
  Scene(std::string name, const Options& options, std::string_view schedule,
        const Place& place = {});

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
  // Returns what becomes the outcome, for numbers and problems.
  [[nodiscard]] Outcome& outcome() noexcept { return outcome_; }

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
  GatewayProcess gateway_;
  std::unique_ptr<test::Loader> loader_;
  Outcome outcome_;
  std::chrono::steady_clock::time_point next_scrape_;
  std::uint64_t scrapes_ = 0;
};

}  // namespace gateway::soak
