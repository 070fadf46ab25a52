#include "gateway/checkup/process_fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway::checkup {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

ProcessFit with_memory(std::uint64_t memory, const config::Settings& settings = {}) {
  ProcessLimits limits;
  limits.memory = memory;
  return fit(settings, 1, limits);
}

ProcessFit with_descriptors(std::size_t descriptors, const config::Settings& settings = {}) {
  ProcessLimits limits;
  limits.descriptors = descriptors;
  return fit(settings, 2, limits);
}

TEST(ProcessFit, ChangesNothingWhereThereIsRoomOrNothingIsKnown) {
  for (const auto& [memory, descriptors] :
       {std::pair(0UL, 0UL), std::pair(512 * kMebibyte, 20'000UL), std::pair(~0UL, ~0UL >> 8U)}) {
    ProcessLimits limits;
    limits.memory = memory;
    limits.descriptors = descriptors;
    const ProcessFit fitted = fit(config::Settings(), 2, limits);
    EXPECT_EQ(fitted.settings.ingress.max_in_flight, config::Ingress().max_in_flight);
    EXPECT_EQ(fitted.settings.ingress.max_connections, config::Ingress().max_connections);
    EXPECT_THAT(fitted.notes, IsEmpty());
    EXPECT_EQ(fitted.problem, "");
  }
}

TEST(ProcessFit, PostsFollowASmallMemoryLimit) {
  const ProcessFit fitted = with_memory(64 * kMebibyte);
  EXPECT_EQ(fitted.settings.ingress.max_in_flight, 15 * kMebibyte);
  EXPECT_GE(fitted.settings.ingress.max_in_flight, fitted.settings.ingress.max_body);
  EXPECT_THAT(fitted.notes, ElementsAre(HasSubstr("gateway.max_in_flight is 15 MiB"),
                                        HasSubstr("delivery.queue.events is 20480")));
  EXPECT_EQ(fitted.problem, "");
}

TEST(ProcessFit, EventsAreSharedAmongThreads) {
  ProcessLimits limits;
  limits.memory = 64 * kMebibyte;
  EXPECT_EQ(fit(config::Settings(), 4, limits).settings.delivery.queue.events, 5'120U);
  EXPECT_EQ(fit(config::Settings(), 64, limits).settings.delivery.queue.events, 2'048U)
      << "a post with more is refused for good";
}

TEST(ProcessFit, StoresHaveTheirShareOfASmallMemoryLimit) {
  config::Settings settings;
  settings.spool.path = "spool";
  const ProcessFit one = with_memory(96 * kMebibyte, settings);
  EXPECT_EQ(one.settings.spool.memory, 18 * kMebibyte);
  EXPECT_EQ(one.settings.spool.largest, 6 * kMebibyte);
  EXPECT_EQ(one.settings.spool.replay_memory, 9 * kMebibyte);
  EXPECT_EQ(one.settings.ingress.max_in_flight, 27 * kMebibyte / 2);
  settings.dead_letter.path = "dead";
  const ProcessFit both = with_memory(96 * kMebibyte, settings);
  EXPECT_EQ(both.settings.spool.memory + both.settings.dead_letter.memory, 18 * kMebibyte);
  EXPECT_GT(both.settings.spool.memory, both.settings.dead_letter.memory);
  EXPECT_EQ(both.settings.dead_letter.largest, both.settings.spool.largest)
      << "an event that waits in the spool may become a dead letter";
}

TEST(ProcessFit, ReplaysOfAllThreadsShareTheirMemory) {
  config::Settings settings;
  settings.spool.path = "spool";
  ProcessLimits limits;
  limits.memory = 96 * kMebibyte;
  EXPECT_EQ(fit(settings, 9, limits).settings.spool.replay_memory, kMebibyte);
}

TEST(ProcessFit, StoresKeepNoPostFromBeingTakenAlone) {
  config::Settings settings;
  settings.spool.path = "spool";
  const ProcessFit fitted = with_memory(48 * kMebibyte, settings);
  EXPECT_EQ(fitted.settings.ingress.max_in_flight, settings.ingress.max_body);
  EXPECT_EQ(fitted.problem, "");
}

TEST(ProcessFit, ALowerBoundOfOnesOwnStays) {
  config::Settings settings;
  settings.ingress.max_in_flight = 10 * kMebibyte;
  settings.delivery.queue.events = 20'000;
  EXPECT_THAT(with_memory(64 * kMebibyte, settings).notes, IsEmpty());
}

TEST(ProcessFit, ABodyThatCannotFitIsAProblem) {
  EXPECT_THAT(with_memory(40 * kMebibyte).problem, HasSubstr("gateway.max_body: 8 MiB"));
  EXPECT_THAT(with_memory(1).problem, HasSubstr("raise the memory limit"));
  config::Settings small;
  small.ingress.max_body = kMebibyte;
  EXPECT_EQ(with_memory(40 * kMebibyte, small).problem, "");
}

TEST(ProcessFit, ClientsLeaveDescriptorsToTheOthers) {
  config::Settings two_links;
  two_links.delivery.connections = 2;
  // Where the number of eventbus connections is found by itself, there may be 64 of them.
  for (const auto& [descriptors, settings] :
       {std::pair(256UL, two_links), std::pair(1'024UL, two_links),
        std::pair(512UL, config::Settings()), std::pair(4'096UL, config::Settings())}) {
    const ProcessFit fitted = with_descriptors(descriptors, settings);
    const std::size_t clients = fitted.settings.ingress.max_connections;
    // Those beyond the limit that are told so, too.
    EXPECT_LE(clients + clients / 8 + 16 + other_descriptors(fitted.settings, 2), descriptors);
    EXPECT_GT(clients, descriptors / 4);
    EXPECT_THAT(fitted.notes, ElementsAre(HasSubstr("gateway.max_connections is")));
  }
}

TEST(ProcessFit, WhatIsWantedIsEnough) {
  for (const std::size_t clients : {1UL, 7UL, 8UL, 9UL, 1'000UL, 10'000UL, 1'000'000UL}) {
    config::Settings settings;
    settings.ingress.max_connections = clients;
    EXPECT_THAT(with_descriptors(wanted_descriptors(settings, 2), settings).notes, IsEmpty());
  }
}

TEST(ProcessFit, AVerySmallLimitStillLetsSomeIn) {
  config::Settings stores;
  stores.spool.path = "spool.db";
  stores.dead_letter.path = "dead.db";
  const ProcessFit fitted = with_descriptors(64, stores);
  EXPECT_EQ(fitted.problem, "");
  EXPECT_GE(fitted.settings.ingress.max_connections, 1U);
  EXPECT_LE(fitted.settings.ingress.max_connections, 64U - 38U) << "what the rest needs at least";
}

TEST(ProcessFit, DescriptorsForNoClientAreAProblem) {
  for (const std::size_t descriptors : {1UL, 20UL, 24UL}) {
    EXPECT_THAT(with_descriptors(descriptors).problem,
                AllOf(HasSubstr("descriptors, and needs 30 with 2 threads"), HasSubstr("ulimit -n"),
                      HasSubstr("gateway.threads")));
  }
  EXPECT_EQ(with_descriptors(30).problem, "");
  EXPECT_EQ(with_descriptors(30).settings.ingress.max_connections, 1U);
}

TEST(ProcessFit, StoresAndEventbusConnectionsNeedTheirs) {
  config::Settings plain;
  plain.delivery.connections = 2;
  config::Settings more = plain;
  more.spool.path = "spool.db";
  more.delivery.connections = plain.delivery.connections + 3;
  EXPECT_GE(other_descriptors(more, 2), other_descriptors(plain, 2) + 10);
}

}  // namespace
}  // namespace gateway::checkup
