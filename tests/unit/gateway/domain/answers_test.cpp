#include "gateway/domain/answers.hpp"

#include <gtest/gtest.h>

#include "support/json_reference.hpp"

namespace gateway::answers {
namespace {

using namespace std::chrono_literals;

TEST(Answers, SayWhatTheContractSays) {
  const Answer bad = malformed("not JSON", 17);
  EXPECT_EQ(bad.status, 400U);
  EXPECT_EQ(bad.body, "{\"error\":\"not JSON\",\"offset\":17}");
  EXPECT_FALSE(bad.close);

  const Answer no = refused(413, "too large", true);
  EXPECT_EQ(no.status, 413U);
  EXPECT_EQ(no.body, "{\"error\":\"too large\"}");
  EXPECT_TRUE(no.close);

  const Answer full = unavailable(Unavailable::queue, 12s);
  EXPECT_EQ(full.status, 503U);
  EXPECT_EQ(full.unavailable, Unavailable::queue);
  EXPECT_EQ(full.body, "{\"error\":\"delivery queue full\"}");
  EXPECT_EQ(full.extra_fields, "Retry-After: 12\r\n");
  EXPECT_FALSE(full.close);

  const Answer lost = not_stored("the spool is full", 5s);
  EXPECT_EQ(lost.status, 503U);
  EXPECT_EQ(lost.unavailable, Unavailable::storage);
  EXPECT_EQ(lost.body, "{\"error\":\"the spool is full\"}");

  EXPECT_EQ(method_not_allowed(0).status, 405U);
  EXPECT_EQ(method_not_allowed(0).extra_fields, "Allow: POST, OPTIONS\r\n");

  EXPECT_EQ(health("").status, 200U);
  EXPECT_EQ(health("").body, "ok\n");
  EXPECT_FALSE(health("").unavailable);
  EXPECT_EQ(health("loop 1 does not turn").unavailable, Unavailable::unhealthy);
  EXPECT_EQ(health("loop 1 does not turn").status, 503U);
  EXPECT_EQ(health("loop 1 does not turn").body, "loop 1 does not turn\n");
}

TEST(Answers, EscapeWhatTheyQuote) {
  EXPECT_EQ(refused(400, "a \"b\"\n").body, "{\"error\":\"a \\\"b\\\"\\n\"}");
}

TEST(Answers, TakePartInTheHandshakeOnlyWhenAsked) {
  EXPECT_EQ(options("").extra_fields, "Allow: POST, OPTIONS\r\n");
  EXPECT_EQ(options("a.example").extra_fields,
            "Allow: POST, OPTIONS\r\nWebHook-Allowed-Origin: a.example\r\n"
            "WebHook-Allowed-Rate: *\r\n");
  EXPECT_EQ(options("a.example").status, 200U);
}

TEST(Answers, ListTheFailuresOfAPost) {
  Post post;
  post.begin_events(2, EventState::failed);
  post.states.resize(5, EventState::delivered);
  post.tally.add(EventState::delivered, 3);
  post.failures.push_back({1, 400, "no \"good\""});
  post.failures.push_back({4, 0, "stopping"});
  EXPECT_EQ(partly_failed(post).status, 502U);
  EXPECT_EQ(partly_failed(post).body, R"({"records":5,"delivered":3,"failed":[)"
                                      R"({"index":1,"status":400,"reason":"no \"good\""},)"
                                      R"({"index":4,"status":0,"reason":"stopping"}]})");
}

TEST(Answers, NameAThousandFailuresAndCountTheOthers) {
  Post post;
  post.begin_events(1000, EventState::failed);
  for (std::uint32_t i = 0; i < 1000; ++i) post.failures.push_back({i, 400, "no"});
  const std::string all = partly_failed(post).body;
  EXPECT_TRUE(all.ends_with(R"({"index":999,"status":400,"reason":"no"}]})"));
  post.failures.push_back({1000, 400, "no"});
  post.tally.add(EventState::failed, 1);
  const std::string cut = partly_failed(post).body;
  EXPECT_TRUE(cut.ends_with(R"({"index":999,"status":400,"reason":"no"}],"more":1})"));
  EXPECT_TRUE(test::JsonReference(cut).valid());
}

TEST(Answers, TellHowFarAPostCameBeforeItsDeadline) {
  Post post;
  post.begin_events(3, EventState::on_connection);
  post.states.resize(5, EventState::delivered);
  post.tally.add(EventState::delivered, 2);
  EXPECT_EQ(deadline_passed(post).status, 504U);
  EXPECT_EQ(deadline_passed(post).body,
            R"({"error":"not delivered within delivery.deadline","records":5,"delivered":2})");
}

TEST(Answers, NameTheRecordWhoseBucketIsRefused) {
  const Answer unknown = bucket_refused(BucketRefusal::unknown, 3);
  EXPECT_EQ(unknown.status, 422U);
  EXPECT_TRUE(unknown.body.ends_with(",\"index\":3}")) << unknown.body;
  EXPECT_NE(bucket_refused(BucketRefusal::foreign, 3).body, unknown.body);
}

}  // namespace
}  // namespace gateway::answers
