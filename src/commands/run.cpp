#include "commands/commands.hpp"

#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <csignal>
#include <exception>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "commands/configuration.hpp"
#include "gateway/checkup/process_fit.hpp"
#include "gateway/gateway.hpp"
#include "runtime/cores.hpp"
#include "runtime/early_signals.hpp"
#include "runtime/log.hpp"
#include "runtime/process_limits.hpp"
#include "runtime/service_manager.hpp"

namespace gateway::commands {
namespace {

namespace asio = boost::asio;

// How long the threads may take to end after the grace period. `docker stop -t 35` is longer than
// both together.
constexpr std::chrono::seconds kBeyondGrace{1};
constexpr std::chrono::milliseconds kLastLines{200};

// Ends the process where memory is refused and nothing can be thrown. Events of answered posts are
// with the eventbus or on the device; the other posts are not answered.
[[noreturn]] void end_at_once() {
  constexpr std::string_view kLine =
      "cos-gateway: out of memory, or an internal error; the process ends\n";
  static_cast<void>(!::write(STDERR_FILENO, kLine.data(), kLine.size()));
  _exit(kInternal);
}

// Returns the settings with bounds that the process can keep, or nullopt if it cannot run at all.
std::optional<config::Settings> prepare_process(const config::Settings& settings) {
  // Neither a reader of the log that ends (`| head`) nor a file that may not grow (RLIMIT_FSIZE)
  // must end the gateway: the write that fails is told what to do.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));
  // Core dumps hold secrets, so they are forbidden unless somebody debugs.
  if (!settings.debug && !hide_memory()) log::warn("core dumps cannot be forbidden");
  give_large_blocks_back();
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

// Ends the process while its threads still run: destructors would take away what they use.
[[noreturn]] void end_now(int exit_code) {
  log::flush(kLastLines);
  _exit(exit_code);
}

// Handles signals, and ends the process if the gateway does not end in time. Everything that a stop
// needs is made at the start: later there may be no memory for it, and no thread.
class Signals {
 public:
  Signals(Gateway& gateway, const ServiceManager& manager)
      : gateway_(gateway), manager_(manager), waiter_([this] { wait_for_end(); }) {
    wait();
  }
  ~Signals() {
    stop_begun_.release();
    waiter_.join();
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Returns when the gateway has ended.
  void run() { context_.run(); }
  // Stops the gateway as SIGTERM does. May be called on any thread; needs no memory.
  void stop() noexcept {
    own_signal_ = true;
    ::kill(::getpid(), SIGTERM);
  }

 private:
  void wait() {
    set_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      const bool own = number == SIGTERM && own_signal_.exchange(false);
      if (number == SIGHUP) {
        // The configuration is not read again: what a reload would close may hold an event.
        log::info("SIGHUP has no effect; restart to change the configuration");
      } else if (stopping_ && !own) {
        end_now(128 + number);
      } else {
        begin_stop();
      }
      wait();
    });
  }

  void begin_stop() {
    if (stopping_) return;
    stopping_ = true;
    manager_.stopping();
    gateway_.stop();
    stop_begun_.release();
    limit_.expires_after(gateway_.longest_stop() + kBeyondGrace);
    limit_.async_wait([](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      log::error("the gateway does not end within gateway.grace; what it has not stored is lost");
      end_now(kInternal);
    });
  }

  void wait_for_end() {
    stop_begun_.acquire();
    gateway_.wait();
    asio::post(context_, [this] {
      set_.cancel();
      limit_.cancel();
    });
  }

  Gateway& gateway_;
  const ServiceManager& manager_;
  asio::io_context context_{1};
  asio::signal_set set_{context_, SIGTERM, SIGINT, SIGHUP};
  asio::steady_timer limit_{context_};
  std::binary_semaphore stop_begun_{0};
  std::atomic<bool> own_signal_{false};
  bool stopping_ = false;
  std::thread waiter_;  // last: it uses the others
};

int serve_logged(const config::Settings& wanted, const DeploymentOptions& deployment,
                 bool require_provisioning) {
  std::set_terminate(end_at_once);
  const auto settings = prepare_process(wanted);
  if (!settings) return kConfiguration;
  const ServiceManager manager = ServiceManager::of_environment();
  try {
    Gateway gateway(*settings, deployment);
    Signals signals(gateway, manager);
    if (EarlySignals::came()) signals.stop();
    std::atomic<int> exit_code{kDone};
    if (require_provisioning) {
      gateway.on_provisioning_failure([&](const cloud::ProvisioningStatus& status) {
        exit_code = exit_code_of(status);
        signals.stop();
      });
    }
    gateway.on_failure([&] {
      exit_code = kInternal;
      signals.stop();
    });
    gateway.on_look(
        [&, told = std::string()](const observe::Condition& condition, bool turning) mutable {
          if (turning) manager.alive();
          std::string line =
              condition.problem.empty() ? observe::label(condition.health) : condition.problem;
          if (line != told) manager.status(told = std::move(line));
        });
    gateway.start();
    manager.ready();
    signals.run();
    return exit_code;
  } catch (const std::system_error& error) {
    log::error(error.what());
    return kUnavailable;
  } catch (const boost::system::system_error& error) {  // descriptors have run out, as a rule
    log::error(error.what(),
               {{"what_to_do", "see ulimit -n and -u, LimitNOFILE, --ulimit nofile"}});
    return kUnavailable;
  }
}

int serve(const config::Settings& settings, const DeploymentOptions& deployment,
          bool require_provisioning) {
  const EarlySignals early;
  log::start(settings.debug ? log::Level::debug : log::Level::info);
  const int exit_code = serve_logged(settings, deployment, require_provisioning);
  if (!log::stop()) _exit(exit_code);
  return exit_code;
}

}  // namespace

Command run_command() {
  struct RunOptions {
    ConfigurationOptions configuration;
    bool require_provisioning = false;
  };
  auto options = std::make_shared<RunOptions>();
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
  command.add("--require-provisioning", &options->require_provisioning,
              "End with 69 or 77 when provisioning needs an operator, instead of serving on");
  return command;
}

}  // namespace gateway::commands
