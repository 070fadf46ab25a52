#include "load/suite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <limits>

#include "load/gateway_under_test.hpp"
#include "runtime/process_limits.hpp"

namespace gateway::load {
namespace {

constexpr const char* kBusiest = "conns64-records1";
// A quick run knows the maximum only as well as a few seconds can show it.
constexpr double kHalf = 0.5;
constexpr double kQuarter = 0.25;
// A gateway whose maximum is not at least this multiple of the rate of the first gateway gets a
// rate of its own.
constexpr double kSpare = 1.3;
constexpr double kIdleRate = 2'000;  // over 10,000 connections: each is used every five seconds

// Descriptors of a gateway or of this process, besides those of the connections of the load.
constexpr std::size_t kOtherDescriptors = 200;

struct Entry {
  Scenario scenario;
  const char* what = "";
  bool own = false;       // is about settings only a cos-gateway has
  bool tls = false;       // likewise; it takes turns with itself over TLS
  bool full = false;      // not in the quick suite
  double rate_share = 0;  // not 0: an open loop at this share of the rate in kBusiest
};

Entry entry(const char* name, const char* what, unsigned connections, unsigned records) {
  Entry made;
  made.scenario.name = name;
  made.scenario.connections = connections;
  made.scenario.payloads.records = Distribution(records);
  made.what = what;
  return made;
}

// 64 posts of ten records fill two eventbus connections of 256 requests.
Entry slow_eventbus(const char* name, const char* pipeline) {
  Entry made = entry(name, "an eventbus that takes 5 ms, with that pipeline", 64, 10);
  made.scenario.sink.least_latency = std::chrono::milliseconds(5);
  made.scenario.sink.most_latency = std::chrono::milliseconds(5);
  made.scenario.gateway.pipeline = pipeline;
  made.own = true;
  return made;
}

Entry with_threads(const char* name, unsigned threads) {
  Entry made = entry(name, "that many threads, on all cores, beside load and eventbus", 64, 10);
  made.scenario.gateway.threads = threads;
  made.own = true;
  return made;
}

std::vector<Entry> entries() {
  std::vector<Entry> all;
  all.push_back(entry(kBusiest, "closed loop, 64 connections", 64, 1));
  all.push_back(entry("conns64-records10", "the same, ten records a post", 64, 10));
  all.push_back(entry("conns64-records100", "the same, a hundred", 64, 100));
  all.push_back(entry("conns64-records1000", "the same, a thousand", 64, 1000));
  all.back().full = true;
  all.push_back(entry("conns1-records1", "a lone connection", 1, 1));
  all.push_back(entry("conns1000-records1", "a thousand busy connections", 1000, 1));
  all.push_back(
      entry("conns10000-idle", "ten thousand, 2,000 posts a second over them", 10'000, 1));
  all.back().scenario.rate = kIdleRate;
  all.push_back(entry("conns100-idle", "a hundred, to see what the others cost", 100, 1));
  all.back().scenario.rate = kIdleRate;
  all.push_back(entry("conns10000-busy", "ten thousand busy ones, 64 KiB a post", 10'000, 60));
  all.back().full = true;
  all.push_back(entry("half-rate", "open loop at half the rate of conns64-records1", 256, 1));
  all.back().rate_share = kHalf;
  all.push_back(entry("quarter-rate", "the same at a quarter of it", 256, 1));
  all.back().rate_share = kQuarter;
  all.back().full = true;
  all.push_back(entry("new-connections", "a connection for every post", 64, 1));
  all.back().scenario.new_connection_per_post = true;
  all.push_back(entry("tls", "64 connections kept alive, plain and over TLS", 64, 1));
  all.back().tls = true;
  all.push_back(entry("tls-rate", "the same at the same rate, half of conns64-records1", 64, 1));
  all.back().tls = true;
  all.back().rate_share = kHalf;
  all.push_back(entry("long-keys", "keys of 850 bytes in UTF-8, metadata", 64, 10));
  all.back().scenario.payloads.key_length = Distribution(850);
  all.back().scenario.payloads.characters = KeyCharacters::utf8;
  all.back().scenario.payloads.metadata = Distribution(512);
  all.push_back(slow_eventbus("slow-pipeline1", "1"));
  all.push_back(slow_eventbus("slow-pipeline16", "16"));
  all.push_back(slow_eventbus("slow-pipeline256", "256"));
  all.push_back(with_threads("threads1", 1));
  all.push_back(with_threads("threads2", 2));
  return all;
}

Scenario finished(const Entry& entry, const SuiteSettings& settings) {
  Scenario scenario = entry.scenario;
  scenario.payloads.seed = settings.seed;
  scenario.sink.seed = settings.seed;
  scenario.warmup_s = settings.quick ? 0.3 : 1;
  scenario.duration_s = settings.quick ? 1 : 4;
  const bool about_threads = scenario.name.starts_with("threads");
  scenario.pin = settings.pin && !about_threads;
  return scenario;
}

// Runs the scenario with no gateway at the same rate and in the same minute. The difference is the
// cost of the gateway.
void run_at_share(Campaign& campaign, Scenario scenario, double share) {
  std::vector<GatewaySpec> together{no_gateway()};
  std::vector<GatewaySpec> apart;
  const auto most = [&](const GatewaySpec& gateway) {
    return campaign.posts_per_s(kBusiest, gateway.name);
  };
  for (const GatewaySpec& gateway : campaign.settings().gateways) {
    if (most(gateway) <= 0) continue;  // left out, so nobody knows
    if (scenario.rate == 0) scenario.rate = most(gateway) * share;
    const bool can = most(gateway) >= scenario.rate * kSpare;
    (can ? together : apart).push_back(gateway);
  }
  if (scenario.rate == 0) return;
  campaign.run(scenario, together);
  const std::string name = scenario.name;
  for (const GatewaySpec& gateway : apart) {
    scenario.rate = most(gateway) * share;
    scenario.name = name + "-" + gateway.name;
    campaign.run(scenario, std::vector{no_gateway(), gateway});
  }
}

// Without a rate, the load, which does TLS as well, limits the posts over TLS: each turn of the
// loop of the gateway then handles fewer posts, and there are more turns.
void run_beside_tls(Campaign& campaign, Scenario scenario, double share) {
  for (const GatewaySpec& gateway : campaign.settings().gateways) {
    if (gateway.program.empty()) continue;
    GatewaySpec over_tls = gateway;
    over_tls.name += ", TLS";
    over_tls.tls = true;
    scenario.rate = share * campaign.posts_per_s(kBusiest, gateway.name);
    if (share != 0 && scenario.rate == 0) continue;  // left out, so nobody knows
    campaign.run(scenario, std::vector{gateway, over_tls});
  }
}

}  // namespace

void run_suite(Campaign& campaign, const SuiteSettings& settings) {
  std::vector<Entry> chosen = entries();
  const std::size_t descriptors = raise_descriptor_limit(std::numeric_limits<std::size_t>::max());
  std::erase_if(chosen, [&](const Entry& entry) {
    if (entry.scenario.connections + kOtherDescriptors > descriptors) {
      fmt::print(stderr, "{} is left out: ulimit -n is {}\n", entry.scenario.name, descriptors);
      return true;
    }
    const auto begins = [&](const std::string& text) {
      return entry.scenario.name.starts_with(text);
    };
    return (entry.full && settings.quick) ||
           (!settings.only.empty() && std::ranges::none_of(settings.only, begins));
  });
  campaign.expect(chosen.size());
  for (const Entry& entry : chosen) {
    const Scenario scenario = finished(entry, settings);
    if (entry.tls) {
      run_beside_tls(campaign, scenario, entry.rate_share);
      continue;
    }
    if (entry.rate_share != 0) {
      run_at_share(campaign, scenario, entry.rate_share);
      continue;
    }
    if (!entry.own) {
      campaign.run(scenario);
      continue;
    }
    for (const GatewaySpec& gateway : campaign.settings().gateways) {
      if (!gateway.program.empty()) campaign.run(scenario, std::vector{gateway});
    }
  }
}

std::string suite_help() {
  std::string text = "Runs of the suite (* not with --quick):\n";
  for (const Entry& entry : entries()) {
    text += fmt::format("  {:<22}{}{}\n", entry.scenario.name, entry.what, entry.full ? " *" : "");
  }
  return text;
}

}  // namespace gateway::load
