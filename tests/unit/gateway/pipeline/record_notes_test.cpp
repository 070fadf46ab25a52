#include "gateway/pipeline/record_notes.hpp"

#include <gtest/gtest.h>

#include <string>

#include "gateway/pipeline/style_redaction.hpp"
#include "support/padded.hpp"

namespace gateway {
namespace {

using routing::Pattern;
using routing::Route;
using Kind = routing::Decision::Kind;

// As the platform sends it: the key of the object behind appid and bucket.
std::string record(std::string_view bucket, std::string_view key, std::string_view secret = "s") {
  return std::string(R"({"cos":{"cosObject":{"key":"/125/)") + std::string(bucket) + "/" +
         std::string(key) + R"(","meta":{"x-cos-request-id":"r"}},"cosBucket":{"name":")" +
         std::string(bucket) +
         R"(","appid":"125"}},"event":{"eventName":"cos:ObjectCreated:Put",)" +
         R"("requestParameters":{"requestHeaders":{"Authorization":")" + std::string(secret) +
         R"("}}}})";
}

Route route(std::string bucket, std::string_view include = {}) {
  Route route;
  route.bucket = std::move(bucket);
  route.events = {"cos:ObjectCreated:*"};
  if (!include.empty()) route.include.push_back(Pattern::compile(include).value());
  return route;
}

class RecordNotesTest : public testing::Test {
 protected:
  RecordNotesTest() { plan_.styles.resize(1); }
  void routes(std::vector<Route> routes, routing::UnknownBucket unknown) {
    plan_.table = routing::RouteTable(std::move(routes), unknown);
  }
  // Splits a post of these records as the intake does.
  void split(std::initializer_list<std::string> records, Signer signer = kAnySigner) {
    std::string body = R"({"Records":[)";
    for (const std::string& one : records) body += (body.back() == '[' ? "" : ",") + one;
    body_.emplace(body + "]}");
    if (!notes_) {
      notes_.emplace(plan_);
      redaction_.emplace(plan_);
    }
    notes_->begin(body_->size(), signer);
    const auto split =
        splitter_.split(body_->data(), body_->size(), *notes_, redaction_->on_walk());
    ASSERT_TRUE(split);
    records_.assign(split->begin(), split->end());
  }
  Kind kind(std::size_t index) const { return notes_->decisions()[index].kind; }

  RoutePlan plan_;
  std::optional<test::Padded> body_;
  std::optional<RecordNotes> notes_;
  std::optional<StyleRedaction> redaction_;
  events::RecordSplitter splitter_;
  std::vector<events::RecordSpan> records_;
};

TEST_F(RecordNotesTest, WantsNothingWithoutBuckets) {
  EXPECT_FALSE(RecordNotes(plan_).wanted());
}

TEST_F(RecordNotesTest, SaysWhereEachRecordGoes) {
  routes({route("logs-125", "**.gz"), route("photos-125")}, routing::UnknownBucket::accept);
  split({record("photos", "a"), record("logs", "a/b.gz"), record("logs", "a/b.txt"),
         record("else", "a")});
  EXPECT_EQ(kind(0), Kind::entry);
  EXPECT_EQ(kind(1), Kind::entry);
  EXPECT_EQ(kind(2), Kind::filtered);
  EXPECT_EQ(kind(3), Kind::unknown);
  EXPECT_EQ(notes_->count(Kind::filtered), 1U);
  std::vector<std::uint16_t> written;
  notes_->take_routes(written);
  EXPECT_EQ(written, (std::vector<std::uint16_t>{2, 1, 1, 0}));
}

TEST_F(RecordNotesTest, MatchesTheKeyAsItReads) {
  routes({route("b-125", "\xE6\x97\xA5?*.log")}, routing::UnknownBucket::accept);
  split({record("b", R"(\u65e5\/x.log)"), record("b", R"(\u65e5\u672cx.log)"),
         record("b", "\xE6\x97\xA5\xE6\x9C\xACx.log"), record("b", R"(\u65e5\"x.log)")});
  EXPECT_EQ(kind(0), Kind::filtered);
  EXPECT_EQ(kind(1), Kind::entry);
  EXPECT_EQ(kind(2), Kind::entry);
  EXPECT_EQ(kind(3), Kind::entry);
}

TEST_F(RecordNotesTest, LooksUpEachBucketOfAMixedPost) {
  routes({route("a-125"), route("b-125"), route("b-126"), route("-125")},
         routing::UnknownBucket::accept);
  const auto of = [](std::string_view name, std::string_view appid) {
    return R"({"cos":{"cosBucket":{"name":")" + std::string(name) + R"(","appid":")" +
           std::string(appid) + R"("},"cosObject":{"key":"k"}}})";
  };
  split({"{}", of("a", "125"), of("a", "125"), of("b", "125"), of("b", "126"), of("b", "127"),
         of(R"(\u0061)", "125"), of("b", "125"), of(R"(\u0061)", "125"), of("a-125", ""),
         of("a", ""), of("a", "125"), "{}"});
  std::vector<std::uint16_t> written;
  notes_->take_routes(written);
  EXPECT_EQ(written, (std::vector<std::uint16_t>{0, 1, 1, 2, 3, 0, 1, 2, 1, 1, 0, 1, 0}));
  split({of("b", "125")});
  EXPECT_EQ(notes_->decisions()[0].route, 1);
}

TEST(LastBucketTest, TakesFromAKeyWhatTheReaderOfRecordsTakes) {
  const routing::RouteTable table({route("b-125"), route("-125")}, routing::UnknownBucket::accept);
  const auto expect_same_keys = [&](std::string_view name, std::string_view appid) {
    LastBucket last;
    ASSERT_TRUE(last.find(table, name, appid));
    EXPECT_TRUE(last.is(name, appid));
    for (const std::string_view key :
         {"", "/", "k", "/k", "/125/b/k", "/125/b/", "/125/b", "125/b/k", "/125/c/k", "/126/b/k",
          "/125//k", "/125/b-125/k", "//b-125/k", "/125/b/125/b/k"}) {
      events::CosRecord record;
      record.bucket = name;
      record.appid = appid;
      record.key = key;
      EXPECT_EQ(last.object_key(key), record.object_key()) << key << " of " << name;
    }
  };
  expect_same_keys("b", "125");
  expect_same_keys("b-125", "125");
  expect_same_keys("b-125", "");
  expect_same_keys("", "125");
}

TEST(LastBucketTest, KeepsABucketUntilAnotherIsFound) {
  const routing::RouteTable table({route("a-125"), route("b-125")}, routing::UnknownBucket::accept);
  LastBucket last;
  EXPECT_EQ(last.first(), routing::RouteTable::kMostRoutes);
  EXPECT_TRUE(last.find(table, "b", "125"));
  EXPECT_FALSE(last.find(table, "c", "125"));
  EXPECT_FALSE(last.is("c", "125"));
  EXPECT_FALSE(last.is("b", "126"));
  EXPECT_TRUE(last.is("b", "125"));
  EXPECT_EQ(last.first(), 1U);
}

TEST_F(RecordNotesTest, LeavesNothingOfOnePostToTheNext) {
  routes({route("b-125", "x")}, routing::UnknownBucket::refuse);
  split({record("b", "y"), record("c", "y")});
  EXPECT_EQ(notes_->count(Kind::refused_unknown), 1U);
  split({record("b", "x")});
  EXPECT_EQ(notes_->decisions().size(), 1U);
  EXPECT_EQ(notes_->count(Kind::filtered), 0U);
  EXPECT_EQ(notes_->count(Kind::refused_unknown), 0U);
}

TEST_F(RecordNotesTest, KnowsWhoVouchesForABucket) {
  Route other = route("c-125");
  other.function = 1;
  routes({route("b-125"), other}, routing::UnknownBucket::refuse);
  split({record("b", "x"), record("c", "x")}, 1);
  EXPECT_EQ(kind(0), Kind::refused_signer);
  EXPECT_EQ(kind(1), Kind::entry);
}

TEST_F(RecordNotesTest, MakesIdsAsTheEntrySays) {
  plan_.styles.resize(2);
  plan_.styles[1].event.id = config::EventId::stable;
  Route stable = route("b-125");
  stable.style = 1;
  routes({stable, route("c-125")}, routing::UnknownBucket::accept);
  split({record("b", "x"), record("c", "x")});
  const auto first = notes_->ids();
  ASSERT_EQ(first.size(), 2U);
  split({record("b", "x"), record("c", "x")});
  EXPECT_EQ(notes_->ids()[0], first[0]);
  EXPECT_FALSE(notes_->ids()[1] == first[1]);
}

TEST_F(RecordNotesTest, RedactsAsTheEntrySays) {
  plan_.styles.resize(2);
  plan_.styles[1].event.redact = {"Authorization"};
  Route redacted = route("b-125");
  redacted.style = 1;
  routes({redacted, route("c-125")}, routing::UnknownBucket::accept);
  split({record("b", "x", "secret1"), record("c", "x", "secret2"), record("d", "x", "secret3")});
  EXPECT_EQ(redaction_->after_walk(body_->data(), records_, *notes_), std::nullopt);
  EXPECT_EQ(body_->view().find("secret1"), std::string_view::npos);
  EXPECT_NE(body_->view().find("secret2"), std::string_view::npos);
  EXPECT_NE(body_->view().find("secret3"), std::string_view::npos);
}

TEST_F(RecordNotesTest, RedactsOnTheWalkWhereAllEntriesAgree) {
  plan_.styles.resize(2);
  for (EventStyle& style : plan_.styles) style.event.redact = {"Authorization"};
  Route redacted = route("b-125");
  redacted.style = 1;
  routes({redacted}, routing::UnknownBucket::accept);
  split({record("b", "x", "secret1"), record("d", "x", "secret2")});
  EXPECT_EQ(body_->view().find("secret"), std::string_view::npos);
}

// A key that looks like JSON with a header of that name is blanked, and becomes shorter.
constexpr std::string_view kKeyWithHeader = R"({\"Authorization\":\"q-sign\"})";

TEST_F(RecordNotesTest, ForgetsMembersThatTheWalkRedacted) {
  plan_.styles[0].event.redact = {"Authorization"};
  plan_.styles[0].event.attributes = {"subject"};
  split({record("b", "x"), record("b", kKeyWithHeader)});
  std::vector<events::RecordMembers> members;
  notes_->take_members(members);
  EXPECT_TRUE(members.empty());
  split({record("b", "x"), record("b", "y")});
  notes_->take_members(members);
  EXPECT_EQ(members.size(), 2U) << "of the next post they are known";
}

TEST_F(RecordNotesTest, ForgetsMembersThatAnEntryRedacted) {
  plan_.styles.resize(2);
  plan_.styles[1].event.redact = {"Authorization"};
  plan_.styles[1].event.attributes = {"subject"};
  Route redacted = route("b-125");
  redacted.style = 1;
  routes({redacted, route("c-125")}, routing::UnknownBucket::accept);
  split({record("b", kKeyWithHeader)});
  EXPECT_EQ(redaction_->after_walk(body_->data(), records_, *notes_), std::nullopt);
  std::vector<events::RecordMembers> members;
  notes_->take_members(members);
  EXPECT_TRUE(members.empty());
}

}  // namespace
}  // namespace gateway
