#include "commands/run.hpp"

#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "commands/configuration.hpp"
#include "commands/provision.hpp"
#include "gateway/checkup/process_fit.hpp"
#include "gateway/gateway.hpp"
#include "runtime/cores.hpp"
#include "runtime/early_signals.hpp"
#include "runtime/log.hpp"
#include "runtime/process_limits.hpp"

namespace gateway::commands {
namespace {

namespace asio = boost::asio;

// Returns the settings with bounds that the process can keep, or nullopt if it cannot run at all.
std::optional<config::Settings> prepare_process(const config::Settings& settings) {
  // A reader of the log that goes away (`| head`) must not take the gateway with it.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  // Whoever debugs wants core dumps; nobody else should have the secrets in them.
  if (!settings.debug && !hide_memory()) log::warn("core dumps cannot be forbidden");
  const unsigned threads =
      settings.ingress.threads == 0 ? usable_cores() : settings.ingress.threads;
  checkup::ProcessLimits limits;
  limits.memory = available_memory();
  limits.descriptors = raise_descriptor_limit(checkup::wanted_descriptors(settings, threads));
  checkup::ProcessFit fitted = checkup::fit(settings, threads, limits);
  for (const std::string& note : fitted.notes) log::warn(note);
  if (fitted.problem.empty()) return std::move(fitted.settings);
  log::error(fitted.problem);
  return std::nullopt;
}

class Signals {
 public:
  explicit Signals(Gateway& gateway) : gateway_(gateway) { wait(); }
  void run() { context_.run(); }

 private:
  void wait() {
    set_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      if (number == SIGHUP) {
        // Nothing is reread: whatever a reload would close might hold an event.
        log::info("SIGHUP has no effect; restart to change the configuration");
      } else if (stopping_) {
        log::stop();
        _exit(128 + number);
      } else {
        begin_stop();
      }
      wait();
    });
  }

  void begin_stop() {
    if (stopping_) return;
    stopping_ = true;
    gateway_.stop();
    waiter_ = std::thread([this] {
      gateway_.wait();
      asio::post(context_, [this] { set_.cancel(); });
    });
  }

 public:
  // Any thread: as if SIGTERM had come.
  void stop() {
    asio::post(context_, [this] { begin_stop(); });
  }

  ~Signals() {
    if (waiter_.joinable()) waiter_.join();
  }

 private:
  Gateway& gateway_;
  asio::io_context context_{1};
  asio::signal_set set_{context_, SIGTERM, SIGINT, SIGHUP};
  std::thread waiter_;
  bool stopping_ = false;
};

int serve(const config::Settings& wanted, const DeploymentOptions& deployment,
          bool require_provisioning) {
  const EarlySignals early;
  log::start(wanted.debug ? log::Level::debug : log::Level::info);
  const auto settings = prepare_process(wanted);
  int exit_code = kDone;
  if (!settings) {
    if (!log::stop()) _exit(kConfiguration);
    return kConfiguration;
  }
  try {
    Gateway gateway(*settings, deployment);
    Signals signals(gateway);
    if (EarlySignals::came()) signals.stop();
    std::atomic<int> given_up{kDone};
    if (require_provisioning) {
      gateway.on_provisioning_failure([&](const cloud::ProvisioningStatus& status) {
        given_up = exit_code_of(status);
        signals.stop();
      });
    }
    gateway.start();
    signals.run();
    exit_code = given_up;
  } catch (const std::system_error& error) {
    log::error(error.what());
    exit_code = kUnavailable;
  }
  if (!log::stop()) _exit(exit_code);
  return exit_code;
}

}  // namespace

Command run_command() {
  struct Options {
    ConfigurationOptions configuration;
    bool require_provisioning = false;
  };
  auto options = std::make_shared<Options>();
  Command command{.name = "run",
                  .summary = "Accept COS trigger posts and deliver CloudEvents",
                  .run = [options] {
                    const auto settings = options->configuration.load();
                    if (!settings) return kConfiguration;
                    DeploymentOptions deployment;
                    deployment.generation = options->configuration.generation();
                    return serve(*settings, deployment, options->require_provisioning);
                  }};
  options->configuration.add_to(command);
  command.options.push_back(
      {.name = "--require-provisioning",
       .value = &options->require_provisioning,
       .help = "End with 69 or 77 when provisioning needs an operator, instead of serving on"});
  return command;
}

}  // namespace gateway::commands
