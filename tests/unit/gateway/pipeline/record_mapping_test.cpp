#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "events/encoder.hpp"
#include "events/record_splitter.hpp"
#include "events/redactor.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/egress/eventbus/encoder_settings.hpp"
#include "gateway/pipeline/record_notes.hpp"
#include "support/payloads.hpp"

// Records become events as tests/data/mapping has it. The relay's tests have the same list: without
// a gateway it makes the events itself.
namespace gateway {
namespace {

namespace json = boost::json;

std::vector<std::string> texts(const json::object& object, std::string_view name) {
  const auto* const list = object.if_contains(name);
  return list == nullptr ? std::vector<std::string>()
                         : json::value_to<std::vector<std::string>>(*list);
}

config::Settings settings_of(const json::object& event) {
  config::Settings settings;
  settings.delivery.mode = config::Mode::structured;
  const auto& id = event.at("id").as_string();
  settings.event.id = id == "stable-v1" ? config::EventId::stable_v1 : config::EventId::stable;
  if (event.contains("data")) settings.event.data = config::EventData::records;
  settings.event.attributes = texts(event, "attributes");
  settings.event.redact = texts(event, "redact");
  return settings;
}

// The events of a payload in structured mode.
std::vector<std::string> events_of(const config::Settings& settings, const std::string& payload) {
  std::string body = payload;
  body.append(events::RecordSplitter::kPadding, '\0');
  events::RecordSplitter splitter;
  events::Redactor redactor(settings.event.redact);
  const RoutePlan plan = route_plan(settings);
  RecordNotes notes(plan);
  notes.begin(payload.size(), kAnySigner);
  const auto records = splitter.split(body.data(), payload.size(), notes, redactor);
  std::vector<std::string> made;
  if (!records) return made;
  std::vector<events::RecordMembers> members;
  notes.take_members(members);
  events::Encoder encoder(egress::encoder_settings(settings, config::Endpoint()));
  for (std::size_t i = 0; i < records->size(); ++i) {
    const events::RecordSpan& span = (*records)[i];
    events::OutgoingEvent event;
    event.id = notes.ids()[i];
    event.record = {body.data() + span.offset, span.length};
    event.kind = span.kind;
    if (!members.empty()) event.members = &members[i];
    encoder.json(event, made.emplace_back());
  }
  return made;
}

TEST(RecordMapping, IsThatOfTheSharedVectors) {
  const auto vectors = json::parse(test::test_data("mapping/vectors.json"));
  ASSERT_GT(vectors.as_array().size(), 10U);
  for (const auto& vector : vectors.as_array()) {
    SCOPED_TRACE(std::string(vector.at("name").as_string()));
    const auto made = events_of(settings_of(vector.at("event").as_object()),
                                std::string(vector.at("payload").as_string()));
    const auto& expected = vector.at("events").as_array();
    ASSERT_EQ(made.size(), expected.size());
    for (std::size_t i = 0; i < made.size(); ++i) {
      const std::string_view text = made[i];
      const auto data = text.find(",\"data\":");
      ASSERT_NE(data, text.npos);
      EXPECT_EQ(text.substr(data + 8, text.size() - data - 9), expected[i].at("data").as_string());
      auto attributes = json::parse(std::string(text.substr(0, data)) + "}").as_object();
      for (const auto* name : {"specversion", "source", "time", "datacontenttype"}) {
        attributes.erase(name);
      }
      EXPECT_EQ(attributes, expected[i].at("attributes").as_object()) << i;
    }
  }
}

}  // namespace
}  // namespace gateway
