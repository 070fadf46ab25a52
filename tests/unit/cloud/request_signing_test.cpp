#include "cloud/request_signing.hpp"

#include <gtest/gtest.h>

namespace gateway::cloud {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr sys_seconds kTime{seconds{1551113065}};
constexpr std::string_view kJsonUtf8 = "application/json; charset=utf-8";

// The key pair printed in the documentation.
const Secret kId("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE");
const Secret kKey("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE");

SigningInput documented_example() {
  SigningInput input;
  input.host = "cvm.tencentcloudapi.com";
  input.service = "cvm";
  input.action = "DescribeInstances";
  input.content_type = kJsonUtf8;
  input.body =
      R"({"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]})";
  input.time = kTime;
  return input;
}

SigningInput get_function() {
  SigningInput input;
  input.host = "scf.tencentcloudapi.com";
  input.service = "scf";
  input.action = "GetFunction";
  input.content_type = kJsonUtf8;
  input.body = R"({"FunctionName":"vanus-cos-source","Namespace":"default"})";
  input.time = kTime;
  return input;
}

Digest digest_of(std::string_view text) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Digest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<unsigned char>(value(text[2 * i]) * 16 + value(text[2 * i + 1]));
  }
  return digest;
}

std::string hash_of(const SigningInput& input) {
  return hex(sha256(canonical_request(input)));
}

// The older text of the documentation, which prints the key pair.
TEST(RequestSigning, AgreesWithTheDocumentedExampleThatSignsTwoHeaders) {
  auto input = documented_example();
  input.headers = SignedHeaders::host;
  EXPECT_EQ(canonical_request(input),
            "POST\n/\n\ncontent-type:application/json; charset=utf-8\n"
            "host:cvm.tencentcloudapi.com\n\ncontent-type;host\n"
            "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064");
  EXPECT_EQ(hash_of(input), "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031");
  EXPECT_EQ(string_to_sign(input),
            "TC3-HMAC-SHA256\n1551113065\n2019-02-25/cvm/tc3_request\n"
            "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031");
  const auto keys = signing_keys(kKey, kTime, "cvm");
  EXPECT_EQ(hex(keys.date), "d1308c81fe71cfd4e06437bbc067b2b8a3d2d8c0e375d547f15c41d5214b395a");
  EXPECT_EQ(hex(keys.service), "3c7cb7c7795393edc14fd2e0e6434a518564b4504b88e94f5d11bf59ba3e7050");
  EXPECT_EQ(hex(keys.signing), "ac658d5dde49e9bfdd14e04e062f66b05d9f637d44b8a8d845327d4a77f666b1");
  EXPECT_EQ(signature(input, keys.signing),
            "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168");
  EXPECT_EQ(authorization(input, kId, kKey),
            "TC3-HMAC-SHA256 "
            "Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, "
            "SignedHeaders=content-type;host, "
            "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168");
}

// The current text, which masks the key pair but prints the derived keys.
TEST(RequestSigning, AgreesWithTheDocumentedExampleThatSignsTheAction) {
  const auto input = documented_example();
  EXPECT_NE(canonical_request(input).find("content-type:application/json; charset=utf-8\n"
                                          "host:cvm.tencentcloudapi.com\n"
                                          "x-tc-action:describeinstances\n\n"),
            std::string::npos);
  EXPECT_EQ(hash_of(input), "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84");
  const auto date = digest_of("da98fb70dcf6b112dc21038d1eeeb3a95c74b4dcb12c1131f864f6066bd02be0");
  const auto service = hmac_sha256(date, "cvm");
  EXPECT_EQ(hex(service), "8d70cbefb03939f929db64d32dc2ba89b1095620119fe3e050e2b18c5bd2752f");
  const auto signing = hmac_sha256(service, "tc3_request");
  EXPECT_EQ(hex(signing), "b596b923aad85185e2d1f6659d2a062e0a86731226e021e61bfe06f7ed05f5af");
  EXPECT_EQ(signature(input, signing),
            "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f");
}

// Computed apart from this code.
TEST(RequestSigning, SignsCallsOfTheFunctionService) {
  auto input = get_function();
  EXPECT_EQ(hex(sha256(input.body)),
            "ec50e8a477105b926bd55c2e539fe5e8dad748543f928c3d14f2f5658c5966af");
  const auto keys = signing_keys(kKey, kTime, "scf");
  EXPECT_EQ(hex(keys.service), "96e04651034133dde9084bf581bcba5dbf96b0ec6b5d40f7fd179cb5429fc7ba");
  EXPECT_EQ(hex(keys.signing), "4878705bcc1c2b421004a7736ec41d2c453060e2be96d5c868fa82ccd238df68");

  EXPECT_EQ(hash_of(input), "9ce4b42b383f5aaae6434e571a2d834c9efec4a44e80090748f30b9bf1de3d17");
  EXPECT_EQ(signature(input, keys.signing),
            "7bd4166e977cdcd6a83686a81a8436b05e5f87da600673cd2a89d3d9270e31a0");

  input.content_type = "application/json";
  input.headers = SignedHeaders::host;
  EXPECT_EQ(hash_of(input), "2688bf28d2be680302ce377ae35a8acc4dc11d350f5f5471f7f6c03f26b092ee");
  EXPECT_EQ(signature(input, keys.signing),
            "f51a4ddac3c45861ead37885b5cebebcc780123895b67d0c04b168276f5dbd9b");
}

TEST(RequestSigning, TakesTheDayInUtc) {
  using namespace std::chrono;
  const sys_seconds last = sys_days{2024y / February / 29} + 23h + 59min + 59s;
  auto input = get_function();
  input.time = last;
  EXPECT_NE(string_to_sign(input).find("\n2024-02-29/scf/"), std::string::npos);
  input.time = last + 1s;
  EXPECT_NE(string_to_sign(input).find("\n2024-03-01/scf/"), std::string::npos);
}

TEST(RequestSigning, SignsHeaderValuesInLowerCase) {
  auto input = get_function();
  const auto canonical = canonical_request(input);
  input.host = "SCF.tencentcloudapi.com";
  input.content_type = "Application/JSON; charset=UTF-8";
  EXPECT_EQ(canonical_request(input), canonical);
}

}  // namespace
}  // namespace gateway::cloud
