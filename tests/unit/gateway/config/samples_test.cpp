// The configuration files the original connector documents must go on working unchanged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/function_name.hpp"
#include "unit/gateway/config/support.hpp"

namespace gateway::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kQuickstart = R"(target: "35.87.170.130:8080"
eventbus: "xxx"
bucket:
  endpoint: "xxx.cos.<region>.myqcloud.com"
function:
  region: <region>
)";

constexpr const char* kFull = R"(target: "x.x.x.x:8080"
eventbus: "xxxx"
bucket:
  endpoint: "xxxx.cos.ap-beijing.myqcloud.com"
function:
  region: "ap-beijing"
  name: "xxxx"
  namespace: "default"
  code:
    bucket: "vanus-1253760853"
    region: "ap-beijing"
    path: "/vanus/cos-source/dev/main.zip"
debug: false
secret_id: "xxxx"
secret_key: "xxxxx"
)";

constexpr const char* kKubernetes = R"(target: "xxxx"
eventbus: "xxxxx"
bucket:
  endpoint: "xxxxx.cos.ap-beijing.myqcloud.com"
function:
  region: "ap-beijing")";

constexpr const char* kSecret = R"(secret_id: "xxxx"
secret_key: "xxxxx"
)";

Loaded load_without_cloud(const char* config) {
  auto texts = testing::with_config(config);
  texts.secret = SourceText{"secret.yml", kSecret};
  texts.overrides = {"function.provision=false"};
  return load(texts);
}

TEST(OriginalSamples, QuickstartLoads) {
  const auto loaded = load_without_cloud(kQuickstart);
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  EXPECT_THAT(testing::texts_of(loaded.warnings), IsEmpty());
  EXPECT_EQ(loaded.settings.target, "35.87.170.130:8080");
  EXPECT_EQ(loaded.settings.eventbus, "xxx");
  EXPECT_EQ(loaded.settings.function.region, "<region>");
  EXPECT_EQ(loaded.settings.credentials.secret_id.reveal(), "xxxx");
  EXPECT_EQ(loaded.settings.credentials.secret_key.reveal(), "xxxxx");
}

TEST(OriginalSamples, FullConfigurationLoads) {
  const auto loaded = load_without_cloud(kFull);
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  EXPECT_EQ(loaded.settings.function.name, "xxxx");
  EXPECT_EQ(loaded.settings.source(), "xxxx");
  ASSERT_TRUE(loaded.settings.function.code.has_value());
  EXPECT_EQ(loaded.settings.function.code->path, "/vanus/cos-source/dev/main.zip");
  EXPECT_FALSE(loaded.settings.debug);
}

TEST(OriginalSamples, KubernetesConfigMapLoads) {
  const auto loaded = load_without_cloud(kKubernetes);
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  EXPECT_EQ(loaded.settings.target, "xxxx");
  EXPECT_EQ(loaded.settings.function.name,
            cloud::derive_function_name(
                {"ap-beijing", "default", "xxxxx.cos.ap-beijing.myqcloud.com", "xxxxx"}));
}

TEST(OriginalSamples, PlaceholdersAreRefusedOnlyWhenTheCloudIsUsed) {
  auto texts = testing::with_config(kQuickstart);
  texts.secret = SourceText{"secret.yml", kSecret};
  EXPECT_THAT(
      testing::texts_of(load(texts).problems),
      ::testing::ElementsAre(
          "config.yml:4:13: bucket.endpoint: expected name-appid.cos.<region>.myqcloud.com, got "
          "\"xxx.cos.<region>.myqcloud.com\"; the region must be one such as ap-beijing",
          "config.yml:6:11: function.region: expected a region such as ap-beijing, got "
          "\"<region>\""));
}

TEST(OriginalSamples, WithRealNamesDeployTheRelayThatSendsToTheTarget) {
  auto texts = testing::with_config(
      "target: \"35.87.170.130:8080\"\neventbus: orders\nbucket:\n"
      "  endpoint: photos-1250000000.cos.ap-beijing.myqcloud.com\nfunction:\n"
      "  region: ap-beijing\n");
  texts.secret = SourceText{"secret.yml", kSecret};
  const auto loaded = load(texts);
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  ASSERT_EQ(loaded.warnings.size(), 1U);
  EXPECT_THAT(loaded.warnings[0].text(),
              HasSubstr("gateway.public_url: empty: the function makes the CloudEvents"));
  EXPECT_EQ(loaded.settings.function.runtime, "Nodejs18.15");
  EXPECT_EQ(loaded.settings.function.name, "vanus-cos-source-function-9566534884964062890");
}

TEST(OriginalSamples, LeftoversOfTheOriginalAreTaken) {
  auto texts = testing::with_config(
      "target: h\neventbus: b\nfunction: {provision: false}\nbucket: {filters: [{a: b}]}\n"
      "secret: {secret_id: 123, secret_key: k}\n");
  const auto loaded = load(texts);
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  ASSERT_EQ(loaded.warnings.size(), 1U);
  EXPECT_THAT(loaded.warnings[0].text(),
              HasSubstr("config.yml:4:10: bucket.filters: has no effect"));
  EXPECT_EQ(loaded.settings.credentials.secret_id.reveal(), "123");
  EXPECT_EQ(loaded.settings.credentials.secret_key.reveal(), "k");
}

}  // namespace
}  // namespace gateway::config
