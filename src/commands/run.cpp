#include "commands/run.hpp"

#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "commands/configuration.hpp"
#include "commands/provision.hpp"
#include "gateway/gateway.hpp"
#include "runtime/log.hpp"

namespace gateway::commands {
namespace {

namespace asio = boost::asio;

// What the configuration may ask for and this version cannot do. Going on without it would break a
// promise the user has read in the documentation.
std::vector<std::string> unsupported(const config::Settings& settings) {
  std::vector<std::string> keys;
  const auto need = [&keys](bool wanted, const char* text) {
    if (wanted) keys.emplace_back(text);
  };
  need(settings.ingress.auth == config::Auth::hmac,
       "gateway.auth: this version does not check signatures");
  return keys;
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

int serve(const config::Settings& settings, bool require_provisioning) {
  log::start(settings.debug ? log::Level::debug : log::Level::info);
  int exit_code = kDone;
  if (const auto keys = unsupported(settings); !keys.empty()) {
    for (const auto& key : keys) log::error(key);
    exit_code = kConfiguration;
  } else {
    try {
      Gateway gateway(settings);
      if (settings.ingress.auth == config::Auth::automatic) {
        log::warn("posts are not authenticated; keep the port private");
      }
      Signals signals(gateway);
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
  }
  log::stop();
  return exit_code;
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("run", "Accept COS trigger posts and deliver CloudEvents");
  auto options = std::make_shared<ConfigurationOptions>();
  options->add_to(*command);
  auto require = std::make_shared<bool>(false);
  command->add_flag("--require-provisioning", *require,
                    "End with 69 or 77 when provisioning needs an operator, instead of serving on");
  command->callback([options, require, &exit_code] {
    const auto settings = options->load();
    exit_code = settings ? serve(*settings, *require) : kConfiguration;
  });
}

}  // namespace gateway::commands
