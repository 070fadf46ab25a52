#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "events/encoder.hpp"
#include "support/encoded_request.hpp"

// What the tests of the encoder share: events, and the requests they become.
namespace gateway::test {

inline events::EncoderSettings settings(events::ContentMode mode = events::ContentMode::binary) {
  events::EncoderSettings settings;
  settings.mode = mode;
  settings.request_target = "/gateway/bus";
  settings.host = "eventbus.example:8080";
  settings.source = "function";
  return settings;
}

inline events::EncoderSettings with_all_attributes(events::ContentMode mode) {
  events::EncoderSettings all = settings(mode);
  all.attributes = {events::RecordAttribute::subject, events::RecordAttribute::cosbucket,
                    events::RecordAttribute::cosregion, events::RecordAttribute::coseventname,
                    events::RecordAttribute::coseventtime};
  return all;
}

// Returns the event of a record, the one with this number: two of them share a millisecond.
inline events::OutgoingEvent event_of(std::string_view record, int number = 0) {
  events::OutgoingEvent event;
  event.id = events::Uuid(0x0123456789ab4def, 0x8edcba9876543210 + static_cast<unsigned>(number));
  event.time = events::WallTime{std::chrono::milliseconds{1767323045678 + number / 2}};
  event.record = record;
  return event;
}

inline events::OutgoingEvent event_of(const events::CloudEvent& passed_on) {
  events::OutgoingEvent event;
  event.passed_on = &passed_on;
  return event;
}

inline std::string encoded(const events::EncoderSettings& settings,
                           const events::OutgoingEvent& event) {
  events::Encoder encoder(settings);
  events::Gather gather;
  encoder.append(event, gather);
  EXPECT_EQ(joined(gather).size(), gather.bytes());
  return joined(gather);
}

// The one request that was written, which must be well-formed and nothing else.
inline EncodedRequest request_of(const events::EncoderSettings& settings,
                                 const events::OutgoingEvent& event) {
  const std::string bytes = encoded(settings, event);
  std::string_view rest = bytes;
  auto request = EncodedRequest::take(rest);
  EXPECT_TRUE(request) << bytes;
  EXPECT_EQ(rest, "") << bytes;
  return request ? *request : EncodedRequest();
}

inline events::CloudEvent someone_elses_event() {
  events::CloudEvent event;
  const auto add = [&](std::string_view name, std::string_view value, bool literal = false) {
    events::CloudEvent::Attribute attribute;
    attribute.name = name;
    attribute.value = value;
    attribute.json_literal = literal;
    event.attributes.push_back(attribute);
  };
  add("specversion", "1.0");
  add("id", "a \"1\"");
  add("source", "//else/%C3%A4");
  add("type", "t");
  add("count", "5", true);
  return event;
}

}  // namespace gateway::test
