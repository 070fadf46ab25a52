#pragma once
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/random_seed.hpp"
#include "runtime/supervisor.hpp"
#include "simulation/client.hpp"
#include "simulation/device.hpp"
#include "simulation/draw.hpp"
#include "simulation/eventbus.hpp"
#include "simulation/gateway_process.hpp"
#include "simulation/network.hpp"
#include "simulation/oracle.hpp"
#include "simulation/random.hpp"
#include "simulation/schedule.hpp"
#include "simulation/world.hpp"
#include "support/allocation_counter.hpp"

namespace gateway::simulation {

// A world while it lives: what there is in it, what is to happen (troubles.cpp), and what has to be
// true of it (world.cpp).
class LivingWorld {
 public:
  LivingWorld(std::uint64_t seed, const std::set<std::uint32_t>& without);

  [[nodiscard]] WorldResult run();

 private:
  using Milliseconds = std::chrono::milliseconds;

  // ---- what there is
  void prepare();
  void begin_gateway(std::size_t targets);
  void end_shard(Instant deadline);
  [[nodiscard]] Shard& shard() noexcept { return process_->shard(); }

  // ---- what happens
  // Plans something that happens once. It has a chance of its own, so that the others stay as they
  // are without it.
  void plan(Milliseconds after, std::function<void(Random&)> happens);
  // Plans `change` so many times.
  void plan_some(std::uint64_t least, std::uint64_t most, void (LivingWorld::*change)(Random&));
  void plan_clients();
  void plan_troubles();
  // What is decided of a post before its records.
  struct Draft {
    bool wanted = true;
    bool events = false;  // its client makes CloudEvents of them
  };
  void begin_client(Random& random);
  // `alone`: its client has no other.
  [[nodiscard]] Client::Request draw_post(Random& random, bool alone);
  [[nodiscard]] std::string draw_record(Random& random, std::size_t bucket, Oracle::Record record,
                                        const Draft& draft);
  // Returns what the event of a record carries of it.
  [[nodiscard]] std::string data_of(std::string record) const;
  // Returns what a client shows, as a line of a head.
  [[nodiscard]] std::string credentials(bool good = true) const;
  void refuse_memory(Random& random);
  void change_eventbus(Random& random);
  void change_way(Random& random);
  void change_host(Random& random);
  void change_device(Random& random);
  void set_clock(Random& random);
  void crash(Random& random);
  void crash(bool power_cut, std::size_t targets);
  void become_well();
  // Returns one of those that are not to be well all the time.
  [[nodiscard]] std::size_t draw_troubled(Random& random) const;
  [[nodiscard]] bool is_well(std::uint32_t host) const;

  // ---- how it lives
  [[nodiscard]] bool turn();
  bool poll_gateway();
  // Lives until `reached` or that time. Returns whether it was reached.
  bool live_until(Instant end, const std::function<bool()>& reached);

  // ---- what has to be true
  void check_gateway();
  void check_patience(const Client& client);
  void expect_end_of_posts();
  void expect_room_for_largest_post();
  void expect_empty_spool();

  void note(Fault fault, std::uint64_t times = 1) {
    result_.faults[static_cast<std::size_t>(fault)] += times;
  }
  void tell(std::string what);
  [[nodiscard]] WorldResult result();

  const test::AllocationCounter::ExcludeThread not_the_gateway_;
  const std::uint64_t seed_;
  const std::set<std::uint32_t>& without_;
  Random random_;
  Schedule schedule_;
  Network network_{schedule_};
  const SeededRandom seeded_;
  Oracle oracle_;
  WorldResult result_;
  const std::vector<Target> targets_;
  config::Settings settings_;
  Device spool_;
  Device dead_letters_;
  Random network_random_{random_.next()};
  std::vector<std::unique_ptr<Eventbus>> buses_;  // by target
  Supervisor supervisor_;
  std::optional<GatewayProcess> process_;
  std::list<Client> clients_;
  Oracle::Record last_record_ = 0;
  bool has_spool_ = false;
  bool has_dead_letters_ = false;
  // The last target is well all the time, and nothing else is to stand in its way.
  bool one_is_well_ = false;
  bool ending_ = false;
};

}  // namespace gateway::simulation
