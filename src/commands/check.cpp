#include "commands/check.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>

#include "commands/configuration.hpp"
#include "gateway/checkup/checkup.hpp"
#include "gateway/config/reference.hpp"
#include "gateway/config/render.hpp"

namespace gateway::commands {
namespace {

struct Options {
  ConfigurationOptions configuration;
  bool reference = false;
  bool connect = false;
  bool json = false;
  unsigned timeout_seconds = 5;
  std::uint64_t rate = 0;
  std::uint64_t record_bytes = 1024;
};

int exit_code_of(checkup::Blame blame) noexcept {
  switch (blame) {
    case checkup::Blame::none:
      return kDone;
    case checkup::Blame::unavailable:
      return kUnavailable;
    case checkup::Blame::denied:
      return kNotAuthorised;
    case checkup::Blame::configuration:
      return kConfiguration;
  }
  return kInternal;
}

int connect(const config::Settings& settings, const Options& options) {
  checkup::CheckupOptions wanted;
  wanted.patience = std::chrono::seconds(options.timeout_seconds);
  if (options.rate != 0) wanted.load.rate = options.rate;
  wanted.load.record_bytes = options.record_bytes;
  const auto findings = checkup::check_up(settings, wanted);
  fmt::print("{}", options.json ? checkup::json_of(findings) : checkup::text_of(findings));
  return exit_code_of(checkup::gravest(findings));
}

int check(const Options& options) {
  if (options.reference) {
    fmt::print("{}", config::reference());
    return kDone;
  }
  const auto settings = options.configuration.load();
  if (!settings) return kConfiguration;
  if (options.connect) return connect(*settings, options);
  fmt::print("{}", config::render(*settings));
  return kDone;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand(
      "check", "Validate the configuration and print it as it takes effect, secrets redacted");
  auto options = std::make_shared<Options>();
  options->configuration.add_to(*command);
  auto* connect = command->add_flag(
      "--connect", options->connect,
      "Look at what it needs instead of printing it: eventbus (OPTIONS, never an event), cloud "
      "(reads only), addresses, certificates, devices, memory. 0 if nothing fails, else 69, 77, "
      "78");
  command
      ->add_option("--timeout", options->timeout_seconds,
                   "With --connect: what each look-up, connection, handshake and answer gets")
      ->check(CLI::Range(1U, 600U))
      ->type_name("SECONDS")
      ->capture_default_str()
      ->needs(connect);
  command
      ->add_option("--rate", options->rate,
                   "With --connect: records a second, to tell how long the spool carries them "
                   "(else 100, 1,000 and 10,000)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->type_name("N")
      ->needs(connect);
  command
      ->add_option("--size", options->record_bytes, "With --connect: bytes of one record, likewise")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30U))
      ->type_name("BYTES")
      ->capture_default_str()
      ->needs(connect);
  command->add_flag("--json", options->json, "With --connect: one JSON object instead of lines")
      ->needs(connect);
  command
      ->add_flag("--reference", options->reference,
                 "Print every key with its bounds, default and meaning as Markdown; reads no "
                 "configuration")
      ->excludes(connect);
  command->callback([options, &exit_code] { exit_code = check(*options); });
}

}  // namespace gateway::commands
