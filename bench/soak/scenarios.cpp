#include "soak/scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <thread>

#include "soak/scene.hpp"

namespace gateway::soak {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Kind = Scenario::Kind;

constexpr milliseconds kRecovery{30'000};
constexpr milliseconds kWindow{1000};  // rates are measured over so long

// Posts acknowledged a second, over the next window.
double rate(Scene& scene) {
  const Growth acknowledged([&] { return scene.loader().posts_acknowledged(); });
  scene.watch(kWindow);
  return acknowledged.a_second();
}

Outcome steady(const Options& options) {
  Scene scene("steady", options, "healthy");
  scene.begin_load(scene.load());
  const Growth acknowledged([&] { return scene.loader().posts_acknowledged(); });
  scene.watch(options.time);
  scene.outcome().number("posts_per_second", acknowledged.a_second());
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
  const double took = seconds_since(healed);
  scene.outcome().number("posts_per_second_before", before);
  scene.outcome().number("seconds_to_full_rate", took);
  if (!recovered && !options.brief) scene.outcome().problem("not back to full rate within 30 s");
  return scene.finish();
}

Outcome chaos(const Options& options) {
  constexpr auto kSchedule =
      "chaos30 1500ms; down 500ms; chaos30 latency=1ms..20ms 1500ms; healthy read=2KiB";
  Scene scene("chaos", options, kSchedule);
  scene.begin_load(scene.load());
  const auto end = steady_clock::now() + options.time;
  while (steady_clock::now() < end) {
    scene.watch(std::min<milliseconds>(milliseconds(4500),
                                       std::chrono::ceil<milliseconds>(end - steady_clock::now())));
    scene.follow(kSchedule);
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
  const double took = seconds_since(back);
  if (!all) scene.outcome().problem("not every record of the backlog was delivered");
  scene.outcome().number("backlog", wanted);
  scene.outcome().number("seconds_to_deliver", took);
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
  outcome.number("duplicates_allowed", bound);
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
    scene.outcome().number(fmt::format("seconds_to_stop ({})", state), seconds_since(begin));
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

constexpr auto kScenarios = std::to_array<Scenario>({
    {"steady", "a healthy eventbus under full load", steady},
    {"fail70", "70 % of the answers are failures, then none; measures the recovery", fail70},
    {"chaos", "failures of every kind, outages, slow reads", chaos},
    {"kill", "SIGKILL at random moments under load", kill},
    {"kill-spool", "SIGKILL while the spool is filled and emptied", kill_spool, Kind::stored},
    {"stop", "SIGTERM with a healthy, slow, dead and absent eventbus", stop},
    {"disconnect", "clients that go before the answer", disconnect},
    {"rolling", "three gateways behind HAProxy, restarted in turn", rolling_restart, Kind::plain,
     no_haproxy},
    {"addresses", "addresses of the eventbus that fall silent and come back", addresses,
     Kind::plain, no_private_network},
    {"forgotten", "connections to the eventbus that the network forgets", forgotten, Kind::plain,
     no_private_network},
    {"outage", "no eventbus until a backlog stands, then it is back", outage, Kind::stored},
    {"spool-rate", "measures how fast events are spooled", spool_rate, Kind::measure},
    {"replay-rate", "measures how fast a backlog is delivered", replay_rate, Kind::measure},
    {"attack-slow", "5,000 clients that send a byte at a time", attack_slow, Kind::attack},
    {"attack-bodies", "clients that announce more than they send", attack_bodies, Kind::attack},
    {"attack-connections", "10,000 connections in a second", attack_connections, Kind::attack},
    {"attack-overload", "five times what the eventbus takes", attack_overload, Kind::attack},
    {"attack-flood", "posts without end from clients that never read", attack_flood, Kind::attack},
    {"attack-half-open", "clients that say nothing, or never read", attack_half_open, Kind::attack},
    {"attack-reset", "connections cut by RST, again and again", attack_reset, Kind::attack},
});

}  // namespace

std::span<const Scenario> scenarios() {
  return kScenarios;
}

}  // namespace gateway::soak
