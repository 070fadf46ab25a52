#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "support/allocation_counter.hpp"
#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"

namespace gateway::test {
namespace {

class Allocations : public testing::TestWithParam<std::size_t> {};

TEST_P(Allocations, NeitherPostsNorTheirRecordsCostAnyInTheSteadyState) {
  if (!AllocationCounter::available()) GTEST_SKIP() << "a sanitizer or another libc owns malloc";
  constexpr std::uint64_t kPosts = 50;
  const std::size_t records = GetParam();
  const AllocationCounter::ExcludeThread not_the_gateway;
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.pipeline = 32;
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const std::string post = post_text(cos_payload(records));
  const auto run = [&] {
    const std::uint64_t before = AllocationCounter::count();
    for (std::uint64_t i = 0; i < kPosts; ++i) {
      client.send(post);
      EXPECT_EQ(client.response().status, 200u);
    }
    return AllocationCounter::count() - before;
  };
  run();  // buffers reach their size
  // A few for what happens once a second or may still grow; none for each post, let alone record.
  EXPECT_LT(run(), kPosts / 5) << "for " << kPosts << " posts";
}
INSTANTIATE_TEST_SUITE_P(Records, Allocations, testing::Values(1, 10, 100, 500));

}  // namespace
}  // namespace gateway::test
