#include "load/gateway_under_test.hpp"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "testkit/certificate_authority.hpp"
#include "testkit/socket.hpp"

namespace gateway::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPoll{5};
constexpr milliseconds kStartLimit{20'000};
constexpr milliseconds kStopLimit{5'000};
constexpr std::size_t kMostOfLog = 2'000;

void write_file(const std::string& path, std::string_view text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path);
}

}  // namespace

std::string gateway_config(const GatewaySettings& settings, std::uint16_t port, std::uint16_t admin,
                           std::uint16_t sink, std::string_view folder) {
  std::string text = fmt::format(
      "target: {}://127.0.0.1:{}\neventbus: bench\nfunction: {{ provision: false }}\n"
      "gateway:\n  listen: 127.0.0.1:{}\n  admin: 127.0.0.1:{}\n  threads: {}\n"
      "  max_connections: {}\n",
      settings.form.eventbus_tls ? "https" : "http", sink, port, admin, settings.threads,
      settings.max_connections);
  text += settings.token.empty() ? std::string("  auth: none\n")
                                 : fmt::format("  auth: hmac\n  token: {}\n", settings.token);
  const GatewayForm& form = settings.form;
  if (form.tls) text += fmt::format("  tls: {{ cert: {0}/cert.pem, key: {0}/key.pem }}\n", folder);
  std::string delivery;
  if (form.structured) delivery += "  mode: structured\n";
  if (form.batch) delivery += "  mode: batch\n";
  if (form.eventbus_tls) delivery += "  tls: { verify: false }\n";
  if (settings.eventbus_connections != 0) {
    delivery += fmt::format("  connections: {}\n", settings.eventbus_connections);
  }
  if (!settings.pipeline.empty()) delivery += fmt::format("  pipeline: {}\n", settings.pipeline);
  if (!delivery.empty()) text += "delivery:\n" + delivery;
  return text + form_sections(form, folder) + settings.more;
}

std::string fill_in(std::string command, std::uint16_t port, std::uint16_t sink,
                    const std::string& folder) {
  const auto replace = [&](std::string_view name, const std::string& value) {
    for (std::size_t at = 0; (at = command.find(name, at)) != std::string::npos;
         at += value.size()) {
      command.replace(at, name.size(), value);
    }
  };
  replace("{port}", std::to_string(port));
  replace("{sink}", std::to_string(sink));
  replace("{folder}", folder);
  return command;
}

GatewaySpec no_gateway() {
  GatewaySpec spec;
  spec.name = "direct";
  spec.direct = true;
  return spec;
}

GatewayUnderTest::GatewayUnderTest(const GatewaySpec& spec, const GatewaySettings& settings,
                                   std::uint16_t sink, const std::vector<int>& cores)
    : host_(spec.host), port_(spec.direct ? sink : spec.port), pid_(spec.pid) {
  if (!spec.program.empty() || !spec.command.empty()) start(spec, settings, sink, cores);
  wait_until_it_listens();
}

GatewayUnderTest::~GatewayUnderTest() {
  if (process_) process_->stop(kStopLimit);
}

void GatewayUnderTest::start(const GatewaySpec& spec, const GatewaySettings& settings,
                             std::uint16_t sink, const std::vector<int>& cores) {
  std::vector<std::string> arguments;
  {
    // Both are bound at the same time, so that they differ.
    const test::Socket listen = test::bind_loopback(port_);
    std::uint16_t admin_port = 0;
    const test::Socket admin = test::bind_loopback(admin_port);
    if (settings.form.tls) {
      const test::ServerIdentity identity = test::self_signed(host_, settings.key);
      write_file(folder_.file("cert.pem"), identity.certificate);
      write_file(folder_.file("key.pem"), identity.key);
    }
    if (spec.program.empty()) {
      command_ = fill_in(spec.command, port_, sink, folder_.path().string());
      arguments = {"/bin/sh", "-c", command_};
    } else {
      const std::string config = folder_.file("config.yml");
      write_file(config,
                 gateway_config(settings, port_, admin_port, sink, folder_.path().string()));
      arguments = {spec.program, "run", "--config", config};
      command_ = spec.program + " run";
    }
  }
  // A process group of its own, because the command of a shell has children.
  process_ =
      std::make_unique<test::ChildProcess>(std::move(arguments), folder_.file("log"),
                                           test::ChildOptions{.cores = cores, .own_group = true});
  process_->start();
  pid_ = process_->pid();
}

void GatewayUnderTest::wait_until_it_listens() {
  const auto limit = steady_clock::now() + kStartLimit;
  for (;;) {
    try {
      static_cast<void>(test::connect_to(host_, port_));
      return;
    } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): not yet
    }
    if (!process_) throw Unreachable(fmt::format("nothing listens on {}:{}", host_, port_));
    check();
    if (steady_clock::now() >= limit) {
      throw Unreachable(fmt::format("{} does not listen: {}", command_, log()));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

void GatewayUnderTest::check() const {
  if (process_ && process_->ended()) {
    throw Unreachable(fmt::format("{} has ended: {}", command_, log()));
  }
}

std::string GatewayUnderTest::log() const {
  std::ifstream file(folder_.file("log"));
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.size() > kMostOfLog) text.erase(0, text.size() - kMostOfLog);
  return text.empty() ? "it said nothing" : text;
}

}  // namespace gateway::load
