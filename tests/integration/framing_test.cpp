#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"

// Requests whose end is doubtful, or that are no HTTP: whoever stands in front of the gateway may
// read them differently, so they are refused and nothing behind them is believed.
namespace gateway::test {
namespace {

using namespace std::string_literals;
using testing::IsEmpty;

struct BadRequest {
  const char* name;
  std::string bytes;
  unsigned other_status = 400;  // also right, beside 400
};

void PrintTo(const BadRequest& bad, std::ostream* out) {
  *out << bad.name;
}

const std::string kHead = "POST / HTTP/1.1\r\nHost: a\r\n";
const std::string kRecords = R"({"Records":[{}]})";  // 16 bytes
const std::string kChunks = "10\r\n" + kRecords + "\r\n0\r\n\r\n";

std::vector<BadRequest> bad_requests() {
  const std::string chunked = kHead + "Transfer-Encoding: chunked\r\n\r\n";
  return {
      {"LengthAndCoding",
       kHead + "Content-Length: 16\r\nTransfer-Encoding: chunked\r\n\r\n" + kChunks},
      {"CodingAndLength",
       kHead + "Transfer-Encoding: chunked\r\nContent-Length: 16\r\n\r\n" + kChunks},
      {"TwoLengths", kHead + "Content-Length: 16\r\nContent-Length: 17\r\n\r\n" + kRecords},
      {"LengthWithSign", kHead + "Content-Length: +16\r\n\r\n" + kRecords},
      {"NegativeLength", kHead + "Content-Length: -1\r\n\r\n" + kRecords},
      {"LengthList", kHead + "Content-Length: 16,16\r\n\r\n" + kRecords},
      {"LengthWithBlank", kHead + "Content-Length: 1 6\r\n\r\n" + kRecords},
      {"LengthInHex", kHead + "Content-Length: 0x10\r\n\r\n" + kRecords},
      {"EmptyLength", kHead + "Content-Length: \r\n\r\n" + kRecords},
      {"LengthOverflows", kHead + "Content-Length: 18446744073709551632\r\n\r\n" + kRecords, 413},
      {"FoldedLine", kHead + "X-A: b\r\n c\r\nContent-Length: 16\r\n\r\n" + kRecords},
      {"FoldedLength", kHead + "Content-Length:\r\n 16\r\n\r\n" + kRecords},
      {"BareLineFeed", "POST / HTTP/1.1\nHost: a\nContent-Length: 16\n\n" + kRecords},
      {"BareLineFeedInHeaders", kHead + "X-A: b\nContent-Length: 16\r\n\r\n" + kRecords},
      {"BareCarriageReturn", kHead + "X-A: b\rX-B: c\r\nContent-Length: 16\r\n\r\n" + kRecords},
      {"BlankBeforeColon", kHead + "Content-Length : 16\r\n\r\n" + kRecords},
      {"HeaderWithoutColon", kHead + "Nonsense\r\nContent-Length: 16\r\n\r\n" + kRecords},
      {"HeaderWithoutName", kHead + ": b\r\nContent-Length: 16\r\n\r\n" + kRecords},
      {"BlankInHeaderName", kHead + "X A: b\r\nContent-Length: 16\r\n\r\n" + kRecords},
      {"NulInHeaderValue", kHead + "X-A: b\0c\r\nContent-Length: 16\r\n\r\n"s + kRecords},
      {"NulInHeaderName", kHead + "X-\0: b\r\nContent-Length: 16\r\n\r\n"s + kRecords},
      {"ControlInHeaderValue", kHead + "X-A: \x01\r\nContent-Length: 16\r\n\r\n" + kRecords},
      {"BlankBeforeFirstHeader",
       "POST / HTTP/1.1\r\n Host: a\r\nContent-Length: 16\r\n\r\n" + kRecords},
      {"ChunkedTwice", kHead + "Transfer-Encoding: chunked, chunked\r\n\r\n" + kChunks, 501},
      {"ChunkedInTwoHeaders",
       kHead + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + kChunks, 501},
      {"GzipThenChunked", kHead + "Transfer-Encoding: gzip, chunked\r\n\r\n" + kChunks, 501},
      {"ChunkedThenGzip", kHead + "Transfer-Encoding: chunked, gzip\r\n\r\n" + kChunks, 501},
      {"IdentityCoding", kHead + "Transfer-Encoding: identity\r\n\r\n" + kRecords, 501},
      {"ChunkedInQuotes", kHead + "Transfer-Encoding: \"chunked\"\r\n\r\n" + kChunks, 501},
      {"EmptyCoding", kHead + "Transfer-Encoding: \r\n\r\n" + kChunks, 501},
      {"ChunkedInHttp10",
       "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + kChunks},
      {"NoHost", "POST / HTTP/1.1\r\nContent-Length: 16\r\n\r\n" + kRecords},
      {"TwoHosts", kHead + "Host: b\r\nContent-Length: 16\r\n\r\n" + kRecords},
      {"UnknownVersion", "POST / HTTP/2.0\r\nHost: a\r\nContent-Length: 16\r\n\r\n" + kRecords,
       505},
      {"LowerCaseVersion", "POST / http/1.1\r\nHost: a\r\nContent-Length: 16\r\n\r\n" + kRecords,
       505},
      {"NoVersion", "POST /\r\nHost: a\r\n\r\n", 505},
      {"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"TwoBlanksInRequestLine", "POST  / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
      {"NoMethod", " / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"ControlInTarget", "POST /\x01 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
      {"TlsHello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s},
      {"ChunkSizeIsNoNumber", chunked + "xyz\r\n" + kRecords + "\r\n0\r\n\r\n"},
      {"ChunkSizeIsEmpty", chunked + "\r\n" + kRecords + "\r\n0\r\n\r\n"},
      {"ChunkSizeHasSign", chunked + "+10\r\n" + kRecords + "\r\n0\r\n\r\n"},
      {"ChunkSizeHasPrefix", chunked + "0x10\r\n" + kRecords + "\r\n0\r\n\r\n"},
      {"ChunkSizeOverflows", chunked + "10000000000000010\r\n" + kRecords + "\r\n0\r\n\r\n", 413},
      {"ChunkEndsInBareLineFeed", chunked + "10\n" + kRecords + "\n0\n\n"},
      {"ChunkIsLongerThanItsSize", chunked + "f\r\n" + kRecords + "\r\n0\r\n\r\n"},
      {"TrailerIsNoHeader", chunked + "10\r\n" + kRecords + "\r\n0\r\nno colon\r\n\r\n"},
  };
}

class Framing : public testing::TestWithParam<BadRequest> {};

TEST_P(Framing, IsRefusedAndTheConnectionClosed) {
  ScriptedEventbus bus;
  const RunningGateway gateway(loopback_settings(bus.port()));
  HttpClient client = gateway.connect();
  // What stands behind must not be taken for a request, whatever the bad one was.
  client.send(GetParam().bytes + post_text(cos_payload(1)));
  const Response answer = client.response();
  EXPECT_THAT(answer.status, testing::AnyOf(400u, GetParam().other_status));
  EXPECT_EQ(answer.headers["Connection"], "close");
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_THAT(bus.requests(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Bad, Framing, testing::ValuesIn(bad_requests()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(FramingLimits, AHeadTooLargeIsRefused) {
  ScriptedEventbus bus;
  const RunningGateway gateway(loopback_settings(bus.port()));
  HttpClient client = gateway.connect();
  client.send_until_answered(kHead + "X-Long: " + std::string(1'000'000, 'a'));
  EXPECT_THAT(client.response().status, testing::AnyOf(400u, 431u));
  EXPECT_TRUE(client.closed_by_peer());
}

TEST(FramingLimits, AGoodPostBeforeABadRequestIsStillAnswered) {
  ScriptedEventbus bus;
  bus.next(reply(200).after(std::chrono::milliseconds(20)));
  const RunningGateway gateway(loopback_settings(bus.port()));
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(2)) + "nonsense\r\n\r\n");
  EXPECT_EQ(client.response().body, R"({"records":2})");
  EXPECT_EQ(client.response().status, 400u);
  EXPECT_TRUE(client.closed_by_peer());
}

}  // namespace
}  // namespace gateway::test
