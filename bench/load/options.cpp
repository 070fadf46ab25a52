#include "load/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "events/number_text.hpp"

namespace gateway::load {
namespace {

constexpr int kGood = 0;
constexpr int kUsage = 64;
// Signatures are made before a run and are valid for 300 s, minus the time to start.
constexpr double kLongestSigned = 240;

// Adds an option whose text `parse` turns into a value, or into an error that says what is wrong.
template <class Value, class Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Value& value, Parse parse,
                        const std::string& what) {
  return app.add_option_function<std::string>(
      name,
      [&value, parse, name](const std::string& text) {
        auto parsed = parse(text);
        if (!parsed) throw CLI::ValidationError(name, parsed.error());
        value = std::move(*parsed);
      },
      what);
}

// Adds an option of a number within these limits, whose default --help shows.
template <class Number>
void add_limited(CLI::App& app, const std::string& name, Number& value, Number least, Number most,
                 const std::string& what) {
  app.add_option(name, value, what)->capture_default_str()->check(CLI::Range(least, most));
}

// Parses "5" or "1-10", in milliseconds.
boost::system::result<Latency, std::string> parse_latency(std::string_view text) {
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto least = read_number<double>(text.substr(0, dash));
  const auto most = dash == text.size() ? least : read_number<double>(text.substr(dash + 1));
  if (!least || !most || !(*least >= 0) || !(*least <= *most)) {
    return std::string("expected milliseconds, 5 or 1-10");
  }
  const auto nanoseconds = [](double ms) {
    return std::chrono::nanoseconds(std::llround(ms * 1e6));
  };
  return Latency{nanoseconds(*least), nanoseconds(*most)};
}

using Target = boost::system::result<GatewaySpec, std::string>;

// Parses ADDRESS:PORT of a server that runs.
Target parse_target(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto port = colon == std::string_view::npos
                        ? std::nullopt
                        : read_number<std::uint16_t>(text.substr(colon + 1));
  if (!port || *port == 0) return Target(boost::system::in_place_error, "expected ADDRESS:PORT");
  return GatewaySpec{.name = "target", .host = std::string(text.substr(0, colon)), .port = *port};
}

// The gateways as they are given, before they are checked.
struct GatewayOptions {
  std::vector<std::string> programs;
  std::vector<std::string> commands;
  bool only_commands = false;
  bool direct = false;
  GatewaySpec target;  // without a port: none
};

std::vector<GatewaySpec> gateways(const GatewayOptions& options, const std::string& beside) {
  if (options.target.port != 0) return {options.target};
  std::vector<GatewaySpec> specs;
  if (options.direct) specs.push_back(kNoGateway);
  std::vector<std::string> programs = options.programs;
  if (programs.empty()) programs.push_back(beside + "/cos-gateway");
  if (options.only_commands) programs.clear();
  for (const std::string& program : programs) {
    GatewaySpec spec = named_gateway(program, "cos-gateway");
    spec.program = std::exchange(spec.command, {});
    if (!std::filesystem::exists(spec.program)) {
      throw CLI::ValidationError("--gateway", spec.program + " does not exist");
    }
    specs.push_back(spec);
  }
  for (const std::string& command : options.commands) {
    specs.push_back(named_gateway(command, "command"));
  }
  if (specs.empty()) throw CLI::ValidationError("--only-commands", "no --gateway-command given");
  return specs;
}

void add_gateway_options(CLI::App& app, GatewayOptions& gateways) {
  app.option_defaults()->group("Gateway");
  app.add_option(
      "--gateway", gateways.programs,
      "[NAME=]PATH of a cos-gateway, run with a configuration of its own (the one beside "
      "this program); may be repeated");
  app.add_option(
      "--gateway-command", gateways.commands,
      "NAME=COMMAND for another one, with {port} to listen on and {sink}, the eventbus's "
      "port on 127.0.0.1; may be repeated; repetitions take turns");
  app.add_flag("--only-commands", gateways.only_commands, "No cos-gateway");
  auto* target = add_parsed(app, "--target", gateways.target, &parse_target,
                            "ADDRESS:PORT of a server that runs; what it delivers is not seen");
  app.add_option("--pid", gateways.target.pid, "Process whose CPU time --target is to be charged")
      ->needs(target);
}

void add_result_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Results");
  app.add_option("--json", options.json, "File for results");
  app.add_option("--revision", options.revision, "Of the sources, kept in the results");
  add_limited(app, "--repetitions", options.repetitions, 1U, 1000U,
              "Of each run; medians are shown");
  app.add_flag("--allow-missing", options.allow_missing,
               "Events that did not arrive are no failure: for gateways that make other events");
}

void add_load_options(CLI::App& app, Options& options) {
  Scenario& scenario = options.scenario;
  app.option_defaults()->group("Load");
  app.add_option("--name", scenario.name, "Of the run")->capture_default_str();
  add_limited(app, "--connections", scenario.load.connections, 1U, 60'000U, "1 to 60,000");
  add_limited(app, "--depth", scenario.load.depth, 1U, 1000U, "Posts in flight on each");
  app.add_option("--rate", scenario.load.rate,
                 "Posts per second of an open loop, whose latencies count from when a post was due "
                 "(closed loop)")
      ->check(CLI::PositiveNumber);
  app.add_flag_callback(
      "--poisson", [&scenario] { scenario.load.arrivals = test::ArrivalSchedule::Kind::poisson; },
      "Random gaps between the posts of an open loop");
  add_limited(app, "--duration", scenario.duration_s, 0.05, 86'400.0, "Seconds");
  add_limited(app, "--warmup", scenario.warmup_s, 0.0, 3600.0, "Seconds before");
  app.add_flag("--new-connections", scenario.load.new_connection_per_post, "One for every post");
  app.add_flag("--tls", scenario.gateway.form.tls,
               "A full handshake for each connection; certificates are not checked");
  app.add_option("--path", scenario.form.path, "To post to")->capture_default_str();
  app.add_flag_callback(
      "--signed", [&scenario] { scenario.form.signing = Signing::hmac; },
      "X-Cos-Signature on each post");
  app.add_flag_callback(
      "--bearer", [&scenario] { scenario.form.signing = Signing::bearer; },
      "The token itself on each post");
  app.add_option("--token", scenario.form.token, "For --signed and --bearer")
      ->capture_default_str();
}

void add_payload_options(CLI::App& app, test::PayloadSettings& payloads) {
  app.option_defaults()->group("Payloads (a LENGTH is N, uniform:A-B, geometric:MEAN or zipf:A-B)");
  add_parsed(app, "--records", payloads.records, &test::Distribution::parse,
             "LENGTH: records of a post (1)");
  add_parsed(app, "--key-length", payloads.key_length, &test::Distribution::parse,
             "LENGTH: bytes of a key (40)");
  using Characters = test::KeyCharacters;
  const std::map<std::string, Characters> characters{{"ascii", Characters::ascii},
                                                     {"percent", Characters::percent},
                                                     {"utf8", Characters::utf8},
                                                     {"escapes", Characters::escapes}};
  app.add_option("--key-characters", payloads.characters, "ascii, percent, utf8 or escapes (ascii)")
      ->transform(CLI::CheckedTransformer(characters).description(""));
  add_parsed(app, "--metadata", payloads.metadata, &test::Distribution::parse,
             "LENGTH: bytes of x-cos-meta members of a record (0)");
  add_parsed(app, "--events", payloads.events, &test::EventMix::parse,
             "NAME:WEIGHT,...: put, post, copy, multipart, delete, marker (a busy bucket's)");
}

void add_sink_options(CLI::App& app, SinkSettings& sink) {
  app.option_defaults()->group("Eventbus");
  add_parsed(app, "--latency", sink.latency, &parse_latency,
             "Milliseconds from request to answer: N or A-B (0)");
  app.add_option("--fail-share", sink.fail_share, "Share of requests it refuses")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--fail-status", sink.fail_statuses, "With one of these (503)")
      ->delimiter(',')
      ->check(CLI::Range(201U, 599U));
  app.add_option("--cut-share", sink.cut_share, "Share of requests at which it cuts the connection")
      ->check(CLI::Range(0.0, 1.0));
  app.add_flag(
      "--check", sink.check_ids,
      "Count events by their id, so that one that came twice does not hide one that did not");
}

void add_setting_options(CLI::App& app, GatewaySettings& settings) {
  app.option_defaults()->group("Settings of a cos-gateway");
  add_limited(app, "--threads", settings.threads, 1U, 1024U, "gateway.threads");
  app.add_option("--eventbus-connections", settings.eventbus_connections,
                 "delivery.connections (its default)");
  app.add_option("--pipeline", settings.pipeline, "delivery.pipeline (its default)");
  add_parsed(app, "--form", settings.form, &GatewayForm::parse,
             "What it does besides: " + GatewayForm::names());
}

void add_target_options(CLI::App& app, Options& options) {
  Scenario& scenario = options.targets_scenario;
  app.option_defaults()->group("Load");
  app.add_option("--rate", scenario.load.rate, "Posts a second for the healthy target")
      ->default_str(fmt::format("{}", scenario.load.rate.value_or(0)))
      ->check(CLI::PositiveNumber);
  add_limited(app, "--other-rate", scenario.other.rate, 1.0, 2000.0,
              "And for the one that is in trouble");
  add_limited(app, "--duration", scenario.duration_s, 0.05, 86'400.0, "Seconds of each run");
  add_limited(app, "--warmup", scenario.warmup_s, 0.0, 3600.0,
              "Seconds before, until the other one's queue is full");
  app.add_option("--repetitions", options.repetitions, "Of each run; medians are shown")
      ->check(CLI::Range(1U, 1000U));
  app.add_flag("--stores", scenario.gateway.form.stores, "With a spool and dead letters");
  app.add_flag_callback(
      "--without-hints", [&scenario] { scenario.form.bucket.clear(); },
      "Posts without X-Cos-Bucket");
  app.add_flag("--pin", scenario.pin,
               "The gateway alone on the second core, loads and eventbuses on the first");
}

std::string joined(int argc, const char* const* argv) {
  std::string text = "cos-bench";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool quote = argument.find_first_of(" {}'\"$") != std::string_view::npos;
    text += quote ? fmt::format(" '{}'", argument) : fmt::format(" {}", argument);
  }
  return text;
}

}  // namespace

std::optional<int> parse_options(int argc, const char* const* argv, const std::string& beside,
                                 Options& options) {
  CLI::App app(
      "Load for cos-gateway, or for what does the same: posts synthetic COS payloads, plays the "
      "eventbus, and measures what is between them. CPU time is that of the gateway's processes "
      "alone.",
      "cos-bench");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 64 usage, 69 gateway not reachable, 70 acknowledged records did not "
      "arrive, a target in trouble delayed posts for another, or something broke.");
  GatewayOptions gateway;

  CLI::App* const run = app.add_subcommand("run", "One run, by options");
  run->add_option("--seed", options.scenario.payloads.seed, "Of payloads, arrivals and faults")
      ->capture_default_str();
  run->add_flag("--direct", gateway.direct,
                "Also without a gateway, straight to the eventbus: what the others add is shown");
  run->add_flag("--pin", options.scenario.pin,
                "The gateway alone on the second core, load and eventbus on the first");
  add_gateway_options(*run, gateway);
  add_setting_options(*run, options.scenario.gateway);
  add_load_options(*run, options);
  add_payload_options(*run, options.scenario.payloads);
  add_sink_options(*run, options.scenario.sink);
  add_result_options(*run, options);

  CLI::App* const suite = app.add_subcommand("suite", "The standard runs");
  suite->add_flag("--quick", options.suite_settings.quick, "A second each: under two minutes");
  suite->add_option("--only", options.suite_settings.only, "Runs whose names begin so")
      ->delimiter(',');
  suite->add_option_function<std::vector<std::string>>(
      "--tls-server",
      [&options](const std::vector<std::string>& servers) {
        for (const std::string& command : servers) {
          options.suite_settings.tls_servers.push_back(named_gateway(command, "server"));
        }
      },
      "NAME=COMMAND of a server whose handshakes are compared: {port} to listen on, {folder} "
      "with cert.pem and key.pem; answers GET /healthz");
  suite->add_flag("!--no-pin", options.suite_settings.pin,
                  "Leave it to the kernel where gateway and load run");
  suite->add_option("--seed", options.suite_settings.seed, "Of payloads and arrivals")
      ->capture_default_str();
  add_gateway_options(*suite, gateway);
  add_result_options(*suite, options);
  suite->footer(suite_help());

  CLI::App* const targets = app.add_subcommand(
      "targets", "What posts for one target see of another one that is dead, slow or full");
  add_gateway_options(*targets, gateway);
  add_target_options(*targets, options);

  try {
    app.parse(argc, argv);
    options.suite = suite->parsed();
    options.targets = targets->parsed();
    options.gateways = gateways(gateway, beside);
    Scenario& scenario = options.scenario;
    if (scenario.form.signing == Signing::hmac &&
        scenario.warmup_s + scenario.duration_s > kLongestSigned) {
      throw CLI::ValidationError("--signed", "signatures hold for 240 s, warm-up included");
    }
    scenario.sink.seed = scenario.payloads.seed;
    if (options.suite && suite->count("--repetitions") == 0) {
      options.repetitions = options.suite_settings.quick ? 3 : 5;
    }
    if (options.targets && targets->count("--repetitions") == 0) options.repetitions = 5;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kGood : kUsage;
  }
  options.command = joined(argc, argv);
  return std::nullopt;
}

}  // namespace gateway::load
