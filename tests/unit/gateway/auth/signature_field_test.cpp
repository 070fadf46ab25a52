#include "gateway/auth/signature.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gateway::auth {
namespace {

const std::string kOnes(64, '1');
const std::string kAs(64, 'a');

TEST(SignatureField, ReadsTimeAndDigests) {
  const std::string text = "t=1700000000,v1=" + kOnes + ", v1=" + kAs;
  const auto field = SignatureField::read(text);
  ASSERT_TRUE(field);
  EXPECT_EQ(field->time_text(), "1700000000");
  EXPECT_EQ(field->time().time_since_epoch().count(), 1'700'000'000);
  ASSERT_EQ(field->v1().size(), 2U);
  EXPECT_EQ(cloud::hex(field->v1()[0]), kOnes);
  EXPECT_EQ(cloud::hex(field->v1()[1]), kAs);
}

TEST(SignatureField, KeepsTheVersionsApart) {
  const std::string both = "t=7,v2=" + kOnes + ",v1=" + kAs + ",v2=" + kAs;
  const auto field = SignatureField::read(both);
  ASSERT_TRUE(field);
  ASSERT_EQ(field->v1().size(), 1U);
  ASSERT_EQ(field->v2().size(), 2U);
  EXPECT_EQ(cloud::hex(field->v2()[0]), kOnes);
  EXPECT_EQ(cloud::hex(field->v2()[1]), kAs);
  const std::string second_only = "t=7,v2=" + kOnes;
  EXPECT_TRUE(SignatureField::read(second_only)->v1().empty());
}

TEST(SignatureField, TakesWhatMeansTheSame) {
  for (const std::string& text :
       {"v1=" + kAs + ",t=7", "t=7,v1=" + std::string(64, 'A'), "  t=7 ,\tv1=" + kAs + " ",
        "t=7,v0=old,v3=" + kOnes + ",v1=" + kAs + ",x", "t=7,,v1=" + kAs + ","}) {
    const auto field = SignatureField::read(text);
    ASSERT_TRUE(field) << text;
    EXPECT_EQ(field->time_text(), "7");
    ASSERT_EQ(field->v1().size(), 1U) << text;
    EXPECT_EQ(cloud::hex(field->v1()[0]), kAs) << text;
  }
}

TEST(SignatureField, RefusesEverythingElse) {
  const std::string v1 = ",v1=" + kAs;
  std::string many = "t=1";
  for (std::size_t i = 0; i <= SignatureField::kMostDigests; ++i) many += v1;
  for (const std::string& text : std::vector<std::string>{
           "",
           ",",
           "t=1",
           "v1=" + kAs,
           "t=" + v1,
           "t=-1" + v1,
           "t=+1" + v1,
           "t= 1" + v1,
           "t=1.5" + v1,
           "t=1x" + v1,
           "t=0x1" + v1,
           "t=123456789012" + v1,
           "t=99999999999999999999" + v1,
           "t=1,t=1" + v1,
           "t=1,v1=",
           "t=1,v1=" + kAs.substr(1),
           "t=1,v1=" + kAs + "a",
           "t=1,v1=g" + kAs.substr(1),
           "t=1,v1=0x" + kAs.substr(2),
           "t=1,v1=-1" + kAs.substr(2),
           "t=1,v1= 1" + kAs.substr(2),
           "t=1" + v1 + ",v1=short",
           "t=1" + v1 + ",v2=short",
           "v2=" + kAs,
           "T=1" + v1,
           "t=1,V1=" + kAs,
           "t=1;v1=" + kAs,
           many,
       }) {
    EXPECT_FALSE(SignatureField::read(text)) << text;
  }
}

}  // namespace
}  // namespace gateway::auth
