#include "commands/commands.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "commands/configuration.hpp"
#include "commands/route_report.hpp"
#include "gateway/checkup/checkup.hpp"
#include "gateway/config/keys.hpp"
#include "gateway/config/render.hpp"

namespace gateway::commands {
namespace {

namespace json = boost::json;

struct CheckOptions {
  ConfigurationOptions configuration;
  bool reference = false;
  bool connect = false;
  bool json = false;
  std::string key;
  unsigned timeout_seconds = 5;
  std::uint64_t rate = 0;
  std::uint64_t record_bytes = 1024;
};

int exit_code_of_blame(checkup::Blame blame) noexcept {
  switch (blame) {
    case checkup::Blame::none: return kDone;
    case checkup::Blame::unavailable: return kUnavailable;
    case checkup::Blame::denied: return kNotAuthorised;
    case checkup::Blame::configuration: return kConfiguration;
  }
  return kInternal;
}

int connect(const config::Settings& settings, const CheckOptions& options) {
  checkup::CheckupOptions wanted;
  wanted.patience = std::chrono::seconds(options.timeout_seconds);
  if (options.rate != 0) wanted.load.rate = options.rate;
  wanted.load.record_bytes = options.record_bytes;
  const auto findings = checkup::check_up(settings, wanted);
  fmt::print("{}", options.json ? checkup::json_of(findings) : checkup::text_of(findings));
  return exit_code_of_blame(checkup::gravest(findings));
}

json::array json_of(const std::vector<config::Problem>& problems) {
  json::array array;
  for (const config::Problem& problem : problems) {
    array.push_back({{"source", problem.source},
                     {"line", problem.position.line},
                     {"column", problem.position.column},
                     {"key", problem.key},
                     {"message", problem.message}});
  }
  return array;
}

// Prints the configuration and all that is wrong with it as one JSON object, and nothing on
// standard error. Returns the exit code.
int check_as_json(const config::Loaded& loaded) {
  const bool good = loaded.ok();
  fmt::print(R"({{"ok":{},"problems":{},"warnings":{},"configuration":{}}})"
             "\n",
             good, json::serialize(json_of(loaded.problems)),
             json::serialize(json_of(loaded.warnings)),
             good ? config::render_json(loaded.settings) : "null");
  return good ? kDone : kConfiguration;
}

int check(const CheckOptions& options) {
  if (options.reference) {
    fmt::print("{}", config::reference());
    return kDone;
  }
  if (options.json && !options.connect) return check_as_json(options.configuration.read());
  const auto settings = options.configuration.load();
  if (!settings) return kConfiguration;
  if (options.connect) return connect(*settings, options);
  if (!options.key.empty()) {
    fmt::print("{}", entries_about_key(route_plan(*settings), options.key));
    return kDone;
  }
  fmt::print("{}", config::render(*settings));
  return kDone;
}

}  // namespace

Command check_command() {
  auto options = std::make_shared<CheckOptions>();
  Command command{.name = "check",
                  .summary =
                      "Validate the configuration and print it as it takes effect, secrets "
                      "redacted",
                  .run = [options] { return check(*options); }};
  options->configuration.add_to(command);
  command.add("--connect", &options->connect,
              "Look at what it needs instead of printing it: eventbus (OPTIONS, never an event), "
              "cloud (reads only), addresses, certificates, devices, memory. 0 if nothing fails, "
              "else 69, 77, 78");
  command.add(
      "--timeout", &options->timeout_seconds,
      "With --connect: what each look-up, connection, handshake and answer gets",
      {.shown = "SECONDS", .range = {{1, 600}}, .needs = "--connect", .default_in_help = true});
  command.add("--rate", &options->rate,
              "With --connect: records a second, to tell how long the spool carries them (else "
              "100, 1,000 and 10,000)",
              {.shown = "N", .range = {{1, 1e9}}, .needs = "--connect"});
  command.add(
      "--size", &options->record_bytes, "With --connect: bytes of one record, likewise",
      {.shown = "BYTES", .range = {{1, 1 << 30}}, .needs = "--connect", .default_in_help = true});
  command.add("--json", &options->json,
              "One JSON object, with problems and warnings of the configuration",
              {.excludes = {"--key"}});
  command.add("--key", &options->key,
              "Print instead which entry of buckets takes the events of this object's key, and why "
              "others do not; name-appid/KEY asks those of one bucket",
              {.shown = "KEY", .excludes = {"--connect"}});
  command.add("--reference", &options->reference,
              "Print every key with its bounds, default and meaning as Markdown; reads no "
              "configuration",
              {.excludes = {"--connect"}});
  return command;
}

}  // namespace gateway::commands
