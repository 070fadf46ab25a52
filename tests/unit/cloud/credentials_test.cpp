#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <ostream>

#include "cloud/credentials_chain.hpp"
#include "support/run_task.hpp"
#include "support/scripted_http_server.hpp"
#include "unit/cloud/error_kind_text.hpp"

namespace gateway::cloud {

namespace {

using namespace std::chrono_literals;
using test::Action;
using test::reply;

std::string expiry(std::chrono::seconds from_now) {
  const auto at = std::chrono::system_clock::now() + from_now;
  return std::to_string(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

// An answer of the metadata service with a pair named after `name`.
Action metadata_pair(const std::string& name, std::chrono::seconds lasts) {
  return reply(200, {},
               R"({"TmpSecretId":"AKID)" + name + R"(","TmpSecretKey":"key-)" + name +
                   R"(","Token":"token-)" + name + R"(","ExpiredTime":)" + expiry(lasts) +
                   R"(,"Expiration":"2030-01-01T00:00:00Z","Code":"Success"})");
}
// The same from the Security Token Service.
Action sts_pair(const std::string& name, std::chrono::seconds lasts) {
  return reply(200, {},
               R"({"Response":{"Credentials":{"TmpSecretId":"AKID)" + name +
                   R"(","TmpSecretKey":"key-)" + name + R"(","Token":"token-)" + name +
                   R"("},"ExpiredTime":)" + expiry(lasts) +
                   R"(,"Expiration":"2030-01-01T00:00:00Z","RequestId":"r-sts"}})");
}
Action sts_error(const std::string& code) {
  return reply(
      200, {},
      R"({"Response":{"Error":{"Code":")" + code + R"(","Message":"no"},"RequestId":"r-sts"}})");
}

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() {
    sources_.metadata = HttpOrigin(false, "127.0.0.1", server_.port());
    sources_.sts = HttpOrigin(false, "127.0.0.1", server_.port());
  }
  void make() { credentials_ = make_credentials(context_.get_executor(), sources_); }
  ApiResult<Credential> get() {
    if (!credentials_) make();
    return test::run_task(context_, credentials_->get());
  }
  ApiError error() {
    const auto result = get();
    EXPECT_FALSE(result);
    return result ? ApiError() : result.error();
  }
  std::string id() {
    const auto result = get();
    EXPECT_TRUE(result) << result.error().text();
    return result ? result->id().reveal() : std::string();
  }
  std::size_t made() const { return server_.requests().size(); }

  asio::io_context context_{1};
  test::ScriptedHttpServer server_;
  CredentialSources sources_;
  std::unique_ptr<Credentials> credentials_;
};

TEST_F(CredentialsTest, AreThePairThatIsConfigured) {
  sources_.id = Secret("AKIDgiven");
  sources_.key = Secret("key");
  sources_.token = Secret("token");
  sources_.pod_identity = PodIdentity();  // not looked at
  const auto result = get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->id().reveal(), "AKIDgiven");
  EXPECT_EQ(result->key().reveal(), "key");
  EXPECT_EQ(result->token().reveal(), "token");
  EXPECT_FALSE(result->expires());
  EXPECT_FALSE(credentials_->renew());
  EXPECT_EQ(credentials_->name(), "configuration");
  EXPECT_EQ(made(), 0U);
}

TEST_F(CredentialsTest, AreRefusedWhenTheyCannotStandInAHeader) {
  for (const auto* const id : {"AKID one", "AKID\r\nX: y", " AKID"}) {
    sources_.id = Secret(id);
    sources_.key = Secret("key");
    make();
    const auto refused = error();
    EXPECT_EQ(refused.kind(), ErrorKind::denied);
    EXPECT_EQ(refused.code(), "ClientError.Credentials");
    EXPECT_EQ(refused.text().find("AKID"), std::string::npos);
  }
}

class InstanceRoleTest : public CredentialsTest {
 protected:
  void role_then(const Action& pair) {
    server_.next(reply(200, {}, "relay-role"));
    server_.next(pair);
  }
};

TEST_F(InstanceRoleTest, ComesFromTheMetadataService) {
  role_then(metadata_pair("one", 1h));
  const auto result = get();
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->id().reveal(), "AKIDone");
  EXPECT_EQ(result->key().reveal(), "key-one");
  EXPECT_EQ(result->token().reveal(), "token-one");
  ASSERT_TRUE(result->expires());
  EXPECT_LE(std::chrono::abs(*result->expires() - std::chrono::system_clock::now() - 1h), 5s);
  const auto requests = server_.requests();
  EXPECT_EQ(requests.at(0).method, "GET");
  EXPECT_EQ(requests.at(0).target, "/latest/meta-data/cam/security-credentials/");
  EXPECT_EQ(requests.at(1).target, "/latest/meta-data/cam/security-credentials/relay-role");
  EXPECT_EQ(credentials_->name(), "instance role");
}

TEST_F(InstanceRoleTest, IsKeptUntilItExpiresWithinFiveMinutes) {
  role_then(metadata_pair("one", 310s));
  EXPECT_EQ(id(), "AKIDone");
  EXPECT_EQ(id(), "AKIDone");
  EXPECT_EQ(made(), 2U);
}

TEST_F(InstanceRoleTest, IsFetchedAgainBeforeItExpires) {
  role_then(metadata_pair("one", 290s));
  role_then(metadata_pair("two", 1h));
  EXPECT_EQ(id(), "AKIDone");
  EXPECT_EQ(id(), "AKIDtwo");
  EXPECT_EQ(id(), "AKIDtwo");
  EXPECT_EQ(made(), 4U);
}

TEST_F(InstanceRoleTest, IsKeptWhileItIsValidWhenRenewingFails) {
  role_then(metadata_pair("one", 290s));
  server_.script([](const test::ReceivedRequest&) { return reply(500); });
  EXPECT_EQ(id(), "AKIDone");
  EXPECT_EQ(id(), "AKIDone");
  EXPECT_EQ(made(), 3U);
}

TEST_F(InstanceRoleTest, IsNotKeptOnceTheServiceRefusedIt) {
  role_then(metadata_pair("one", 1h));
  EXPECT_EQ(id(), "AKIDone");
  EXPECT_TRUE(credentials_->renew());
  server_.next(reply(500));
  EXPECT_EQ(error().kind(), ErrorKind::transient);
  role_then(metadata_pair("two", 1h));
  EXPECT_EQ(id(), "AKIDtwo");
}

TEST_F(InstanceRoleTest, IsDeniedWhenNoneIsBound) {
  server_.next(reply(404));
  const auto refused = error();
  EXPECT_EQ(refused.kind(), ErrorKind::denied);
  EXPECT_EQ(refused.code(), "ClientError.Credentials");
  EXPECT_NE(refused.text().find("no role is bound"), std::string::npos);
  EXPECT_NE(refused.text().find("set secret_id and secret_key"), std::string::npos);
}

TEST_F(InstanceRoleTest, IsDeniedWhereThereIsNoMetadataService) {
  for (const auto& nowhere : {HttpOrigin(false, "127.0.0.1", test::free_port()),
                              HttpOrigin(false, "no..such..host", 80)}) {
    sources_.metadata = nowhere;
    make();
    const auto refused = error();
    EXPECT_EQ(refused.kind(), ErrorKind::denied);
    EXPECT_NE(refused.text().find("no credentials"), std::string::npos);
    EXPECT_NE(refused.text().find("set secret_id and secret_key"), std::string::npos);
  }
}

TEST_F(InstanceRoleTest, MayComeLaterWhenTheMetadataServiceIsInTrouble) {
  for (const auto& fault : {reply(500), reply(200), reply(200, {}, "../etc"), reply(200, {}, "a b"),
                            test::close_unanswered(), test::garbage()}) {
    server_.next(fault);
    EXPECT_EQ(error().kind(), ErrorKind::transient);
  }
  for (const auto* const body :
       {"", "{", "[]", "{}", R"({"Code":"Failed"})", R"({"Code":"Success"})",
        R"({"Code":"Success","TmpSecretId":"a","TmpSecretKey":"b","Token":"c"})",
        R"({"Code":"Success","TmpSecretId":"a","TmpSecretKey":"b","Token":"","ExpiredTime":9})",
        R"({"Code":"Success","TmpSecretId":"a","TmpSecretKey":"b","Token":"c","ExpiredTime":-1})",
        R"({"Code":"Success","TmpSecretId":"a\n","TmpSecretKey":"b","Token":"c","ExpiredTime":9})",
        R"({"Code":"Success","TmpSecretId":1,"TmpSecretKey":"b","Token":"c","ExpiredTime":9})"}) {
    role_then(reply(200, {}, body));
    EXPECT_EQ(error().kind(), ErrorKind::transient) << body;
  }
}

TEST_F(InstanceRoleTest, DoesNotWaitForEver) {
  sources_.metadata_timeout = 30ms;
  server_.next(test::never_answer());
  EXPECT_EQ(error().kind(), ErrorKind::transient);
}

TEST_F(InstanceRoleTest, CanBeCancelled) {
  make();
  server_.script([this](const test::ReceivedRequest&) {
    asio::post(context_, [this] { credentials_->cancel(); });
    return test::never_answer();
  });
  EXPECT_EQ(error().kind(), ErrorKind::transient);
}

class PodIdentityTest : public CredentialsTest {
 protected:
  void SetUp() override {
    file_ = ::testing::TempDir() + "pod-token-" + std::to_string(::getpid());
    write_token("token-1\n");
    PodIdentity identity;
    identity.region = "ap-beijing";
    identity.provider_id = "cls-provider";
    identity.token_file = file_;
    identity.role_arn = "qcs::cam::uin/1:roleName/relay";
    sources_.pod_identity = identity;
  }
  void TearDown() override { ::unlink(file_.c_str()); }
  void write_token(std::string_view token) const { std::ofstream(file_) << token; }

  std::string file_;
};

TEST_F(PodIdentityTest, TakesOnTheRoleWithThePodsToken) {
  server_.next(sts_pair("one", 2h));
  const auto result = get();
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->id().reveal(), "AKIDone");
  EXPECT_EQ(result->token().reveal(), "token-one");
  const auto request = server_.requests().at(0);
  EXPECT_EQ(request.headers["Authorization"], "SKIP");
  EXPECT_EQ(request.headers["X-TC-Action"], "AssumeRoleWithWebIdentity");
  EXPECT_EQ(request.headers["X-TC-Version"], "2018-08-13");
  EXPECT_EQ(request.headers["X-TC-Region"], "ap-beijing");
  EXPECT_EQ(boost::json::parse(request.body),
            boost::json::parse(R"({"ProviderId":"cls-provider","WebIdentityToken":"token-1",
                                   "RoleArn":"qcs::cam::uin/1:roleName/relay",
                                   "RoleSessionName":"cos-gateway","DurationSeconds":7200})"));
  EXPECT_EQ(credentials_->name(), "pod identity (OIDC)");
}

TEST_F(PodIdentityTest, ReadsTheTokenAnewEachTime) {
  server_.next(sts_pair("one", 100s));
  server_.next(sts_pair("two", 2h));
  EXPECT_EQ(id(), "AKIDone");
  write_token("token-2");
  EXPECT_EQ(id(), "AKIDtwo");
  EXPECT_NE(server_.requests().at(1).body.find("token-2"), std::string::npos);
}

TEST_F(PodIdentityTest, IsDeniedWithoutAToken) {
  for (const auto* const token : {"", " \n"}) {
    write_token(token);
    EXPECT_EQ(error().kind(), ErrorKind::denied);
  }
  ::unlink(file_.c_str());
  const auto refused = error();
  EXPECT_EQ(refused.kind(), ErrorKind::denied);
  EXPECT_NE(refused.text().find(file_), std::string::npos);
  EXPECT_EQ(made(), 0U);
}

TEST_F(PodIdentityTest, IsDeniedWhenTheRoleIsRefused) {
  for (const auto* const code : {"UnauthorizedOperation", "InvalidParameter.WebIdentityToken"}) {
    server_.next(sts_error(code));
    const auto refused = error();
    EXPECT_EQ(refused.kind(), ErrorKind::denied);
    EXPECT_EQ(refused.code(), "ClientError.Credentials");
    EXPECT_EQ(refused.request_id(), "r-sts");
    EXPECT_NE(refused.text().find(code), std::string::npos);
    EXPECT_NE(refused.text().find("TKE_ROLE_ARN"), std::string::npos);
  }
}

TEST_F(PodIdentityTest, MayComeLaterWhenTheServiceIsInTrouble) {
  for (const auto& fault :
       {reply(503), reply(200, {}, "{"), reply(200, {}, R"({"Response":{}})"),
        sts_error("InternalError"), sts_error("RequestLimitExceeded"), test::close_unanswered()}) {
    server_.next(fault);
    EXPECT_EQ(error().kind(), ErrorKind::transient);
  }
}

TEST_F(PodIdentityTest, DoesNotWaitForEver) {
  sources_.sts_timeout = 30ms;
  server_.next(test::never_answer());
  EXPECT_EQ(error().kind(), ErrorKind::transient);
}

}  // namespace
}  // namespace gateway::cloud
