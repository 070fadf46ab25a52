#include "gateway/observe/posted_events.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "events/cloud_event.hpp"
#include "events/cos_record.hpp"
#include "events/record_splitter.hpp"
#include "gateway/observe/json_part.hpp"
#include "gateway/observe/settled_event.hpp"
#include "gateway/observe/tap_text.hpp"

namespace gateway::observe {

PostedEvents::PostedEvents(std::string_view body) : content_type_("application/json") {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && body[first] == '[') {
    content_type_ = "application/cloudevents-batch+json";
    const auto batch = events::read_event_batch(body);
    if (!batch) return;
    for (const auto& event : *batch) add_event(event.attribute("id"), event.attribute("subject"));
  } else if (events::looks_like_event(body)) {
    content_type_ = "application/cloudevents+json";
    const auto event = events::read_structured_event(body);
    if (event) add_event(event->attribute("id"), event->attribute("subject"));
  } else {
    read_records(body);
  }
}

void PostedEvents::read_records(std::string_view body) {
  records_ = true;
  std::string padded(body);
  padded.append(events::RecordSplitter::kPadding, '\0');
  events::RecordSplitter splitter;
  const auto spans = splitter.split(padded.data(), body.size());
  if (!spans) return;
  events::CosRecordReader reader;
  for (const auto& span : *spans) {
    const std::string_view record(padded.data() + span.offset, span.length);
    const std::string key(reader.read(record).object_key());
    events_.push_back({shortened(key, kMostKeyShown), key, {}, {}});
  }
}

void PostedEvents::add_event(std::string_view id, std::string_view subject) {
  std::string shown(id);
  if (!subject.empty()) shown += fmt::format("  {}", subject);
  events_.push_back({shortened(id, kMostIdShown), std::move(shown), {}, {}});
}

void PostedEvents::settled(std::string_view text) {
  const auto document = parsed_json(text);
  const JsonPart settled(&document);
  if (!settled.is_object()) return;
  const std::string name = settled[records_ ? "key" : "id"].text();
  // Records of one key are told apart by nothing: the next one is taken.
  const auto event =
      std::ranges::find_if(events_, [&](const Event& it) { return !it.seen && it.name == name; });
  if (event == events_.end()) return;
  event->seen = true;
  event->outcome = settled["outcome"].text();
  event->status = static_cast<unsigned>(settled["status"].count());
}

void PostedEvents::answered(unsigned status, std::string_view text) {
  if (status == 502) take_failures(text);
  for (Event& event : events_) {
    if (!event.outcome.empty()) continue;
    // Of a 502 what it does not name has been delivered or stored.
    const bool kept = status / 100 == 2 || status == 502;
    event.outcome = kept ? "accepted" : "not accepted";
  }
}

void PostedEvents::take_failures(std::string_view text) {
  const auto document = parsed_json(text);
  JsonPart(&document)["failed"].each([this](JsonPart failure) {
    const std::size_t index = failure["index"].count();
    if (!failure.is_object() || index >= events_.size()) return;
    events_[index].outcome = "failed";
    events_[index].status = static_cast<unsigned>(failure["status"].count());
    events_[index].reason = failure["reason"].text();
  });
}

std::vector<Line> PostedEvents::lines() const {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const Event& event = events_[i];
    const std::string outcome =
        event.status == 0 ? event.outcome : fmt::format("{} {}", event.outcome, event.status);
    Line& line = lines.emplace_back();
    line.add(fmt::format("{:>4}  ", i), Colour::dim)
        .add(fmt::format("{:<17}", outcome), outcome_colour(event.outcome))
        .add("  " + event.shown);
    if (!event.reason.empty()) line.add("  " + event.reason, Colour::red);
  }
  return lines;
}

}  // namespace gateway::observe
