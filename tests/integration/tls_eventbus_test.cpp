#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_http_server.hpp"
#include "support/tls_folder.hpp"
#include "testkit/eventually.hpp"
#include "testkit/socket.hpp"
#include "testkit/text_file.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;

class TlsEventbus : public testing::Test {
 protected:
  [[nodiscard]] config::Settings settings(std::uint16_t port,
                                          const std::string& host = "127.0.0.1") const {
    config::Settings settings = loopback_settings(port);
    settings.target = "https://" + host + ":" + std::to_string(port);
    settings.delivery.tls = folder_.client();
    return settings;
  }
  // With a certificate of the gateway's own.
  [[nodiscard]] config::Settings mutual_settings(std::uint16_t port) const {
    config::Settings settings = this->settings(port);
    const config::TlsFiles own =
        folder_.files("own", folder_.authority().issue_to_client("gateway"));
    settings.delivery.tls.cert = own.cert;
    settings.delivery.tls.key = own.key;
    return settings;
  }
  [[nodiscard]] ServerIdentity identity(const std::string& host = "127.0.0.1") const {
    return folder_.authority().issue(host);
  }
  static bool status_says(const RunningGateway& gateway, const std::string& text) {
    return eventually([&] {
      return gateway.connect_admin().get("/status").body.find(text) != std::string::npos;
    });
  }

  TlsFolder folder_;
};

TEST_F(TlsEventbus, EventsAreDelivered) {
  ScriptedHttpServer bus(identity());
  RunningGateway gateway(settings(bus.port()));
  HttpClient client = gateway.connect();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.post(cos_payload(5)).status, 200u);
  const auto requests = bus.requests();
  ASSERT_EQ(requests.size(), 50u);
  EXPECT_EQ(requests[0].target, "/gateway/test");
  EXPECT_EQ(requests[0].headers["Host"], "127.0.0.1:" + std::to_string(bus.port()));
  EXPECT_EQ(requests[0].headers["ce-specversion"], "1.0");
  EXPECT_EQ(bus.connections(), 1u);
}

TEST_F(TlsEventbus, ManyAndLargeEventsArriveWhole) {
  ScriptedHttpServer bus(identity());
  config::Settings wanted = settings(bus.port());
  wanted.delivery.pipeline = 64;
  RunningGateway gateway(wanted);
  const std::string large = R"({"key":")" + std::string(2'000'000, 'k') + R"("})";
  std::string body = R"({"Records":[)" + large;
  for (int i = 0; i < 300; ++i) body += R"(,{"n":)" + std::to_string(i) + "}";
  EXPECT_EQ(gateway.post(body + "]}").status, 200u);
  const auto requests = bus.requests();
  ASSERT_EQ(requests.size(), 301u);
  EXPECT_EQ(requests[0].body, large);
  EXPECT_EQ(requests[300].body, R"({"n":299})");
}

TEST_F(TlsEventbus, AHostNameIsVerifiedAndIndicated) {
  ScriptedHttpServer bus(identity("localhost"));
  RunningGateway gateway(settings(bus.port(), "localhost"));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
}

struct Refused {
  const char* name;
  ServerIdentity (*identity)(const CertificateAuthority&);
  const char* host;
  const char* reason;
};

void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.name;
}

const Refused kRefused[] = {
    {"OtherName", [](const CertificateAuthority& a) { return a.issue("other.example.com"); },
     "localhost", "hostname mismatch"},
    {"OtherAddress", [](const CertificateAuthority& a) { return a.issue("127.0.0.2"); },
     "127.0.0.1", "IP address mismatch"},
    {"Expired",
     [](const CertificateAuthority& a) { return a.issue("127.0.0.1", Validity::expired); },
     "127.0.0.1", "certificate has expired"},
    {"UnknownAuthority",
     [](const CertificateAuthority&) { return CertificateAuthority().issue("127.0.0.1"); },
     "127.0.0.1", "unable to get local issuer certificate"},
    {"SelfSigned", [](const CertificateAuthority&) { return self_signed("127.0.0.1"); },
     "127.0.0.1", "self-signed certificate"},
};

class RefusedEventbus : public TlsEventbus, public testing::WithParamInterface<Refused> {};

TEST_P(RefusedEventbus, GetsNothingAndStatusSaysWhy) {
  ScriptedHttpServer bus(GetParam().identity(folder_.authority()));
  config::Settings wanted = settings(bus.port(), GetParam().host);
  wanted.delivery.deadline = 300ms;
  RunningGateway gateway(wanted);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 504u);
  EXPECT_TRUE(
      status_says(gateway, std::string("TLS: certificate verify failed: ") + GetParam().reason));
  EXPECT_TRUE(bus.requests().empty());
}

TEST_P(RefusedEventbus, IsTakenWithoutVerification) {
  ScriptedHttpServer bus(GetParam().identity(folder_.authority()));
  config::Settings wanted = settings(bus.port(), GetParam().host);
  wanted.delivery.tls.verify = false;
  RunningGateway gateway(wanted);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
}

INSTANTIATE_TEST_SUITE_P(Table, RefusedEventbus, testing::ValuesIn(kRefused),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_F(TlsEventbus, AnEventbusInPlainTextIsNamed) {
  ScriptedHttpServer bus;
  config::Settings wanted = settings(bus.port());
  wanted.delivery.deadline = 300ms;
  RunningGateway gateway(wanted);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 504u);
  EXPECT_TRUE(bus.requests().empty());
  EXPECT_TRUE(status_says(gateway, "TLS"));
}

TEST_F(TlsEventbus, AHandshakeThatGetsNoAnswerTimesOut) {
  std::uint16_t port = 0;
  const Socket silent = bind_loopback(port);
  ASSERT_EQ(::listen(silent.fd(), 8), 0);  // the kernel takes connections, and nobody reads
  config::Settings wanted = settings(port);
  wanted.delivery.timeout = 100ms;
  wanted.delivery.deadline = 500ms;
  RunningGateway gateway(wanted);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 504u);
  EXPECT_TRUE(status_says(gateway, "TLS handshake timed out"));
}

TEST_F(TlsEventbus, TheGatewayShowsItsCertificate) {
  ScriptedHttpServer bus(identity(), folder_.authority().file());
  RunningGateway gateway(mutual_settings(bus.port()));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
}

TEST_F(TlsEventbus, ACertificateThatIsMissedIsNamed) {
  ScriptedHttpServer bus(identity(), folder_.authority().file());
  config::Settings wanted = settings(bus.port());
  wanted.delivery.deadline = 500ms;
  RunningGateway gateway(wanted);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 504u);
  EXPECT_TRUE(status_says(gateway, "certificate required"));
  EXPECT_TRUE(bus.requests().empty());
}

TEST_F(TlsEventbus, SessionsAreResumed) {
  for (const bool mutual : {false, true}) {
    ScriptedHttpServer plain_bus(identity());
    ScriptedHttpServer mutual_bus(identity(), folder_.authority().file());
    ScriptedHttpServer& bus = mutual ? mutual_bus : plain_bus;
    RunningGateway gateway(mutual_settings(bus.port()));
    bus.script([](const ReceivedRequest&) { return last_reply(200); });
    for (int i = 0; i < 5; ++i) EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
    EXPECT_EQ(bus.connections(), 5u);
    EXPECT_EQ(bus.resumptions(), 4u);
  }
}

// Posts that come while connections are made for the first time must not disturb the handshakes.
TEST_F(TlsEventbus, HandshakesAtTheStartAreLeftAlone) {
  ScriptedHttpServer bus(identity(), folder_.authority().file());
  config::Settings wanted = mutual_settings(bus.port());
  wanted.delivery.connections = 32;
  RunningGateway gateway(wanted);
  HttpClient client = gateway.connect();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client.post(cos_payload(1)).status, 200u);
  EXPECT_EQ(gateway.snapshot().retried_total(), 0u);
  EXPECT_EQ(gateway.connect_admin().get("/status").body.find("peer refuses"), std::string::npos);
}

// Its head is complete, which is all that counts.
TEST_F(TlsEventbus, ASuccessWhoseBodyIsCutOffIsOne) {
  ScriptedHttpServer bus(identity());
  bus.next(reply_until_close(200, "this much"));
  RunningGateway gateway(settings(bus.port()));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  EXPECT_EQ(bus.requests().size(), 1u);
  EXPECT_EQ(gateway.snapshot().retried_total(), 0u);
}

TEST_F(TlsEventbus, BrokenConnectionsAreMadeAgain) {
  ScriptedHttpServer bus(identity());
  std::size_t seen = 0;
  bus.script([&seen](const ReceivedRequest&) {
    return ++seen % 4 == 0 ? reset_unanswered() : reply(200);
  });
  RunningGateway gateway(settings(bus.port()));
  HttpClient client = gateway.connect();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.post(cos_payload(1)).status, 200u);
  EXPECT_EQ(gateway.snapshot().delivered, 20u);
}

TEST_F(TlsEventbus, NewAuthoritiesAreTakenIntoUse) {
  const CertificateAuthority other;
  ScriptedHttpServer bus(other.issue("127.0.0.1"));
  config::Settings wanted = settings(bus.port());
  wanted.delivery.deadline = 10s;
  const std::string bundle = folder_.path("bundle.pem");
  folder_.write("bundle.pem", read_text(folder_.authority().file()));
  wanted.delivery.tls.ca = bundle;
  RunningGateway gateway(wanted);
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(1)));
  EXPECT_TRUE(status_says(gateway, "unable to get local issuer certificate"));
  folder_.write("bundle.pem", read_text(folder_.authority().file()) + read_text(other.file()));
  EXPECT_EQ(client.response().status, 200u);
}

}  // namespace
}  // namespace gateway::test
