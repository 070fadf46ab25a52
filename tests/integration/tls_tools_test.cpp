// The built program with TLS files, and the gateway's TLS port as software sees it that was not
// written here: curl and openssl s_client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

#include "support/payloads.hpp"
#include "support/program.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "support/tls_folder.hpp"

namespace gateway::test {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Outcome {
  int exit_code = -1;
  std::string out;  // both streams
};

// NOLINTBEGIN(concurrency-mt-unsafe): the shell is the point
Outcome run(const std::string& command) {
  Outcome result;
  std::FILE* const pipe = ::popen((command + " 2>&1").c_str(), "re");
  if (pipe == nullptr) return result;
  std::array<char, 4096> block{};
  for (std::size_t size = 1; size != 0;) {
    size = std::fread(block.data(), 1, block.size(), pipe);
    result.out.append(block.data(), size);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}
// NOLINTEND(concurrency-mt-unsafe)

class TlsTools : public testing::Test {
 protected:
  TlsTools() : settings_(loopback_settings(bus_.port())) {
    settings_.ingress.tls = folder_.server("localhost");
    folder_.write("payload.json", cos_payload(2));
  }
  void start() { gateway_ = std::make_unique<RunningGateway>(settings_); }
  [[nodiscard]] std::string port() const { return std::to_string(gateway_->gateway().port()); }
  [[nodiscard]] Outcome curl(const std::string& options) const {
    return run("curl --silent --show-error --max-time 10 --noproxy '*' --cacert " +
               folder_.authority().file() + " --resolve localhost:" + port() + ":127.0.0.1 " +
               "--data-binary @" + folder_.path("payload.json") +
               " --write-out ' %{http_code} %{num_connects} ' " + options +
               " https://localhost:" + port() + "/");
  }
  [[nodiscard]] Outcome s_client(const std::string& input, const std::string& options) const {
    return run("(" + input + ") | openssl s_client -connect 127.0.0.1:" + port() + " -CAfile " +
               folder_.authority().file() + " -verify_hostname localhost -verify_return_error " +
               options);
  }

  ScriptedEventbus bus_;
  TlsFolder folder_;
  config::Settings settings_;
  std::unique_ptr<RunningGateway> gateway_;
};

#define SKIP_WITHOUT(program) \
  if (run(program).exit_code != 0) GTEST_SKIP() << "not installed: " << (program)

// Of every command that reads the configuration: what is wrong with a file is said at once.
TEST_F(TlsTools, TheProgramEndsWith78ForFilesThatCannotBeUsed) {
  const auto files = folder_.files("pair", folder_.authority().issue("localhost"));
  const std::string key = settings_.ingress.tls.key;
  const std::string config = folder_.write(
      "config.yml", "target: https://bus\neventbus: e\nfunction: {provision: false}\n");
  for (const char* command : {"run", "check"}) {
    const ProgramRun seen = run_program(
        {command, "--config", config, "--set", "gateway.tls.cert=" + files.cert, "--set",
         "gateway.tls.key=" + key, "--set", "delivery.tls.ca=" + folder_.path("none.pem")});
    EXPECT_EQ(seen.exit_code, 78);
    EXPECT_THAT(seen.err, HasSubstr("gateway.tls.key: \"" + key + "\" does not belong to the"));
    EXPECT_THAT(seen.err, HasSubstr("delivery.tls.ca: \"" + folder_.path("none.pem") + "\""));
  }
}

TEST_F(TlsTools, CurlPostsInEveryVersion) {
  SKIP_WITHOUT("curl --version");
  start();
  for (const char* version : {"--tlsv1.2 --tls-max 1.2", "--tlsv1.3", "--http2"}) {
    const Outcome post = curl(version);
    EXPECT_EQ(post.exit_code, 0);
    EXPECT_EQ(post.out, "{\"records\":2} 200 1 ") << version;
  }
  // Several posts on one connection.
  const Outcome twice = curl("https://localhost:" + port() + "/again");
  EXPECT_EQ(twice.out, "{\"records\":2} 200 1 {\"records\":2} 200 0 ");
}

TEST_F(TlsTools, CurlShowsItsCertificate) {
  SKIP_WITHOUT("curl --version");
  settings_.ingress.tls.ca = folder_.authority().file();
  start();
  const auto files = folder_.files("curl", folder_.authority().issue_to_client("curl"));
  EXPECT_EQ(curl("--cert " + files.cert + " --key " + files.key).out, "{\"records\":2} 200 1 ");
  const Outcome without = curl("");
  EXPECT_NE(without.exit_code, 0);
  EXPECT_THAT(without.out, HasSubstr("alert"));
}

TEST_F(TlsTools, CurlDoesNotTrustAnotherAuthority) {
  SKIP_WITHOUT("curl --version");
  start();
  const CertificateAuthority other;
  EXPECT_EQ(curl("--cacert " + other.file()).exit_code, 60);
}

TEST_F(TlsTools, OpensslResumesSessions) {
  SKIP_WITHOUT("openssl version");
  start();
  const Outcome seen = s_client("echo", "-tls1_2 -alpn http/1.1 -reconnect");
  EXPECT_THAT(seen.out, HasSubstr("ALPN protocol: http/1.1"));
  EXPECT_THAT(seen.out, HasSubstr("Reused, TLSv1.2"));
  EXPECT_EQ(gateway_->snapshot().tls_resumptions, 5u);
}

TEST_F(TlsTools, OpensslCannotRenegotiateOrUseEarlyData) {
  SKIP_WITHOUT("openssl version");
  start();
  // A line that begins with R asks for it.
  EXPECT_THAT(s_client("echo R; sleep 1", "-tls1_2").out, HasSubstr("no renegotiation"));
  EXPECT_THAT(s_client("echo Q", "-tls1_3").out, Not(HasSubstr("Early data was accepted")));
  EXPECT_THAT(s_client("echo Q", "-tls1_3").out, HasSubstr("Compression: NONE"));
}

TEST_F(TlsTools, OpensslGetsNoOldCiphers) {
  SKIP_WITHOUT("openssl version");
  start();
  for (const char* cipher : {"AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA256"}) {
    const Outcome refused = s_client("echo Q", std::string("-tls1_2 -cipher ") + cipher);
    EXPECT_THAT(refused.out, HasSubstr("handshake failure")) << cipher;
  }
}

}  // namespace
}  // namespace gateway::test
