#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "support/payloads.hpp"
#include "support/program.hpp"
#include "support/scripted_cloud.hpp"
#include "support/scripted_eventbus.hpp"
#include "support/scripted_http_server.hpp"
#include "testkit/http_client.hpp"
#include "testkit/post.hpp"
#include "testkit/temporary_folder.hpp"

// What must not get out of the process.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPlantedToken = "planted-token-4f1d";
constexpr std::string_view kPrevious = "planted-previous-77aa";
constexpr std::string_view kHeader = "planted-header-09bc";
constexpr std::string_view kClientSecret = "planted-client-secret-c3";
constexpr std::string_view kAccessToken = "planted-access-token-8e";
constexpr std::string_view kWrongToken = "planted-wrong-token-5e";
constexpr std::string_view kUploader = "q-signature=planted-uploader-31d0";

std::string record_with_uploader() {
  return fmt::format(R"({{"cos":{{"cosObject":{{"key":"/1/b/a"}}}},"event":{{"requestParameters":)"
                     R"({{"requestHeaders":{{"Authorization":"{}"}}}}}}}})",
                     kUploader);
}

std::string signature_of(std::string_view body, std::string_view key) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return post_signature(key, now.time_since_epoch().count(), body);
}

class Secrets : public testing::Test {
 protected:
  // Everything the gateway says to the outside but the events themselves.
  void see(const Response& answer) {
    for (const Header& field : answer.headers.fields()) seen_ += field.name + field.value + "\n";
    seen_ += answer.body + "\n";
  }
  unsigned post(const std::string& body, const Headers& headers) {
    const Response answer = HttpClient(port_).post(body, headers);
    see(answer);
    return answer.status;
  }
  [[nodiscard]] std::string configuration() {
    std::string path = folder_.file("config.yml");
    std::ofstream(path) << fmt::format(
        "target: 127.0.0.1:{}\neventbus: test\ndebug: true\nsecret_id: {}\nsecret_key: {}\n"
        "bucket: {{endpoint: photos-1250000000.cos.ap-guangzhou.myqcloud.com}}\n"
        "function: {{region: ap-guangzhou, api: \"{}\", on_stop: keep}}\n"
        "gateway:\n  listen: 127.0.0.1:{}\n  admin: 127.0.0.1:{}\n  threads: 1\n"
        "  public_url: http://gateway.example.com\n  token: {}\n  previous_token: {}\n"
        "delivery: {{deadline: 300ms, timeout: 200ms, headers: {{X-Key: {}}},\n"
        "  oauth2: {{token_url: \"http://127.0.0.1:{}/token\", client_id: gateway, client_secret: "
        "{}}}}}\n"
        "event: {{redact: [Authorization]}}\n",
        bus_.port(), ScriptedCloud::kSecretId, ScriptedCloud::kSecretKey, cloud_.url(), port_,
        admin_port_, kPlantedToken, kPrevious, kHeader, tokens_.port(), kClientSecret);
    return path;
  }
  // The status page tells nobody that it changed; looking again is all one can do.
  void wait_until_provisioned() {
    HttpClient admin(admin_port_);
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (admin.get("/status").body.find(R"("state":"ready")") == std::string::npos) {
      ASSERT_LT(std::chrono::steady_clock::now(), until);
    }
  }

  TemporaryFolder folder_;
  ScriptedEventbus bus_;
  ScriptedCloud cloud_;
  ScriptedHttpServer tokens_;
  std::uint16_t port_ = free_port();
  std::uint16_t admin_port_ = free_port();
  std::string seen_;
};

TEST_F(Secrets, AppearInNoAnswerLogOrPage) {
  tokens_.script([](const ReceivedRequest&) {
    return reply(200, {}, fmt::format(R"({{"access_token":"{}"}})", kAccessToken));
  });
  RunningProgram program({"run", "--config", configuration()});
  ASSERT_TRUE(program.wait_until_ready(admin_port_)) << program.stop().err;
  wait_until_provisioned();

  const std::string record = record_with_uploader();
  const std::string body = cos_payload({record});
  std::vector<std::string> signatures;
  const auto sign = [&](const std::string& text, std::string_view key) {
    signatures.push_back(signature_of(text, key));
    return Headers{{"X-Cos-Signature", signatures.back()}};
  };
  EXPECT_EQ(post(body, sign(body, kPlantedToken)), 200u);
  EXPECT_EQ(post(body, sign(body, kPrevious)), 200u);
  EXPECT_EQ(post(body, sign(body, kWrongToken)), 401u);
  EXPECT_EQ(post(body, {}), 401u);
  EXPECT_EQ(post(body, {{"Authorization", fmt::format("Bearer {}", kPlantedToken)}}), 200u);
  EXPECT_EQ(post(body, {{"Authorization", fmt::format("Bearer {}", kWrongToken)}}), 401u);
  EXPECT_EQ(post(body, {{"Authorization", fmt::format("Basic {}", kWrongToken)}}), 401u);
  const std::string broken = body.substr(0, body.size() - 2);
  EXPECT_EQ(post(broken, sign(broken, kPlantedToken)), 400u);
  const std::string echo = fmt::format("X-Key={}, not allowed: Bearer {}", kHeader, kAccessToken);
  for (const Action& trouble :
       {reply(400, {}, echo), reply(503, {}, echo), reply(503), reset_unanswered()}) {
    bus_.next(trouble);
    EXPECT_THAT(post(body, sign(body, kPlantedToken)), testing::AnyOf(200u, 502u, 504u));
  }
  const std::string passed_on =
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","data":)" + record + "}";
  Headers structured = sign(passed_on, kPlantedToken);
  structured.add("Content-Type", "application/cloudevents+json");
  EXPECT_EQ(post(passed_on, structured), 200u);
  Headers binary{{"ce-specversion", "1.0"},
                 {"ce-id", "1"},
                 {"ce-source", "s"},
                 {"ce-type", "t"},
                 {"Content-Type", "application/json"},
                 {"Authorization", fmt::format("Bearer {}", kPlantedToken)}};
  EXPECT_EQ(post(body, binary), 200u);

  HttpClient admin(admin_port_);
  for (const char* page : {"/status", "/metrics", "/healthz", "/readyz"}) see(admin.get(page));
  const ProgramRun run = program.stop();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("debug")) << "the most that is ever logged";
  seen_ += run.out + run.err;

  std::vector<std::string> planted{std::string(kPlantedToken),
                                   std::string(kPrevious),
                                   std::string(kHeader),
                                   std::string(kClientSecret),
                                   std::string(kAccessToken),
                                   std::string(kWrongToken),
                                   std::string(kUploader),
                                   std::string(ScriptedCloud::kSecretId),
                                   std::string(ScriptedCloud::kSecretKey)};
  for (const std::string& signature : signatures) planted.push_back(signature.substr(14));
  for (const std::string& secret : planted) EXPECT_THAT(seen_, Not(HasSubstr(secret)));
  for (const Request& request : bus_.requests()) {
    EXPECT_THAT(request.body, Not(HasSubstr(std::string(kUploader)))) << "event.redact";
    EXPECT_EQ(request.headers["X-Key"], kHeader);
    EXPECT_EQ(request.headers["Authorization"], fmt::format("Bearer {}", kAccessToken));
  }
}

// Of a process whose memory is hidden, /proc shows root as the owner (proc(5)).
bool memory_is_hidden(const RunningProgram& program) {
  struct stat about{};
  EXPECT_EQ(::stat(fmt::format("/proc/{}/environ", program.pid()).c_str(), &about), 0);
  return about.st_uid == 0;
}

TEST(Memory, IsHiddenUnlessDebugging) {
  for (const bool debug : {false, true}) {
    SCOPED_TRACE(debug);
    const std::uint16_t admin_port = free_port();
    RunningProgram program(
        {"run", "--config", "/dev/null", "--set", "target=127.0.0.1:1", "--set", "eventbus=test",
         "--set", "function.provision=false", "--set", "gateway.listen=127.0.0.1:0", "--set",
         fmt::format("gateway.admin=127.0.0.1:{}", admin_port), "--set",
         fmt::format("debug={}", debug)},
        [] {
          constexpr uid_t kNobody = 65534;
          if (::getuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) _exit(126);
        });
    if (!program.wait_until_ready(admin_port)) {
      const ProgramRun run = program.stop();
      // Nobody may have no way to the program.
      ASSERT_THAT(run.exit_code, testing::AnyOf(126, 127)) << run.err;
      GTEST_SKIP() << "cannot be run by another user than root";
    }
    EXPECT_EQ(memory_is_hidden(program), !debug);
    EXPECT_EQ(program.stop().exit_code, 0);
  }
}

}  // namespace
}  // namespace gateway::test
