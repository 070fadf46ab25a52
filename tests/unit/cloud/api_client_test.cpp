#include "cloud/api_client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <ostream>

#include "cloud/request_signing.hpp"
#include "runtime/log.hpp"
#include "support/run_task.hpp"
#include "support/scripted_http_server.hpp"
#include "unit/cloud/error_kind_text.hpp"

namespace gateway::cloud {

namespace {

using namespace std::chrono_literals;
using boost::json::object;
using test::Action;
using test::ReceivedRequest;
using test::reply;

constexpr auto* kOk = R"({"Response":{"Status":"Active","RequestId":"r-ok"}})";

Action success() {
  return reply(200, {}, kOk);
}
Action failure(std::string_view code, const test::Headers& headers = {}) {
  return reply(200, headers,
               R"({"Response":{"Error":{"Code":")" + std::string(code) +
                   R"(","Message":"no"},"RequestId":"r-no"}})");
}

std::chrono::sys_seconds machine_time() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}
std::chrono::sys_seconds signed_time(const ReceivedRequest& request) {
  return std::chrono::sys_seconds(
      std::chrono::seconds(std::stoll(std::string(request.headers["X-TC-Timestamp"]))));
}

// Hands out pairs, the first one, and after each renew() the next.
class ScriptedCredentials : public Credentials {
 public:
  explicit ScriptedCredentials(std::vector<ApiResult<Credential>> pairs)
      : pairs_(std::move(pairs)) {}

  [[nodiscard]] Task<ApiResult<Credential>> get() override {
    ++asked_;
    co_return pairs_[at_];
  }
  bool renew() override {
    if (at_ + 1 == pairs_.size()) return false;
    ++at_;
    return true;
  }
  void cancel() override {}
  [[nodiscard]] std::string name() const override { return "scripted"; }
  [[nodiscard]] std::size_t asked() const noexcept { return asked_; }

 private:
  std::vector<ApiResult<Credential>> pairs_;
  std::size_t at_ = 0;
  std::size_t asked_ = 0;
};

Credential permanent_pair() {
  return {Secret("AKIDone"), Secret("key-one")};
}
Credential temporary_pair(const std::string& name) {
  return {Secret("AKID" + name), Secret("key-" + name), Secret("token-" + name)};
}

class ApiClientTest : public ::testing::Test {
 protected:
  ApiClientTest() { use({permanent_pair()}); }

  void use(std::vector<ApiResult<Credential>> pairs) {
    credentials_.emplace(std::move(pairs));
    connect(HttpOrigin(false, "127.0.0.1", server_.port()));
  }
  void connect(const HttpOrigin& origin) {
    ApiService service;
    service.region = "ap-beijing";
    service.origin = origin;
    client_.emplace(context_.get_executor(), service, *credentials_, pace_);
  }
  void set_timeout(std::chrono::milliseconds timeout) {
    pace_.timeout = timeout;
    connect(HttpOrigin(false, "127.0.0.1", server_.port()));
  }

  ApiResult<object> call(const std::string& action) {
    object parameters;
    parameters["FunctionName"] = "relay";
    return test::run_task(context_, client_->call(action, std::move(parameters)));
  }
  // Expects an error and gives it.
  ApiError error_of(const std::string& action) {
    const auto result = call(action);
    EXPECT_FALSE(result);
    return result ? ApiError() : result.error();
  }
  std::size_t made() const { return server_.requests().size(); }

  static ApiPace quick() {
    ApiPace pace;
    pace.timeout = 10s;
    pace.retry_initial = 1ms;
    pace.retry_max = 2ms;
    return pace;
  }

  ApiPace pace_ = quick();
  asio::io_context context_{1};
  test::ScriptedHttpServer server_;
  std::optional<ScriptedCredentials> credentials_;
  std::optional<ApiClient> client_;
};

TEST_F(ApiClientTest, GivesTheMembersOfTheAnswer) {
  server_.next(success());
  const auto result = call("GetFunction");
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->at("Status").as_string(), "Active");
  EXPECT_FALSE(result->contains("RequestId"));
}

TEST_F(ApiClientTest, SendsTheHeadersOfTheApi) {
  server_.next(success());
  ASSERT_TRUE(call("GetFunction"));
  const auto request = server_.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/");
  EXPECT_EQ(request.body, R"({"FunctionName":"relay"})");
  EXPECT_EQ(request.headers["Content-Type"], "application/json");
  EXPECT_EQ(request.headers["X-TC-Action"], "GetFunction");
  EXPECT_EQ(request.headers["X-TC-Version"], "2018-04-16");
  EXPECT_EQ(request.headers["X-TC-Region"], "ap-beijing");
  EXPECT_EQ(request.headers["X-TC-Language"], "en-US");
  EXPECT_FALSE(request.headers.has("X-TC-Token"));
  EXPECT_LE(std::chrono::abs(signed_time(request) - machine_time()), 5s);
}

// The signature is made anew of what arrived.
TEST_F(ApiClientTest, SignsWhatItSends) {
  server_.next(success());
  ASSERT_TRUE(call("GetFunction"));
  const auto request = server_.requests().at(0);
  SigningInput input;
  input.host = request.headers["Host"];
  input.service = "scf";
  input.action = request.headers["X-TC-Action"];
  input.content_type = request.headers["Content-Type"];
  input.body = request.body;
  input.time = signed_time(request);
  EXPECT_EQ(input.host, "127.0.0.1:" + std::to_string(server_.port()));
  EXPECT_EQ(request.headers["Authorization"],
            authorization(input, Secret("AKIDone"), Secret("key-one")));
  EXPECT_NE(request.headers["Authorization"].find("/scf/tc3_request, SignedHeaders=content-type;"
                                                  "host;x-tc-action, "),
            std::string_view::npos);
}

TEST_F(ApiClientTest, SendsTheTokenOfATemporaryPair) {
  use({temporary_pair("a")});
  server_.next(success());
  ASSERT_TRUE(call("GetFunction"));
  EXPECT_EQ(server_.requests().at(0).headers["X-TC-Token"], "token-a");
}

TEST_F(ApiClientTest, GivesTheServicesErrorWithItsRequestId) {
  server_.next(failure("ResourceInUse.Cos"));
  const auto error = error_of("CreateTrigger");
  EXPECT_EQ(error.kind(), ErrorKind::permanent);
  EXPECT_EQ(error.code(), "ResourceInUse.Cos");
  EXPECT_EQ(error.request_id(), "r-no");
  EXPECT_NE(error.text().find("r-no"), std::string::npos);
  EXPECT_EQ(made(), 1U);
}

TEST_F(ApiClientTest, RepeatsReadsAfterTransientErrors) {
  for (const auto& fault :
       {reply(500), reply(200, {}, R"({"Response":{"Sta)"), test::close_unanswered(),
        test::garbage(), failure("ServiceUnavailable")}) {
    const auto before = made();
    server_.next(fault);
    server_.next(success());
    const auto result = call("GetFunction");
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_EQ(made(), before + 2);
  }
}

TEST_F(ApiClientTest, RepeatsReadsThreeTimesInAll) {
  server_.script([](const ReceivedRequest&) { return reply(500); });
  for (const auto* const action : {"GetFunction", "ListTriggers", "DescribeAnything"}) {
    const auto before = made();
    const auto error = error_of(action);
    EXPECT_EQ(error.code(), "ClientError.HttpStatus");
    EXPECT_EQ(error.kind(), ErrorKind::transient);
    EXPECT_EQ(made(), before + 3) << action;
  }
}

TEST_F(ApiClientTest, DoesNotRepeatReadsThatAreRefused) {
  server_.next(failure("ResourceNotFound.Function"));
  EXPECT_EQ(error_of("GetFunction").kind(), ErrorKind::absent);
  EXPECT_EQ(made(), 1U);
}

TEST_F(ApiClientTest, NeverRepeatsAWriteTheServiceMayHaveSeen) {
  struct Case {
    Action fault;
    std::string_view code;
  };
  const std::vector<Case> cases{
      {reply(500), "ClientError.HttpStatus"},
      {reply(200, {}, R"({"Response":{"Sta)"), "ClientError.Answer"},
      {test::garbage(), "ClientError.Answer"},
      {test::close_unanswered(), "ClientError.Connection"},
      {test::reset_unanswered(), "ClientError.Connection"},
      {test::half_status_line(), "ClientError.Connection"},
      {failure("ServiceUnavailable"), "ServiceUnavailable"},
  };
  for (const auto& [fault, code] : cases) {
    const auto before = made();
    server_.next(fault);
    const auto error = error_of("CreateFunction");
    EXPECT_EQ(error.kind(), ErrorKind::transient) << code;
    EXPECT_EQ(error.code(), code);
    EXPECT_EQ(made(), before + 1) << code;
  }
}

TEST_F(ApiClientTest, RepeatsAWriteThatFoundNoConnection) {
  connect(HttpOrigin(false, "127.0.0.1", test::free_port()));
  const auto error = error_of("CreateFunction");
  EXPECT_EQ(error.code(), "ClientError.Connection");
  EXPECT_EQ(error.kind(), ErrorKind::transient);
  EXPECT_EQ(credentials_->asked(), 3U);
}

TEST_F(ApiClientTest, RepeatsWhatIsRefusedForItsRate) {
  for (const auto* const code : {"RequestLimitExceeded", "RequestLimitExceeded.UinLimitExceeded"}) {
    const auto before = made();
    server_.next(failure(code));
    server_.next(failure(code));
    server_.next(success());
    EXPECT_TRUE(call("CreateFunction"));
    EXPECT_EQ(made(), before + 3);
  }
}

TEST_F(ApiClientTest, GivesUpOnRateLimitsInTheEnd) {
  server_.script([](const ReceivedRequest&) { return failure("RequestLimitExceeded"); });
  EXPECT_EQ(error_of("CreateFunction").kind(), ErrorKind::transient);
  EXPECT_EQ(made(), 3U);
}

TEST_F(ApiClientTest, WaitsNoLongerThanItMay) {
  set_timeout(300ms);
  server_.next(test::never_answer());
  const auto error = error_of("CreateFunction");
  EXPECT_EQ(error.code(), "ClientError.Timeout");
  EXPECT_EQ(error.kind(), ErrorKind::transient);
  EXPECT_EQ(made(), 1U);
}

TEST_F(ApiClientTest, SignsWithTheServicesClockOnceItsOwnIsRefused) {
  const auto theirs = machine_time() + 3h;
  const auto date = test::http_date(theirs);
  server_.next(failure("AuthFailure.SignatureExpire", {{"Date", date}}));
  server_.next(success());
  server_.next(success());
  ASSERT_TRUE(call("CreateFunction"));
  ASSERT_TRUE(call("GetFunction"));
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_LE(std::chrono::abs(signed_time(requests[0]) - machine_time()), 5s);
  EXPECT_LE(std::chrono::abs(signed_time(requests[1]) - theirs), 5s);
  EXPECT_LE(std::chrono::abs(signed_time(requests[2]) - theirs), 5s);
}

TEST_F(ApiClientTest, StatesBothClocksWhenTheyCannotBeReconciled) {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  server_.script([date](const ReceivedRequest&) {
    return failure("AuthFailure.SignatureExpire", {{"Date", date}});
  });
  const auto error = error_of("GetFunction");
  EXPECT_EQ(error.kind(), ErrorKind::permanent);
  EXPECT_EQ(error.code(), "AuthFailure.SignatureExpire");
  EXPECT_EQ(error.request_id(), "r-no");
  EXPECT_NE(error.message().find("the service's clock says 1994-11-06 08:49:37 UTC"),
            std::string::npos)
      << error.message();
  EXPECT_NE(error.message().find("this machine's 20"), std::string::npos) << error.message();
  EXPECT_EQ(made(), 2U);
}

TEST_F(ApiClientTest, DoesNotTryAgainWithoutKnowingTheServicesClock) {
  server_.next(failure("AuthFailure.SignatureExpire"));
  EXPECT_EQ(error_of("GetFunction").kind(), ErrorKind::permanent);
  EXPECT_EQ(made(), 1U);
}

TEST_F(ApiClientTest, RenewsTemporaryCredentialsThatAreRefused) {
  for (const auto* const code : {"AuthFailure.TokenFailure", "AuthFailure.SecretIdNotFound",
                                 "AuthFailure.InvalidSecretId"}) {
    use({temporary_pair("old"), temporary_pair("new")});
    const auto before = made();
    server_.next(failure(code));
    server_.next(success());
    EXPECT_TRUE(call("CreateFunction")) << code;
    const auto requests = server_.requests();
    ASSERT_EQ(requests.size(), before + 2);
    EXPECT_EQ(requests[before].headers["X-TC-Token"], "token-old");
    EXPECT_EQ(requests[before + 1].headers["X-TC-Token"], "token-new");
  }
}

TEST_F(ApiClientTest, RenewsCredentialsOncePerCall) {
  use({temporary_pair("1"), temporary_pair("2"), temporary_pair("3")});
  server_.script([](const ReceivedRequest&) { return failure("AuthFailure.TokenFailure"); });
  EXPECT_EQ(error_of("GetFunction").kind(), ErrorKind::denied);
  EXPECT_EQ(made(), 2U);
}

TEST_F(ApiClientTest, DoesNotRenewAPermanentPair) {
  use({permanent_pair(), permanent_pair()});
  server_.next(failure("AuthFailure.SecretIdNotFound"));
  EXPECT_EQ(error_of("GetFunction").kind(), ErrorKind::denied);
  EXPECT_EQ(made(), 1U);
}

TEST_F(ApiClientTest, MakesNoCallWithoutCredentials) {
  use({ApiError(ErrorKind::denied, "InstanceRole", "ClientError.Credentials", "none", "")});
  const auto error = error_of("GetFunction");
  EXPECT_EQ(error.kind(), ErrorKind::denied);
  EXPECT_EQ(error.code(), "ClientError.Credentials");
  EXPECT_EQ(made(), 0U);
}

TEST_F(ApiClientTest, KeepsItsConnection) {
  server_.script([](const ReceivedRequest&) { return success(); });
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(call("GetFunction"));
  EXPECT_EQ(server_.connections(), 1U);
}

TEST_F(ApiClientTest, EndsWhenItIsCancelled) {
  server_.script([this](const ReceivedRequest&) {
    asio::post(context_, [this] { client_->cancel(); });
    return test::never_answer();
  });
  EXPECT_EQ(error_of("GetFunction").code(), "ClientError.Cancelled");
  EXPECT_EQ(error_of("CreateFunction").code(), "ClientError.Cancelled");
  EXPECT_EQ(made(), 1U);
}

TEST_F(ApiClientTest, EndsItsBackOffWhenItIsCancelled) {
  pace_.retry_initial = pace_.retry_max = 1h;
  connect(HttpOrigin(false, "127.0.0.1", server_.port()));
  server_.next(reply(500));
  Timer timer(context_.get_executor(), 50ms);  // long enough for the answer to come
  timer.async_wait([this](const error_code&) { client_->cancel(); });
  EXPECT_EQ(error_of("GetFunction").code(), "ClientError.Cancelled");
  EXPECT_EQ(made(), 1U);
}

TEST_F(ApiClientTest, LogsEveryCallWithItsRequestIdAndWithoutSecrets) {
  use({temporary_pair("a")});
  server_.next(failure("UnauthorizedOperation"));  // one that is not tried again
  server_.next(success());
  testing::internal::CaptureStderr();
  log::start(log::Level::debug, log::Format::json);
  EXPECT_FALSE(call("GetFunction"));
  EXPECT_TRUE(call("ListTriggers"));
  log::stop();
  const std::string text = testing::internal::GetCapturedStderr();
  for (const auto* const part :
       {R"("action":"GetFunction")", R"("request_id":"r-no")", R"("code":"UnauthorizedOperation")",
        R"("action":"ListTriggers")", R"("request_id":"r-ok")", R"("milliseconds":)"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  for (const auto* const secret : {"AKIDa", "key-a", "token-a", "relay"}) {
    EXPECT_EQ(text.find(secret), std::string::npos) << secret << " in " << text;
  }
}

}  // namespace
}  // namespace gateway::cloud
