#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cloud/provisioner.hpp"
#include "support/model_api.hpp"
#include "support/scf_model.hpp"
#include "support/wanted_relay.hpp"

// What the tests of the provisioner share: one at a model of the cloud.
namespace gateway::cloud {

inline constexpr auto kForever = Instant::max();

// Waits that take no time, so that a run is as fast as its calls; the sum of them still counts.
inline ProvisioningPace no_time() {
  constexpr std::chrono::milliseconds kNone{0};
  ProvisioningPace pace;
  pace.poll = kNone;
  pace.settle = std::chrono::milliseconds(200);
  pace.retry_initial = kNone;
  pace.retry_max = kNone;
  pace.reconcile = kNone;
  return pace;
}

class ProvisionerTest : public testing::Test {
 public:
  static void SetUpTestSuite() { spdlog::set_level(spdlog::level::off); }
  static void TearDownTestSuite() { spdlog::set_level(spdlog::level::info); }
  ~ProvisionerTest() override { EXPECT_THAT(model.violations, testing::IsEmpty()); }

  Provisioner& make(ProvisioningPace pace = no_time(), Unmarked unmarked = Unmarked::refuse,
                    Generation generation = 0) {
    provisioner.emplace(
        io.get_executor(), api, wanted, pace,
        [this](const ProvisioningStatus& status) {
          statuses.push_back(status);
          if (on_status) on_status(status);
        },
        unmarked, generation);
    provisioner->on_tokens([this](const std::vector<Secret>& seen, bool all) {
      all_tokens.push_back(all);
      tokens.clear();
      for (const auto& token : seen) tokens.push_back(token.reveal());
    });
    return *provisioner;
  }

  // Runs a coroutine to its end. False also if it does not end.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(io.get_executor(), std::move(task),
                   [&](const std::exception_ptr& error, T value) {
                     if (error) std::rethrow_exception(error);
                     result.emplace(std::move(value));
                   });
    run_loop();
    EXPECT_TRUE(result.has_value()) << "the coroutine did not end";
    return result ? std::move(*result) : T();
  }
  void run(Task<void> task) {
    bool ended = false;
    asio::co_spawn(io.get_executor(), std::move(task), [&](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
      ended = true;
    });
    run_loop();
    EXPECT_TRUE(ended) << "the coroutine did not end";
  }

  void there_is(test::ModelFunction function) {
    model.functions[test::key_of(wanted)] = std::move(function);
  }
  void there_is_the_relay() { there_is(test::relay_as_wanted(wanted)); }
  test::ModelFunction& relay() { return model.functions.at(test::key_of(wanted)); }
  [[nodiscard]] std::string difference() const { return test::difference(model, wanted); }
  // Returns what is not as wanted after a run of `made`; empty if it was confirmed and nothing is.
  [[nodiscard]] std::string converge(Provisioner& made) {
    return run(made.converge()) ? difference() : "not confirmed";
  }
  // Returns the state after a run of `made` that must not be confirmed.
  ProvisioningState state_after(Provisioner& made) {
    EXPECT_FALSE(run(made.converge()));
    return made.status().state;
  }
  // The next call of `action` fails so.
  void fail_next(const std::string& action, const test::ModelFault& fault, unsigned times = 1) {
    api.fault =
        [=, left = times](const std::string& called) mutable -> std::optional<test::ModelFault> {
      if (called != action || left == 0) return std::nullopt;
      --left;
      return fault;
    };
  }

  asio::io_context io{1};
  test::ScfModel model;
  test::ModelApi api{io.get_executor(), model};
  Wanted wanted = test::wanted_relay();
  std::vector<ProvisioningStatus> statuses;
  std::vector<std::string> tokens;
  std::vector<bool> all_tokens;  // at each look: whether all have been looked for
  std::function<void(const ProvisioningStatus&)> on_status;
  std::optional<Provisioner> provisioner;

 private:
  void run_loop() {
    io.restart();
    io.run_for(std::chrono::seconds(10));
  }
};

}  // namespace gateway::cloud
