#include "gateway/config/buckets.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/function_name.hpp"
#include "gateway/config/keys.hpp"
#include "gateway/config/render.hpp"
#include "unit/gateway/config/support.hpp"

namespace gateway::config {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string host(std::string_view name, std::string_view region = "ap-beijing") {
  return fmt::format("{}-1250000000.cos.{}.myqcloud.com", name, region);
}

// A list of buckets that are provisioned; `entries` is YAML in flow form.
Loaded load_list(const std::string& entries, const std::string& more = {}) {
  return load(testing::with_config(
      "target: \"bus:8080\"\neventbus: orders\nsecret_id: id\nsecret_key: key\n"
      "gateway: {public_url: \"https://gw.example.com\"}\nbuckets:\n" +
      entries + more));
}
Settings settings_of(const std::string& entries, const std::string& more = {}) {
  auto loaded = load_list(entries, more);
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  return std::move(loaded.settings);
}
std::string entry(std::string_view name, std::string_view more = {},
                  std::string_view region = "ap-beijing") {
  return fmt::format("- {{endpoint: {}{}{}}}\n", host(name, region), more.empty() ? "" : ", ",
                     more);
}

void expect_problem(const std::string& entries, const std::string& key, const std::string& text,
                    const std::string& more = {}) {
  const auto loaded = load_list(entries, more);
  EXPECT_THAT(testing::texts_of(loaded.problems),
              Contains(AllOf(HasSubstr(" " + key + ": "), HasSubstr(text))));
}

TEST(Buckets, OfAFunctionThatSendsToTheTargetItselfGoToOneTarget) {
  const std::string direct = "function: {name: relay}\n";
  const auto without_url = [&](const std::string& entries) {
    auto texts = testing::with_config(
        "target: \"bus:8080\"\neventbus: orders\nsecret_id: id\nsecret_key: key\nbuckets:\n" +
        entries + direct);
    return testing::texts_of(load(texts).problems);
  };
  EXPECT_THAT(without_url(entry("a") + entry("b")), IsEmpty());
  EXPECT_THAT(without_url(entry("a") + entry("b", "eventbus: other")),
              ElementsAre(AllOf(HasSubstr("buckets[1].endpoint"),
                                HasSubstr("shares its function with buckets[0]"))));
  EXPECT_THAT(without_url(entry("a") + entry("b", "eventbus: other, function: {name: mine}")),
              IsEmpty());
  EXPECT_THAT(without_url(entry("a", "include: ['**.jpg']")),
              ElementsAre(HasSubstr("needs gateway.public_url")));
}

TEST(Buckets, HaveWhatTheTopLevelSaysUnlessTheySaySo) {
  const auto settings = settings_of(
      entry("a") +
          entry("b",
                "events: ['cos:ObjectRemove:*'], prefix: in/, suffix: .gz, include: ['**.gz'],"
                " exclude: [in/tmp.gz], eventbus: other, target: 'elsewhere:1', function: {name: "
                "mine, namespace: team, memory: 256, timeout: 30s}, event: {id: stable, data: "
                "records, attributes: [subject], redact: [Cookie]}"),
      "event: {attributes: [cosbucket], redact: [Authorization]}\nunknown_bucket: refuse\n");
  ASSERT_THAT(settings.buckets, SizeIs(2));
  const BucketEntry& plain = settings.buckets[0];
  EXPECT_EQ(plain.target, "bus:8080");
  EXPECT_EQ(plain.eventbus, "orders");
  EXPECT_EQ(plain.function.region, "ap-beijing");
  EXPECT_EQ(plain.function.memory_mb, 128U);
  EXPECT_THAT(plain.bucket.events, ElementsAre("cos:ObjectCreated:*"));
  EXPECT_THAT(plain.event.attributes, ElementsAre("cosbucket"));
  EXPECT_THAT(plain.event.redact, ElementsAre("Authorization"));
  const BucketEntry& own = settings.buckets[1];
  EXPECT_EQ(own.target, "elsewhere:1");
  EXPECT_EQ(own.eventbus, "other");
  EXPECT_EQ(own.function.name, "mine");
  EXPECT_EQ(own.function.space, "team");
  EXPECT_EQ(own.function.memory_mb, 256U);
  EXPECT_EQ(own.function.timeout, std::chrono::seconds(30));
  EXPECT_EQ(own.event.id, EventId::stable);
  EXPECT_EQ(own.event.data, EventData::records);
  EXPECT_THAT(own.event.attributes, ElementsAre("subject"));
  EXPECT_THAT(own.event.redact, ElementsAre("Cookie"));
  EXPECT_THAT(own.include, ElementsAre("**.gz"));
  EXPECT_EQ(settings.unknown_bucket, UnknownBucket::refuse);
}

TEST(Buckets, AreWhatASingleBucketMeans) {
  const auto single = load(testing::with_config(
      "target: \"bus:8080\"\neventbus: orders\nsecret_id: id\nsecret_key: key\n"
      "gateway: {public_url: \"https://gw.example.com\"}\nfunction: {region: ap-beijing}\n"
      "bucket: {endpoint: " +
      host("a") + ", prefix: x/}\n"));
  const auto list = settings_of(entry("a", "prefix: x/"));
  EXPECT_EQ(list.source(), single.settings.source());
  const auto entries = bucket_entries(single.settings);
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].bucket.prefix, "x/");
  EXPECT_EQ(entries[0].function.name, list.buckets[0].function.name);
  EXPECT_THAT(bucket_entries(Settings()), IsEmpty());
}

TEST(Buckets, ShareAFunctionForTenTriggers) {
  std::string entries;
  for (int i = 0; i < 12; ++i) entries += entry(fmt::format("b{}", i));
  entries += entry("more", "events: ['cos:ObjectCreated:Put', 'cos:ObjectRemove:*']");
  const auto settings = settings_of(entries);
  const auto functions = shared_functions(settings.buckets);
  ASSERT_THAT(functions, SizeIs(2));
  EXPECT_THAT(functions[0].entries, SizeIs(10));
  EXPECT_THAT(functions[1].entries, ElementsAre(10, 11, 12));
  EXPECT_EQ(functions[0].function.name,
            cloud::derive_function_name({"ap-beijing", "default", host("b0"), "orders"}));
  EXPECT_EQ(functions[1].function.name,
            cloud::derive_function_name({"ap-beijing", "default", host("b10"), "orders"}));
}

TEST(Buckets, HaveFunctionsOfTheirOwnWhereSettingsDiffer) {
  const auto settings =
      settings_of(entry("a") + entry("b", {}, "ap-tokyo") + entry("c", "function: {memory: 256}") +
                  entry("d", "function: {namespace: team}") + entry("e"));
  const auto functions = shared_functions(settings.buckets);
  ASSERT_THAT(functions, SizeIs(4));
  EXPECT_THAT(functions[0].entries, ElementsAre(0, 4));
  EXPECT_EQ(functions[1].function.region, "ap-tokyo");
}

TEST(Buckets, NumberTheFunctionsOfOneName) {
  const auto settings = settings_of(entry("a") + entry("b", "function: {memory: 256}") +
                                        entry("a", "events: ['cos:ObjectRemove:*']"),
                                    "function: {name: relay, region: ap-beijing}\n");
  EXPECT_EQ(settings.buckets[0].function.name, "relay");
  EXPECT_EQ(settings.buckets[1].function.name, "relay-2");
  EXPECT_EQ(settings.buckets[2].function.name, "relay-3");
  EXPECT_THAT(shared_functions(settings.buckets), SizeIs(3));
}

TEST(Buckets, MayNameABucketTwiceIfItsRulesDoNotOverlap) {
  const auto settings = settings_of(entry("a", "prefix: left/") + entry("a", "prefix: right/") +
                                    entry("a", "events: ['cos:ObjectRemove:*']"));
  const auto functions = shared_functions(settings.buckets);
  ASSERT_THAT(functions, SizeIs(3));
  EXPECT_NE(functions[0].function.name, functions[1].function.name);

  expect_problem(entry("a") + entry("a"), "buckets[1].endpoint", "twice");
  expect_problem(entry("a", "prefix: le") + entry("b") + entry("a", "prefix: left/"),
                 "buckets[2].endpoint", "buckets[0]");
  expect_problem(entry("a") + entry("a", {}, "ap-tokyo"), "buckets[1].endpoint", "ap-beijing");
}

TEST(Buckets, SayWhatIsWrongWithThem) {
  expect_problem("- {prefix: a/}\n", "buckets[0].endpoint", "required");
  expect_problem("- {endpoint: photos}\n", "buckets[0].endpoint", "name-appid.cos");
  expect_problem(entry("a", "prefix: /x"), "buckets[0].prefix", "leading");
  expect_problem(entry("a", "suffix: x"), "buckets[0].suffix", "begin with '.'");
  expect_problem(entry("a", "event: {id: x}"), "buckets[0].event.id", "random | stable");
  expect_problem(entry("a", "function: {name: '-'}"), "buckets[0].function.name", "letters");
  expect_problem(entry("a", "prefx: x"), "buckets[0].prefx", "did you mean 'prefix'");
  expect_problem(entry("a", "target: 'http://h:99999/'"), "buckets[0].target", "");
  expect_problem(entry("a", {}, "ap-tokyo"), "buckets[0].endpoint", "ap-tokyo",
                 "function: {region: ap-beijing}\n");
  expect_problem(entry("a", "function: {region: ap-tokyo}"), "buckets[0].function.region",
                 "ap-beijing");
  expect_problem(entry("a"), "buckets", "beside bucket", "bucket: {endpoint: " + host("b") + "}\n");
  std::string many;
  for (int i = 0; i < 51; ++i) {
    many += entry(fmt::format("b{}", i), fmt::format("function: {{name: f{}}}", i));
  }
  expect_problem(many, "buckets", "51 functions");
}

// What follows from a bad endpoint, such as a region that nobody knows, is no second problem.
TEST(Buckets, SayOnceWhatIsWrongWithAnEndpoint) {
  for (const auto& [endpoint, why] :
       {std::pair("https://" + host("a") + "/", "without https://"), std::pair(host("A"), "lower"),
        std::pair(std::string("photos"), "name-appid"), std::pair(host("a_b"), "letters")}) {
    const auto loaded = load_list("- {endpoint: '" + endpoint + "'}\n" + entry("b"));
    ASSERT_THAT(loaded.problems, SizeIs(1)) << endpoint;
    EXPECT_EQ(loaded.problems[0].key, "buckets[0].endpoint");
    EXPECT_THAT(loaded.problems[0].message, HasSubstr(why));
  }
  // The last hyphen is before the appid, whatever stands before it.
  EXPECT_THAT(load_list(entry("logs-2024")).problems, IsEmpty());
}

TEST(Buckets, SayWhichCharacterOfAPatternIsWrong) {
  expect_problem(entry("a", "include: ['**', 'a[b']"), "buckets[0].include[1]", "character 2");
  expect_problem(entry("a", "exclude: ['x[z-a]']"), "buckets[0].exclude[0]", "character 3");
  expect_problem(entry("a", "exclude: ['/x']"), "buckets[0].exclude[0]", "character 1");
  const auto loaded = load_list(entry("a", "include: ['a[b']"));
  ASSERT_THAT(loaded.problems, SizeIs(1));
  EXPECT_GT(loaded.problems[0].position.line, 6U);
}

TEST(Buckets, NamePatternsThatCanNeverMatch) {
  expect_problem(entry("a", "prefix: logs/, include: ['**', 'images/**']"), "buckets[0].include[1]",
                 "begins with \"logs/\"");
  expect_problem(entry("a", "suffix: .gz, include: ['*.jpg']"), "buckets[0].include[0]",
                 "ends with \".gz\"");
  expect_problem(entry("a", "prefix: logs/, exclude: ['images/**']"), "buckets[0].exclude[0]",
                 "begins with");
  expect_problem(entry("a", "include: ['a/*.gz', '*.jpg'], exclude: ['a/**']"),
                 "buckets[0].include[0]", "exclude");
  expect_problem(entry("a", "exclude: ['*', '**/*']"), "buckets[0].exclude", "every key");
  EXPECT_THAT(load_list(entry("a", "include: ['**.gz'], exclude: ['tmp/**', '**/.*']")).problems,
              IsEmpty());
}

TEST(Buckets, ArePrintedAsTheyAreRead) {
  const auto settings = settings_of(entry("a", "include: ['**.gz', '\\*']") + entry("b"));
  const auto text = render(settings);
  EXPECT_THAT(text, HasSubstr("bucket: null"));
  EXPECT_THAT(text, HasSubstr("- endpoint: \"" + host("a") + "\""));
  Settings any;
  const Keys keys(any);
  for (const auto& path : testing::paths_of(keys.root())) {
    if (!path.starts_with("buckets[].")) continue;
    EXPECT_THAT(text, HasSubstr(" " + path.substr(path.rfind('.') + 1) + ":")) << path;
  }
  const auto again = load(testing::with_config(text));
  EXPECT_THAT(again.settings.buckets, SizeIs(2));
  EXPECT_EQ(again.settings.buckets[0].include, settings.buckets[0].include);
  EXPECT_EQ(again.settings.buckets[1].function.name, settings.buckets[1].function.name);
  for (const auto& problem : again.problems) EXPECT_THAT(problem.key, HasSubstr("secret"));
}

TEST(Buckets, TakeValuesWithinTheirBoundsOnly) {
  struct Bounds {
    const char* key;
    std::vector<const char*> good;
    std::vector<const char*> bad;
  };
  const Bounds all[] = {
      {"events", {"[cos:ObjectRemove:Delete]"}, {"[x]", "cos:ObjectCreated:*"}},
      {"include", {"[]", "['**.gz', '[a-z]?']"}, {"**.gz", "['']", "['a[']", "[a, a]", "[[a]]"}},
      {"exclude", {"[]", "[tmp]"}, {"[/tmp]", "{}"}},
      {"function.namespace", {"team"}, {""}},
      {"function.memory", {"64", "3072"}, {"65", "0"}},
      {"function.timeout", {"1s", "15m"}, {"0", "1500ms", "901s"}},
      {"event.id", {"random", "stable", "stable-v1"}, {"uuid", ""}},
      {"event.data", {"record", "records"}, {"Records"}},
      {"event.attributes", {"[]", "[subject]"}, {"[bucket]", "subject"}},
      {"event.redact", {"[]", "[Cookie]"}, {"['a b']"}},
  };
  const auto problems_with = [](const std::string& key, const char* value) {
    auto texts = testing::with_config(std::string(testing::kMinimal) + "buckets:\n" + entry("a"));
    texts.overrides = {"buckets[0]." + key + "=" + value};
    return testing::texts_of(load(texts).problems);
  };
  for (const auto& [key, good, bad] : all) {
    for (const auto* value : good) EXPECT_THAT(problems_with(key, value), IsEmpty()) << key;
    for (const auto* value : bad) {
      EXPECT_THAT(problems_with(key, value), Contains(HasSubstr(key))) << key << "=" << value;
    }
  }
}

TEST(Buckets, AreReachedByOverrides) {
  auto texts = testing::with_config(
      "target: \"bus:8080\"\neventbus: orders\nfunction: {provision: false}\n"
      "gateway: {auth: none}\nbuckets:\n" +
      entry("a"));
  texts.overrides = {"buckets[0].eventbus=other", "buckets[0].event.id=stable"};
  const auto loaded = load(texts);
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  EXPECT_EQ(loaded.settings.buckets[0].eventbus, "other");
  EXPECT_EQ(loaded.settings.buckets[0].event.id, EventId::stable);
}

}  // namespace
}  // namespace gateway::config
