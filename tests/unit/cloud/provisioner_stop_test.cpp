// How the provisioner goes on until it is stopped, and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "unit/cloud/provisioner_support.hpp"

namespace gateway::cloud {
namespace {

using namespace std::chrono_literals;
using test::ModelFault;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using State = ProvisioningState;

TEST_F(ProvisionerTest, ReconcilesUntilStoppedAndRepairsDrift) {
  unsigned ready = 0;
  on_status = [&](const ProvisioningStatus& status) {
    if (status.state != State::ready) return;
    switch (++ready) {
      case 1: relay().triggers.pop_back(); break;
      case 2: model.functions.clear(); break;
      case 3: relay().environment.clear(); break;
      default: provisioner->stop();
    }
  };
  run(make().keep());
  EXPECT_EQ(ready, 4U);
  EXPECT_EQ(difference(), "");
}

TEST_F(ProvisionerTest, TriesAgainAfterAFailureAtTheNextReconciliation) {
  fail_next("CreateFunction", ModelFault(ErrorKind::permanent, "LimitExceeded.Function"), 3);
  on_status = [&](const ProvisioningStatus& status) {
    if (status.state == State::ready) provisioner->stop();
  };
  run(make().keep());
  EXPECT_EQ(difference(), "");
  EXPECT_EQ(api.count("CreateFunction"), 4U);
}

TEST_F(ProvisionerTest, StopsAfterTheCallUnderWayWhicheverItIs) {
  for (std::size_t at = 1; at < 40; ++at) {
    SCOPED_TRACE(at);
    model = {};
    there_is_the_relay();
    relay().runtime = "Go1";
    model.behaviour.changing = 1;
    model.behaviour.failed_creations = 1;
    api.calls.clear();
    make();
    api.fault = [&](const std::string&) -> std::optional<ModelFault> {
      if (api.calls.size() == at) provisioner->stop();
      return std::nullopt;
    };
    const bool confirmed = run(provisioner->converge());
    if (confirmed) {
      EXPECT_EQ(difference(), "");
      EXPECT_GT(at, 20U);  // the run has more calls than that
      break;
    }
    EXPECT_EQ(api.calls.size(), at);
    EXPECT_NE(provisioner->status().state, State::failed);
  }
}

TEST_F(ProvisionerTest, StopsInTheMiddleOfEveryWait) {
  ProvisioningPace pace = no_time();
  pace.reconcile = std::chrono::hours(1);
  make(pace);
  on_status = [&](const ProvisioningStatus& status) {  // between two rounds
    if (status.state == State::ready) asio::post(io, [this] { provisioner->stop(); });
  };
  run(provisioner->keep());

  model = {};
  model.behaviour.changing = 1'000'000;
  pace.poll = std::chrono::hours(1);
  pace.settle = std::chrono::hours(100);
  make(pace);
  on_status = [&](const ProvisioningStatus& status) {  // while a function changes
    if (!status.step.empty()) asio::post(io, [this] { provisioner->stop(); });
  };
  run(provisioner->keep());

  model = {};
  pace.retry_initial = pace.retry_max = std::chrono::hours(1);
  model.behaviour.everything_fails = ModelFault(ErrorKind::transient, "InternalError");
  make(pace);
  on_status = [&](const ProvisioningStatus& status) {  // while it backs off
    if (status.state == State::retrying) asio::post(io, [this] { provisioner->stop(); });
  };
  run(provisioner->keep());
  EXPECT_FALSE(run(provisioner->converge()));
}

TEST_F(ProvisionerTest, EndsWhenTheApiIsCancelled) {
  api.cancel();
  EXPECT_FALSE(run(make().converge()));
  EXPECT_FALSE(run(provisioner->remove(kForever)));
  EXPECT_EQ(api.calls.size(), 2U);
}

TEST_F(ProvisionerTest, KeepsToTheDeadline) {
  EXPECT_FALSE(run(make().converge(std::chrono::steady_clock::now())));
  EXPECT_THAT(api.calls, IsEmpty());
  model.behaviour.changing = 1'000'000;
  ProvisioningPace pace = no_time();
  pace.poll = std::chrono::hours(1);
  EXPECT_FALSE(run(make(pace).converge(std::chrono::steady_clock::now() + 20ms)));
  EXPECT_THAT(provisioner->status().last_error,
              AllOf(HasSubstr("in time"), HasSubstr("function default/relay")));
}

}  // namespace
}  // namespace gateway::cloud
