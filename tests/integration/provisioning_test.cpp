// A gateway that provisions, against a cloud of our own: what users see of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "cloud/relay_environment.hpp"
#include "support/exposition.hpp"
#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_cloud.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/eventually.hpp"

namespace gateway::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kFunction = "default/relay";
constexpr const char* kBucketHost = "photos-1250000000.cos.ap-guangzhou.myqcloud.com";

config::Settings provisioning_settings(const ScriptedEventbus& bus, const ScriptedCloud& cloud) {
  config::Settings settings = loopback_settings(bus.port());
  settings.credentials.secret_id = Secret(std::string(ScriptedCloud::kSecretId));
  settings.credentials.secret_key = Secret(std::string(ScriptedCloud::kSecretKey));
  settings.bucket.endpoint = kBucketHost;
  settings.function.provision = true;
  settings.function.region = "ap-guangzhou";
  settings.function.api = cloud.url();
  settings.ingress.public_url = "https://gateway.example.com/";
  return settings;
}

DeploymentOptions quick() {
  DeploymentOptions options;
  options.pace.poll = 1ms;
  options.pace.retry_initial = 1ms;
  options.pace.retry_max = 10ms;
  return options;
}

class Provisioning : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<RunningGateway> start(config::Settings settings,
                                                      cloud::Generation generation = 0) {
    DeploymentOptions options = quick();
    options.generation = generation;
    return std::make_unique<RunningGateway>(std::move(settings), options);
  }
  [[nodiscard]] config::Settings settings() const { return provisioning_settings(bus_, cloud_); }

  static json::object status(const RunningGateway& gateway) {
    return json::parse(gateway.connect_admin().get("/status").body).at("provisioning").as_object();
  }
  static bool wait_for_state(const RunningGateway& gateway, std::string_view state) {
    return eventually([&] { return status(gateway).at("state").as_string() == state; });
  }

  ScriptedEventbus bus_;
  ScriptedCloud cloud_;
};

TEST_F(Provisioning, DeploysTheRelayAndItsTrigger) {
  const auto gateway = start(settings());
  ASSERT_TRUE(wait_for_state(*gateway, "ready"));
  ASSERT_THAT(cloud_.functions(), SizeIs(1));
  const auto function = cloud_.function(kFunction);
  ASSERT_TRUE(function);
  EXPECT_EQ(function->runtime, "Nodejs18.15");
  EXPECT_EQ(function->handler, "index.main_handler");
  EXPECT_THAT(function->environment,
              testing::Contains(testing::Pair("GATEWAY_URL", "https://gateway.example.com/")));
  const auto triggers = cloud_.triggers(kFunction);
  ASSERT_THAT(triggers, SizeIs(1));
  EXPECT_EQ(triggers[0].name, kBucketHost);
  EXPECT_EQ(triggers[0].cos.event, "cos:ObjectCreated:*");
  EXPECT_TRUE(triggers[0].enabled);
  EXPECT_THAT(cloud_.refused_signatures(), IsEmpty());
  const Exposition page = parse_exposition(gateway->connect_admin().get("/metrics").body);
  EXPECT_EQ(page.samples.at(R"(cos_gateway_provisioning_state{state="ready"})"), 1);
  EXPECT_EQ(page.total("cos_gateway_provisioning_state"), 1);
}

TEST_F(Provisioning, DoesNotHoldUpPosts) {
  cloud_.next("GetFunction", stalled());
  const auto gateway = start(settings());
  ASSERT_TRUE(cloud_.wait_for_calls("GetFunction", 1));
  EXPECT_EQ(gateway->connect_admin().get("/readyz").status, 200u);
  EXPECT_EQ(gateway->post(cos_payload(2)).status, 200u);
  EXPECT_EQ(status(*gateway).at("state").as_string(), "working");
  cloud_.release();
  EXPECT_TRUE(wait_for_state(*gateway, "ready"));
}

TEST_F(Provisioning, ServesOnWhenAnOperatorHasToActAndSaysWhy) {
  BucketRule taken;
  taken.bucket = kBucketHost;
  taken.event = "cos:ObjectCreated:*";
  taken.holder = "a workflow";
  cloud_.hold_rule(taken);
  const auto gateway = start(settings());
  ASSERT_TRUE(wait_for_state(*gateway, "failed"));
  const json::object shown = status(*gateway);
  const std::string error(shown.at("last_error").as_string());
  EXPECT_THAT(error, HasSubstr("CosNotifyRuleConflict"));
  EXPECT_THAT(error, HasSubstr(kBucketHost));
  EXPECT_EQ(gateway->post(cos_payload(1)).status, 200u);
  EXPECT_EQ(gateway->connect_admin().get("/readyz").status, 200u);
}

TEST_F(Provisioning, TellsWhoRequiresItThatItFailed) {
  cloud_.forget_keys();
  auto promise = std::make_shared<std::promise<cloud::ProvisioningStatus>>();
  auto failed = promise->get_future();
  Gateway gateway(settings(), quick());
  gateway.on_provisioning_failure(
      [promise](const cloud::ProvisioningStatus& status) { promise->set_value(status); });
  gateway.start();
  ASSERT_EQ(failed.wait_for(10s), std::future_status::ready);
  const auto status = failed.get();
  EXPECT_TRUE(status.denied);
  EXPECT_THAT(status.last_error, HasSubstr("AuthFailure.SecretIdNotFound"));
}

TEST_F(Provisioning, DeletesWhatItMadeWhenItStops) {
  auto gateway = start(settings());
  ASSERT_TRUE(wait_for_state(*gateway, "ready"));
  gateway->finish();
  EXPECT_THAT(cloud_.functions(), IsEmpty());
  EXPECT_THAT(cloud_.rules(), IsEmpty());
}

TEST_F(Provisioning, TakesPostsUntilTheTriggerIsGone) {
  auto gateway = start(settings());
  ASSERT_TRUE(wait_for_state(*gateway, "ready"));
  cloud_.next("DeleteTrigger", stalled());
  gateway->gateway().stop();
  ASSERT_TRUE(cloud_.wait_for_calls("DeleteTrigger", 1));
  EXPECT_EQ(gateway->post(cos_payload(1)).status, 200u);
  EXPECT_EQ(gateway->connect_admin().get("/readyz").status, 503u);
  cloud_.release();
  gateway->finish();
  EXPECT_THAT(cloud_.functions(), IsEmpty());
}

TEST_F(Provisioning, KeepsTheFunctionIfToldTo) {
  auto kept = settings();
  kept.function.on_stop = config::OnStop::keep_function;
  auto gateway = start(kept);
  ASSERT_TRUE(wait_for_state(*gateway, "ready"));
  gateway->finish();
  EXPECT_THAT(cloud_.functions(), SizeIs(1));
  EXPECT_THAT(cloud_.triggers(kFunction), SizeIs(1));
}

TEST_F(Provisioning, NeverTouchesAFunctionThatIsNotItsOwn) {
  cloud_.create_foreign_function("relay");
  auto gateway = start(settings());
  ASSERT_TRUE(wait_for_state(*gateway, "failed"));
  EXPECT_THAT(std::string(status(*gateway).at("last_error").as_string()), HasSubstr("--adopt"));
  gateway->finish();
  ASSERT_THAT(cloud_.functions(), SizeIs(1));
  EXPECT_EQ(cloud_.functions()[0].number, 1u);
}

TEST_F(Provisioning, ReplicasThatStartTogetherAgreeOnOneFunction) {
  cloud_.change_limits([](CloudLimits& limits) {
    limits.creating_reads = 3;
    limits.stale_lists = 2;
  });
  auto shared = settings();
  shared.function.on_stop = config::OnStop::keep_function;
  std::vector<std::unique_ptr<RunningGateway>> replicas;
  for (int i = 0; i < 3; ++i) replicas.push_back(start(shared));
  for (const auto& replica : replicas) EXPECT_TRUE(wait_for_state(*replica, "ready"));
  ASSERT_THAT(cloud_.functions(), SizeIs(1));
  EXPECT_EQ(cloud_.functions()[0].number, 1u) << "it was made more than once";
  EXPECT_THAT(cloud_.triggers(kFunction), SizeIs(1));
  EXPECT_THAT(cloud_.refused_signatures(), IsEmpty());
}

// What a deployment of that name signs its posts with.
Headers signed_by(const std::string& name) {
  return {
      {"Authorization", "Bearer " + cloud::derive_gateway_token(ScriptedCloud::kSecretKey,
                                                                "ap-guangzhou", "default", name)}};
}

config::Settings named(config::Settings settings, const std::string& name) {
  settings.function.name = name;
  settings.function.on_stop = config::OnStop::keep_function;
  settings.ingress.auth = config::Auth::automatic;
  return settings;
}

TEST_F(Provisioning, ARenamedDeploymentTakesOverAndAcceptsItsPredecessorsPosts) {
  auto before = start(named(settings(), "orders"), 1'000);
  ASSERT_TRUE(wait_for_state(*before, "ready"));
  before->finish();
  const auto after = start(named(settings(), "orders2"), 2'000);
  ASSERT_TRUE(wait_for_state(*after, "ready"));
  EXPECT_THAT(cloud_.triggers("default/orders"), IsEmpty());
  ASSERT_THAT(cloud_.triggers("default/orders2"), SizeIs(1));
  // The predecessor's invocations under way are served, and it is there for its last ones.
  EXPECT_TRUE(cloud_.function("default/orders"));
  EXPECT_EQ(after->post(cos_payload(1), signed_by("orders")).status, 200u);
  EXPECT_EQ(after->post(cos_payload(1), signed_by("orders2")).status, 200u);
  EXPECT_EQ(after->post(cos_payload(1), signed_by("orders3")).status, 401u);
  // Nothing came between the two calls.
  const auto journal = cloud_.journal();
  const auto deleted = std::find_if(journal.begin(), journal.end(), [](const CloudCall& call) {
    return call.action == "DeleteTrigger";
  });
  ASSERT_NE(deleted, journal.end());
  EXPECT_EQ((deleted + 1)->action, "CreateTrigger");
}

TEST_F(Provisioning, APredecessorHasItsRuleAgainIfTheNewOneIsRefused) {
  BucketRule taken;
  taken.bucket = kBucketHost;
  taken.event = "cos:ObjectCreated:*";
  taken.prefix = "thumbs/";
  taken.holder = "a workflow";
  cloud_.hold_rule(taken);
  auto narrow = named(settings(), "orders");
  narrow.bucket.prefix = "in/";
  auto before = start(narrow, 1'000);
  ASSERT_TRUE(wait_for_state(*before, "ready"));
  before->finish();
  const auto after = start(named(settings(), "orders2"), 2'000);
  ASSERT_TRUE(wait_for_state(*after, "failed"));
  ASSERT_TRUE(eventually([&] { return cloud_.triggers("default/orders").size() == 1; }));
  EXPECT_EQ(cloud_.triggers("default/orders")[0].cos.prefix, "in/");
  EXPECT_THAT(cloud_.triggers("default/orders2"), IsEmpty());
}

TEST_F(Provisioning, ARuntimeThatIsRefusedLeavesTheFunctionAsItWas) {
  auto before = start(named(settings(), "orders"), 1'000);
  ASSERT_TRUE(wait_for_state(*before, "ready"));
  before->finish();
  auto changed = named(settings(), "orders");
  changed.function.runtime = "Nodejs16.13";
  cloud_.next("CreateFunction", no_fault());  // it asks, before it deletes
  cloud_.next("CreateFunction", api_error("InvalidParameterValue.Runtime"));
  const auto after = start(changed, 2'000);
  ASSERT_TRUE(wait_for_state(*after, "failed"));
  EXPECT_EQ(cloud_.function("default/orders")->runtime, "Nodejs18.15");
  EXPECT_THAT(cloud_.triggers("default/orders"), SizeIs(1));
}

// Another function.namespace, another function's failed update: the events go on, and nothing is
// left of the predecessor but what its last invocations need.
TEST_F(Provisioning, TakesOverFromAnotherNamespaceAndFromWhatCouldNotBeUpdated) {
  cloud_.change_limits([](CloudLimits& limits) { limits.spaces = {"default", "production"}; });
  auto before = start(named(settings(), "orders"), 1'000);
  ASSERT_TRUE(wait_for_state(*before, "ready"));
  before->finish();
  EXPECT_THAT(cloud_.calls("ListNamespaces"), IsEmpty()) << "only a conflict makes it look there";
  cloud_.change("default/orders",
                [](CloudFunction& function) { function.status = "UpdateFailed"; });
  auto moved = named(settings(), "orders");
  moved.function.space = "production";
  const auto after = start(moved, 2'000);
  ASSERT_TRUE(wait_for_state(*after, "ready"));
  EXPECT_THAT(cloud_.triggers("default/orders"), IsEmpty());
  EXPECT_THAT(cloud_.triggers("production/orders"), SizeIs(1));
  EXPECT_THAT(cloud_.function("default/orders")->description, HasSubstr("Superseded by"));
  EXPECT_EQ(after->post(cos_payload(1), signed_by("orders")).status, 200u) << "the former one's";
}

TEST_F(Provisioning, SaysWhereItLookedForTheHolderOfAConflictingRule) {
  cloud_.change_limits([](CloudLimits& limits) { limits.spaces = {"default", "production"}; });
  BucketRule taken;
  taken.bucket = kBucketHost;
  taken.event = "cos:ObjectCreated:*";
  taken.holder = "a workflow";
  cloud_.hold_rule(taken);
  const auto gateway = start(settings());
  ASSERT_TRUE(wait_for_state(*gateway, "failed"));
  EXPECT_THAT(std::string(status(*gateway).at("last_error").as_string()),
              HasSubstr("no function that cos-gateway made holds it in the namespaces default, "
                        "production"));
}

TEST_F(Provisioning, AChangedKeyIsAcceptedBesideTheFormerOne) {
  auto before = start(named(settings(), "orders"), 1'000);
  ASSERT_TRUE(wait_for_state(*before, "ready"));
  before->finish();
  auto changed = named(settings(), "orders");
  changed.ingress.token = Secret(std::string("a-token-of-its-own"));
  const auto after = start(changed, 2'000);
  ASSERT_TRUE(wait_for_state(*after, "ready"));
  EXPECT_EQ(after->post(cos_payload(1), signed_by("orders")).status, 200u);
  EXPECT_EQ(after->post(cos_payload(1), {{"Authorization", "Bearer a-token-of-its-own"}}).status,
            200u);
  EXPECT_EQ(after->post(cos_payload(1), signed_by("other")).status, 401u);
}

TEST_F(Provisioning, AnOlderDeploymentLeavesANewerOneAlone) {
  const auto newer = start(named(settings(), "orders2"), 2'000);
  ASSERT_TRUE(wait_for_state(*newer, "ready"));
  auto old = named(settings(), "orders");
  old.function.on_stop = config::OnStop::delete_function;
  auto older = start(old, 1'000);
  ASSERT_TRUE(wait_for_state(*older, "superseded"));
  EXPECT_THAT(std::string(status(*older).at("last_error").as_string()),
              HasSubstr("function default/orders2 holds the bucket's events"));
  EXPECT_EQ(older->post(cos_payload(1), signed_by("orders2")).status, 200u);
  auto same_name = named(settings(), "orders2");
  same_name.function.memory_mb = 256;
  same_name.function.on_stop = config::OnStop::delete_function;
  auto other = start(same_name, 1'000);
  ASSERT_TRUE(wait_for_state(*other, "superseded"));
  older->finish();
  other->finish();
  ASSERT_THAT(cloud_.functions(), SizeIs(1));
  EXPECT_EQ(cloud_.functions()[0].memory, 128);
  EXPECT_THAT(cloud_.triggers("default/orders2"), SizeIs(1));
}

TEST_F(Provisioning, DeploymentsOfOneBucketThatDoNotConflictLiveSideBySide) {
  auto photos = named(settings(), "photos");
  photos.bucket.prefix = "photos/";
  auto videos = named(settings(), "videos");
  videos.bucket.prefix = "videos/";
  auto removals = named(settings(), "removals");
  removals.bucket.events = {"cos:ObjectRemove:*"};
  cloud::Generation generation = 1'000;
  for (const auto& one : {photos, videos, removals}) {
    const auto gateway = start(one, generation++);
    EXPECT_TRUE(wait_for_state(*gateway, "ready"));
  }
  for (const auto* path : {"default/photos", "default/videos", "default/removals"}) {
    EXPECT_THAT(cloud_.triggers(path), SizeIs(1)) << path;
    EXPECT_EQ(cloud_.function(path)->configuration_updates, 0u) << path;
  }
}

TEST_F(Provisioning, WithoutAPublicUrlTheRelaySendsToTheTarget) {
  auto direct = settings();
  direct.ingress.public_url.clear();
  const auto gateway = start(direct);
  ASSERT_TRUE(wait_for_state(*gateway, "ready"));
  const auto function = cloud_.function(kFunction);
  ASSERT_TRUE(function);
  EXPECT_FALSE(function->code.zip.empty());
  EXPECT_THAT(function->environment, testing::Contains(testing::Key("TARGET_URL")));
  EXPECT_THAT(function->environment, testing::Not(testing::Contains(testing::Key("GATEWAY_URL"))));
}

TEST_F(Provisioning, StopsAtOnceWhenTheCloudNeverAnswered) {
  auto unreachable = settings();
  unreachable.function.api = "http://127.0.0.1:1";
  unreachable.ingress.grace = 60s;
  auto gateway = start(unreachable);
  ASSERT_TRUE(wait_for_state(*gateway, "retrying"));
  const auto begin = std::chrono::steady_clock::now();
  gateway->finish();
  // Half of the grace would go to deleting what it might have made.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

}  // namespace
}  // namespace gateway::test
