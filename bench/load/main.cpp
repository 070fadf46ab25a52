#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <limits>

#include "load/campaign.hpp"
#include "load/options.hpp"
#include "load/result.hpp"
#include "load/suite.hpp"
#include "runtime/process_limits.hpp"
#include "testkit/guarded.hpp"
#include "testkit/interruption.hpp"
#include "testkit/text_file.hpp"

namespace {

namespace load = gateway::load;

constexpr int kGood = 0;
constexpr int kUnreachable = 69;

void write_json(const load::Campaign& campaign, const load::Options& options) {
  if (options.json.empty() || campaign.results().empty()) return;
  gateway::test::write_text(
      options.json,
      boost::json::serialize(load::document(campaign.results(), options.revision)) + '\n');
}

bool some_missing(const load::Campaign& campaign) {
  return std::ranges::any_of(campaign.results(), [](const load::RunResult& result) {
    return load::figure(result, "/missing") != 0;
  });
}

// Returns whether targets in trouble leave the others alone, whichever the gateway.
bool targets_are_independent(load::Campaign& campaign, const load::Options& options) {
  campaign.expect(options.gateways.size());
  bool good = true;
  for (const load::GatewaySpec& gateway : options.gateways) {
    good = load::compare_troubles(campaign, options.targets_scenario, gateway) && good;
  }
  return good;
}

int run(const load::Options& options) {
  load::Campaign campaign({options.gateways, options.repetitions, options.command});
  if (options.targets)
    return targets_are_independent(campaign, options) ? kGood : gateway::test::kBroken;
  try {
    if (options.suite) {
      load::run_suite(campaign, options.suite_settings);
    } else {
      campaign.run(options.scenario);
    }
  } catch (...) {
    write_json(campaign, options);  // what there is so far took its time
    throw;
  }
  write_json(campaign, options);
  if (options.allow_missing || !some_missing(campaign)) return kGood;
  fmt::print(stderr, "cos-bench: acknowledged records did not arrive\n");
  return gateway::test::kBroken;
}

int measure(int argc, char** argv) {
  // TLS writes without MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_IGN);
  gateway::raise_descriptor_limit(std::numeric_limits<std::size_t>::max());
  load::Options options;
  const auto self = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  if (const auto code = load::parse_options(argc, argv, self, options)) return *code;
  gateway::test::catch_interruption();
  try {
    return run(options);
  } catch (const load::Unreachable& error) {
    fmt::print(stderr, "cos-bench: {}\n", error.what());
    return kUnreachable;
  }
}

}  // namespace

int main(int argc, char** argv) {
  return gateway::test::guarded("cos-bench", [&] { return measure(argc, argv); });
}
