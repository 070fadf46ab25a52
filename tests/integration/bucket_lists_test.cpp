// Many buckets in several regions, provisioned against a cloud of our own.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cloud/api_client.hpp"
#include "cloud/bucket_endpoint.hpp"
#include "cloud/credentials_chain.hpp"
#include "cloud/provisioners.hpp"
#include "cloud/relay_package.hpp"
#include "support/run_task.hpp"
#include "support/scripted_cloud.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using cloud::ProvisioningState;
using testing::IsEmpty;
using testing::SizeIs;

const std::vector<std::string> kRegions{"ap-beijing", "ap-guangzhou", "eu-frankfurt"};

std::string host_of(std::size_t bucket) {
  return fmt::format("bucket{}-1250000000.cos.{}.myqcloud.com", bucket,
                     kRegions[bucket % kRegions.size()]);
}

cloud::Wanted function_in(const std::string& region, const std::string& name) {
  cloud::Wanted wanted;
  wanted.region = region;
  wanted.name = name;
  wanted.deployment = "the list";
  cloud::InlineCode code;
  code.zip = cloud::relay_zip();
  wanted.code = code;
  wanted.runtime = "Nodejs18.15";
  wanted.handler = "index.main_handler";
  wanted.environment = {{"GATEWAY_URL", "http://gateway.example"}, {"GATEWAY_TOKEN", name}};
  return wanted;
}

cloud::WantedBucket bucket(std::size_t number) {
  cloud::WantedBucket made;
  made.endpoint = *cloud::parse_bucket_endpoint(host_of(number));
  made.events = {"cos:ObjectCreated:*"};
  return made;
}

// Twenty buckets, one function in each region.
std::vector<cloud::Wanted> twenty() {
  std::vector<cloud::Wanted> all;
  for (const auto& region : kRegions) all.push_back(function_in(region, "relay"));
  for (std::size_t i = 0; i < 20; ++i) all[i % kRegions.size()].buckets.push_back(bucket(i));
  return all;
}

// One start of the gateway's cloud side.
class Start {
 public:
  Start(const ScriptedCloud& cloud, std::vector<cloud::Wanted> functions,
        cloud::Generation generation, std::chrono::seconds grace = 360s) {
    cloud::CredentialSources sources;
    sources.id = Secret(std::string(ScriptedCloud::kSecretId));
    sources.key = Secret(std::string(ScriptedCloud::kSecretKey));
    credentials_ = cloud::make_credentials(context_.get_executor(), std::move(sources));
    const auto make_api = [&](const std::string& region) {
      cloud::ApiService service;
      service.region = region;
      service.origin = HttpOrigin(false, "127.0.0.1", cloud.port());
      return std::make_unique<cloud::ApiClient>(context_.get_executor(), std::move(service),
                                                *credentials_, cloud::ApiPace());
    };
    cloud::ProvisioningPace pace;
    pace.poll = 20ms;
    pace.retry_initial = 1ms;
    pace.retry_max = 20ms;
    pace.grace = grace;
    all_ = std::make_unique<cloud::Provisioners>(
        context_.get_executor(), std::move(functions), make_api, pace,
        [](const cloud::ProvisioningStatus&) {}, cloud::Unmarked::refuse, generation);
  }

  bool converge() { return run_task(context_, all_->converge()); }
  cloud::Plan examine() { return run_task(context_, all_->examine(false)).value(); }
  bool remove() { return run_task(context_, all_->remove(std::chrono::steady_clock::now() + 30s)); }
  [[nodiscard]] const cloud::ProvisioningStatus& status() const { return all_->status(); }
  [[nodiscard]] asio::io_context& context() { return context_; }
  [[nodiscard]] cloud::Provisioners& all() { return *all_; }

 private:
  asio::io_context context_{1};
  std::unique_ptr<cloud::Credentials> credentials_;
  std::unique_ptr<cloud::Provisioners> all_;
};

std::vector<std::string> holders(const ScriptedCloud& cloud, std::size_t number) {
  std::vector<std::string> found;
  for (const auto& function : cloud.functions()) {
    for (const auto& trigger : function.triggers) {
      if (trigger.name == host_of(number)) found.push_back(function.name);
    }
  }
  return found;
}

// A deleted rule was made again by the very next call.
void expect_moves_without_a_gap(const CloudCalls& journal, std::size_t from) {
  for (std::size_t i = from; i < journal.size(); ++i) {
    if (journal[i].action != "DeleteTrigger") continue;
    const auto next =
        std::find_if(journal.begin() + static_cast<std::ptrdiff_t>(i) + 1, journal.end(),
                     [&](const CloudCall& call) { return call.region == journal[i].region; });
    ASSERT_NE(next, journal.end());
    EXPECT_EQ(next->action, "CreateTrigger");
    EXPECT_EQ(next->parameters.at("TriggerName"), journal[i].parameters.at("TriggerName"));
  }
}

TEST(BucketLists, TwentyInThreeRegionsAreThereSoonAndARestartHasNothingToDo) {
  ScriptedCloud cloud;
  cloud.change_limits([](CloudLimits& limits) {
    limits.creating_reads = 3;
    limits.stale_lists = 2;
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(Start(cloud, twenty(), 1'000).converge());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
  EXPECT_THAT(cloud.functions(), SizeIs(3));
  for (std::size_t i = 0; i < 20; ++i) EXPECT_THAT(holders(cloud, i), SizeIs(1)) << i;

  const std::size_t calls = cloud.journal().size();
  const auto again = std::chrono::steady_clock::now();
  Start restart(cloud, twenty(), 2'000);
  EXPECT_TRUE(restart.converge());
  EXPECT_LT(std::chrono::steady_clock::now() - again, 3s);
  EXPECT_LE(cloud.journal().size() - calls, 40U);
  ASSERT_THAT(restart.status().buckets, SizeIs(20));
  for (const auto& one : restart.status().buckets) EXPECT_EQ(one.state, ProvisioningState::ready);
}

// Each bucket has a function of its own.
std::vector<cloud::Wanted> twenty_functions() {
  std::vector<cloud::Wanted> all;
  for (std::size_t i = 0; i < 20; ++i) {
    all.push_back(function_in(kRegions[i % kRegions.size()], fmt::format("relay{}", i)));
    all.back().buckets.push_back(bucket(i));
  }
  return all;
}

TEST(BucketLists, ARestartTakesTwoCallsABucketAlsoWhereEachHasItsFunction) {
  ScriptedCloud cloud;
  EXPECT_TRUE(Start(cloud, twenty_functions(), 1'000).converge());
  const std::size_t calls = cloud.journal().size();
  const auto again = std::chrono::steady_clock::now();
  Start restart(cloud, twenty_functions(), 2'000);
  EXPECT_TRUE(restart.converge());
  EXPECT_LT(std::chrono::steady_clock::now() - again, 3s);
  EXPECT_LE(cloud.journal().size() - calls, 40U);
  for (const auto& one : restart.status().buckets) EXPECT_EQ(one.state, ProvisioningState::ready);
  // What a quick look leaves out is read by the next one.
  const std::size_t before = cloud.journal().size();
  EXPECT_TRUE(restart.converge());
  const auto journal = cloud.journal();
  EXPECT_EQ(std::count_if(journal.begin() + static_cast<std::ptrdiff_t>(before), journal.end(),
                          [](const CloudCall& call) {
                            return call.action == "ListTriggers" ||
                                   call.action == "GetFunctionEventInvokeConfig";
                          }),
            40);
}

TEST(BucketLists, ABucketInTroubleHoldsUpNoOther) {
  ScriptedCloud cloud;
  BucketRule taken;
  taken.bucket = host_of(4);
  taken.event = "cos:ObjectCreated:*";
  taken.holder = "a workflow";
  cloud.hold_rule(taken);
  Start start(cloud, twenty(), 1'000);
  EXPECT_FALSE(start.converge());
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_THAT(holders(cloud, i), SizeIs(i == 4 ? 0 : 1)) << i;
  }
  EXPECT_EQ(start.status().state, ProvisioningState::failed);
  EXPECT_THAT(start.status().last_error, testing::HasSubstr("CosNotifyRuleConflict"));
  for (const auto& one : start.status().buckets) {
    const bool in_trouble = one.bucket == host_of(4);
    EXPECT_EQ(one.state, in_trouble ? ProvisioningState::failed : ProvisioningState::ready);
    EXPECT_EQ(one.last_error.empty(), !in_trouble) << one.last_error;
  }
  cloud.drop_foreign_rules();
  EXPECT_TRUE(start.converge());
  EXPECT_THAT(holders(cloud, 4), SizeIs(1));
}

TEST(BucketLists, ABucketMovesToAnotherFunctionWhenThatIsReady) {
  ScriptedCloud cloud;
  cloud.change_limits([](CloudLimits& limits) { limits.creating_reads = 2; });
  ASSERT_TRUE(Start(cloud, twenty(), 1'000).converge());
  auto changed = twenty();
  cloud::Wanted large = function_in(kRegions[1], "large");
  large.memory_mb = 256;
  large.buckets.push_back(changed[1].buckets.back());
  changed[1].buckets.pop_back();
  changed.push_back(large);
  const auto plan = Start(cloud, changed, 2'000).examine();
  EXPECT_TRUE(std::any_of(plan.steps.begin(), plan.steps.end(), [](const auto& step) {
    return step.action == cloud::PlannedStep::Action::move;
  }));
  const std::size_t before = cloud.journal().size();
  EXPECT_TRUE(Start(cloud, changed, 2'000).converge());
  EXPECT_THAT(holders(cloud, 19), testing::ElementsAre("large"));
  EXPECT_THAT(cloud.functions(), SizeIs(4));
  expect_moves_without_a_gap(cloud.journal(), before);
}

TEST(BucketLists, WhatIsRemovedGoesAndAFunctionWithItsLastBucket) {
  ScriptedCloud cloud;
  auto list = twenty();
  list.push_back(function_in(kRegions[0], "apart"));
  list.back().buckets.push_back(bucket(30));
  cloud.create_foreign_function("somebody");
  ASSERT_TRUE(Start(cloud, list, 1'000).converge());
  EXPECT_THAT(cloud.functions(), SizeIs(5));
  list.pop_back();
  list[0].buckets.pop_back();  // bucket 18
  EXPECT_TRUE(Start(cloud, list, 2'000, 0s).converge());
  EXPECT_THAT(holders(cloud, 18), IsEmpty());
  EXPECT_THAT(holders(cloud, 30), IsEmpty());
  EXPECT_THAT(holders(cloud, 15), SizeIs(1));
  EXPECT_TRUE(Start(cloud, list, 2'000, 0s).converge());
  EXPECT_THAT(cloud.functions(), SizeIs(4)) << "apart has gone";
  EXPECT_TRUE(Start(cloud, list, 3'000).remove());
  EXPECT_THAT(cloud.functions(), SizeIs(1)) << "somebody's stays";
  EXPECT_THAT(cloud.rules(), IsEmpty());
}

// The marks of those that are left tell where to look.
TEST(BucketLists, TheLastBucketOfARegionGoesWithItsFunction) {
  ScriptedCloud cloud;
  ASSERT_TRUE(Start(cloud, twenty(), 1'000).converge());
  cloud.create_foreign_function("somebody");
  auto list = twenty();
  list.pop_back();
  const auto plan = Start(cloud, list, 2'000).examine();
  const auto removes = [](const cloud::PlannedStep& step) {
    return step.action == cloud::PlannedStep::Action::remove && step.bucket == host_of(2);
  };
  EXPECT_TRUE(std::any_of(plan.steps.begin(), plan.steps.end(), [&](const auto& step) {
    return removes(step) || std::any_of(step.then.begin(), step.then.end(), removes);
  }));
  {
    Start start(cloud, list, 2'000);
    std::vector<Secret> tokens;
    start.all().on_tokens(
        [&](std::vector<Secret> seen, bool /*all*/) { tokens = std::move(seen); });
    EXPECT_TRUE(start.converge());
    EXPECT_THAT(tokens, SizeIs(1)) << "what the function was told before is still accepted";
  }
  for (std::size_t i = 0; i < 20; ++i) EXPECT_THAT(holders(cloud, i), SizeIs(i % 3 == 2 ? 0 : 1));
  EXPECT_THAT(cloud.functions(), SizeIs(4)) << "it may still be invoked";
  EXPECT_TRUE(Start(cloud, list, 2'000, 0s).converge());
  EXPECT_THAT(cloud.functions(), SizeIs(3)) << "it has gone; somebody's stays";

  // The next start finds nothing there, and those after it do not look any more.
  Start third(cloud, list, 3'000, 0s);
  EXPECT_TRUE(third.converge());
  EXPECT_TRUE(third.converge());
  const std::size_t calls = cloud.journal().size();
  EXPECT_TRUE(Start(cloud, list, 4'000, 0s).converge());
  const auto journal = cloud.journal();
  for (std::size_t i = calls; i < journal.size(); ++i) EXPECT_NE(journal[i].region, kRegions[2]);
}

TEST(BucketLists, RemovalFindsWhatWasLeftInARegion) {
  ScriptedCloud cloud;
  ASSERT_TRUE(Start(cloud, twenty(), 1'000).converge());
  auto list = twenty();
  list.pop_back();
  EXPECT_TRUE(Start(cloud, list, 2'000).remove());
  EXPECT_THAT(cloud.functions(), IsEmpty());
  EXPECT_THAT(cloud.rules(), IsEmpty());
}

TEST(BucketLists, AnOlderListLeavesARegionAloneThatANewerOneAdded) {
  ScriptedCloud cloud;
  auto shorter = twenty();
  shorter.pop_back();
  ASSERT_TRUE(Start(cloud, shorter, 1'000).converge());
  ASSERT_TRUE(Start(cloud, twenty(), 2'000).converge());
  EXPECT_FALSE(Start(cloud, shorter, 1'000, 0s).converge());
  EXPECT_THAT(cloud.functions(), SizeIs(3));
  EXPECT_THAT(holders(cloud, 2), SizeIs(1));
}

TEST(BucketLists, TakeOverFromDeploymentsOfOneBucket) {
  ScriptedCloud cloud;
  for (std::size_t i = 0; i < 3; ++i) {
    auto single = function_in(kRegions[i], fmt::format("single{}", i));
    single.deployment.clear();
    single.buckets.push_back(bucket(i));
    ASSERT_TRUE(Start(cloud, {single}, 1'000).converge());
  }
  const std::size_t before = cloud.journal().size();
  EXPECT_TRUE(Start(cloud, twenty(), 2'000).converge());
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_THAT(holders(cloud, i), testing::ElementsAre("relay")) << i;
  }
  expect_moves_without_a_gap(cloud.journal(), before);
  EXPECT_TRUE(Start(cloud, twenty(), 3'000, 0s).converge());
  EXPECT_THAT(cloud.functions(), SizeIs(3));
}

TEST(BucketLists, ReplicasAgreeAndAnOlderListStandsBack) {
  ScriptedCloud cloud;
  cloud.change_limits([](CloudLimits& limits) {
    limits.creating_reads = 3;
    limits.stale_lists = 2;
  });
  std::vector<std::unique_ptr<Start>> replicas;
  for (int i = 0; i < 3; ++i)
    replicas.push_back(std::make_unique<Start>(cloud, twenty(), 1'000 + i));
  std::vector<std::thread> threads;
  for (auto& one : replicas) {
    threads.emplace_back([&one] { EXPECT_TRUE(one->converge()) << one->status().last_error; });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(cloud.functions(), SizeIs(3));
  for (std::size_t i = 0; i < 20; ++i) EXPECT_THAT(holders(cloud, i), SizeIs(1)) << i;

  auto shorter = twenty();
  shorter[0].buckets.pop_back();
  EXPECT_TRUE(Start(cloud, shorter, 2'000).converge());
  EXPECT_FALSE(replicas[0]->converge());
  EXPECT_EQ(replicas[0]->status().state, ProvisioningState::superseded);
  EXPECT_THAT(holders(cloud, 18), IsEmpty());
}

}  // namespace
}  // namespace gateway::test
