#include "commands/commands.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "commands/configuration.hpp"
#include "events/terminal_text.hpp"
#include "gateway/provisioning/relay_deployment.hpp"
#include "runtime/log.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {
namespace {

struct ProvisionOptions {
  ConfigurationOptions configuration;
  bool dry_run = false;
  bool json = false;
  bool adopt = false;
  unsigned timeout_seconds = 600;
};

DeploymentOptions deployment_options(const ProvisionOptions& options) {
  DeploymentOptions result;
  if (options.adopt) result.unmarked = cloud::Unmarked::adopt;
  // The command brings this configuration into force, so it counts as the newest.
  result.generation = generation_of_now();
  return result;
}

std::string text_of(const cloud::Plan& plan) {
  std::string text;
  for (const auto& step : plan.steps) {
    text += fmt::format("{:<7} {}: {}\n", label(step.action), step.resource, step.reason);
    for (const auto& next : step.then) {
      text += fmt::format("{:<7} {}: {}\n", label(next.action), next.resource, next.reason);
    }
  }
  return text;
}

// Returns a step as {"action":,"resource":,"reason":,"call":}. `call` is the API's action; the
// steps that follow it at once are in `then`.
boost::json::object json_of(const cloud::PlannedStep& step) {
  boost::json::object object{
      {"action", label(step.action)}, {"resource", step.resource}, {"reason", step.reason}};
  if (!step.call.action.empty()) object["call"] = step.call.action;
  boost::json::array then;
  for (const auto& next : step.then) then.push_back(json_of(next));
  if (!then.empty()) object["then"] = std::move(then);
  return object;
}

std::string json_of(const cloud::Plan& plan) {
  boost::json::array steps;
  for (const auto& step : plan.steps) steps.push_back(json_of(step));
  boost::json::object object{{"steps", std::move(steps)}};
  if (!plan.superseded.empty()) object["superseded"] = plan.superseded;
  return boost::json::serialize(object) + "\n";
}

// Runs one task of provisioning on this thread.
class Session {
 public:
  Session(const config::Settings& settings, const ProvisionOptions& options)
      : options_(options),
        provisioners_(make_provisioners(
            context_.get_executor(), settings,
            [this](const cloud::ProvisioningStatus& status) { status_ = status; },
            deployment_options(options))) {}

  int provision() { return options_.dry_run ? run(show_plan(false)) : run(converge()); }
  int deprovision() { return options_.dry_run ? run(show_plan(true)) : run(remove()); }

 private:
  int run(Task<int> conversation) {
    auto result =
        asio::co_spawn(context_.get_executor(), std::move(conversation), asio::use_future);
    context_.run();
    return result.get();
  }

  [[nodiscard]] Instant deadline() const {
    return std::chrono::steady_clock::now() + std::chrono::seconds(options_.timeout_seconds);
  }

  [[nodiscard]] Task<int> show_plan(bool removal) {
    auto plan = co_await provisioners_->examine(removal);
    if (!plan) {
      log::error(plan.error().text());
      co_return plan.error().kind() == cloud::ErrorKind::denied ? kNotAuthorised : kUnavailable;
    }
    fmt::print("{}", options_.json ? json_of(*plan) : text_of(*plan));
    co_return kDone;
  }

  [[nodiscard]] Task<int> converge() {
    const bool ready = co_await provisioners_->converge(deadline());
    co_return finish(ready, "provisioned");
  }

  [[nodiscard]] Task<int> remove() {
    const bool removed = co_await provisioners_->remove(deadline());
    co_return finish(removed, "nothing of this gateway is left in the cloud");
  }

  [[nodiscard]] int finish(bool done, const char* text) const {
    if (done) {
      log::info(text);
      return kDone;
    }
    // A failure was logged when it happened.
    if (status_.state != cloud::ProvisioningState::failed) log::error(status_.last_error);
    return exit_code_of(status_);
  }

  const ProvisionOptions& options_;
  asio::io_context context_{1};
  cloud::ProvisioningStatus status_;
  const std::unique_ptr<cloud::Provisioners> provisioners_;
};

int talk(const ProvisionOptions& options, int (Session::*conversation)()) {
  const auto settings = options.configuration.load();
  if (!settings) return kConfiguration;
  if (!settings->function.provision) {
    print_error("error: function.provision is false: there is nothing to provision\n");
    return kConfiguration;
  }
  log::start(settings->debug ? log::Level::debug : log::Level::info);
  Session session(*settings, options);
  const int exit_code = (session.*conversation)();
  log::stop();
  return exit_code;
}

Command command_of(const std::shared_ptr<ProvisionOptions>& options,
                   int (Session::*conversation)()) {
  Command command;
  command.run = [options, conversation] { return talk(*options, conversation); };
  options->configuration.add_to(command);
  command.add("--dry-run", &options->dry_run, "Print what would be done and why; change nothing");
  command.add("--json", &options->json, "With --dry-run: one JSON object instead of lines",
              {.needs = "--dry-run"});
  command.add("--timeout", &options->timeout_seconds, "Give up after so many seconds",
              {.default_in_help = true});
  return command;
}

}  // namespace

int exit_code_of(const cloud::ProvisioningStatus& status) noexcept {
  return status.denied ? kNotAuthorised : kUnavailable;
}

Command provision_command() {
  const auto options = std::make_shared<ProvisionOptions>();
  Command command = command_of(options, &Session::provision);
  command.name = "provision";
  command.summary = "Deploy the relay function and its COS triggers, as run does at its start";
  command.add("--adopt", &options->adopt,
              "Take over a function of that name that was not made by cos-gateway");
  return command;
}

Command deprovision_command() {
  Command command = command_of(std::make_shared<ProvisionOptions>(), &Session::deprovision);
  command.name = "deprovision";
  command.summary = "Delete the COS triggers and the relay function";
  return command;
}

}  // namespace gateway::commands
