#include "testkit/load.hpp"

#include <gtest/gtest.h>

#include "support/scripted_http_server.hpp"
#include "testkit/action.hpp"
#include "testkit/certificate_authority.hpp"
#include "unit/load/local_load.hpp"

namespace gateway::load {
namespace {

using std::chrono::milliseconds;

SinkSettings slow(milliseconds latency) {
  SinkSettings settings;
  settings.latency = {latency, latency};
  return settings;
}

// Twenty posts fall due 10 ms apart, but the server takes 25 ms for each and the one connection
// carries one at a time: the k-th is answered 25 k ms after the first began, at least, which is 15
// k after it was due. Measured from when they left, all would take 25 ms.
TEST(Load, AnOpenLoopChargesAStalledServerForThePostsItKeptWaiting) {
  test::LoadSettings settings;
  settings.rate = 100;
  LocalLoad local(slow(milliseconds(25)), settings);
  local.play(milliseconds(205));
  ASSERT_GE(local.load().totals().posts, 20U);
  EXPECT_GE(local.load().latencies().quantile(0.5), milliseconds(140));
  EXPECT_GE(local.load().latencies().max(), milliseconds(290));
}

TEST(Load, AClosedLoopWaitsForEachAnswer) {
  LocalLoad local(slow(milliseconds(20)), test::LoadSettings());
  local.play(milliseconds(90));
  EXPECT_GE(local.load().totals().posts, 1U);
  EXPECT_LE(local.load().totals().posts, 5U);
}

TEST(Load, AnOpenLoopKeepsItsRateOverManyConnections) {
  test::LoadSettings settings;
  settings.rate = 1000;
  settings.connections = 50;
  LocalLoad local(slow(milliseconds(5)), settings);
  const auto start = std::chrono::steady_clock::now();
  local.play(milliseconds(200));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  // All that fell due were made, however late.
  EXPECT_GE(local.load().totals().posts, 199U);
  EXPECT_LE(static_cast<double>(local.load().totals().posts), 1000 * elapsed.count());
  EXPECT_EQ(local.sink().bus().connections(), 50U);
}

TEST(Load, MakesAConnectionForEachPostIfTold) {
  test::LoadSettings settings;
  settings.connections = 3;
  settings.new_connection_per_post = true;
  settings.sources = 4;
  PostForm form;
  form.close = true;
  LocalLoad local(SinkSettings(), settings, 0, form);
  local.play(milliseconds(50));
  EXPECT_GT(local.load().totals().posts, 3U);
  EXPECT_TRUE(local.load().totals().errors.empty());
  EXPECT_EQ(local.sink().bus().connections(), local.load().totals().posts);
}

TEST(Load, LatenciesFromBeforeTheWindowAreNotKept) {
  LocalLoad local(SinkSettings{}, test::LoadSettings{});
  local.load().measure_from(std::chrono::steady_clock::now() + std::chrono::hours(1));
  local.play(milliseconds(10));
  EXPECT_GT(local.load().totals().posts, 0U);
  EXPECT_EQ(local.load().latencies().count(), 0U);
}

TEST(Load, CountsWhatIsStillOpenAtTheEndAsUnanswered) {
  test::ScriptedHttpServer server;
  server.script([](const test::ReceivedRequest&) { return test::never_answer(); });
  test::LoadSettings settings;
  settings.connections = 2;
  LocalLoad local(SinkSettings(), settings, server.port());
  local.play(milliseconds(30), milliseconds(60));
  EXPECT_FALSE(local.load().idle());
  local.load().give_up();
  EXPECT_TRUE(local.load().idle());
  EXPECT_EQ(local.load().totals().errors.at("unanswered"), 2U);
}

TEST(Load, PostsOverTlsWithSignatures) {
  const test::CertificateAuthority authority;
  for (const bool new_connections : {false, true}) {
    test::ScriptedHttpServer server(authority.issue("127.0.0.1"));
    test::LoadSettings settings;
    settings.connections = 2;
    settings.tls = true;
    settings.new_connection_per_post = new_connections;
    PostForm form;
    form.close = new_connections;
    form.signing = Signing::hmac;
    form.token = "token";
    form.time = 1'700'000'000;
    LocalLoad local(SinkSettings(), settings, server.port(), form);
    local.play(milliseconds(50));
    const auto requests = server.requests();
    ASSERT_FALSE(requests.empty());
    EXPECT_EQ(local.load().totals().posts, requests.size());
    EXPECT_TRUE(local.load().totals().errors.empty());
    for (const test::ReceivedRequest& request : requests) {
      EXPECT_EQ(request.headers["X-Cos-Signature"],
                test::post_signature("token", 1'700'000'000, request.body));
    }
  }
}

// Each change of a socket is told once: what is left of one would be waited for in vain.
TEST(Load, ReadsAnswersOverTlsToTheirEnd) {
  const test::CertificateAuthority authority;
  test::ScriptedHttpServer server(authority.issue("127.0.0.1"));
  const std::string large(std::size_t{4} << 20, 'x');
  server.script([&](const test::ReceivedRequest&) { return test::reply(200, {}, large); });
  test::LoadSettings settings;
  settings.connections = 2;
  settings.tls = true;
  LocalLoad local(SinkSettings(), settings, server.port());
  local.play(milliseconds(100));
  EXPECT_TRUE(local.load().idle());
  EXPECT_GE(local.load().totals().posts, 2U);
  EXPECT_TRUE(local.load().totals().errors.empty());
}

TEST(Load, AClosedLoopWaitsWhenItIsAskedTo) {
  for (const bool asked : {false, true}) {
    test::ScriptedHttpServer server;
    server.script([asked](const test::ReceivedRequest&) {
      return asked ? test::reply(503, {{"Retry-After", "1"}}) : test::reply(503);
    });
    test::LoadSettings settings;
    settings.connections = 3;
    LocalLoad local(SinkSettings(), settings, server.port());
    local.play(milliseconds(60));
    if (asked) {
      EXPECT_EQ(local.load().totals().errors.at("503"), 3U);
    } else {
      EXPECT_GT(local.load().totals().errors.at("503"), 3U);
    }
  }
}

TEST(Load, GoesOnAfterAServerThatWantsTheConnectionEnded) {
  test::ScriptedHttpServer server;
  server.script([](const test::ReceivedRequest&) { return test::last_reply(200); });
  LocalLoad local(SinkSettings(), test::LoadSettings(), server.port());
  local.play(milliseconds(50));
  EXPECT_GT(local.load().totals().posts, 1U);
  EXPECT_TRUE(local.load().totals().errors.empty());
}

}  // namespace
}  // namespace gateway::load
