// What belongs together, and what provisioning asks for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/gateway/config/support.hpp"

namespace gateway::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Case {
  std::vector<std::string> overrides;
  std::string text;
};

// A configuration that provisions the built-in relay and has nothing to complain about.
constexpr const char* kProvisioning = R"(target: "bus:8080"
eventbus: orders
secret_id: id
secret_key: key
bucket: {endpoint: photos-1250000000.cos.ap-beijing.myqcloud.com}
function: {region: ap-beijing}
gateway: {public_url: "https://gw.example.com"}
)";

Loaded provisioning_with(std::vector<std::string> overrides) {
  auto texts = testing::with_config(kProvisioning);
  texts.overrides = std::move(overrides);
  return load(texts);
}

TEST(Checks, ProvisioningNeedsNothingMore) {
  const auto loaded = provisioning_with({});
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  EXPECT_THAT(testing::texts_of(loaded.warnings), IsEmpty());
  EXPECT_EQ(loaded.settings.function.runtime, "Nodejs18.15");
  EXPECT_FALSE(loaded.settings.function.code.has_value());
}

TEST(Checks, OtherCredentialsStandInForAKeyPair) {
  const std::vector<std::string> without_pair = {"secret_id=", "secret_key="};
  EXPECT_THAT(provisioning_with(without_pair).problems, Not(IsEmpty()));

  auto with_role = without_pair;
  with_role.emplace_back("instance_role=true");
  EXPECT_THAT(testing::texts_of(provisioning_with(with_role).problems), IsEmpty());

  auto texts = testing::with_config(kProvisioning);
  texts.overrides = without_pair;
  texts.environment = {{"TKE_REGION", "ap-beijing"},
                       {"TKE_PROVIDER_ID", "cls-1"},
                       {"TKE_WEB_IDENTITY_TOKEN_FILE", "/run/token"}};
  EXPECT_THAT(load(texts).problems, Not(IsEmpty())) << "without the role it is no identity";
  texts.environment["TKE_ROLE_ARN"] = "qcs::cam::uin/1:roleName/relay";
  const auto loaded = load(texts);
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  ASSERT_TRUE(loaded.settings.pod_identity.has_value());
  EXPECT_EQ(loaded.settings.pod_identity->token_file, "/run/token");
  EXPECT_EQ(loaded.settings.pod_identity->role_arn, "qcs::cam::uin/1:roleName/relay");
}

TEST(Checks, RefuseWhatProvisioningCannotUse) {
  const Case cases[] = {
      {{"secret_id="}, "--set secret_id: required, as function.provision is true"},
      {{"secret_key="}, "--set secret_key: required, as function.provision is true"},
      {{"bucket.endpoint="}, "--set bucket.endpoint: required, as function.provision is true"},
      {{"function.region="}, "--set function.region: required, as function.provision is true"},
      {{"secret_id=", "instance_role=true"}, "--set secret_id: required, as function.provision"},
      {{"bucket.prefix=/logs"}, "--set bucket.prefix: object keys have no leading '/'"},
      {{"bucket.suffix=jpg"}, "--set bucket.suffix: must begin with '.', got \"jpg\""},
      {{"function.region=Beijing"}, "expected a region such as ap-beijing, got \"Beijing\""},
      {{"function.name=1"}, "--set function.name: expected 2 to 60 letters"},
      {{"function.namespace=a.b"}, "--set function.namespace: expected up to 30 letters"},
      {{"function.runtime=Go1"}, "--set function.runtime: expected a Node.js runtime"},
      {{"bucket.events=[]"}, "--set bucket.events: at least one event is required"},
      {{"bucket.events=['cos:ObjectCreated:*', cos:ObjectCreated:Put]"},
       "cos:ObjectCreated:Put is among cos:ObjectCreated:*; a bucket refuses both"},
      {{"function.code.path=/x", "gateway.public_url=http://gw.example.com"},
       "gateway.auth: auto has every post of function.code refused, as that code cannot sign: "
       "remove function.code, and the built-in relay is deployed, which signs; or set "
       "gateway.auth: none"},
      {{"function.code.path=/x", "gateway.auth=auto"},
       "--set gateway.auth: auto has every post of function.code refused"},
      {{"function.code.path=/vanus/cos-source/dev/main.zip", "gateway.auth=hmac"},
       "--set gateway.auth: hmac has every post of function.code refused"},
      {{"function.code.path=x.zip", "gateway.auth=none"},
       "--set function.code.path: must begin with '/', got \"x.zip\""},
      {{"gateway.public_url=", "eventbus=", "target=bus/path", "function.code.path=/x"},
       "--set eventbus: required by the code of function.code"},
      {{"bucket.events=['cos:ObjectCreated:A','cos:ObjectCreated:B','cos:ObjectCreated:C',"
        "'cos:ObjectCreated:D','cos:ObjectCreated:E','cos:ObjectCreated:F','cos:ObjectCreated:G',"
        "'cos:ObjectCreated:H','cos:ObjectCreated:I','cos:ObjectCreated:J','cos:ObjectCreated:K']"},
       "11 events, but a function has at most 10 COS triggers"},
  };
  for (const auto& [overrides, text] : cases) {
    const auto problems = testing::texts_of(provisioning_with(overrides).problems);
    ASSERT_EQ(problems.size(), 1U) << overrides[0];
    EXPECT_THAT(problems[0], HasSubstr(text));
  }
}

TEST(Checks, TakeCodeBehindAPublicUrlWithExplicitAuthentication) {
  for (const auto* auth : {"gateway.auth=none", "gateway.auth=hmac"}) {
    const auto loaded = provisioning_with({"function.code.path=/x", auth});
    EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty()) << auth;
    EXPECT_EQ(loaded.settings.function.runtime, "Go1");
  }
  EXPECT_EQ(provisioning_with({"function.code.path=/x", "function.runtime=Nodejs20.19"})
                .settings.function.runtime,
            "Nodejs20.19");
}

TEST(Checks, RefuseWhatContradictsItself) {
  const Case cases[] = {
      {{"target="}, "--set target: required"},
      {{"eventbus="}, "--set eventbus: required, as the path events go to is made of it"},
      {{"delivery.mode=batch", "delivery.profile=knative"}, "delivery.mode: batch is not taken"},
      {{"delivery.mode=batch", "delivery.profile=vanus"}, "delivery.mode: batch is not taken"},
      {{"eventbus=.."}, "--set eventbus: must not be '.' or '..'"},
      {{"target=bus:x"},
       "--set target: expected host:port or an http or https URL, IPv6 in "
       "brackets, got \"bus:x\""},
      {{"target=http://u:hush@bus"},
       "must not hold a user or password; delivery.headers can send an Authorization"},
      {{"gateway.max_body=1MiB", "gateway.max_in_flight=512KiB"},
       "gateway.max_body: 1MiB is more than gateway.max_in_flight (512KiB)"},
      {{"gateway.tls.cert=c"}, "gateway.tls.key: required, as gateway.tls.cert is given"},
      {{"gateway.tls.key=k"}, "gateway.tls.cert: required, as gateway.tls.key is given"},
      {{"gateway.tls.client_ca=c"}, "--set gateway.tls.client_ca: needs gateway.tls.cert"},
      {{"target=https://bus", "delivery.tls.key=k"},
       "delivery.tls.cert: required, as delivery.tls.key is given"},
      {{"delivery.retry.initial=11s"}, "11s is more than delivery.retry.max (10s)"},
      {{"gateway.auth=hmac"}, "--set gateway.auth: hmac needs gateway.token or secret_key"},
      {{"gateway.previous_token=x"}, "gateway.previous_token: is accepted besides"},
      {{"gateway.admin=127.0.0.1:8080"}, "port 8080 is gateway.listen's already"},
      {{"spool.path=/s", "dead_letter.path=/s"}, "--set dead_letter.path: is spool.path too"},
  };
  for (const auto& [overrides, text] : cases) {
    const auto problems = testing::texts_of(testing::load_with(overrides).problems);
    ASSERT_EQ(problems.size(), 1U) << overrides[0];
    EXPECT_THAT(problems[0], HasSubstr(text));
  }
}

TEST(Checks, WarnOfWhatIsUnlikelyToBeMeant) {
  const Case cases[] = {
      {{"delivery.timeout=30s"}, "30s is more than delivery.deadline (25s)"},
      {{"delivery.queue.bytes=1MiB"}, "1MiB is less than gateway.max_body (8MiB)"},
      {{"delivery.tls.ca=c"}, "delivery.tls: has no effect, as target is not an https URL"},
      {{"target=https://bus", "delivery.tls.verify=false"}, "the eventbus is not authenticated"},
      {{"target=bus", "delivery.profile=knative"}, "target: has no path, so events go to /"},
      {{"gateway.tls.cert=c", "gateway.tls.key=k", "gateway.public_url=http://gw"},
       "with gateway.tls the gateway takes TLS only"},
      {{"gateway.auth=auto"}, "auto without gateway.token and secret_key is none"},
      {{"secret_key=(redacted)"}, "(redacted) stands for a secret; taken as not given"},
  };
  for (const auto& [overrides, text] : cases) {
    const auto loaded = testing::load_with(overrides);
    EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty()) << overrides[0];
    EXPECT_THAT(testing::texts_of(loaded.warnings), ElementsAre(HasSubstr(text))) << overrides[0];
  }
}

TEST(Checks, WarnOfWhatProvisioningDoesWithoutTheGateway) {
  EXPECT_THAT(testing::texts_of(provisioning_with({"gateway.public_url="}).warnings),
              ElementsAre(HasSubstr("no event comes through this gateway")));
  EXPECT_THAT(
      testing::texts_of(provisioning_with({"gateway.public_url=", "target=https://bus"}).warnings),
      ::testing::SizeIs(1))
      << "the built-in relay speaks https";
  EXPECT_THAT(testing::texts_of(provisioning_with({"gateway.public_url=", "target=https://bus",
                                                   "function.code.path=/x"})
                                    .warnings),
              Contains(HasSubstr("sends to host:port over http only")));
  EXPECT_THAT(
      testing::texts_of(provisioning_with({"gateway.public_url=", "target=http://bus:1"}).warnings),
      ::testing::SizeIs(1));
  EXPECT_THAT(testing::texts_of(provisioning_with({"function.region=ap-shanghai"}).warnings),
              ElementsAre("--set function.region: a COS trigger works within one region, and the "
                          "bucket is in ap-beijing"));
}

TEST(Checks, WarnOfWhatTheRelayCannotDoOrShouldNot) {
  const Case cases[] = {
      {{"delivery.deadline=60s"}, "for which the relay waits 27 s"},
      {{"gateway.tls.cert=c", "gateway.tls.key=k", "gateway.tls.client_ca=a"},
       "asks for a certificate, which the relay has not"},
      {{"function.api=http://scf.example"}, "function.api: is an http URL"},
  };
  for (const auto& [overrides, text] : cases) {
    EXPECT_THAT(testing::texts_of(provisioning_with(overrides).warnings),
                Contains(HasSubstr(text)));
  }
  EXPECT_THAT(testing::texts_of(provisioning_with({"function.api=http://127.0.0.1:1"}).warnings),
              Not(Contains(HasSubstr("function.api"))));
}

TEST(Checks, WarnOfAddressesThatTheFunctionCannotReach) {
  const std::vector<std::string> private_hosts{
      "127.0.0.1",  "127.1.2.3",  "localhost",   "0.0.0.0",           "10.1.2.3",
      "172.16.0.1", "172.31.0.1", "192.168.1.1", "100.64.0.1",        "169.254.1.1",
      "[::1]",      "[fd00::1]",  "[fe80::1]",   "[::ffff:10.0.0.1]", "[::ffff:127.0.0.1]"};
  for (const auto& host : private_hosts) {
    EXPECT_THAT(testing::texts_of(
                    provisioning_with({"gateway.public_url=http://" + host + ":8080"}).warnings),
                ElementsAre(HasSubstr("cannot reach it from Tencent's network")))
        << host;
    EXPECT_THAT(testing::texts_of(
                    provisioning_with({"gateway.public_url=", "target=" + host + ":80"}).warnings),
                Contains(HasSubstr("--set target: ")))
        << host;
  }
  for (const std::string host : {"203.0.113.10", "172.32.0.1", "100.128.0.1", "11.0.0.1",
                                 "gw.example.com", "[2001:db8::1]", "localhost.example.com"}) {
    EXPECT_THAT(
        testing::texts_of(provisioning_with({"gateway.public_url=http://" + host}).warnings),
        IsEmpty())
        << host;
  }
}

TEST(Checks, WarnOfWhatTheCodeOfACosObjectCannotDo) {
  EXPECT_THAT(testing::texts_of(provisioning_with({"function.code.path=/x", "gateway.auth=hmac",
                                                   "gateway.public_url=http://gw.example.com"})
                                    .warnings),
              ElementsAre(HasSubstr("does not sign itself")));
  EXPECT_THAT(
      testing::texts_of(provisioning_with({"function.code.path=/x", "gateway.auth=none"}).warnings),
      ElementsAre(HasSubstr("speaks plain http")));
}

TEST(Checks, WarnOfEventsThatNobodyKnows) {
  EXPECT_THAT(
      testing::texts_of(provisioning_with({"bucket.events=['cos:ObjectCreated:Putt']"}).warnings),
      ElementsAre("--set bucket.events: \"cos:ObjectCreated:Putt\" is no event that COS "
                  "documents; did you mean cos:ObjectCreated:Put?"));
}

TEST(Checks, AllowTwoListenersOnDifferentAddresses) {
  for (const std::vector<std::string>& overrides :
       {std::vector<std::string>{"gateway.listen=127.0.0.1:1", "gateway.admin=127.0.0.2:1"},
        std::vector<std::string>{"gateway.listen=127.0.0.1:0", "gateway.admin=127.0.0.1:0"}}) {
    EXPECT_TRUE(testing::load_with(overrides).ok());
  }
}

TEST(Checks, AllowNoEventbusWhereThePathNeedsNone) {
  EXPECT_TRUE(testing::load_with({"eventbus=", "target=http://bus/in"}).ok());
}

TEST(FunctionName, IsDerivedOnlyFromABucketAndARegion) {
  EXPECT_EQ(testing::load_with({}).settings.source(), "cos-gateway");
  EXPECT_EQ(testing::load_with({"function.region=ap-beijing"}).settings.source(), "cos-gateway");
  EXPECT_EQ(provisioning_with({"function.provision=false"}).settings.source(),
            "vanus-cos-source-function-9566534884964062890");
}

}  // namespace
}  // namespace gateway::config
