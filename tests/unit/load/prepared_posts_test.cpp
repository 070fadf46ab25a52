#include "load/prepared_posts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace gateway::load {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

PostForm plain_form() {
  PostForm form;
  form.host = "127.0.0.1:8080";
  return form;
}

TEST(PreparedPosts, AreRequestsWithTheLengthOfTheirBodies) {
  test::PayloadSettings payloads;
  payloads.records = *test::Distribution::parse("uniform:1-3");
  const PreparedPosts posts(payloads, plain_form());
  for (const test::Post& post : posts.all()) {
    EXPECT_THAT(post.wire, StartsWith("POST / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"));
    const std::size_t body = post.wire.find("\r\n\r\n") + 4;
    EXPECT_EQ(post.wire.size() - body, post.body_bytes);
    EXPECT_THAT(post.wire,
                HasSubstr("Content-Length: " + std::to_string(post.body_bytes) + "\r\n"));
    EXPECT_THAT(post.wire, EndsWith("]}"));
    EXPECT_THAT(post.wire, Not(HasSubstr("Connection:")));
  }
}

TEST(PreparedPosts, AreManySmallOnesOrAFewLargeOnes) {
  test::PayloadSettings payloads;
  EXPECT_EQ(PreparedPosts(payloads, plain_form()).all().size(), PreparedPosts::kMost);
  payloads.records = test::Distribution(1000);
  EXPECT_EQ(PreparedPosts(payloads, plain_form()).all().size(), PreparedPosts::kFewest);
}

TEST(PreparedPosts, ComeInTurn) {
  PreparedPosts posts(test::PayloadSettings(), plain_form());
  for (int round = 0; round < 2; ++round) {
    for (const test::Post& post : posts.all()) EXPECT_EQ(posts.next(), &post);
  }
}

TEST(PreparedPosts, AskForTheEndOfTheConnectionIfTold) {
  PostForm form = plain_form();
  form.close = true;
  const PreparedPosts posts(test::PayloadSettings(), form);
  EXPECT_THAT(posts.all().front().wire, HasSubstr("\r\nConnection: close\r\n"));
}

TEST(PreparedPosts, NameTheirBucketIfTold) {
  EXPECT_THAT(PreparedPosts(test::PayloadSettings(), plain_form()).all().front().wire,
              Not(HasSubstr("X-Cos-Bucket")));
  PostForm form = plain_form();
  form.bucket = "logs-1253970026";
  test::PayloadSettings payloads;
  payloads.bucket = "logs";
  const PreparedPosts posts(payloads, form);
  EXPECT_THAT(posts.all().front().wire, HasSubstr("\r\nX-Cos-Bucket: logs-1253970026\r\n"));
  EXPECT_THAT(posts.all().front().wire, HasSubstr(R"("name":"logs")"));
}

TEST(PreparedPosts, CarryTheSignatureOfTheirBodyOrTheToken) {
  PostForm form = plain_form();
  form.signing = Signing::hmac;
  form.token = "key";
  form.time = 1'700'000'000;
  const PreparedPosts hmac(test::PayloadSettings(), form);
  const test::Post& post = hmac.all()[3];
  const std::string body = post.wire.substr(post.wire.size() - post.body_bytes);
  EXPECT_THAT(post.wire, HasSubstr("\r\nX-Cos-Signature: " +
                                   test::post_signature("key", 1'700'000'000, body) + "\r\n"));
  form.signing = Signing::bearer;
  const PreparedPosts bearer(test::PayloadSettings(), form);
  EXPECT_THAT(bearer.all().front().wire, HasSubstr("\r\nAuthorization: Bearer key\r\n"));
}

// printf '1700000000.{"Records":[]}' | openssl dgst -sha256 -hmac secret
TEST(PostSignature, IsWhatOtherProgramsMake) {
  EXPECT_EQ(test::post_signature("secret", 1'700'000'000, R"({"Records":[]})"),
            "t=1700000000,v1="
            "156321f34308f82e4f8beca4d0bd27fd71eba9f70ef142e8f0daf42e017d8f73");
}

}  // namespace
}  // namespace gateway::load
