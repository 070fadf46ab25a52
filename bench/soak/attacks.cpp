#include "soak/scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "soak/arena.hpp"
#include "testkit/eventually.hpp"
#include "testkit/post.hpp"

namespace gateway::soak {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A connection beyond its deadline is closed at the next sweep; a busy machine needs longer.
constexpr milliseconds kSweep{20'000};
// The most that a connection may cost: its object, its buffer, and the memory of an accept in user
// space.
constexpr double kConnectionMb = 16.0 / 1024;

// Returns a post of a record, whose body has this size.
std::string post_of(std::size_t body_size) {
  constexpr std::string_view kAround = R"({"Records":[{"x":""}]})";
  const std::string record(body_size - kAround.size(), 'x');
  return test::make_post("soak", "/", fmt::format(R"({{"Records":[{{"x":"{}"}}]}})", record), 1)
      .wire;
}

// Returns the setting of a time of the gateway.
std::string timeout(std::string_view name, milliseconds limit) {
  return fmt::format("gateway.{}={}ms", name, limit.count());
}

}  // namespace

Outcome attack_slow(const Options& options) {
  const unsigned clients = options.brief ? 500 : 5000;
  const milliseconds limit(options.brief ? 1500 : 10'000);
  Arena arena("attack-slow", options,
              {.clients = clients, .gateway = {timeout("request_timeout", limit)}});

  const Swarm::Settings heads{
      .habit = Habit::drip, .connections = clients / 2, .post = post_of(1000)};
  Swarm::Settings bodies = heads;
  bodies.drip_from = heads.post.find("\r\n\r\n") + 4;
  const auto& slow_heads = arena.launch(heads).counts();
  const auto& slow_bodies = arena.launch(bodies).counts();
  arena.want_connected();
  arena.during(limit / 2);
  arena.want_goodput(0.8);
  arena.want_all_ended(2 * limit + kSweep, "slow clients were cut");
  const std::uint64_t told = slow_heads.timed_out + slow_bodies.timed_out;
  arena.outcome().number("told 408", told);
  if (told < clients) arena.outcome().problem("{} of {} were told 408", told, clients);
  arena.want_memory(kConnectionMb);
  return arena.finish();
}

Outcome attack_bodies(const Options& options) {
  const unsigned clients = options.brief ? 32 : 256;
  const milliseconds limit(options.brief ? 1500 : 10'000);
  constexpr std::size_t kAnnounced = std::size_t{8} << 20;  // gateway.max_body
  Arena arena("attack-bodies", options,
              {.clients = clients, .gateway = {timeout("request_timeout", limit)}});

  const std::string head =
      fmt::format("POST / HTTP/1.1\r\nHost: soak\r\nContent-Length: {}\r\n\r\n", kAnnounced);
  const auto& counts = arena
                           .launch({.habit = Habit::drip,
                                    .connections = clients,
                                    .post = head + std::string(1000, ' '),
                                    .drip_from = head.size()})
                           .counts();
  arena.want_connected();
  arena.during(limit / 2);
  arena.want_goodput(0.8);
  arena.want_no_refusals();
  arena.want_all_ended(2 * limit + kSweep, "clients were cut");
  arena.result().refused = counts.refused;
  arena.want_memory(kConnectionMb);
  return arena.finish();
}

Outcome attack_connections(const Options& options) {
  const unsigned clients = options.brief ? 1000 : 10'000;
  Arena arena(
      "attack-connections", options,
      {.clients = clients, .gateway = {fmt::format("gateway.max_connections={}", clients / 2)}});

  const auto begin = steady_clock::now();
  Swarm& swarm = arena.launch({.habit = Habit::hold,
                               .connections = clients,
                               .connect_rate = 1.0 * clients,  // all of them in a second
                               .post = post_of(200)});
  const auto& counts = swarm.counts();
  arena.during(milliseconds(1000));
  arena.want_goodput(0.05);
  arena.want_connected();
  arena.outcome().number("seconds until all were connected", seconds_since(begin));
  const auto turned_away = [&] { return counts.refused + counts.ended_unanswered; };
  const auto settled = [&] { return counts.good + turned_away(); };
  if (!test::eventually([&] { return settled() >= clients; }, milliseconds(10'000))) {
    arena.outcome().problem("{} clients were left without answer or end", clients - settled());
  }
  if (counts.other != 0) arena.outcome().problem("answers that are neither 2xx nor 503");
  arena.outcome().number("answered 2xx", counts.good);
  arena.want_recovery();
  swarm.stop();
  arena.result().refused = turned_away();
  arena.result().refusal_p99_ms = swarm.refusal_ms(0.99);
  if (counts.good + 100 < clients / 2) {
    arena.outcome().problem("fewer were let in than the limit allows");
  }
  arena.want_memory(kConnectionMb);
  return arena.finish();
}

Outcome attack_overload(const Options& options) {
  constexpr double kRate = 1000;       // events a second the eventbus takes
  constexpr unsigned kClients = 1000;  // enough that some are free while others wait
  constexpr double kTimes = 5;
  // The queue holds a fifth of a second, so that it is full at once.
  Arena arena("attack-overload", options,
              {.clients = kClients,
               .gateway = {"delivery.queue.events=200"},
               .bus_rate = kRate,
               .load = 0});
  // The maximum: as many posts as are accepted without a refusal.
  Swarm::Settings load{
      .port = arena.port(), .connections = 100, .post = post_of(1000), .rate = kRate * 1.2};
  const auto answered = [&] { return arena.bus().answered(); };
  double peak = 0;
  {
    Swarm swarm(load);
    std::this_thread::sleep_for(milliseconds(500));
    const Growth taken(answered);
    std::this_thread::sleep_for(options.part(0.2));
    peak = taken.a_second();
    swarm.stop();
  }
  arena.before(milliseconds(0));
  arena.outcome().number("peak, records/s", peak);

  load.connections = kClients;
  load.rate = kRate * kTimes;
  Swarm& swarm = arena.launch(load);
  const auto& counts = swarm.counts();
  arena.want_connected();
  // Buffers and queue fill during the first seconds.
  std::this_thread::sleep_for(std::min(options.part(0.2), milliseconds(5000)));
  const double memory = arena.memory_mb();
  arena.forget_peak();
  const Growth offered([&] { return counts.offered.load(); });
  const Growth good([&] { return counts.good.load(); });
  const Growth taken(answered);
  arena.during(options.time);
  const double offer = offered.a_second();
  const double goodput = good.a_second();
  const double delivered = taken.a_second();
  const double grown = arena.peak_mb() / memory - 1;
  swarm.stop();
  arena.outcome().number("offered posts/s", offer);
  arena.outcome().number("offered, times the peak", offer / peak);
  arena.outcome().number("acknowledged posts/s", goodput);
  arena.outcome().number("delivered records/s", delivered);
  arena.outcome().number("memory growth under load, %", grown * 100);
  auto& result = arena.result();
  result.refused = counts.refused + counts.ended_unanswered;
  result.refusal_p99_ms = swarm.refusal_ms(0.99);
  result.goodput_share = peak > 0 ? goodput / peak : 0;
  arena.outcome().number("refusals, median ms", swarm.refusal_ms(0.5));
  arena.want_goodput(0.9);
  if (counts.other != 0) arena.outcome().problem("answers that are neither 2xx nor 503");
  if (grown > 0.1) arena.outcome().problem("memory grew by {:.0f} %", grown * 100);
  if (arena.speed_is_judged()) {
    if (result.refusal_p99_ms >= 10) arena.outcome().problem("refusals take 10 ms or more at p99");
    if (offer < 4.5 * peak) arena.outcome().problem("the load did not come to five times the peak");
  }
  if (counts.refused == 0) arena.outcome().problem("nothing was refused");
  return arena.finish();
}

Outcome attack_flood(const Options& options) {
  const unsigned clients = options.brief ? 8 : 16;
  const milliseconds limit(options.brief ? 1500 : 5000);
  Arena arena("attack-flood", options,
              {.clients = clients, .gateway = {timeout("request_timeout", limit)}});

  const auto& counts =
      arena.launch({.habit = Habit::flood, .connections = clients, .post = post_of(100)}).counts();
  arena.want_connected();
  // Until they are closed, their posts are ordinary ones, and far more numerous.
  arena.during(limit / 2);
  arena.want_goodput(0);
  // They do not read their answers, so the gateway stops reading from them and closes them after
  // request_timeout.
  arena.want_all_ended(options.time + 4 * limit, "floods were ended");
  arena.outcome().number("posts sent", counts.offered);
  arena.outcome().number("MB sent", static_cast<double>(counts.bytes) / 1e6);
  arena.want_recovery();
  // Each may keep the answers that the socket did not accept, and the last bytes that were read
  // from it.
  arena.want_memory(0.25);
  return arena.finish();
}

Outcome attack_half_open(const Options& options) {
  const unsigned clients = options.brief ? 400 : 4000;
  const milliseconds limit(options.brief ? 1500 : 5000);
  Arena arena("attack-half-open", options,
              {.clients = clients, .gateway = {timeout("idle_timeout", limit)}});

  arena.launch({.habit = Habit::silent, .connections = clients / 2});
  arena.launch({.habit = Habit::deaf, .connections = clients / 2, .post = post_of(200)});
  arena.want_connected();
  arena.during(limit / 2);
  arena.want_goodput(0.8);
  arena.want_all_ended(2 * limit + kSweep, "silent clients were ended");
  arena.want_memory(kConnectionMb);
  return arena.finish();
}

Outcome attack_reset(const Options& options) {
  constexpr unsigned kClients = 256;
  Arena arena("attack-reset", options, {.clients = kClients});

  Swarm& swarm = arena.launch({.habit = Habit::reset,
                               .connections = kClients,
                               .post = post_of(1000),
                               .rate = 3000});  // connections a second
  const Growth opened([&] { return swarm.counts().opened.load(); });
  arena.during(options.part(0.6));
  const double rate = opened.a_second();
  arena.want_goodput(0.3);
  swarm.stop();
  arena.outcome().number("resets/s", rate);
  arena.want_memory(0);
  return arena.finish();
}

}  // namespace gateway::soak
