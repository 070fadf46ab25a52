#include "gateway/checkup/eventbus_findings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/address.hpp>
#include <string>

#include "gateway/egress/address/harmless_request.hpp"

namespace gateway::checkup {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::sys_seconds kNow{std::chrono::sys_days(std::chrono::days(20'000))};

config::Endpoint endpoint_of(std::string_view target) {
  return config::parse_endpoint(target, "orders", config::Profile::generic).value();
}

AddressProbe address(const char* ip, unsigned status = 405) {
  AddressProbe probe;
  probe.at = tcp::endpoint(asio::ip::make_address(ip), 443);
  probe.connect_time = 1200us;
  probe.answer_time = 3ms;
  probe.status = status;
  return probe;
}

TlsProbe tls_of(std::string problem, std::chrono::sys_seconds expires) {
  TlsProbe probe;
  probe.problem = std::move(problem);
  probe.version = "TLSv1.3";
  probe.cipher = "TLS_AES_128_GCM_SHA256";
  probe.certificate.emplace();
  probe.certificate->subject = "CN=bus";
  probe.certificate->issuer = "CN=Authority";
  probe.certificate->expires = expires;
  return probe;
}

class EventbusFindings : public testing::Test {
 protected:
  Findings judge() const {
    EventbusProbe copy = probe_;
    copy.found = std::max(copy.found, copy.addresses.size());
    return eventbus_findings(copy, endpoint_, delivery_, kNow);
  }
  // The last one about the only address.
  Finding judge(const AddressProbe& only) {
    probe_.addresses = {only};
    return judge().back();
  }

  config::Endpoint endpoint_ = endpoint_of("http://bus:443");
  config::Delivery delivery_;
  EventbusProbe probe_;
};

TEST_F(EventbusFindings, ANameThatIsNotFoundIsTheEnd) {
  probe_.lookup_problem = "Host not found";
  const auto findings = judge();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].blame(), Blame::unavailable);
  EXPECT_EQ(findings[0].text(), "bus: Host not found");
}

TEST_F(EventbusFindings, OneWellAddressMakesTheOthersWarnings) {
  probe_.addresses = {address("192.0.2.1"), address("192.0.2.2")};
  probe_.addresses[0].connect_problem = "Connection refused";
  auto findings = judge();
  ASSERT_EQ(findings.size(), 4U);
  EXPECT_EQ(findings[1].verdict(), Verdict::warn);
  EXPECT_THAT(findings[1].text(), HasSubstr("192.0.2.1:443: Connection refused"));
  EXPECT_THAT(findings[1].advice(), HasSubstr("nothing listens there"));
  EXPECT_EQ(gravest(findings), Blame::none);

  probe_.addresses[1].answer_problem = "no answer in time";
  findings = judge();
  EXPECT_EQ(findings[1].verdict(), Verdict::fail);
  EXPECT_EQ(findings.back().verdict(), Verdict::fail);
  EXPECT_EQ(gravest(findings), Blame::unavailable);
}

TEST_F(EventbusFindings, AddressesThatAreNotTriedAreCounted) {
  probe_.addresses = {address("2001:db8::1")};
  probe_.found = 20;
  const auto findings = judge();
  EXPECT_THAT(findings[0].text(), HasSubstr("2001:db8::1 and 19 more, which are not tried"));
  EXPECT_THAT(findings[1].text(), HasSubstr("[2001:db8::1]:443 in 1.2 ms"));
}

TEST_F(EventbusFindings, EveryAnswerIsReadForWhatItIs) {
  struct Case {
    unsigned status;
    Verdict verdict;
    const char* said;  // in text or advice
  };
  const Case cases[] = {{200, Verdict::ok, "OPTIONS /gateway/orders: 200 in 3 ms"},
                        {204, Verdict::ok, "204"},
                        {405, Verdict::ok, "has no OPTIONS"},
                        {501, Verdict::ok, "has no OPTIONS"},
                        {415, Verdict::ok, "does not take OPTIONS"},
                        {301, Verdict::warn, "redirections are not followed"},
                        {400, Verdict::warn, "https URL"},
                        {401, Verdict::warn, "asks for credentials"},
                        {403, Verdict::warn, "asks for credentials"},
                        {404, Verdict::warn, "is there such a path?"},
                        {429, Verdict::warn, "limits the rate"},
                        {500, Verdict::warn, "has trouble"},
                        {503, Verdict::warn, "proxy or balancer"}};
  for (const auto& [status, verdict, said] : cases) {
    const Finding finding = judge(address("192.0.2.1", status));
    EXPECT_EQ(finding.verdict(), verdict) << status;
    EXPECT_THAT(finding.text() + " " + finding.advice(), HasSubstr(said));
    EXPECT_EQ(finding.advice().empty(), verdict == Verdict::ok) << status;
  }
}

TEST_F(EventbusFindings, CredentialsThatAreSentAreTheOnesToLookAt) {
  delivery_.headers.emplace_back("Authorization", Secret("hush"));
  const Finding finding = judge(address("192.0.2.1", 401));
  EXPECT_THAT(finding.advice(), HasSubstr("credentials in delivery.headers"));
  EXPECT_THAT(finding.text() + finding.advice(), Not(HasSubstr("hush")));
}

TEST_F(EventbusFindings, NoAnswerOfAPlainPortMayBeTls) {
  auto silent = address("192.0.2.1");
  silent.answer_problem = "the connection was closed";
  EXPECT_THAT(judge(silent).advice(), HasSubstr("must be an https URL"));
}

class TlsFindings : public EventbusFindings {
 protected:
  TlsFindings() { endpoint_ = endpoint_of("https://bus"); }
};

TEST_F(TlsFindings, SayWhatWasAgreedAndWhoItIs) {
  auto well = address("192.0.2.1");
  well.tls = tls_of("", kNow + 41 * 24h);
  probe_.addresses = {well};
  const auto findings = judge();
  ASSERT_EQ(findings.size(), 5U);
  EXPECT_EQ(findings[2].text(),
            "192.0.2.1:443: TLSv1.3, TLS_AES_128_GCM_SHA256, certificate verified for bus");
  EXPECT_EQ(findings[3].text(),
            "192.0.2.1:443: subject CN=bus, issuer CN=Authority, expires in 41 days");
  for (const Finding& finding : findings) EXPECT_EQ(finding.verdict(), Verdict::ok);
}

TEST_F(TlsFindings, AnEndThatIsNearIsAWarning) {
  auto well = address("192.0.2.1");
  well.tls = tls_of("", kNow + 6 * 24h);
  probe_.addresses = {well};
  EXPECT_EQ(judge()[3].verdict(), Verdict::warn);
}

TEST_F(TlsFindings, EveryProblemHasItsAdvice) {
  struct Case {
    const char* problem;
    const char* advice;
  };
  const Case cases[] = {
      {"certificate verify failed: hostname mismatch", "for another host than bus"},
      {"certificate verify failed: IP address mismatch", "for another host than bus"},
      {"certificate verify failed: certificate has expired", "renewed"},
      {"certificate verify failed: certificate is not yet valid", "clock"},
      {"certificate verify failed: self-signed certificate", "delivery.tls.ca"},
      {"certificate verify failed: unable to get local issuer certificate", "delivery.tls.ca"},
      {"the connection was closed", "http://"},
      {"wrong version number (does the peer speak TLS?)", "http://"},
      {"the peer refuses: sslv3 alert handshake failure", "delivery.tls.cert"}};
  for (const auto& [problem, advice] : cases) {
    auto ill = address("192.0.2.1");
    ill.tls = tls_of(problem, kNow - 72h);
    const Finding finding = judge(ill);
    EXPECT_EQ(finding.blame(), Blame::unavailable);
    EXPECT_THAT(finding.text(), HasSubstr(problem));
    EXPECT_THAT(finding.text(), HasSubstr("shown: subject CN=bus, issuer CN=Authority, expired 3"));
    EXPECT_THAT(finding.advice(), HasSubstr(advice));
  }
}

TEST_F(TlsFindings, WithoutVerificationItIsAWarningThatSaysSo) {
  delivery_.tls.verify = false;
  auto lax = address("192.0.2.1");
  lax.tls = tls_of("", kNow - 1h);
  probe_.addresses = {lax};
  const auto findings = judge();
  EXPECT_EQ(findings[2].verdict(), Verdict::warn);
  EXPECT_THAT(findings[2].text(), HasSubstr("certificate not verified"));
  EXPECT_EQ(findings[3].verdict(), Verdict::warn) << "it has expired, and the gateway takes it";
  EXPECT_EQ(gravest(findings), Blame::none);
}

// Nothing in it can be taken for an event, whatever the server makes of the method.
TEST(HarmlessRequest, HoldsNoEvent) {
  config::Delivery delivery;
  delivery.headers.emplace_back("Authorization", Secret("Bearer x"));
  for (const auto profile :
       {config::Profile::generic, config::Profile::vanus, config::Profile::knative}) {
    const auto endpoint = config::parse_endpoint("http://bus", "orders", profile).value();
    const std::string request = egress::harmless_request(endpoint, delivery, "here");
    EXPECT_TRUE(request.starts_with("OPTIONS " + endpoint.request_target + " HTTP/1.1\r\n"));
    EXPECT_TRUE(request.ends_with("\r\n\r\n")) << "and no body";
    EXPECT_THAT(request, HasSubstr("\r\nHost: bus\r\n"));
    EXPECT_THAT(request, HasSubstr("\r\nWebHook-Request-Origin: here\r\n"));
    EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Bearer x\r\n"));
    EXPECT_THAT(request, Not(HasSubstr("\r\nce-")));
    EXPECT_THAT(request, Not(HasSubstr("Content-")));
  }
}

}  // namespace
}  // namespace gateway::checkup
