#include "gateway/ingress/admission.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gateway::ingress {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLargestBody = 1000;

RequestHead post_head(std::uint64_t length = 10) {
  RequestHead head;
  head.method = Method::post;
  head.content_length = length;
  return head;
}

Load all_at_once() {
  Load load;
  load.draining = load.queue_full = true;
  load.beyond = ConnectionLimit::total;
  load.retry_after = 5s;
  return load;
}

unsigned refusal(const RequestHead& head, const Load& load) {
  const auto answer = Admission(kLargestBody, 9464).refuse(head, load);
  return answer ? answer->status : 0;
}

TEST(Admission, LetsAPostInWhenThereIsRoom) {
  EXPECT_EQ(refusal(post_head(), {}), 0U);
  EXPECT_EQ(refusal(post_head(0), {}), 0U);
  EXPECT_EQ(refusal(post_head(kLargestBody), {}), 0U);
}

TEST(Admission, LooksAtTheMethodFirst) {
  RequestHead head = post_head(kLargestBody + 1);
  head.method = Method::other;
  const auto answer = Admission(kLargestBody, 9464).refuse(head, all_at_once());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 405U);
  EXPECT_EQ(answer->extra_fields, "Allow: POST, OPTIONS\r\n");
  EXPECT_NE(answer->body.find("gateway.admin, port 9464"), std::string::npos) << answer->body;
  EXPECT_FALSE(answer->close);
  EXPECT_FALSE(answer->to_head);
}

TEST(Admission, AHeadRequestIsToldWithoutABody) {
  RequestHead head;
  head.method = Method::head;
  const auto answer = Admission(kLargestBody, 0).refuse(head, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 405U);
  EXPECT_TRUE(answer->to_head);
  EXPECT_EQ(answer->body.find("port"), std::string::npos) << "which port is not known";
}

TEST(Admission, LooksAtTheSizeBeforeTheLoad) {
  const auto answer =
      Admission(kLargestBody, 9464).refuse(post_head(kLargestBody + 1), all_at_once());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413U);
  EXPECT_TRUE(answer->close);
}

TEST(Admission, TakesNoBodyInAContentCoding) {
  RequestHead head = post_head();
  head.content_coded = true;
  EXPECT_FALSE(Admission(kLargestBody, 9464).admits(head, {}));
  const auto answer = Admission(kLargestBody, 9464).refuse(head, all_at_once());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 415U);
  EXPECT_EQ(answer->extra_fields, "Accept-Encoding: identity\r\n");
  EXPECT_FALSE(answer->close);
}

TEST(Admission, AnswersOptionsUnderAnyLoad) {
  RequestHead head = post_head(0);
  head.method = Method::options;
  EXPECT_EQ(refusal(head, all_at_once()), 0U);
  head.content_length = kLargestBody + 1;
  EXPECT_EQ(refusal(head, {}), 413U);
}

TEST(Admission, NamesTheReasonAndTheWait) {
  const auto refused = [](const Load& load) {
    return Admission(kLargestBody, 9464).refuse(post_head(), load).value_or(Answer());
  };
  Load load = all_at_once();
  Answer answer = refused(load);
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.body, "{\"error\":\"stopping\"}");
  EXPECT_EQ(answer.extra_fields, "Retry-After: 5\r\n");
  EXPECT_TRUE(answer.close);

  load.draining = false;
  answer = refused(load);
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.body, "{\"error\":\"too many connections\"}");
  EXPECT_TRUE(answer.close);

  load.beyond = ConnectionLimit::source;
  answer = refused(load);
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.body, "{\"error\":\"too many connections from this address\"}");
  EXPECT_TRUE(answer.close);

  load.beyond.reset();
  answer = refused(load);
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.body, "{\"error\":\"delivery queue full\"}");
  EXPECT_FALSE(answer.close) << "the client may try again on the same connection";
}

TEST(Admission, ReadsPastARefusedBodyWhereThatPays) {
  const Admission admission(kLargestBody, 0);
  EXPECT_TRUE(admission.worth_skipping(post_head()));
  EXPECT_TRUE(admission.worth_skipping(post_head(kLargestBody)));
  EXPECT_FALSE(admission.worth_skipping(post_head(kLargestBody + 1)));
  RequestHead closing = post_head();
  closing.keep_alive = false;
  EXPECT_FALSE(admission.worth_skipping(closing));
  RequestHead waiting = post_head();
  waiting.expects_continue = true;
  EXPECT_FALSE(admission.worth_skipping(waiting)) << "it may never send the body";
}

}  // namespace
}  // namespace gateway::ingress
