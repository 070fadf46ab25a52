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
  const char* name;
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
  made.against = Against::own;
  return made;
}

Entry with_threads(const char* name, unsigned threads) {
  Entry made = entry(name, "that many threads, on all cores, beside load and eventbus", 64, 10);
  made.scenario.gateway.threads = threads;
  made.against = Against::own;
  return made;
}

Entry in_forms(const char* name, unsigned records) {
  Entry made = entry(name, "what each feature costs that a gateway is exposed with", 64, records);
  made.against = Against::forms;
  return made;
}

Entry handshakes(const char* name, const char* key, bool resume) {
  Entry made = entry(name, "TLS connections for one request each, with that key", 64, 1);
  made.scenario.new_connection_per_post = true;
  made.scenario.only_ask = true;
  made.scenario.path = "/healthz";
  made.scenario.resume = resume;
  made.scenario.gateway.form.tls = true;
  made.scenario.gateway.key = key;
  made.against = Against::tls_servers;
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
  all.back().against = Against::over_tls;
  all.push_back(entry("tls-rate", "the same at the same rate, half of conns64-records1", 64, 1));
  all.back().against = Against::over_tls;
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
  all.push_back(in_forms(kProductionBusiest, 1));
  all.push_back(in_forms("production-records10", 10));
  all.back().full = true;
  all.push_back(in_forms("production-records100", 100));
  all.push_back(
      entry("production-half-rate", "half of what the form of production can do", 256, 1));
  all.back().against = Against::production;
  all.back().rate_share = kHalf;
  all.push_back(handshakes("handshakes-P-256", "P-256", false));
  all.push_back(handshakes("handshakes-P-256-resumed", "P-256", true));
  all.push_back(handshakes("handshakes-RSA-2048", "RSA-2048", false));
  all.push_back(handshakes("handshakes-RSA-2048-resumed", "RSA-2048", true));
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

GatewaySpec in_form(GatewaySpec gateway, std::string_view name, std::string_view features) {
  gateway.name += fmt::format(", {}", name);
  gateway.form = *GatewayForm::parse(features);
  return gateway;
}

void run_in_forms(Campaign& campaign, const Scenario& scenario, const GatewaySpec& gateway,
                  bool quick) {
  std::vector<GatewaySpec> forms{gateway};
  for (const Form& form : kForms) {
    if (!form.full || !quick) forms.push_back(in_form(gateway, form.name, form.features));
  }
  campaign.run(scenario, forms);
}

void run_production(Campaign& campaign, Scenario scenario, const GatewaySpec& gateway,
                    double share) {
  const auto* const form = std::ranges::find(kForms, std::string_view(kProduction), &Form::name);
  const GatewaySpec production = in_form(gateway, form->name, form->features);
  scenario.rate = share * campaign.posts_per_s(kProductionBusiest, production.name);
  if (scenario.rate == 0) return;  // left out, so nobody knows
  campaign.run(scenario, std::vector{no_gateway(), gateway, production});
}

// Without a rate, the load, which does TLS as well, limits the posts over TLS: each turn of the
// loop of the gateway then handles fewer posts, and there are more turns.
void run_beside_tls(Campaign& campaign, Scenario scenario, const GatewaySpec& gateway,
                    double share) {
  const GatewaySpec over_tls = in_form(gateway, "TLS", "TLS");
  scenario.rate = share * campaign.posts_per_s(kBusiest, gateway.name);
  if (share != 0 && scenario.rate == 0) return;  // left out, so nobody knows
  campaign.run(scenario, std::vector{gateway, over_tls});
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
    switch (entry.against) {
      case Against::over_tls:
        run_beside_tls(campaign, scenario, gateway, entry.rate_share);
        break;
      case Against::forms:
        run_in_forms(campaign, scenario, gateway, settings.quick);
        break;
      case Against::production:
        run_production(campaign, scenario, gateway, entry.rate_share);
        break;
      default:
        campaign.run(scenario, std::vector{gateway});
    }
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
