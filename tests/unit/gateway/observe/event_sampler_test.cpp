#include "gateway/observe/event_sampler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "gateway/observe/event_feed.hpp"
#include "runtime/buffer_pool.hpp"
#include "support/payloads.hpp"
#include "support/start.hpp"
#include "unit/gateway/pipeline/ledger_support.hpp"

namespace gateway::observe {
namespace {

using namespace std::chrono_literals;
using test::kStart;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(SampleAllowance, GivesSoManyASecondHoweverOftenItIsAsked) {
  for (const auto step : {1ms, 5ms, 50ms, 100ms, 333ms}) {
    SCOPED_TRACE(step.count());
    SampleAllowance allowance(20);
    unsigned given = 0;
    for (Instant now = kStart; now < kStart + 10s; now += step) given += allowance.take(now);
    EXPECT_GE(given, 190U);
    EXPECT_LE(given, 201U);
  }
}

TEST(SampleAllowance, DoesNotSaveUpMoreThanASecond) {
  SampleAllowance allowance(20);
  EXPECT_EQ(allowance.take(kStart), 1U);
  EXPECT_EQ(allowance.take(kStart + 1h), 20U);
  EXPECT_EQ(allowance.take(kStart + 1h), 0U);
}

class EventSamplerTest : public testing::Test {
 protected:
  // A post of so many records, all of them the same.
  Post& open(std::uint32_t records) {
    record_ = test::cos_record("folder/a.txt");
    Post& post = ledger_.open(client_, clock_.now(), WallInstant(5s));
    post.bytes = buffers_.take(record_.size());
    std::memcpy(post.bytes.data(), record_.data(), record_.size());
    ledger_.expect(post, records);
    for (std::uint32_t i = 0; i < records; ++i) ledger_.move(event(post, i), EventMove::stage);
    return post;
  }
  EventSlot event(Post& post, std::uint32_t index = 0) const {
    EventSlot slot = test::event(post, index);
    slot.length = static_cast<std::uint32_t>(record_.size());
    return slot;
  }
  void tick(Instant now) { sampler_.tick(now, ledger_); }
  std::string frames(Watcher& watcher) {
    control_.restart();
    control_.poll();
    return watcher.frames.take_all();
  }
  std::uint64_t lags() const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < LagHistogram::kBuckets; ++i) {
      count += metrics_.event_lag[EventKind::created].count(i);
    }
    return count;
  }

  asio::io_context control_{1};
  BufferPool buffers_;
  ShardMetrics metrics_;
  Ledger ledger_{metrics_, 25s};
  Clock clock_;
  EventFeed feed_{control_};
  EventSampler sampler_{clock_, metrics_, feed_};
  test::Client client_;
  std::string record_;
};

TEST_F(EventSamplerTest, LooksAtAFewEventsForTheirLagAndAtNoneForNobody) {
  Post& post = open(100);
  for (std::uint32_t i = 0; i < 100; ++i) {
    tick(kStart + i * 10ms);
    ledger_.delivered(event(post, i), 200);
  }
  EXPECT_EQ(lags(), EventSampler::kLagsPerSecond);
  EXPECT_EQ(metrics_.tap_events.value(), 0U);
}

TEST_F(EventSamplerTest, WithoutATickNothingIsLookedAt) {
  Post& post = open(1);
  ledger_.delivered(event(post), 200);
  EXPECT_EQ(lags(), 0U);
}

TEST_F(EventSamplerTest, ARareEventIsNotMissed) {
  // Many ticks before it, most of which allow nothing new.
  for (int i = 0; i < 17; ++i) tick(kStart + i * 5ms);
  Post& post = open(1);
  ledger_.delivered(event(post), 200);
  EXPECT_EQ(lags(), 1U);
}

TEST_F(EventSamplerTest, TellsThoseWhoWatchAtMostTwentyASecond) {
  Watcher watcher(control_.get_executor(), false);
  ASSERT_TRUE(feed_.attach(watcher));
  Post& post = open(1000);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    tick(kStart + i * 1ms);
    ledger_.delivered(event(post, i), 204);
  }
  EXPECT_EQ(metrics_.tap_events.value(), EventSampler::kWatchedPerSecond);
  const std::string told = frames(watcher);
  EXPECT_THAT(told, HasSubstr("event: tap\n"));
  EXPECT_THAT(told, HasSubstr(R"("key":"folder/a.txt")"));
  EXPECT_THAT(told, HasSubstr(R"("type":"cos:ObjectCreated:)"));
  EXPECT_THAT(told, HasSubstr(R"("outcome":"delivered","status":204)"));
  feed_.detach(watcher);
}

TEST_F(EventSamplerTest, KeepsTheLastFailuresThoughNobodyWatches) {
  tick(kStart);
  Post& post = open(3);
  ledger_.failed(event(post, 0), FailReason::refused, 422, "no\nthanks");
  tick(kStart + 1s);
  ledger_.move(event(post, 1), EventMove::bury);
  ledger_.dead_lettered(event(post, 1), 400, "bad");
  ledger_.delivered(event(post, 2), 200);
  control_.poll();
  ASSERT_THAT(feed_.failures(), SizeIs(2));
  EXPECT_EQ(feed_.failures()[0].outcome, Outcome::failed);
  EXPECT_EQ(feed_.failures()[0].status, 422U);
  EXPECT_EQ(feed_.failures()[0].key, "folder/a.txt");
  EXPECT_EQ(feed_.failures()[0].reason, "no?thanks");
  EXPECT_EQ(feed_.failures()[1].outcome, Outcome::dead_lettered);
  EXPECT_EQ(metrics_.tap_events.value(), 0U);
}

TEST_F(EventSamplerTest, AFloodOfFailuresIsNotLookedAtOneByOne) {
  Post& post = open(5000);
  for (std::uint32_t i = 0; i < 5000; ++i) {
    if (i % 100 == 0) tick(kStart + i / 100 * 20ms);
    ledger_.failed(event(post, i), FailReason::refused, 422, "no");
  }
  const std::size_t looked_at = control_.poll();
  EXPECT_GE(looked_at, 15U);
  EXPECT_LE(looked_at, 25U);
  EXPECT_THAT(feed_.failures(), SizeIs(testing::Le(EventFeed::kFailuresKept)));
}

TEST_F(EventSamplerTest, TellsOfAPostThatGoesToTheSpoolOnce) {
  Watcher watcher(control_.get_executor(), false);
  ASSERT_TRUE(feed_.attach(watcher));
  tick(kStart);
  Post& post = open(2);
  ledger_.expire(0, Instant::max(), [&](Post& due) { ledger_.begin_storing(due, due.deadline); });
  for (const std::uint32_t i : {0U, 1U}) ledger_.move(event(post, i), EventMove::spool);
  EXPECT_THAT(frames(watcher), IsEmpty());
  ledger_.stored(post, event(post, 0));
  EXPECT_THAT(frames(watcher), HasSubstr(R"("outcome":"spooled")"));
  feed_.detach(watcher);
}

TEST_F(EventSamplerTest, AnEventThatIsNoCosRecordIsShownByItsAttributes) {
  Watcher watcher(control_.get_executor(), false);
  ASSERT_TRUE(feed_.attach(watcher));
  tick(kStart);
  Post& post = open(1);
  events::CloudEvent passed;
  passed.attributes = {
      {"id", "e-1", false}, {"type", "com.example", false}, {"subject", "s", false}};
  passed.data = "text";
  passed.data_kind = events::CloudEvent::DataKind::text;
  post.passed_on.push_back(passed);
  ledger_.delivered(event(post), 200);
  const std::string told = frames(watcher);
  EXPECT_THAT(told, HasSubstr(R"("type":"com.example","key":"s")"));
  EXPECT_THAT(told, HasSubstr(R"("id":"e-1")"));
  EXPECT_EQ(lags(), 0U);
  feed_.detach(watcher);
}

TEST(EventFeed, HasRoomForEightWatchersAndOneMoreWhenOneLeaves) {
  asio::io_context control(1);
  EventFeed feed(control);
  EXPECT_FALSE(feed.watched());
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (std::size_t i = 0; i < EventFeed::kMostWatchers; ++i) {
    watchers.push_back(std::make_unique<Watcher>(control.get_executor(), i == 3));
    EXPECT_TRUE(feed.attach(*watchers.back()));
  }
  Watcher another(control.get_executor(), false);
  EXPECT_FALSE(feed.attach(another));
  EXPECT_TRUE(feed.status_wanted());
  feed.tell_status("{\"a\":1}\n");
  EXPECT_EQ(watchers[3]->frames.take_all(), "event: status\ndata: {\"a\":1}\n\n");
  EXPECT_TRUE(watchers[2]->frames.empty());
  feed.detach(*watchers[3]);
  EXPECT_FALSE(feed.status_wanted());
  EXPECT_TRUE(feed.attach(another));
  EXPECT_TRUE(feed.watched());
}

TEST(EventFeed, KeepsTheLastTwentyFailures) {
  asio::io_context control(1);
  EventFeed feed(control);
  for (unsigned i = 0; i < 30; ++i) {
    SettledEvent event;
    event.outcome = i % 3 == 0 ? Outcome::delivered : Outcome::failed;
    event.status = i;
    feed.settled(event);
  }
  control.poll();
  ASSERT_THAT(feed.failures(), SizeIs(20));
  EXPECT_EQ(feed.failures().back().status, 29U);
}

TEST(EventFeed, AControlThreadThatDoesNotTurnIsNotBuriedInEvents) {
  asio::io_context control(1);
  EventFeed feed(control);
  for (unsigned i = 0; i < 5000; ++i) feed.settled(SettledEvent());
  EXPECT_EQ(control.poll(), 1024U);
  feed.settled(SettledEvent());
  control.restart();
  EXPECT_EQ(control.poll(), 1U);
}

TEST(FrameQueue, ASlowWatcherLosesTheOldestAndIsToldHowMany) {
  FrameQueue queue;
  for (std::size_t i = 0; i < FrameQueue::kMost + 3; ++i) {
    queue.push(std::make_shared<const std::string>(std::to_string(i) + ","));
  }
  EXPECT_EQ(queue.size(), FrameQueue::kMost);
  EXPECT_EQ(queue.take_dropped(), 3U);
  EXPECT_EQ(queue.take_dropped(), 0U);
  EXPECT_THAT(queue.take_all(), testing::StartsWith("3,4,"));
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace gateway::observe
