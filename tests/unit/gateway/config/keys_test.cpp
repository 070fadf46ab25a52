#include "gateway/config/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "testkit/text_file.hpp"
#include "unit/gateway/config/support.hpp"

namespace gateway::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// For every key that is not free text: values it takes, bounds included, and values it refuses.
// Written as --set, which reads like the file does.
struct Bounds {
  const char* key;
  std::vector<const char*> good;
  std::vector<const char*> bad;
};

const Bounds kBounds[] = {
    {"debug", {"true", "false", "yes", "off"}, {"1", "", "maybe", "\"true\"", "\"yes\""}},
    {"instance_role", {"true", "false"}, {"yes", "1", "", "\"true\""}},
    {"unknown_bucket", {"accept", "refuse"}, {"", "deny", "true"}},
    {"bucket.events",
     {"[]", "[\"cos:ObjectCreated:*\"]", "[cos:ObjectRemove:Delete, cos:ObjectRestore:Completed]"},
     {"cos:ObjectCreated:*", "[cos:ObjectRemoved:Delete]", "[\"cos:*\"]", "[\"\"]", "[[a]]", "{}",
      "[cos:ObjectRemove:Delete, cos:ObjectRemove:Delete]", "[\"cos:ObjectCreated:\"]"}},
    {"function.namespace", {"default"}, {"", "\"\""}},
    {"function.code.bucket", {"b"}, {""}},
    {"function.code.region", {"r"}, {""}},
    {"function.code.path", {"/p"}, {""}},
    {"function.provision", {"false"}, {"no", "0"}},
    {"function.on_stop", {"delete", "keep", "", "\"\""}, {"Delete", "remove"}},
    {"function.runtime", {"Nodejs18.15", "Go1"}, {""}},
    {"function.memory", {"64", "128", "3072"}, {"0", "63", "65", "100", "192", "3200", "128MB"}},
    {"function.timeout", {"1s", "900s", "15m"}, {"0", "999ms", "1500ms", "901s", "60", "-1s"}},
    {"function.retries", {"0", "2"}, {"3", "-1", "two", "\"2\""}},
    {"function.max_age", {"1m", "60s", "6h"}, {"59s", "60500ms", "361m", "0"}},
    {"function.api",
     {"https://scf.tencentcloudapi.com", "http://127.0.0.1:8080", "http://[::1]:1/"},
     {"", "scf.tencentcloudapi.com", "ftp://h", "https://h/path", "https://h?a=b", "https://u@h"}},
    {"gateway.listen",
     {"127.0.0.1:0", "0.0.0.0:65535", "[::]:80", "[::1]:80", ":80", "localhost:80",
      "\"127.0.0.1:1\""},
     {"80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "[127.0.0.1]:80", "host:80",
      "[::1]", "1.2.3:80", "127.0.0.1:8o", ""}},
    {"gateway.admin", {"127.0.0.1:0", ":9464"}, {"9464", "127.0.0.1:65536"}},
    {"gateway.public_url",
     {"", "http://h", "https://h:8443/a/b?c=d", "http://[2001:db8::1]:80"},
     {"h:80", "ftp://h", "https://u:p@h", "https://h#f", "https://h:0", "https://h:65536", "//h"}},
    {"gateway.threads", {"0", "1024"}, {"1025", "-1", "auto", "1.5", "\"4\"", "010", "0x10"}},
    {"gateway.auth", {"auto", "none"}, {"", "HMAC", "basic"}},
    {"gateway.max_body", {"1KiB", "64MiB", "1024", "1024B"}, {"1023", "1025MiB", "1MB", "1 MiB"}},
    {"gateway.replay_window", {"0", "1ms", "10m"}, {"601s", "5", "-1s"}},
    {"gateway.max_connections", {"1", "1000000"}, {"0", "1000001", "1k"}},
    {"gateway.max_per_source", {"0", "1", "1000000"}, {"-1", "1000001", "auto"}},
    {"gateway.proxy_protocol", {"true", "false"}, {"v2", "1", ""}},
    {"gateway.max_in_flight",
     {"8MiB", "1TiB"},
     {"1TiBB", "2TiB", "0", "-1MiB", "99999999999999999999"}},
    {"gateway.idle_timeout", {"1s", "24h"}, {"999ms", "25h", "0", "75"}},
    {"gateway.request_timeout", {"100ms", "1h"}, {"99ms", "61m", "1.5s"}},
    {"gateway.drain_delay", {"0", "2s", "1h"}, {"61m", "2"}},
    {"gateway.grace", {"0", "0s", "1h"}, {"61m", "30"}},
    {"delivery.connections", {"auto", "1", "1024"}, {"0", "1025", "automatic"}},
    {"delivery.idle_timeout", {"100ms", "24h"}, {"99ms", "25h"}},
    {"delivery.max_age", {"1s", "720h"}, {"999ms", "721h"}},
    {"delivery.pipeline", {"auto", "1", "1024"}, {"0", "1025", "Auto"}},
    {"delivery.mode", {"binary", "structured", "batch"}, {"", "batched"}},
    {"delivery.profile", {"generic", "vanus", "knative"}, {"", "Knative", "eventgrid"}},
    {"delivery.status",
     {"{}", "{404: retry}", "{300: accept, 599: refuse}"},
     {"text", "[404]", "{200: retry}", "{299: retry}", "{600: retry}", "{x: retry}", "{404: drop}",
      "{404: [retry]}", "{404: retry, 404: refuse}", "{404:}", "{-404: retry}"}},
    {"delivery.queue.events", {"1", "16777216"}, {"0", "16777217"}},
    {"delivery.queue.bytes", {"1KiB", "1TiB"}, {"1023B", "1025GiB"}},
    {"delivery.timeout", {"1ms", "1h"}, {"0", "3600001ms", "1"}},
    {"delivery.deadline", {"1ms", "1h"}, {"0", "61m"}},
    {"delivery.retry.initial", {"1ms", "10s"}, {"0", "61m"}},
    {"delivery.retry.max", {"100ms", "24h"}, {"0", "25h"}},
    {"delivery.retry.multiplier", {"1", "1.5", "100"}, {"0.9", "101", "two", "nan", "inf", "1x"}},
    {"delivery.headers",
     {"{}", "{Authorization: Bearer x}", "{X-A: 1, x-b: ''}"},
     {"text", "[a]", "{'': x}", "{'a b': x}", "{Host: x}", "{content-LENGTH: 1}", "{CE-id: x}",
      "{Connection: close}", "{Transfer-Encoding: x}", "{Content-Type: x}", "{A: [x]}",
      "{A: \"x\\n\"}", "{A: ' x'}", "{A: 1, A: 2}", "{A:}"}},
    {"gateway.admin_host",
     {"gateway.example", "gateway.example:9464", "10.0.0.1", "'[::1]'", "'::1'", "''"},
     {"http://gateway.example", "gateway.example/", "gateway.example?x", "a b", "me@host", "h:0"}},
    {"delivery.tls.verify", {"true", "false"}, {"none"}},
    {"event.id", {"random", "stable"}, {"uuid"}},
    {"event.data", {"record", "records"}, {"Records"}},
    {"event.attributes",
     {"[]", "[subject, cosbucket, cosregion, coseventname, coseventtime]"},
     {"subject", "[bucket]", "[subject, subject]", "[{a: b}]", "[~]"}},
    {"event.redact", {"[]", "[Authorization]"}, {"Authorization", "['a b']", "['']"}},
    {"spool.max_bytes", {"16KiB", "1024TiB"}, {"16383", "1025TiB"}},
    {"spool.max_age", {"0", "1ms", "24h", "8760h"}, {"24", "8761h", "never"}},
};

TEST(Keys, TakeValuesWithinTheirBoundsOnly) {
  for (const auto& [key, good, bad] : kBounds) {
    for (const auto* value : good) {
      const auto loaded = testing::load_with({std::string(key) + "=" + value});
      EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty()) << key << "=" << value;
    }
    for (const auto* value : bad) {
      const auto problems =
          testing::texts_of(testing::load_with({std::string(key) + "=" + value}).problems);
      ASSERT_EQ(problems.size(), 1U) << key << "=" << value;
      EXPECT_THAT(problems[0], ::testing::StartsWith("--set ")) << key << "=" << value;
      EXPECT_THAT(problems[0], HasSubstr(key)) << key << "=" << value;
    }
  }
}

TEST(Keys, AllHaveBoundsOrAreFreeText) {
  const std::vector<std::string> free_text{"target",
                                           "eventbus",
                                           "secret_id",
                                           "secret_key",
                                           "session_token",
                                           "bucket.endpoint",
                                           "bucket.prefix",
                                           "bucket.suffix",
                                           "function.name",
                                           "function.region",
                                           "gateway.token",
                                           "gateway.tls.cert",
                                           "spool.path",
                                           "dead_letter.path",
                                           "gateway.tls.key",
                                           "gateway.tls.client_ca",
                                           "delivery.tls.ca",
                                           "delivery.tls.cert",
                                           "delivery.tls.key",
                                           "gateway.previous_token",
                                           "gateway.admin_token",
                                           "delivery.proxy",
                                           "delivery.oauth2.token_url",
                                           "delivery.oauth2.client_id",
                                           "delivery.oauth2.client_secret",
                                           "delivery.oauth2.scope"};
  Settings settings;
  Keys keys(settings);
  for (const auto& path : testing::paths_of(keys.root())) {
    if (path.starts_with("buckets[].")) continue;  // buckets_test.cpp has those
    const bool bounded = std::any_of(std::begin(kBounds), std::end(kBounds),
                                     [&](const Bounds& bounds) { return path == bounds.key; });
    const bool free = std::find(free_text.begin(), free_text.end(), path) != free_text.end();
    EXPECT_NE(bounded, free) << path;
  }
}

TEST(Keys, AreAllInTheDocument) {
  const std::string text = test::read_text(COS_GATEWAY_TEST_DATA "/../../docs/configuration.md");
  Settings settings;
  Keys keys(settings);
  for (const auto& path : testing::paths_of(keys.root())) {
    EXPECT_THAT(text, HasSubstr("`" + path + "`"));
  }
}

TEST(Keys, TakeTextAsItIsWrittenWhateverItLooksLike) {
  const auto loaded = testing::load_text(
      "target: h\neventbus: 0123\nsecret_id: 123\nsecret_key: true\nsession_token: \"\"\n"
      "bucket: {prefix: 1.50, suffix: '~'}\nfunction: {provision: false, name: ~}\n");
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  EXPECT_EQ(loaded.settings.eventbus, "0123");
  EXPECT_EQ(loaded.settings.credentials.secret_id.reveal(), "123");
  EXPECT_EQ(loaded.settings.credentials.secret_key.reveal(), "true");
  EXPECT_EQ(loaded.settings.bucket.prefix, "1.50");
  EXPECT_EQ(loaded.settings.bucket.suffix, "~");
  EXPECT_EQ(loaded.settings.function.name, "");
}

TEST(Keys, FillTheirSettings) {
  const auto loaded = testing::load_text(R"(target: https://bus.example.com/in/{eventbus}
eventbus: orders
debug: true
session_token: t
bucket: {prefix: in/, suffix: .jpg, events: ["cos:ObjectRemove:*"]}
function:
  provision: false
  on_stop: keep
  memory: 256
  timeout: 2m
  retries: 1
  max_age: 1h
  api: http://127.0.0.1:9
  code: {path: /x.zip}
gateway:
  listen: "[::1]:0"
  admin: :9000
  public_url: https://gw.example.com/hook
  threads: 3
  auth: hmac
  token: tok
  previous_token: old
  max_body: 64KiB
  max_connections: 7
  max_per_source: 3
  max_in_flight: 1GiB
  idle_timeout: 5m
  request_timeout: 1500ms
  drain_delay: 2s
  grace: 0
delivery:
  connections: 4
  pipeline: 16
  mode: structured
  profile: knative
  status: {404: refuse, 409: accept, 301: retry}
  queue: {events: 10, bytes: 1MiB}
  timeout: 250ms
  deadline: 6s
  retry: {initial: 1s, max: 2s, multiplier: 1.5}
  headers: {Authorization: Bearer x, X-Tenant: 7}
  tls: {verify: false}
event: {id: stable, data: records, attributes: [subject], redact: [Authorization, Cookie]}
spool: {path: /s, max_bytes: 5GiB, max_age: 36h}
dead_letter: {path: /d}
)");
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  const auto& s = loaded.settings;
  using std::chrono::milliseconds;
  EXPECT_TRUE(s.debug);
  EXPECT_EQ(s.credentials.session_token.reveal(), "t");
  EXPECT_EQ(s.bucket.prefix, "in/");
  EXPECT_EQ(s.bucket.suffix, ".jpg");
  EXPECT_EQ(s.bucket.events, std::vector<std::string>{"cos:ObjectRemove:*"});
  EXPECT_FALSE(s.function.provision);
  EXPECT_EQ(s.function.on_stop, OnStop::keep_function);
  EXPECT_EQ(s.function.memory_mb, 256U);
  EXPECT_EQ(s.function.timeout, milliseconds(120'000));
  EXPECT_EQ(s.function.retries, 1U);
  EXPECT_EQ(s.function.max_age, milliseconds(3'600'000));
  EXPECT_EQ(s.function.api, "http://127.0.0.1:9");
  ASSERT_TRUE(s.function.code.has_value());
  EXPECT_EQ(s.function.code->path, "/x.zip");
  EXPECT_EQ(s.function.code->bucket, "vanus-1253760853");
  EXPECT_EQ(s.ingress.listen.host, "::1");
  EXPECT_EQ(s.ingress.listen.port, 0);
  EXPECT_EQ(s.ingress.admin.host, "::");
  EXPECT_EQ(s.ingress.admin.port, 9000);
  EXPECT_EQ(s.ingress.public_url, "https://gw.example.com/hook");
  EXPECT_EQ(s.ingress.threads, 3U);
  EXPECT_EQ(s.ingress.auth, Auth::hmac);
  EXPECT_EQ(s.ingress.token.reveal(), "tok");
  EXPECT_EQ(s.ingress.previous_token.reveal(), "old");
  EXPECT_EQ(s.ingress.max_body, 65'536U);
  EXPECT_EQ(s.ingress.max_connections, 7U);
  EXPECT_EQ(s.ingress.max_per_source, 3U);
  EXPECT_EQ(s.ingress.max_in_flight, std::size_t{1} << 30U);
  EXPECT_EQ(s.ingress.idle_timeout, milliseconds(300'000));
  EXPECT_EQ(s.ingress.request_timeout, milliseconds(1'500));
  EXPECT_EQ(s.ingress.drain_delay, milliseconds(2'000));
  EXPECT_EQ(s.ingress.grace, milliseconds(0));
  EXPECT_EQ(s.delivery.connections, 4U);
  EXPECT_EQ(s.delivery.pipeline, 16U);
  EXPECT_EQ(s.delivery.mode, Mode::structured);
  EXPECT_EQ(s.delivery.profile, Profile::knative);
  EXPECT_EQ(s.delivery.status,
            (std::map<unsigned, Treatment>{
                {301, Treatment::retry}, {404, Treatment::refuse}, {409, Treatment::accept}}));
  EXPECT_EQ(s.delivery.queue.events, 10U);
  EXPECT_EQ(s.delivery.queue.bytes, std::size_t{1} << 20U);
  EXPECT_EQ(s.delivery.timeout, milliseconds(250));
  EXPECT_EQ(s.delivery.deadline, milliseconds(6'000));
  EXPECT_EQ(s.delivery.retry.initial, milliseconds(1'000));
  EXPECT_EQ(s.delivery.retry.max, milliseconds(2'000));
  EXPECT_EQ(s.delivery.retry.multiplier, 1.5);
  ASSERT_EQ(s.delivery.headers.size(), 2U);
  EXPECT_EQ(s.delivery.headers[0].first, "Authorization");
  EXPECT_EQ(s.delivery.headers[0].second.reveal(), "Bearer x");
  EXPECT_EQ(s.delivery.headers[1].second.reveal(), "7");
  EXPECT_FALSE(s.delivery.tls.verify);
  EXPECT_EQ(s.event.id, EventId::stable);
  EXPECT_EQ(s.event.data, EventData::records);
  EXPECT_EQ(s.event.attributes, std::vector<std::string>{"subject"});
  EXPECT_EQ(s.event.redact, (std::vector<std::string>{"Authorization", "Cookie"}));
  EXPECT_EQ(s.spool.path, "/s");
  EXPECT_EQ(s.spool.max_bytes, std::size_t{5} << 30U);
  EXPECT_EQ(s.spool.max_age, std::chrono::hours(36));
  EXPECT_EQ(s.dead_letter.path, "/d");
}

}  // namespace
}  // namespace gateway::config
