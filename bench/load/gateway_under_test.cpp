#include "load/gateway_under_test.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/algorithm/string/replace.hpp>
#include <chrono>
#include <csignal>
#include <system_error>
#include <utility>

#include "testkit/certificate_authority.hpp"
#include "testkit/text_file.hpp"

namespace gateway::load {
namespace {

constexpr std::chrono::seconds kStartLimit{60};  // of one that is run under something
constexpr std::chrono::seconds kStopLimit{5};
constexpr std::chrono::minutes kLongestStop{1};
constexpr int kTerminated = 128 + SIGTERM;

// Returns whether connections to that port of a numeric address are accepted.
bool listens(const std::string& host, std::uint16_t port) {
  try {
    static_cast<void>(test::connect_to(host, port));
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace

std::string fill_in(std::string command, std::uint16_t port, std::uint16_t sink,
                    const std::string& folder) {
  boost::replace_all(command, "{port}", std::to_string(port));
  boost::replace_all(command, "{sink}", std::to_string(sink));
  boost::replace_all(command, "{folder}", folder);
  return command;
}

GatewaySpec named_gateway(std::string_view text, std::string_view name) {
  const std::size_t equals = text.find('=');
  // A path may contain an equals sign, but a name contains no slash.
  const bool has_name = equals != std::string_view::npos &&
                        text.substr(0, equals).find_first_of("/ {") == std::string_view::npos;
  return {.name = std::string(has_name ? text.substr(0, equals) : name),
          .command = std::string(has_name ? text.substr(equals + 1) : text)};
}

GatewayUnderTest::GatewayUnderTest(const GatewaySpec& spec, const GatewaySettings& settings,
                                   std::uint16_t sink, const std::vector<int>& cores)
    : host_(spec.host), port_(spec.direct ? sink : spec.port), pid_(spec.pid) {
  if (spec.program.empty() && spec.command.empty()) {
    if (listens(host_, port_)) return;
    throw Unreachable(fmt::format("nothing listens on {}:{}", host_, port_));
  }
  std::vector<std::string> arguments = spec.under;
  {
    // Both are bound at the same time, so that they differ.
    const test::Socket listen = test::bind_loopback(port_);
    std::uint16_t admin_port = 0;
    const test::Socket admin = test::bind_loopback(admin_port);
    if (settings.form.tls) {
      const test::ServerIdentity identity = test::self_signed(host_, settings.key);
      test::write_text(folder_.file("cert.pem"), identity.certificate);
      test::write_text(folder_.file("key.pem"), identity.key);
    }
    if (spec.program.empty()) {
      command_ = fill_in(spec.command, port_, sink, folder_.path().string());
      const std::string before = arguments.empty() ? "" : "exec ";
      arguments = {"/bin/sh", "-c",
                   fmt::format("{}{} {}", before, fmt::join(spec.under, " "), command_)};
    } else {
      const std::string config = folder_.file("config.yml");
      test::write_text(config,
                       gateway_config(settings, port_, admin_port, sink, folder_.path().string()));
      command_ = spec.program + " run";
      arguments.insert(arguments.end(), {spec.program, "run", "--config", config});
    }
  }
  // A process group of its own, because the command of a shell has children.
  process_ = std::make_unique<test::ServerProcess>(
      std::move(arguments), folder_.file("log"), [this] { return listens(host_, port_); },
      test::ChildOptions{.cores = cores, .own_group = true});
  process_->start(spec.under.empty() ? test::ServerProcess::kStartLimit : kStartLimit);
  pid_ = process_->pid();
}

GatewayUnderTest::~GatewayUnderTest() {
  if (process_) process_->stop(kStopLimit);
}

void GatewayUnderTest::stop() {
  if (!process_) return;
  const auto code = process_->stop(kLongestStop);
  if (!code) process_->fail("does not end");
  if (*code != 0 && *code != kTerminated) process_->fail(fmt::format("has ended with {}", *code));
}

}  // namespace gateway::load
