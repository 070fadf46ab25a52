#include "load/suite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

#include "load/gateway_under_test.hpp"
#include "runtime/process_limits.hpp"

namespace gateway::load {
namespace {

constexpr const char* kBusiest = "conns64-records1";
constexpr const char* kProductionBusiest = "production-records1";
// A quick run knows the maximum only as well as a few seconds can show it.
constexpr double kHalf = 0.5;
constexpr double kQuarter = 0.25;
// A gateway whose maximum is not at least this multiple of the rate of the first gateway gets a
// rate of its own.
constexpr double kSpare = 1.3;
constexpr double kIdleRate = 2'000;  // over 10,000 connections: each is used every five seconds

// Descriptors of a gateway or of this process, besides those of the connections of the load.
constexpr std::size_t kOtherDescriptors = 200;

// A form in which a gateway takes turns with itself.
struct Form {
  std::string_view name;
  const char* features;  // see GatewayForm::parse()
  bool full = false;     // not in the quick suite
};

// Of what a gateway on the Internet does, each feature alone and all together.
constexpr const char* kProduction = "production";
constexpr std::array kForms{
    Form{"TLS", "TLS", true},
    Form{"signed", "signed", true},
    Form{"TLS, signed", "TLS,signed"},
    Form{"stable ids", "stable-ids", true},
    Form{"attributes", "attributes", true},
    Form{"redaction", "redaction", true},
    Form{"stable ids, attributes, redaction", "stable-ids,attributes,redaction"},
    Form{"stores", "stores", true},
    Form{"eventbus over TLS", "eventbus-TLS", true},
    Form{"structured", "structured", true},
    Form{"batch", "batch", true},
    Form{"hundred entries", "hundred-entries"},
    Form{kProduction, "TLS,signed,stable-ids,attributes,redaction,stores"},
    Form{"production, eventbus over TLS",
         "TLS,signed,stable-ids,attributes,redaction,stores,eventbus-TLS"},
    Form{"production, structured", "TLS,signed,stable-ids,attributes,redaction,stores,structured"},
    Form{"production, batch", "TLS,signed,stable-ids,attributes,redaction,stores,batch"},
    Form{"production, structured, eventbus over TLS",
         "TLS,signed,stable-ids,attributes,redaction,stores,structured,eventbus-TLS", true},
    Form{"production, batch, eventbus over TLS",
         "TLS,signed,stable-ids,attributes,redaction,stores,batch,eventbus-TLS", true}};

// Whom an entry runs against.
enum class Against {
  all,
  own,         // cos-gateways only: it is about their settings
  over_tls,    // likewise; each takes turns with itself over TLS
  forms,       // likewise, with itself in kForms
  production,  // likewise, with itself in the form of production, and with no gateway
  tls_servers  // cos-gateways and SuiteSettings::tls_servers
};

struct Entry {
  Scenario scenario;
  const char* what = "";
  Against against = Against::all;
  bool full = false;      // not in the quick suite
  double rate_share = 0;  // not 0: an open loop at this share of the rate of an earlier entry
};

std::vector<Entry> entries() {
  std::vector<Entry> all;
  const auto add = [&all](std::string name, const char* what, unsigned connections,
                          unsigned records) -> Entry& {
    Entry& entry = all.emplace_back();
    entry.scenario.name = std::move(name);
    entry.scenario.load.connections = connections;
    entry.scenario.payloads.records = test::Distribution(records);
    entry.what = what;
    return entry;
  };
  add(kBusiest, "closed loop, 64 connections", 64, 1);
  add("conns64-records10", "the same, ten records a post", 64, 10);
  add("conns64-records100", "the same, a hundred", 64, 100);
  add("conns64-records1000", "the same, a thousand", 64, 1000).full = true;
  add("conns1-records1", "a lone connection", 1, 1);
  add("conns1000-records1", "a thousand busy connections", 1000, 1);
  add("conns10000-idle", "ten thousand, 2,000 posts a second over them", 10'000, 1)
      .scenario.load.rate = kIdleRate;
  add("conns100-idle", "a hundred, to see what the others cost", 100, 1).scenario.load.rate =
      kIdleRate;
  add("conns10000-busy", "ten thousand busy ones, 64 KiB a post", 10'000, 60).full = true;
  add("half-rate", "open loop at half the rate of conns64-records1", 256, 1).rate_share = kHalf;
  Entry& quarter = add("quarter-rate", "the same at a quarter of it", 256, 1);
  quarter.rate_share = kQuarter;
  quarter.full = true;
  add("new-connections", "a connection for every post", 64, 1)
      .scenario.load.new_connection_per_post = true;
  add("tls", "64 connections kept alive, plain and over TLS", 64, 1).against = Against::over_tls;
  Entry& tls = add("tls-rate", "the same at the same rate, half of conns64-records1", 64, 1);
  tls.against = Against::over_tls;
  tls.rate_share = kHalf;
  test::PayloadSettings& long_keys =
      add("long-keys", "keys of 850 bytes in UTF-8, metadata", 64, 10).scenario.payloads;
  long_keys.key_length = test::Distribution(850);
  long_keys.characters = test::KeyCharacters::utf8;
  long_keys.metadata = test::Distribution(512);
  // 64 posts of ten records fill two eventbus connections of 256 requests.
  for (const char* const pipeline : {"1", "16", "256"}) {
    Entry& slow = add(fmt::format("slow-pipeline{}", pipeline),
                      "an eventbus that takes 5 ms, with that pipeline", 64, 10);
    slow.scenario.sink.latency = {std::chrono::milliseconds(5), std::chrono::milliseconds(5)};
    slow.scenario.gateway.pipeline = pipeline;
    slow.against = Against::own;
  }
  for (const unsigned threads : {1U, 2U}) {
    Entry& threaded = add(fmt::format("threads{}", threads),
                          "that many threads, on all cores, beside load and eventbus", 64, 10);
    threaded.scenario.gateway.threads = threads;
    threaded.against = Against::own;
  }
  for (const unsigned records : {1U, 10U, 100U}) {
    Entry& forms = add(fmt::format("production-records{}", records),
                       "what each feature costs that a gateway is exposed with", 64, records);
    forms.against = Against::forms;
    forms.full = records == 10;
  }
  Entry& production =
      add("production-half-rate", "half of what the form of production can do", 256, 1);
  production.against = Against::production;
  production.rate_share = kHalf;
  for (const char* const key : {"P-256", "RSA-2048"}) {
    for (const bool resume : {false, true}) {
      Entry& handshakes = add(fmt::format("handshakes-{}{}", key, resume ? "-resumed" : ""),
                              "TLS connections for one request each, with that key", 64, 1);
      handshakes.scenario.load.new_connection_per_post = true;
      handshakes.scenario.form.only_ask = true;
      handshakes.scenario.form.path = "/healthz";
      handshakes.scenario.load.resume = resume;
      handshakes.scenario.gateway.form.tls = true;
      handshakes.scenario.gateway.key = key;
      handshakes.against = Against::tls_servers;
    }
  }
  return all;
}

Scenario finished(const Entry& entry, const SuiteSettings& settings) {
  Scenario scenario = entry.scenario;
  scenario.payloads.seed = settings.seed;
  scenario.sink.seed = settings.seed;
  scenario.warmup_s = settings.quick ? 0.3 : 1;
  scenario.duration_s = settings.quick ? 1 : 4;
  if (entry.against == Against::forms || entry.against == Against::tls_servers) {  // many turns
    scenario.warmup_s = settings.quick ? 0.2 : 0.5;
    scenario.duration_s = settings.quick ? 0.4 : 2;
  }
  const bool about_threads = scenario.name.starts_with("threads");
  scenario.pin = settings.pin && !about_threads;
  return scenario;
}

// Runs the scenario with no gateway at the same rate and in the same minute. The difference is the
// cost of the gateway.
void run_at_share(Campaign& campaign, Scenario scenario, double share) {
  std::vector<GatewaySpec> together{kNoGateway};
  std::vector<GatewaySpec> apart;
  const auto most = [&](const GatewaySpec& gateway) {
    return campaign.posts_per_s(kBusiest, gateway.name);
  };
  for (const GatewaySpec& gateway : campaign.settings().gateways) {
    if (most(gateway) <= 0) continue;  // left out, so nobody knows
    if (!scenario.load.rate) scenario.load.rate = most(gateway) * share;
    const bool can = most(gateway) >= *scenario.load.rate * kSpare;
    (can ? together : apart).push_back(gateway);
  }
  if (!scenario.load.rate) return;
  campaign.run(scenario, together);
  const std::string name = scenario.name;
  for (const GatewaySpec& gateway : apart) {
    scenario.load.rate = most(gateway) * share;
    scenario.name = name + "-" + gateway.name;
    campaign.run(scenario, std::vector{kNoGateway, gateway});
  }
}

GatewaySpec in_form(GatewaySpec gateway, std::string_view name) {
  const auto* const form = std::ranges::find(kForms, name, &Form::name);
  gateway.name += fmt::format(", {}", name);
  gateway.form = *GatewayForm::parse(form->features);
  return gateway;
}

// Runs an entry against a cos-gateway and those that take turns with it. Over TLS without a rate,
// the load, which does TLS as well, limits the posts: each turn of the loop of the gateway then
// handles fewer posts, and there are more turns.
void run_own(Campaign& campaign, Scenario scenario, const Entry& entry, const GatewaySpec& gateway,
             bool quick) {
  std::vector<GatewaySpec> turns{gateway};
  double most = campaign.posts_per_s(kBusiest, gateway.name);
  if (entry.against == Against::over_tls) {
    turns.push_back(in_form(gateway, "TLS"));
  } else if (entry.against == Against::forms) {
    for (const Form& form : kForms) {
      if (!form.full || !quick) turns.push_back(in_form(gateway, form.name));
    }
  } else if (entry.against == Against::production) {
    const GatewaySpec production = in_form(gateway, kProduction);
    turns = {kNoGateway, gateway, production};
    most = campaign.posts_per_s(kProductionBusiest, production.name);
  }
  if (entry.rate_share != 0) scenario.load.rate = entry.rate_share * most;
  if (entry.rate_share != 0 && most == 0) return;  // left out, so nobody knows
  campaign.run(scenario, turns);
}

void run_entry(Campaign& campaign, const Entry& entry, const SuiteSettings& settings) {
  const Scenario scenario = finished(entry, settings);
  if (entry.against == Against::all) {
    return entry.rate_share == 0 ? campaign.run(scenario)
                                 : run_at_share(campaign, scenario, entry.rate_share);
  }
  std::vector<GatewaySpec> own = campaign.settings().gateways;
  std::erase_if(own, [](const GatewaySpec& gateway) { return gateway.program.empty(); });
  if (entry.against == Against::tls_servers) {
    std::ranges::copy(settings.tls_servers, std::back_inserter(own));
    return campaign.run(scenario, own);
  }
  for (const GatewaySpec& gateway : own) {
    run_own(campaign, scenario, entry, gateway, settings.quick);
  }
}

}  // namespace

void run_suite(Campaign& campaign, const SuiteSettings& settings) {
  std::vector<Entry> chosen = entries();
  const std::size_t descriptors = raise_descriptor_limit(std::numeric_limits<std::size_t>::max());
  std::erase_if(chosen, [&](const Entry& entry) {
    if (entry.scenario.load.connections + kOtherDescriptors > descriptors) {
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
    run_entry(campaign, entry, settings);
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
