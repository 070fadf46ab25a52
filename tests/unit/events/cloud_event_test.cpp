#include "events/cloud_event.hpp"

#include <gtest/gtest.h>

#include "events/json_depth.hpp"
#include "unit/events/cloud_event_support.hpp"

namespace gateway::events {
namespace {

using DataKind = CloudEvent::DataKind;

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

// Data of that depth is taken in by each mode, and what is made of it is read by each.
TEST(CloudEvent, DataHasTheSameDepthInEveryMode) {
  constexpr std::size_t kMost = JsonDepth::kData;
  EXPECT_EQ(read_binary_event(headers(), "application/json", nested(kMost))->data_kind,
            DataKind::json);
  EXPECT_EQ(read_binary_event(headers(), "application/json", nested(kMost + 1))->data_kind,
            DataKind::bytes);
  const std::string deepest = event_json(R"(,"data":)" + nested(kMost));
  const std::string deeper = event_json(R"(,"data":)" + nested(kMost + 1));
  EXPECT_TRUE(read_structured_event(deepest));
  EXPECT_FALSE(read_structured_event(deeper));
  EXPECT_TRUE(read_structured_event(deeper, EventFrom::store));
  EXPECT_TRUE(read_event_batch("[" + deepest + "]"));
  EXPECT_FALSE(read_event_batch("[" + deeper + "]"));
}

TEST(LooksLikeEvent, TellsAnEventFromAPayload) {
  EXPECT_TRUE(looks_like_event(event_json(R"(,"region":"ap-guangzhou","data":{"Records":[]})")));
  EXPECT_FALSE(looks_like_event(event_json(R"(,"Records":[])")));
  EXPECT_FALSE(looks_like_event(R"({"specversion":"1.0","id":"1","source":"/s"})"));
  EXPECT_FALSE(looks_like_event("[" + event_json() + "]"));
  EXPECT_FALSE(looks_like_event("nonsense"));
}

TEST(EventBatch, GivesAllEventsInOrder) {
  const auto none = read_event_batch(" [ ] ");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  const auto events =
      read_event_batch("[" + event_json(R"(,"data":1)") + " , " + event_json() + "]");
  ASSERT_TRUE(events) << events.error().reason();
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ((*events)[0].data, "1");
  EXPECT_EQ((*events)[1].data_kind, DataKind::none) << "nothing is left over from the one before";
}

TEST(EventBatch, RefusesAllForOne) {
  const auto events = read_event_batch("[" + event_json() + ",{}]");
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().reason(), "no specversion");
  EXPECT_EQ(events.error().offset(), event_json().size() + 2);
  EXPECT_EQ(read_event_batch(event_json()).error().reason(), "a batch is not an array");
  EXPECT_EQ(read_event_batch("[1]").error().reason(), "an event is not an object");
  EXPECT_EQ(read_event_batch("[]]").error().reason(), "text after the JSON value");
}

TEST(CloudEvent, ThrowsWhenAValueIsTakenFromAnError) {
  const auto event = read_structured_event("{");
  EXPECT_THROW(static_cast<void>(event.value()), std::logic_error);
}

}  // namespace
}  // namespace gateway::events
