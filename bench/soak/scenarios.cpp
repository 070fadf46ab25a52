#include "soak/scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <thread>

#include "soak/attacks.hpp"
#include "soak/private_network.hpp"
#include "soak/scene.hpp"

namespace gateway::soak {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kRecovery{30'000};
constexpr milliseconds kWindow{1000};  // rates are measured over so long

// Posts acknowledged a second, over the next window.
double rate(Scene& scene) {
  const auto begin = steady_clock::now();
  const std::uint64_t before = scene.loader().posts_acknowledged();
  scene.watch(kWindow);
  const std::chrono::duration<double> time = steady_clock::now() - begin;
  return static_cast<double>(scene.loader().posts_acknowledged() - before) / time.count();
}

Outcome steady(const Options& options) {
  Scene scene("steady", options, "healthy");
  scene.begin_load(scene.load());
  scene.watch(options.time);
  const double seconds = std::chrono::duration<double>(options.time).count();
  scene.outcome().number("posts_per_second",
                         static_cast<double>(scene.loader().posts_acknowledged()) / seconds);
  return scene.finish();
}

Outcome fail70(const Options& options) {
  Scene scene("fail70", options, "healthy");
  auto load = scene.load();
  load.rate = 500;  // well below what the machine can do: full rate is what was asked for
  load.connections = 64;
  scene.begin_load(load);
  const double before = rate(scene);
  scene.follow("fail70");
  scene.watch(options.time);
  const auto healed = steady_clock::now();
  scene.follow("healthy");
  bool recovered = false;
  while (!recovered && steady_clock::now() < healed + kRecovery) {
    recovered = rate(scene) >= 0.9 * before;
  }
  const std::chrono::duration<double> took = steady_clock::now() - healed;
  scene.outcome().number("posts_per_second_before", before);
  scene.outcome().number("seconds_to_full_rate", took.count());
  if (!recovered && !options.brief) scene.outcome().problem("not back to full rate within 30 s");
  return scene.finish();
}

Outcome chaos(const Options& options) {
  Scene scene("chaos", options,
              "chaos30 1500ms; down 500ms; chaos30 latency=1ms..20ms 1500ms; healthy read=2KiB");
  scene.begin_load(scene.load());
  const auto end = steady_clock::now() + options.time;
  while (steady_clock::now() < end) {
    scene.watch(std::min<milliseconds>(milliseconds(4500),
                                       std::chrono::ceil<milliseconds>(end - steady_clock::now())));
    scene.follow("chaos30 1500ms; down 500ms; chaos30 latency=1ms..20ms 1500ms; healthy read=2KiB");
  }
  return scene.finish();
}

Outcome outage(const Options& options) {
  Scene scene("outage", options, "down");
  scene.begin_load(scene.load());
  const auto spooled = [&] {
    return scene.gateway().metric("cos_gateway_events_spooled_total") >=
           static_cast<double>(options.backlog);
  };
  if (!scene.watch(options.time, spooled)) {
    scene.outcome().problem("no backlog of {} records within the time", options.backlog);
  }
  scene.loader().stop();
  const auto back = steady_clock::now();
  scene.follow("healthy");
  const std::uint64_t wanted = scene.loader().records_sent();
  const bool all =
      scene.watch(options.time + kRecovery, [&] { return scene.bus().taken() >= wanted; });
  const std::chrono::duration<double> took = steady_clock::now() - back;
  if (!all) scene.outcome().problem("not every record of the backlog was delivered");
  scene.outcome().number("backlog", static_cast<double>(wanted));
  scene.outcome().number("seconds_to_deliver", took.count());
  return scene.finish();
}

// Kills the gateway at random moments under load; before the kills, the bus follows `states` in
// turn.
void kill_again_and_again(Scene& scene, const Options& options,
                          std::span<const char* const> states) {
  scene.begin_load(scene.load());
  const auto span = static_cast<std::uint64_t>(
      std::max<std::int64_t>(options.time.count() / std::max(1U, options.kills), 50));
  for (unsigned i = 0; i < options.kills; ++i) {
    if (!states.empty()) scene.follow(states[i % states.size()]);
    scene.watch(milliseconds(span / 2 + scene.random()() % span));
    scene.gateway().kill();
    scene.gateway().start();
  }
  scene.watch(milliseconds(500));
  scene.outcome().number("kills", options.kills);
}

Outcome kill(const Options& options) {
  Scene scene("kill", options, "healthy");
  kill_again_and_again(scene, options, {});
  Outcome outcome = scene.finish();
  // An id comes twice only if it was on the wire at the kill.
  const std::uint64_t threads = std::max(1U, std::thread::hardware_concurrency());
  const std::uint64_t bound =
      std::uint64_t{options.kills} * Scene::kConnections * Scene::kPipeline * threads;
  outcome.number("duplicates_allowed", static_cast<double>(bound));
  if (outcome.balance.duplicates > bound) {
    outcome.problem("{} duplicates, {} allowed", outcome.balance.duplicates, bound);
  }
  return outcome;
}

// SIGKILL while the spool fills, and while it is emptied.
Outcome kill_spool(const Options& options) {
  Scene scene("kill-spool", options, "down");
  constexpr std::array kStates{"down", "healthy"};
  kill_again_and_again(scene, options, kStates);
  return scene.finish();
}

// SIGTERM under load, with the eventbus in each of three states.
Outcome stop(const Options& options) {
  Scene scene("stop", options, "healthy");
  scene.begin_load(scene.load());
  constexpr std::array kStates{"healthy", "healthy latency=200ms..400ms", "dead", "down"};
  for (const char* const state : kStates) {
    scene.follow(state);
    scene.watch(options.time / kStates.size());
    const auto begin = steady_clock::now();
    const auto code = scene.gateway().stop(Scene::kGrace + milliseconds(10'000));
    const std::chrono::duration<double> took = steady_clock::now() - begin;
    scene.outcome().number(fmt::format("seconds_to_stop ({})", state), took.count());
    if (!code) scene.outcome().problem("did not end, eventbus {}", state);
    if (code && *code != 0) scene.outcome().problem("ended with {}, eventbus {}", *code, state);
    scene.gateway().start();
  }
  scene.follow("healthy");
  scene.watch(milliseconds(500));
  return scene.finish();
}

Outcome disconnect(const Options& options) {
  Scene scene("disconnect", options, "healthy latency=0ms..20ms");
  auto load = scene.load();
  load.timeout = milliseconds(20);
  load.attempts = 2;
  load.pause = milliseconds(1);
  scene.begin_load(load);
  scene.watch(options.time);
  return scene.finish();
}

std::string no_haproxy() {
  return find_haproxy().empty() ? "haproxy is not installed (Debian's package haproxy)" : "";
}

constexpr std::array kScenarios{
    Scenario{"steady", "a healthy eventbus under full load", false, false, steady},
    Scenario{"fail70", "70 % of the answers are failures, then none; measures the recovery", false,
             false, fail70},
    Scenario{"chaos", "failures of every kind, outages, slow reads", false, false, chaos},
    Scenario{"kill", "SIGKILL at random moments under load", false, false, kill},
    Scenario{"kill-spool", "SIGKILL while the spool is filled and emptied", true, false,
             kill_spool},
    Scenario{"stop", "SIGTERM with a healthy, slow, dead and absent eventbus", false, false, stop},
    Scenario{"disconnect", "clients that go before the answer", false, false, disconnect},
    Scenario{"rolling", "three gateways behind HAProxy, restarted in turn", false, false,
             rolling_restart, false, no_haproxy},
    Scenario{"addresses", "addresses of the eventbus that fall silent and come back", false, false,
             addresses, false, no_private_network},
    Scenario{"forgotten", "connections to the eventbus that the network forgets", false, false,
             forgotten, false, no_private_network},
    Scenario{"outage", "no eventbus until a backlog stands, then it is back", true, false, outage},
    Scenario{"spool-rate", "measures how fast events are spooled", true, true, spool_rate},
    Scenario{"replay-rate", "measures how fast a backlog is delivered", true, true, replay_rate},
    Scenario{"attack-slow", "5,000 clients that send a byte at a time", false, true, attack_slow,
             true},
    Scenario{"attack-bodies", "clients that announce more than they send", false, true,
             attack_bodies, true},
    Scenario{"attack-connections", "10,000 connections in a second", false, true,
             attack_connections, true},
    Scenario{"attack-overload", "five times what the eventbus takes", false, true, attack_overload,
             true},
    Scenario{"attack-flood", "posts without end from clients that never read", false, true,
             attack_flood, true},
    Scenario{"attack-half-open", "clients that say nothing, or never read", false, true,
             attack_half_open, true},
    Scenario{"attack-reset", "connections cut by RST, again and again", false, true, attack_reset,
             true},
};

}  // namespace

std::span<const Scenario> scenarios() {
  return kScenarios;
}

}  // namespace gateway::soak
