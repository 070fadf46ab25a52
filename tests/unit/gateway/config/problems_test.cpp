#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/yaml_document.hpp"
#include "unit/gateway/config/support.hpp"

namespace gateway::config {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::vector<std::string> problems_of(std::string text) {
  return testing::texts_of(testing::load_text(std::move(text)).problems);
}

TEST(Problems, AreReportedAllAtOnceWithPlaceKeyAndWhatIsAllowed) {
  EXPECT_THAT(
      problems_of(R"(targt: "bus:8080"
eventbus: [a]
debug: maybe
gateway:
  max_body: lots
  pipeline: 4
  threads: 2000
  threads: 3
  idle_timeout: 10
  auth: hmca
delivery:
  pipline: 4
  pipeline: 0
  headers: {Host: x, "a b": c, X-Ok: "hush\n"}
  retry: {initial: 20s, max: 1s, multiplier: .nan}
  status: {200: retry, 404: drop, 409: [retry], 503: retry, 503: refuse}
event:
  attributes: [subject, subjct, subject]
function:
  provision: false
  memory: 100
  timeout: 1500ms
bucket:
  events: ["cos:ObjectRemoved:*"]
)"),
      ElementsAre(
          "config.yml:1:1: targt: unknown key; did you mean 'target'?",
          "config.yml:2:11: eventbus: expected text, got a list",
          "config.yml:3:8: debug: expected true or false, got \"maybe\"",
          "config.yml:5:13: gateway.max_body: expected a size such as 64KiB or 8MiB (1KiB to "
          "1GiB), got \"lots\"",
          "config.yml:6:3: gateway.pipeline: unknown key here; there is delivery.pipeline",
          "config.yml:7:12: gateway.threads: expected an integer from 0 to 1024, got \"2000\"",
          "config.yml:8:3: gateway.threads: given twice, first in line 7",
          "config.yml:9:17: gateway.idle_timeout: expected a duration such as 250ms or 10s (1s to "
          "24h), got \"10\"; add a unit: 10ms, 10s, 10m or 10h",
          "config.yml:10:9: gateway.auth: expected auto | hmac | none, got \"hmca\"",
          "config.yml:12:3: delivery.pipline: unknown key; did you mean 'pipeline'?",
          "config.yml:13:13: delivery.pipeline: expected auto, or an integer from 1 to 1024, got "
          "\"0\"",
          "config.yml:14:13: delivery.headers.Host: the gateway sets this header itself",
          "config.yml:14:22: delivery.headers: expected the name of a header, got \"a b\"; "
          "letters, digits and !#$%&'*+-.^_`|~ only",
          "config.yml:14:38: delivery.headers.X-Ok: expected text without control characters and "
          "outer spaces, got (secret)",
          "config.yml:15:46: delivery.retry.multiplier: expected a number from 1 to 100, got "
          "\".nan\"",
          "config.yml:16:12: delivery.status: expected as status code an integer from 300 to 599, "
          "got \"200\"",
          "config.yml:16:29: delivery.status.404: expected retry | refuse | accept, got \"drop\"",
          "config.yml:16:40: delivery.status.409: expected retry | refuse | accept, got a list",
          "config.yml:16:61: delivery.status.503: given twice, first in line 16",
          "config.yml:18:25: event.attributes: expected subject | cosbucket | cosregion | "
          "coseventname | coseventtime, got \"subjct\"; did you mean subject?",
          "config.yml:18:33: event.attributes: given twice: \"subject\"",
          "config.yml:21:11: function.memory: expected 64, or a multiple of 128 up to 3072, got "
          "\"100\"",
          "config.yml:22:12: function.timeout: expected a duration such as 90s or 5m (1s to 15m, "
          "whole seconds), got \"1500ms\"",
          "config.yml:24:12: bucket.events: expected a COS event such as cos:ObjectCreated:Put, "
          "cos:ObjectRemove:* or cos:ObjectRestore:Completed, got \"cos:ObjectRemoved:*\"; did "
          "you mean cos:ObjectRemove:*?",
          "config.yml: target: required: where events go, as host:port or URL",
          "config.yml:15:20: delivery.retry.initial: 20s is more than delivery.retry.max (1s)"));
}

TEST(Problems, UnknownKeysComeWithAHint) {
  struct Case {
    const char* override_text;
    const char* hint;
  };
  const Case cases[] = {
      {"delivery.pipline=1", "did you mean 'pipeline'?"},
      {"delivery.pipelien=1", "did you mean 'pipeline'?"},
      {"gateway.maxBody=1KiB", "did you mean 'max_body'?"},
      {"gateway.max-body=1KiB", "did you mean 'max_body'?"},
      {"Target=h", "did you mean 'target'?"},
      {"listen=:1", "unknown key here; there is gateway.listen"},
      {"endpoint=h", "unknown key here; there is bucket.endpoint"},
      {"delivery.cert=h", "unknown key here; there is gateway.tls.cert and delivery.tls.cert"},
      {"dead_letter.max_bytes=1MiB", "unknown key here; there is spool.max_bytes"},
      {"spool.zzzzzz=1", "unknown key; keys here are path, max_bytes, max_age"},
      {"zzzzzz.path=1", "unknown key; there are target, eventbus, debug"},
      {"gateway.threads.x=1", "gateway.threads has no keys below it"},
      {"gateway=1", "is a section; set its keys, such as gateway.listen"},
  };
  for (const auto& [override_text, hint] : cases) {
    const auto problems = testing::texts_of(testing::load_with({override_text}).problems);
    ASSERT_THAT(problems, SizeIs(1)) << override_text;
    EXPECT_THAT(problems[0], HasSubstr(hint));
    EXPECT_THAT(problems[0], StartsWith("--set "));
  }
}

TEST(Problems, BrokenYamlSaysWhereAndKeepsWhatStoodBefore) {
  struct Case {
    const char* text;
    const char* problem;
  };
  const Case cases[] = {
      {"just text\n", "config.yml:1:1: expected a map of keys, got text"},
      {"- a\n- b\n", "config.yml:1:1: expected a map of keys, got a list"},
      {"target: a: b\n",
       "config.yml:1:10: not YAML: illegal map value; check the indentation, "
       "and quote text that holds ': '"},
      {"gateway:\n\tlisten: x\n",
       "config.yml:2:8: not YAML: illegal map value; the line is "
       "indented with a tab, YAML takes spaces only"},
      {"gateway:\n  listen: [::]:80\n", "config.yml:2:15: not YAML: end of map not found"},
      {"secret_key: @hush\n",
       "config.yml:1:13: not YAML: unknown token; text that begins with a "
       "character such as @ or % goes in quotes"},
      {"target: &a [*a]\n", "config.yml:1:13: an alias (*name) within its own anchor"},
      {"target: !env X\n", "config.yml:1:9: tags (!name) are not supported"},
      {"? [a]\n: b\n", "config.yml:1:3: the name of a key must be plain text"},
      {": b\n", "config.yml:1:1: the name of a key must be plain text"},
      {"a: b\n---\nc: d\n", "config.yml:3:1: holds more than one document"},
      {"target: a\xFF\n", "config.yml:1: is not UTF-8"},
      {"- - - - - - - - - - - - - - - - - - - - x", "config.yml:1:33: nested too deeply"},
  };
  for (const auto& [text, problem] : cases) {
    EXPECT_THAT(problems_of(text), Contains(StartsWith(problem))) << text;
  }
  EXPECT_THAT(problems_of(std::string("eventbus: b\ntarget: \0x\n", 23)),
              ElementsAre("config.yml:2: holds a NUL byte; the text must be UTF-8"));
  EXPECT_THAT(problems_of(std::string(kMaxDocumentBytes + 1, '#')),
              ElementsAre("config.yml: larger than 1048576 bytes"));
  EXPECT_THAT(problems_of("debug: 7\ngateway: {\n"),
              AllOf(SizeIs(2), Contains(StartsWith("config.yml:1:8: debug: expected"))));
}

TEST(Problems, AnEmptyFileIsMissingWhatIsRequired) {
  for (const auto* text : {"", "# nothing\n", "---\n", "~"}) {
    EXPECT_THAT(problems_of(text),
                Contains("config.yml: target: required: where events go, as host:port or URL"));
  }
}

TEST(Problems, NeverShowASecret) {
  auto texts = testing::with_config(R"(target: "http://user:hush@bus"
eventbus: b
secret_key: [hush]
session_token: "hush\n"
gateway: {token: {hush: hush}, public_url: "https://user:hush@host"}
delivery: {headers: {Authorization: [hush], X: "hush\u0007"}}
)");
  texts.secret = SourceText{"secret.yml", "hush"};
  texts.overrides = {"secret_key:hush", "secret_id.x=hush", "gateway.tokn=hush",
                     "delivery.headers=hush"};
  texts.environment["TENCENTCLOUD_SECRET_ID"] = "hush\x01";
  texts.environment["CONNECTOR_TARGET"] = "http://hush@bus";
  const auto problems = testing::texts_of(load(texts).problems);
  EXPECT_GT(problems.size(), 10U);
  EXPECT_THAT(problems, Not(Contains(HasSubstr("hush"))));
}

TEST(Problems, StayOneLineWhateverTheNames) {
  const auto problems = problems_of("\"a\\nb\": 1\n");
  EXPECT_THAT(problems, Contains(StartsWith("config.yml:1:1: a\\x0Ab: unknown key")));
  EXPECT_THAT(problems, Not(Contains(HasSubstr("\n"))));
}

TEST(Problems, IncludeListsAndMapsTooLongToBeMeant) {
  std::string list = "[a0";
  std::string map = "{a0: 1";
  for (int i = 1; i <= 100; ++i) {
    list += ", a" + std::to_string(i);
    map += ", a" + std::to_string(i) + ": 1";
  }
  EXPECT_THAT(testing::texts_of(testing::load_with({"event.redact=" + list + "]",  //
                                                    "delivery.headers=" + map + "}"})
                                    .problems),
              ElementsAre("--set event.redact: expected at most 100 items, got 101",
                          "--set delivery.headers: expected at most 100 items, got 101"));
}

TEST(Problems, AreLimitedInNumber) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "unknown_" + std::to_string(i) + ": 1\n";
  const auto problems = problems_of(text);
  ASSERT_EQ(problems.size(), 101U);
  EXPECT_THAT(problems.back(), HasSubstr("more problems are not shown"));
}

}  // namespace
}  // namespace gateway::config
