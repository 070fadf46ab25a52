#include "load/suite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <limits>

#include "runtime/process_limits.hpp"

namespace gateway::load {
namespace {

constexpr const char* kBusiest = "conns64-records1";
// A quick run has no better idea of the maximum than some seconds can give.
constexpr double kHalf = 0.5;
constexpr double kIdleRate = 2'000;  // over 10,000 connections: each is used every five seconds

// Of a gateway or of this process, beside the load's connections.
constexpr std::size_t kOtherDescriptors = 200;

struct Entry {
  Scenario scenario;
  const char* what = "";
  bool own = false;        // is about settings only a cos-gateway has
  bool full = false;       // not in the quick suite
  bool half_rate = false;  // an open loop at half the gateway's rate in kBusiest
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
  all.push_back(entry("conns10000-busy", "ten thousand busy ones, 64 KiB a post", 10'000, 60));
  all.back().full = true;
  all.push_back(entry("half-rate", "open loop at half the rate of conns64-records1", 256, 1));
  all.back().half_rate = true;
  all.push_back(entry("new-connections", "a connection for every post", 64, 1));
  all.back().scenario.new_connection_per_post = true;
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
    Scenario scenario = finished(entry, settings);
    if (!entry.own && !entry.half_rate) {
      campaign.run(scenario);
      continue;
    }
    for (const GatewaySpec& gateway : campaign.settings().gateways) {
      if (entry.own && gateway.program.empty()) continue;
      if (entry.half_rate) {
        const double most = campaign.posts_per_s(kBusiest, gateway.name);
        if (most <= 0) continue;  // left out, so nobody knows
        scenario.rate = most * kHalf;
      }
      campaign.run(scenario, gateway);
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
