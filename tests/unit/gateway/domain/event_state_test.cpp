#include "gateway/domain/event_state.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "gateway/domain/event_tally.hpp"

namespace gateway {
namespace {

EventState state(std::size_t i) {
  return static_cast<EventState>(i);
}
EventMove move(std::size_t i) {
  return static_cast<EventMove>(i);
}

TEST(EventState, ASettledEventNeverHasAnotherOutcome) {
  for (std::size_t from = 0; from < kEventStates; ++from) {
    if (!is_settled(state(from))) continue;
    for (std::size_t by = 0; by < kEventMoves; ++by) {
      const EventState to = next_state(state(from), move(by));
      if (to == kImpossible) continue;
      EXPECT_TRUE(is_held(state(from)))
          << "nobody holds it who could report: " << label(state(from));
      EXPECT_FALSE(is_held(to)) << label(to);
      EXPECT_EQ(to, state(from) == EventState::delivered_copying ? EventState::delivered
                                                                 : EventState::spooled);
    }
  }
}

TEST(EventState, EveryHeldStateIsReachedAndLeft) {
  std::set<EventState> reached{EventState::queued};
  for (std::size_t rounds = 0; rounds < kEventStates; ++rounds) {
    for (const EventState from : std::set(reached)) {
      for (std::size_t by = 0; by < kEventMoves; ++by) {
        const EventState to = next_state(from, move(by));
        if (to != kImpossible) reached.insert(to);
      }
    }
  }
  EXPECT_EQ(reached.size(), kEventStates);
  for (std::size_t from = 0; from < kEventStates; ++from) {
    bool left = false;
    for (std::size_t by = 0; by < kEventMoves; ++by) {
      left = left || next_state(state(from), move(by)) != kImpossible;
    }
    EXPECT_EQ(left, is_held(state(from))) << label(state(from));
  }
}

TEST(EventState, HasALabelOfItsOwn) {
  std::set<std::string_view> labels;
  for (std::size_t i = 0; i < kEventStates; ++i) labels.insert(label(state(i)));
  EXPECT_EQ(labels.size(), kEventStates);
  for (std::size_t i = 0; i < kEventMoves; ++i) labels.insert(label(move(i)));
  EXPECT_EQ(labels.size(), kEventStates + kEventMoves);
  EXPECT_FALSE(labels.contains(""));
  EXPECT_EQ(label(kImpossible), "impossible");
}

TEST(EventTally, SumsWhatIsAskedOfAllEvents) {
  EventTally<unsigned> tally;
  for (std::size_t i = 0; i < kEventStates; ++i) {
    SCOPED_TRACE(label(state(i)));
    tally.clear();
    tally.add(EventState::queued, 1);
    if (state(i) != EventState::queued) tally.move(EventState::queued, state(i));
    EXPECT_EQ(tally.in(state(i)), 1U);
    EXPECT_EQ(tally.open(), is_settled(state(i)) ? 0U : 1U);
    EXPECT_EQ(tally.held(), is_held(state(i)) ? 1U : 0U);
  }
  tally.clear();
  for (const auto safe : {EventState::delivered, EventState::delivered_copying, EventState::spooled,
                          EventState::spooled_on_connection, EventState::dead_lettered}) {
    tally.add(safe, 1);
  }
  for (const auto other : {EventState::failed, EventState::withdrawn, EventState::filtered,
                           EventState::to_spool, EventState::on_connection}) {
    tally.add(other, 10);
  }
  EXPECT_EQ(tally.safe(), 5U);
}

}  // namespace
}  // namespace gateway
