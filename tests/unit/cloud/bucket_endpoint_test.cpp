#include "cloud/bucket_endpoint.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gateway::cloud {
namespace {

TEST(BucketEndpoint, IsTakenApart) {
  const auto parsed = parse_bucket_endpoint("my-photos-1250000000.cos.ap-beijing.myqcloud.com");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->name, "my-photos");
  EXPECT_EQ(parsed->appid, "1250000000");
  EXPECT_EQ(parsed->region, "ap-beijing");
  EXPECT_EQ(parsed->host(), "my-photos-1250000000.cos.ap-beijing.myqcloud.com");
}

TEST(BucketEndpoint, TakesEveryKindOfRegion) {
  for (const std::string region : {"ap-shanghai-fsi", "na-siliconvalley", "eu-frankfurt"}) {
    const auto parsed = parse_bucket_endpoint("b-1.cos." + region + ".myqcloud.com");
    ASSERT_TRUE(parsed.has_value()) << region;
    EXPECT_EQ(parsed->region, region);
  }
}

TEST(BucketEndpoint, SaysWhatIsWrong) {
  struct Case {
    std::string text;
    std::string reason;
  };
  const Case cases[] = {
      {"", "it must end in .myqcloud.com"},
      {"photos-125", "it must end in .myqcloud.com"},
      {"https://photos-125.cos.ap-beijing.myqcloud.com", "it is a host name, without https://"},
      {"photos-125.cos.ap-beijing.myqcloud.com/", "it is a host name, without a path"},
      {"photos-125.ap-beijing.myqcloud.com", "'.cos.' must follow the bucket"},
      {"xxx.cos.<region>.myqcloud.com", "the region must be one such as ap-beijing"},
      {"photos-125.cos.beijing.myqcloud.com", "the region must be one such as ap-beijing"},
      {"photos-125.cos.ap-beijing.cos.ap-beijing.myqcloud.com",
       "the region must be one such as ap-beijing"},
      {"photos.cos.ap-beijing.myqcloud.com", "the bucket must end in '-' and the appid"},
      {"photos-a25.cos.ap-beijing.myqcloud.com",
       "the bucket must end in '-' and the appid, which is digits only"},
      {"photos-.cos.ap-beijing.myqcloud.com",
       "the bucket must end in '-' and the appid, which is digits only"},
      {"-125.cos.ap-beijing.myqcloud.com",
       "a bucket's name is lower-case letters, digits and inner hyphens"},
      {"Photos-125.cos.ap-beijing.myqcloud.com",
       "a bucket's name is lower-case letters, digits and inner hyphens"},
  };
  for (const auto& [text, reason] : cases) {
    const auto parsed = parse_bucket_endpoint(text);
    ASSERT_TRUE(parsed.has_error()) << text;
    EXPECT_EQ(parsed.error().reason(), reason) << text;
  }
}

TEST(Region, IsLowerCaseWordsJoinedByHyphens) {
  for (const std::string good : {"ap-beijing", "ap-shanghai-fsi", "sa-saopaulo"}) {
    EXPECT_TRUE(is_region(good)) << good;
  }
  for (const std::string bad : {"", "<region>", "beijing", "AP-beijing", "ap-", "-ap", "1-a"}) {
    EXPECT_FALSE(is_region(bad)) << bad;
  }
}

}  // namespace
}  // namespace gateway::cloud
