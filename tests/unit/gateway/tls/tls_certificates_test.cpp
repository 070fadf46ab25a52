// Whose certificates are taken, on both sides of a TLS connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "unit/gateway/tls/conversation.hpp"

namespace gateway::tls {
namespace {

using test::Validity;
using testing::HasSubstr;
using State = TlsSession::State;

TEST_F(Conversation, AClientsCertificateIsAskedForAndNamed) {
  server_files_.ca = folder_.authority().file();
  const auto shown = folder_.files("client", folder_.authority().issue_to_client("relay 7"));
  client_files_.cert = shown.cert;
  client_files_.key = shown.key;
  meet();
  ASSERT_EQ(server_->state(), State::open) << server_->problem();
  EXPECT_EQ(server_->peer_subject(), "CN=relay 7");
  meet(client_->take_ticket());
  EXPECT_TRUE(server_->resumed());
  EXPECT_EQ(server_->peer_subject(), "CN=relay 7");
}

TEST_F(Conversation, AClientWithoutACertificateIsRefusedIfOneIsNeeded) {
  server_files_.ca = folder_.authority().file();
  meet();
  EXPECT_EQ(server_->state(), State::failed);
  EXPECT_EQ(server_->fault(), TlsSession::Fault::certificate);
  EXPECT_EQ(server_->problem(), "peer did not return a certificate");
  EXPECT_EQ(client_->problem(), "the peer refuses: tlsv13 alert certificate required");
}

TEST_F(Conversation, AClientOfAnotherAuthorityIsRefused) {
  const test::CertificateAuthority other;
  server_files_.ca = folder_.authority().file();
  const auto shown = folder_.files("client", other.issue_to_client("stranger"));
  client_files_.cert = shown.cert;
  client_files_.key = shown.key;
  meet();
  EXPECT_EQ(server_->state(), State::failed);
  EXPECT_EQ(server_->fault(), TlsSession::Fault::certificate);
  EXPECT_THAT(server_->problem(), HasSubstr("certificate verify failed: "));
  EXPECT_EQ(server_->peer_subject(), "");
}

struct Verdict {
  const char* name;
  std::string (*host)();
  test::ServerIdentity (*identity)(const test::CertificateAuthority&);
  std::string problem;  // of the client; empty: none
};

void PrintTo(const Verdict& verdict, std::ostream* out) {
  *out << verdict.name;
}

std::string address() {
  return "127.0.0.1";
}
std::string name() {
  return "bus.example.com";
}

const Verdict kVerdicts[] = {
    {"Address", address, [](const auto& a) { return a.issue("127.0.0.1"); }, ""},
    {"Name", name, [](const auto& a) { return a.issue("bus.example.com"); }, ""},
    {"NameWithTheRootsDot", [] { return std::string("bus.example.com."); },
     [](const auto& a) { return a.issue("bus.example.com"); }, ""},
    {"Wildcard", name, [](const auto& a) { return a.issue("*.example.com"); }, ""},
    {"PartialWildcard", name, [](const auto& a) { return a.issue("b*.example.com"); },
     "certificate verify failed: hostname mismatch"},
    {"OtherName", name, [](const auto& a) { return a.issue("other.example.com"); },
     "certificate verify failed: hostname mismatch"},
    {"OtherAddress", address, [](const auto& a) { return a.issue("127.0.0.2"); },
     "certificate verify failed: IP address mismatch"},
    {"NameForAnAddress", address, [](const auto& a) { return a.issue("localhost"); },
     "certificate verify failed: IP address mismatch"},
    {"Expired", address, [](const auto& a) { return a.issue("127.0.0.1", Validity::expired); },
     "certificate verify failed: certificate has expired"},
    {"NotYetValid", address, [](const auto& a) { return a.issue("127.0.0.1", Validity::not_yet); },
     "certificate verify failed: certificate is not yet valid"},
    {"UnknownAuthority", address,
     [](const auto&) { return test::CertificateAuthority().issue("127.0.0.1"); },
     "certificate verify failed: unable to get local issuer certificate"},
    {"SelfSigned", address, [](const auto&) { return test::self_signed("127.0.0.1"); },
     "certificate verify failed: self-signed certificate"},
};

class ServerCertificate : public Conversation, public testing::WithParamInterface<Verdict> {
 protected:
  void SetUp() override {
    host_ = GetParam().host();
    server_files_ = folder_.files("shown", GetParam().identity(folder_.authority()));
  }
};

TEST_P(ServerCertificate, IsJudgedByTheClient) {
  meet();
  EXPECT_EQ(client_->problem(), GetParam().problem);
  EXPECT_EQ(client_->state(), GetParam().problem.empty() ? State::open : State::failed);
}

TEST_P(ServerCertificate, IsTakenAsItIsWithoutVerification) {
  client_files_.verify = false;
  meet();
  EXPECT_EQ(client_->state(), State::open) << client_->problem();
}

INSTANTIATE_TEST_SUITE_P(Verdicts, ServerCertificate, testing::ValuesIn(kVerdicts),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_F(Conversation, ACertificateCanBeTrustedForItself) {
  const auto self = test::self_signed("127.0.0.1");
  server_files_ = folder_.files("self", self);
  client_files_.ca = server_files_.cert;
  meet();
  EXPECT_EQ(client_->state(), State::open) << client_->problem();

  server_files_ = folder_.server();
  client_files_.ca = server_files_.cert;  // not its authority's
  load();
  meet();
  EXPECT_EQ(client_->state(), State::open) << client_->problem();
}

}  // namespace
}  // namespace gateway::tls
