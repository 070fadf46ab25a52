#include "gateway/auth/hmac_sha256.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gateway::auth {
namespace {

struct Vector {
  std::string key;
  std::string data;
  const char* mac;
};

// RFC 4231 section 4, test cases 1, 2, 3, 6 and 7.
const Vector kVectors[] = {
    {std::string(20, '\x0b'), "Hi There",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"Jefe", "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {std::string(20, '\xaa'), std::string(50, '\xdd'),
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {std::string(131, '\xaa'),
     "This is a test using a larger than block-size key and a larger than block-size data. The key "
     "needs to be hashed before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

TEST(HmacSha256, GivesTheVectorsOfTheStandardWhereverTheTextIsCut) {
  for (const auto& [key, data, mac] : kVectors) {
    HmacSha256 hmac{Secret(key)};
    for (std::size_t cut = 0; cut <= data.size(); ++cut) {
      ASSERT_EQ(cloud::hex(hmac(data.substr(0, cut), data.substr(cut))), mac) << data << cut;
    }
  }
}

TEST(HmacSha256, TakesAnEmptyText) {
  HmacSha256 hmac{Secret(std::string("key"))};
  EXPECT_EQ(hmac("", ""), cloud::hmac_sha256("key", ""));
}

}  // namespace
}  // namespace gateway::auth
