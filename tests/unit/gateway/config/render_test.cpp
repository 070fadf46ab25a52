#include "gateway/config/render.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/keys.hpp"
#include "unit/gateway/config/support.hpp"

namespace gateway::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kEverything = R"(target: https://bus.example.com/in/{eventbus}?a="b
eventbus: "a \"quoted\" \\ bus: # x"
debug: true
secret_id: hush-id
secret_key: hush-key
session_token: hush-token
bucket: {prefix: "~", suffix: "null", events: ["cos:ObjectRemove:*", cos:ObjectCreated:Put]}
function:
  provision: false
  name: relay-7
  on_stop: keep
  memory: 256
  timeout: 61s
  code: {path: "/x y.zip"}
gateway: {listen: "[::1]:0", admin: :9000, auth: hmac, token: hush,
          previous_token: hush-old, max_body: 1537, grace: 0}
delivery:
  pipeline: 16
  mode: structured
  profile: knative
  status: {503: refuse, 301: accept}
  retry: {initial: 1001ms, multiplier: 1.25}
  headers: {Authorization: Bearer hush}
event: {id: stable, attributes: [subject, cosbucket], redact: [Authorization]}
spool: {path: "/var/spool/\u00e9", max_bytes: 5GiB, max_age: 36h}
)";

TEST(Render, ShowsNoValueOfTheTargetsQuery) {
  const auto loaded = load(testing::with_config(
      "target: https://bus.example.com/in?token=hush&flag&x=hush\nfunction: {provision: false}\n"));
  ASSERT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  const auto rendered = render(loaded.settings);
  EXPECT_THAT(rendered, Not(HasSubstr("hush")));
  EXPECT_THAT(rendered, HasSubstr("in?token=(redacted)&(redacted)&x=(redacted)"));
  const auto again = load(testing::with_config(rendered));
  EXPECT_THAT(testing::texts_of(again.problems), ::testing::Contains(HasSubstr("write it out")));
}

TEST(Render, GivesAConfigurationThatLoadsToTheSameSettings) {
  auto texts = testing::with_config(kEverything);
  texts.overrides = {"target=https://bus.example.com/in/{eventbus}"};
  const auto first = load(texts);
  ASSERT_THAT(testing::texts_of(first.problems), IsEmpty());
  const auto rendered = render(first.settings);

  // The secrets come from elsewhere the second time, as with a secret file.
  texts = testing::with_config(rendered);
  texts.secret = SourceText{"secret.yml",
                            "secret_id: hush-id\nsecret_key: hush-key\nsession_token: hush-token\n"
                            "gateway: {token: hush, previous_token: hush-old}\n"
                            "delivery: {headers: {Authorization: Bearer hush}}\n"};
  const auto second = load(texts);
  EXPECT_THAT(testing::texts_of(second.problems), IsEmpty());
  EXPECT_EQ(second.warnings.size(), first.warnings.size() + 6);  // one per redacted secret
  EXPECT_EQ(render(second.settings), rendered);
  EXPECT_EQ(second.settings.eventbus, "a \"quoted\" \\ bus: # x");
  EXPECT_EQ(second.settings.bucket.prefix, "~");
  EXPECT_EQ(second.settings.bucket.suffix, "null");
  EXPECT_EQ(second.settings.spool.path, "/var/spool/\xC3\xA9");
  EXPECT_EQ(second.settings.credentials.secret_key.reveal(), "hush-key");
  ASSERT_EQ(second.settings.delivery.headers.size(), 1U);
  EXPECT_EQ(second.settings.delivery.headers[0].second.reveal(), "Bearer hush");
}

TEST(Render, RoundTripsTheDefaults) {
  const auto loaded = testing::load_text(testing::kMinimal);
  const auto rendered = render(loaded.settings);
  const auto again = testing::load_text(rendered);
  EXPECT_THAT(testing::texts_of(again.problems), IsEmpty());
  EXPECT_FALSE(again.settings.function.code.has_value());
  EXPECT_EQ(render(again.settings), rendered);
}

TEST(Render, ShowsEveryKeyAndNoSecret) {
  auto texts = testing::with_config(kEverything);
  texts.overrides = {"target=bus"};
  const auto rendered = render(load(texts).settings);
  EXPECT_THAT(rendered, Not(HasSubstr("hush")));
  EXPECT_THAT(rendered, HasSubstr("secret_key: \"(redacted)\"\n"));
  EXPECT_THAT(rendered, HasSubstr("  headers: {\"Authorization\": \"(redacted)\"}\n"));
  Settings settings;
  Keys keys(settings);
  for (const auto& path : testing::paths_of(keys.root())) {
    if (path.starts_with("buckets[].")) continue;  // stands beside no `bucket`
    EXPECT_THAT(rendered, HasSubstr(path.substr(path.rfind('.') + 1) + ":")) << path;
  }
}

TEST(Render, ExplainsWhatWasDerived) {
  auto texts = testing::with_config(testing::kMinimal);
  texts.overrides = {"bucket.endpoint=photos-1250000000.cos.ap-beijing.myqcloud.com",
                     "function.region=ap-beijing", "gateway.auth=auto", "secret_key=hush"};
  const auto rendered = render(load(texts).settings);
  EXPECT_THAT(rendered,
              HasSubstr("target: \"bus:8080\"  # events go to http://bus:8080/gateway/orders\n"));
  EXPECT_THAT(rendered,
              HasSubstr("  name: \"vanus-cos-source-function-9566534884964062890\"  # derived from "
                        "region, namespace, bucket and eventbus\n"));
  EXPECT_THAT(rendered, HasSubstr("  auth: auto  # hmac, as secret_key is set\n"));
  EXPECT_THAT(rendered, HasSubstr("  threads: 0  # one per usable core\n"));
}

TEST(Render, SaysWhichCodeIsDeployed) {
  Settings settings;
  EXPECT_THAT(render(settings), HasSubstr("  code: null  # the built-in relay is deployed\n"));
  settings.ingress.public_url = "https://gw";
  EXPECT_THAT(render(settings), HasSubstr("  code: null  # the built-in relay is deployed\n"));
  settings.function.code = FunctionCode{};
  EXPECT_THAT(render(settings), HasSubstr("  code:\n    bucket: \"vanus-1253760853\"\n"));
}

}  // namespace
}  // namespace gateway::config
