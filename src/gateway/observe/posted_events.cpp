#include "gateway/observe/posted_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "events/cloud_event.hpp"
#include "events/cos_record.hpp"
#include "events/record_splitter.hpp"
#include "gateway/observe/settled_event.hpp"
#include "gateway/observe/tap_text.hpp"

namespace gateway::observe {
namespace {

namespace json = boost::json;

std::string text_in(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::size_t number_in(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  boost::system::error_code error;
  const auto number = value == nullptr ? 0 : value->to_number<std::uint64_t>(error);
  return error ? 0 : number;
}

}  // namespace

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
  boost::system::error_code error;
  const json::value document = json::parse(text, error);
  const json::object* const settled = error ? nullptr : document.if_object();
  if (settled == nullptr) return;
  const std::string name = text_in(*settled, records_ ? "key" : "id");
  // Records of one key are told apart by nothing: the next one is taken.
  const auto event =
      std::ranges::find_if(events_, [&](const Event& it) { return !it.seen && it.name == name; });
  if (event == events_.end()) return;
  event->seen = true;
  event->outcome = text_in(*settled, "outcome");
  event->status = static_cast<unsigned>(number_in(*settled, "status"));
}

bool PostedEvents::all_seen() const {
  return std::ranges::all_of(events_, &Event::seen);
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
  boost::system::error_code error;
  const json::value document = json::parse(text, error);
  const json::object* const answer = error ? nullptr : document.if_object();
  const json::value* const failed = answer == nullptr ? nullptr : answer->if_contains("failed");
  if (failed == nullptr || !failed->is_array()) return;
  for (const json::value& one : failed->get_array()) {
    const json::object* const failure = one.if_object();
    if (failure == nullptr) continue;
    const std::size_t index = number_in(*failure, "index");
    if (index >= events_.size()) continue;
    events_[index].outcome = "failed";
    events_[index].status = static_cast<unsigned>(number_in(*failure, "status"));
    events_[index].reason = text_in(*failure, "reason");
  }
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
