#include "gateway/checkup/cloud_finding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace gateway::checkup {
namespace {

using ::testing::HasSubstr;
using Action = cloud::PlannedStep::Action;

Finding judge(const std::optional<cloud::ApiResult<cloud::Plan>>& plan) {
  return cloud_finding(plan, "https://scf.example");
}

cloud::Plan plan_of(Action action, std::string reason) {
  cloud::Plan plan;
  auto& step = plan.steps.emplace_back();
  step.action = action;
  step.resource = "function default/relay";
  step.reason = std::move(reason);
  return plan;
}

TEST(CloudFinding, TellsWhatRunWouldDoFirst) {
  const auto finding = judge(cloud::ApiResult<cloud::Plan>(plan_of(Action::create, "absent")));
  EXPECT_EQ(finding.verdict(), Verdict::ok);
  EXPECT_THAT(finding.text(), HasSubstr("run would create function default/relay (absent)"));
  EXPECT_THAT(judge(cloud::ApiResult<cloud::Plan>(cloud::Plan())).text(),
              HasSubstr("as configured"));
}

TEST(CloudFinding, TellsDeniedFromUnavailable) {
  const auto error = [](cloud::ErrorKind kind) {
    return judge(
        cloud::ApiResult<cloud::Plan>(cloud::ApiError(kind, "GetFunction", "Code", "words", "id")));
  };
  EXPECT_EQ(error(cloud::ErrorKind::denied).blame(), Blame::denied);
  EXPECT_EQ(error(cloud::ErrorKind::transient).blame(), Blame::unavailable);
  EXPECT_THAT(error(cloud::ErrorKind::transient).text(), HasSubstr("GetFunction: Code: words"));
  EXPECT_EQ(judge(std::nullopt).blame(), Blame::unavailable);
}

TEST(CloudFinding, SaysThatANewerConfigurationIsInForce) {
  cloud::Plan plan = plan_of(Action::none, "it is left alone");
  plan.superseded = "it was deployed by a newer configuration";
  const auto finding = judge(cloud::ApiResult<cloud::Plan>(std::move(plan)));
  EXPECT_EQ(finding.verdict(), Verdict::warn);
  EXPECT_THAT(finding.text(), HasSubstr("by a newer configuration"));
}

TEST(CloudFinding, AnothersFunctionIsForAnOperator) {
  const auto finding =
      judge(cloud::ApiResult<cloud::Plan>(plan_of(Action::refuse, "was not made by cos-gateway")));
  EXPECT_EQ(finding.blame(), Blame::unavailable);
  EXPECT_THAT(finding.text(), HasSubstr("was not made by cos-gateway"));
}

}  // namespace
}  // namespace gateway::checkup
