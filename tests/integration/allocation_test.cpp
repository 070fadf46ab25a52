#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "support/allocation_counter.hpp"
#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "support/tls_client.hpp"
#include "support/tls_folder.hpp"
#include "testkit/post.hpp"

namespace gateway::test {
namespace {

class Allocations : public testing::TestWithParam<std::size_t> {
 protected:
  static constexpr std::uint64_t kPosts = 50;

  Allocations() {
    settings_.delivery.pipeline = 32;
    if (!AllocationCounter::available()) skip_ = "a sanitizer or another libc owns malloc";
  }

  // Posts over `client` and checks that the second half costs `each` allocations a post, and a few
  // for what happens once a second or may still grow.
  template <class Client>
  void check(Client client, const std::string& post, std::uint64_t each = 0) {
    const auto run = [&] {
      const std::uint64_t before = AllocationCounter::count();
      for (std::uint64_t i = 0; i < kPosts; ++i) {
        client.send(post);
        EXPECT_EQ(client.response().status, 200u);
      }
      return AllocationCounter::count() - before;
    };
    run();  // buffers reach their size
    EXPECT_LT(run(), kPosts * each + kPosts / 5) << "for " << kPosts << " posts";
  }

  // Signatures, and what is taken from each record. Returns a post of `records` for it.
  std::string expose(std::size_t records) {
    const std::string token = "the-token-of-this-test";
    settings_.ingress.auth = config::Auth::hmac;
    settings_.ingress.token = Secret(token);
    settings_.event.id = config::EventId::stable;
    settings_.event.attributes = {"subject", "cosbucket", "coseventname"};
    settings_.event.redact = {"Authorization"};
    const std::string body = cos_payload(records);
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto time = now.time_since_epoch().count();
    return post_text(body, {{"X-Cos-Signature", post_signature(token, time, body)}});
  }

  const AllocationCounter::ExcludeThread not_the_gateway_;
  ScriptedEventbus bus_;
  config::Settings settings_ = loopback_settings(bus_.port());
  const char* skip_ = nullptr;
};

TEST_P(Allocations, NeitherPostsNorTheirRecordsCostAnyInTheSteadyState) {
  if (skip_ != nullptr) GTEST_SKIP() << skip_;
  const RunningGateway gateway(settings_);
  check(gateway.connect(), post_text(cos_payload(GetParam())));
}

TEST_P(Allocations, NorDoTheyInTheFormOfProduction) {
  if (skip_ != nullptr) GTEST_SKIP() << skip_;
  const std::string post = expose(GetParam());
  const RunningGateway gateway(settings_);
  check(gateway.connect(), post);
}

// OpenSSL allocates a few bytes four times at most for each TLS record, of 16 KiB each.
TEST_P(Allocations, OverTlsOnlyOpenSslAllocates) {
  if (skip_ != nullptr) GTEST_SKIP() << skip_;
  const TlsFolder folder;
  settings_.ingress.tls = folder.server();
  const std::string post = expose(GetParam());
  RunningGateway gateway(settings_);
  check(TlsClient(gateway.gateway().port()), post, 4 * (1 + (post.size() >> 14)));
}
INSTANTIATE_TEST_SUITE_P(Records, Allocations, testing::Values(1, 10, 100, 500));

}  // namespace
}  // namespace gateway::test
