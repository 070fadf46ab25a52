// A case for each rule of RFC 9112 about the head of a request that says 400 or 501, or by which
// two readers could come to disagree.
#include <gtest/gtest.h>

#include <chrono>
#include <iterator>

#include "integration/framing_cases.hpp"

namespace gateway::test::framing {
namespace {

using namespace std::string_literals;

TEST(Framing, RequestLine) {
  const std::string kTooLong(20'000, 'x');
  const Case cases[] = {
      {"3", "NoVersion", "POST /\r\nHost: a\r\n\r\n"},
      {"3", "NoTarget", "POST HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"3", "NoMethod", " / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"3", "TwoBlanksBeforeTarget", with_line("POST  / HTTP/1.1")},
      {"3", "TwoBlanksBeforeVersion", with_line("POST /  HTTP/1.1")},
      {"3", "BlankAtTheEnd", with_line("POST / HTTP/1.1 ")},
      {"3", "BlankAtTheBegin", with_line(" POST / HTTP/1.1")},
      {"3", "TabsForBlanks", with_line("POST\t/\tHTTP/1.1")},
      {"3", "TabInTarget", with_line("POST /a\tb HTTP/1.1")},
      {"3", "BlankInTarget", with_line("POST /a b HTTP/1.1")},
      {"3", "VerticalTabForBlank", with_line("POST\v/ HTTP/1.1")},
      {"3", "NulInTarget", with_line("POST /\0 HTTP/1.1"s)},
      {"3", "ControlInTarget", with_line("POST /\x01 HTTP/1.1")},
      {"3", "NonAsciiTarget", with_line("POST /\xc3\xa4 HTTP/1.1")},
      {"3", "BareReturnInTarget", with_line("POST /\rX HTTP/1.1")},
      {"3", "SecondRequestInTarget", with_line("POST / HTTP/1.1\rPOST / HTTP/1.1")},
      {"3", "TargetTooLong", with_line("POST /" + kTooLong + " HTTP/1.1"), 414},
      {"3.1", "MethodIsNoToken", with_line("PO(ST / HTTP/1.1")},
      {"3.1", "OtherMethodIsRead", with_line("GET / HTTP/1.1"), 405, 1},
      {"3.1", "LowerCaseMethodIsAnother", with_line("post / HTTP/1.1"), 405, 1},
      {"3.1", "LongMethod", with_line(kTooLong + " / HTTP/1.1"), 414},
      {"2.3", "Http09", "POST /\r\n"},
      {"2.3", "Http09Named", with_line("POST / HTTP/0.9")},
      {"2.3", "Http12", with_line("POST / HTTP/1.2")},
      {"2.3", "Http20", with_line("POST / HTTP/2.0")},
      {"2.3", "Http2", with_line("POST / HTTP/2")},
      {"2.3", "Http10", with_line("POST / HTTP/1.0"), 200, 0, 1},
      {"2.3", "LowerCaseVersion", with_line("POST / http/1.1")},
      {"2.3", "VersionOfTwoDigits", with_line("POST / HTTP/1.10")},
      {"2.3", "VersionWithLeadingZero", with_line("POST / HTTP/01.1")},
      {"2.3", "VersionWithoutDot", with_line("POST / HTTP/11")},
      {"RFC 9113 3.4", "Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"2.2", "EmptyLinesBefore", "\r\n\r\n" + kHead + kEnd, 200, 1, 1},
      {"2.2", "NothingButEmptyLines",
       "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" + kHead + kEnd},
      {"2.2", "BareLineFeedBefore", "\n" + kHead + kEnd},
      {"", "TlsHello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s},
      {"", "Nonsense", "nonsense\r\n\r\n"},
      {"", "Json", kRecords + "\r\n\r\n"},
  };
  play(cases);
}

TEST(Framing, RequestTarget) {
  const Case cases[] = {
      {"3.2.1", "OriginForm", with_line("POST /a/b?c=d HTTP/1.1"), 200, 1, 1},
      {"3.2.1", "DotSegmentsMeanNothing", with_line("POST /../%00 HTTP/1.1"), 200, 1, 1},
      {"3.2.2", "AbsoluteForm", with_line("POST http://b/x HTTP/1.1"), 200, 1, 1},
      {"3.2.2", "AbsoluteFormOfTls", with_line("POST HTTPS://b HTTP/1.1"), 200, 1, 1},
      {"3.2.2", "OtherScheme", with_line("POST gopher://b/x HTTP/1.1")},
      {"3.2.2", "NeitherPathNorUri", with_line("POST a/b HTTP/1.1")},
      {"3.2.3", "AuthorityForm", with_line("POST b:80 HTTP/1.1")},
      {"3.2.3", "ConnectIsRefused", "CONNECT b:80 HTTP/1.1\r\nHost: b\r\n\r\n", 405, 1},
      {"3.2.3", "ConnectOfNoHost", "CONNECT b/c HTTP/1.1\r\nHost: b\r\n\r\n"},
      {"3.2.4", "Asterisk", with_line("POST * HTTP/1.1")},
      {"3.2.4", "AsteriskOfOptions", "OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n", 200, 1},
  };
  play(cases);
}

TEST(Framing, Host) {
  const Case cases[] = {
      {"3.2", "None", kLine + kEnd},
      {"3.2", "NoneInHttp10", "POST / HTTP/1.0\r\n" + kEnd, 200, 0, 1},
      {"3.2", "Two", kHead + "Host: a\r\n" + kEnd},
      {"3.2", "TwoThatDiffer", kHead + "hOST: b\r\n" + kEnd},
      {"3.2", "TwoInHttp10", "POST / HTTP/1.0\r\nHost: a\r\nHost: a\r\n" + kEnd},
      {"3.2", "Empty", with_host(""), 200, 1, 1},
      {"3.2", "WithPort", with_host("a.example:8080"), 200, 1, 1},
      {"3.2", "Ipv6", with_host("[::1]:8080"), 200, 1, 1},
      {"3.2", "Uri", with_host("http://a")},
      {"3.2", "WithPath", with_host("a/b")},
      {"3.2", "WithBlank", with_host("a b")},
      {"3.2", "WithUser", with_host("u@a")},
      {"3.2", "PortIsNoNumber", with_host("a:b")},
      {"3.2", "TwoPorts", with_host("a:80:80")},
      {"3.2", "UnclosedBracket", with_host("[::1")},
      {"3.2", "NonAscii", with_host("\xc3\xa4")},
      {"3.2", "Folded", kLine + "Host:\r\n a\r\n" + kEnd},
      {"3.2", "BlankBeforeColon", kLine + "Host : a\r\n" + kEnd},
  };
  play(cases);
}

TEST(Framing, Fields) {
  std::string many;
  for (int i = 0; i < 200; ++i) many += "X: y\r\n";
  const Case cases[] = {
      {"2.2", "BareLineFeeds", "POST / HTTP/1.1\nHost: a\nContent-Length: 16\n\n" + kRecords},
      {"2.2", "BareLineFeed", kHead + "X-A: b\n" + kEnd},
      {"2.2", "BareLineFeedAtTheEnd", kHead + kLength + "\n" + kRecords},
      {"2.2", "BareReturn", kHead + "X-A: b\rX-B: c\r\n" + kEnd},
      {"2.2", "BareReturnAtTheEnd", kHead + kLength + "\r" + kRecords},
      {"2.2", "TwoReturns", kHead + "X-A: b\r\r\n" + kEnd},
      {"2.2", "BlankBeforeFirstField", kLine + " Host: a\r\n" + kEnd},
      {"2.2", "TabBeforeFirstField", kLine + "\tX: y\r\nHost: a\r\n" + kEnd},
      {"5.1", "BlankBeforeColon", kHead + "X-A : b\r\n" + kEnd},
      {"5.1", "TabBeforeColon", kHead + "X-A\t: b\r\n" + kEnd},
      {"5.1", "BlankBeforeColonOfLength", kHead + "Content-Length : 16\r\n\r\n" + kRecords},
      {"5.1", "BlankBeforeColonOfCoding", with_coding("Transfer-Encoding : chunked")},
      {"5.1", "NoColon", kHead + "Nonsense\r\n" + kEnd},
      {"5.1", "NoName", kHead + ": b\r\n" + kEnd},
      {"5.1", "BlankInName", kHead + "X A: b\r\n" + kEnd},
      {"5.1", "QuoteInName", kHead + "X\"A: b\r\n" + kEnd},
      {"5.1", "NonAsciiName", kHead + "X-\xc3\xa4: b\r\n" + kEnd},
      {"5.1", "NulInName", kHead + "X-\0: b\r\n"s + kEnd},
      {"5.1", "NoBlankBehindColon", kHead + "X-A:b\r\n" + kEnd, 200, 1, 1},
      {"5.1", "BlanksAroundValue", kHead + "X-A: \t b \t \r\n" + kEnd, 200, 1, 1},
      {"5.1", "EmptyValue", kHead + "X-A:\r\n" + kEnd, 200, 1, 1},
      {"RFC 9110 5.5", "Nul", kHead + "X-A: b\0c\r\n"s + kEnd},
      {"RFC 9110 5.5", "Control", kHead + "X-A: \x01\r\n" + kEnd},
      {"RFC 9110 5.5", "Delete", kHead + "X-A: \x7f\r\n" + kEnd},
      {"RFC 9110 5.5", "VerticalTab", kHead + "X-A: b\vc\r\n" + kEnd},
      {"RFC 9110 5.5", "FormFeed", kHead + "X-A: b\fc\r\n" + kEnd},
      {"RFC 9110 5.5", "Escape", kHead + "X-A: \x1b[2J\r\n" + kEnd},
      {"RFC 9110 5.5", "Tab", kHead + "X-A: b\tc\r\n" + kEnd, 200, 1, 1},
      {"RFC 9110 5.5", "OpaqueBytes", kHead + "X-A: \x80\xff\r\n" + kEnd, 200, 1, 1},
      {"5.2", "Folded", kHead + "X-A: b\r\n c\r\n" + kEnd},
      {"5.2", "FoldedByTab", kHead + "X-A: b\r\n\tc\r\n" + kEnd},
      {"5.2", "FoldedLength", kHead + "Content-Length:\r\n 16\r\n\r\n" + kRecords},
      {"5.2", "FoldedCoding", with_coding("Transfer-Encoding:\r\n chunked")},
      {"5.2", "FieldThatLooksFolded", kHead + "X-A: b\r\n Content-Length: 3\r\n" + kEnd},
      {"5.2", "FoldedNothing", kHead + "X-A: b\r\n \r\n" + kEnd},
      {"RFC 6585 5", "TooMany", kHead + many + kEnd, 431},
      {"RFC 6585 5", "TooLarge", kHead + "X: " + std::string(20'000, 'x') + "\r\n" + kEnd, 431},
  };
  play(cases);
}

TEST(Framing, Connection) {
  const std::string expect = kHead + "Expect: ";
  const Case cases[] = {
      {"9.6", "Close", kHead + "Connection: close\r\n" + kEnd, 200, 0, 1},
      {"9.6", "CloseInAList", kHead + "Connection: keep-alive, Close\r\n" + kEnd, 200, 0, 1},
      {"9.6", "CloseInASecondField",
       kHead + "Connection: keep-alive\r\nConnection: close\r\n" + kEnd, 200, 0, 1},
      {"9.3", "KeepAliveOfHttp10",
       "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n" + kEnd, 200, 0, 1},
      {"9.1", "OptionsNamedByConnectionMeanNothing",
       kHead + "Connection: Content-Length, Host\r\n" + kEnd, 200, 1, 1},
      {"RFC 9110 7.8", "UpgradeIsIgnored",
       kHead +
           "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n" +
           kEnd,
       200, 1, 1},
      {"RFC 9110 7.8", "UpgradeToWebSocket",
       kHead + "Connection: Upgrade\r\nUpgrade: websocket\r\n" + kEnd, 200, 1, 1},
      {"RFC 9110 10.1.1", "UnknownExpectation", expect + "miracles\r\n" + kEnd, 417},
      {"RFC 9110 10.1.1", "TwoExpectations", expect + "100-continue, x\r\n" + kEnd, 417},
      {"RFC 9110 10.1.1", "EmptyExpectation", expect + "\r\n" + kEnd, 417},
      {"RFC 9110 10.1.1", "ExpectationWithParameter", expect + "100-continue;a=b\r\n" + kEnd, 417},
      {"9.3.2", "GarbageBehindAPost", kHead + kEnd + kRecords + "\r\n\r\n", 200, 0, 1},
  };
  // The last one is answered twice: as a post, and as what is none.
  play(std::span(cases).first(std::size(cases) - 1));
  ScriptedEventbus bus;
  const RunningGateway gateway(loopback_settings(bus.port()));
  HttpClient client = gateway.connect();
  client.send(std::end(cases)[-1].bytes + post_text(kSmuggled));
  EXPECT_EQ(client.response().status, 200U);
  EXPECT_EQ(client.response().status, 400U);
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(bus.requests().size(), 1U);
}

TEST(Framing, AGoodPostBeforeABadRequestIsStillAnswered) {
  ScriptedEventbus bus;
  bus.next(reply(200).after(std::chrono::milliseconds(20)));
  const RunningGateway gateway(loopback_settings(bus.port()));
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(2)) + "nonsense\r\n\r\n");
  EXPECT_EQ(client.response().body, R"({"records":2})");
  EXPECT_EQ(client.response().status, 400u);
  EXPECT_TRUE(client.closed_by_peer());
}

TEST(Framing, AHeadWithoutEndIsRefused) {
  ScriptedEventbus bus;
  const RunningGateway gateway(loopback_settings(bus.port()));
  HttpClient client = gateway.connect();
  client.send_until_answered(kHead + "X-Long: " + std::string(1'000'000, 'a'));
  EXPECT_EQ(client.response().status, 431u);
  EXPECT_TRUE(client.closed_by_peer());
}

}  // namespace
}  // namespace gateway::test::framing
