#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "support/allocation_counter.hpp"
#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"

namespace gateway::test {
namespace {

// Posts may cost a few allocations each; the records in them must not.
TEST(Allocations, TheNumberOfRecordsDoesNotMatterInTheSteadyState) {
  if (!AllocationCounter::available()) GTEST_SKIP() << "a sanitizer or another libc owns malloc";
  constexpr std::uint64_t kPosts = 50;
  constexpr std::size_t kRecords = 500;
  const AllocationCounter::ExcludeThread not_the_gateway;
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.pipeline = 32;
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const std::string post = post_text(cos_payload(kRecords));
  const auto run = [&] {
    const std::uint64_t before = AllocationCounter::count();
    for (std::uint64_t i = 0; i < kPosts; ++i) {
      client.send(post);
      EXPECT_EQ(client.response().status, 200u);
    }
    return AllocationCounter::count() - before;
  };
  run();  // buffers reach their size
  EXPECT_LE(run(), kPosts * 20) << "for " << kPosts * kRecords << " records";
}

}  // namespace
}  // namespace gateway::test
