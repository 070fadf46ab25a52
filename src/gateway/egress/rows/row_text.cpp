#include "gateway/egress/rows/row_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "events/cloud_event.hpp"
#include "events/json_object.hpp"
#include "events/rfc3339.hpp"
#include "events/terminal_text.hpp"

namespace gateway::egress {
namespace {

constexpr std::string_view kRowAttribute = "storedrow";

std::string row_json(const StoredRow& row, StoreKind kind) {
  events::JsonObject json;
  json.text("store", name_of(kind));
  json.number("seq", row.seq);
  json.text("added", time_text(row.added));
  if (!row.bucket.empty()) json.text("bucket", row.bucket);
  if (!row.key.empty()) json.text("key", row.key);
  if (!row.event.target.empty()) json.text("target", row.event.target);
  if (row.event.details) {
    const DeadLetterDetails& details = *row.event.details;
    json.text("reason", details.reason);
    json.number("status", details.status);
    json.number("attempts", details.attempts);
    json.text("endpoint", details.endpoint);
    json.text("first", time_text(details.first));
    json.text("last", time_text(details.last));
    json.text("body", details.body);
  }
  if (row.replayed) json.text("replayed", time_text(*row.replayed));
  return events::terminal_json(std::move(json).finish());
}

// A name no attribute of the event has.
std::string free_name(std::string_view event_json) {
  const auto event = events::read_structured_event(event_json, events::EventFrom::store);
  std::string name(kRowAttribute);
  const auto taken = [&] {
    return event && std::ranges::any_of(event->attributes, [&](const auto& attribute) {
             return attribute.name == name;
           });
  };
  for (int n = 2; taken(); ++n) name = fmt::format("{}{}", kRowAttribute, n);
  return name;
}

std::string column(std::string_view text) {
  return text.empty() ? "-" : events::terminal_text(text);
}

}  // namespace

std::string_view name_of(StoreKind kind) noexcept {
  return kind == StoreKind::spool ? "spool" : "dead-letters";
}

std::string time_text(WallInstant time) {
  if (!events::has_rfc3339_form(time)) return "-";
  std::array<char, events::kRfc3339Size> text{};
  events::write_rfc3339(time, text.data());
  return {text.begin(), text.end()};
}

std::string list_line(const StoredRow& row) {
  std::string why = "-";
  std::string attempts = "-";
  if (row.event.details) {
    why = fmt::format("{}/{}", column(row.event.details->reason), row.event.details->status);
    attempts = fmt::to_string(row.event.details->attempts);
  }
  std::string line = fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}", row.seq, time_text(row.added),
                                 column(row.id), column(row.bucket), column(row.key), why, attempts,
                                 row.replayed ? time_text(*row.replayed) : "-");
  if (!row.event.target.empty()) line += '\t' + column(row.event.target);
  return line;
}

std::string damaged_line(Sequence seq) {
  return fmt::format("{}\t-\t-\t-\t-\tdamaged\t-\t-", seq);
}

std::string whole_row(const StoredRow& row) {
  std::string text;
  const auto line = [&](std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(text), "{:<10}{}\n", name, value);
  };
  line("seq", fmt::to_string(row.seq));
  line("added", time_text(row.added));
  line("id", column(row.id));
  line("type", column(row.type));
  line("bucket", column(row.bucket));
  line("key", column(row.key));
  if (!row.event.target.empty()) line("target", column(row.event.target));
  if (row.event.details) {
    const DeadLetterDetails& details = *row.event.details;
    line("reason", column(details.reason));
    line("status", details.status == 0 ? "no answer" : fmt::to_string(details.status));
    line("attempts", fmt::to_string(details.attempts));
    line("endpoint", column(details.endpoint));
    line("first", time_text(details.first));
    line("last", time_text(details.last));
    std::string body;
    events::append_json_string(body, details.body);
    line("body", events::terminal_json(body));
    line("replayed", row.replayed ? time_text(*row.replayed) : "-");
  }
  return text + events::terminal_json(row.event.json) + '\n';
}

std::string export_line(const StoredRow& row, StoreKind kind) {
  std::string line = events::terminal_json(row.event.json);
  line.pop_back();  // the brace at the end of what is known to be an object with members
  fmt::format_to(std::back_inserter(line), ",\"{}\":", free_name(row.event.json));
  events::append_json_string(line, row_json(row, kind));
  line += '}';
  return line;
}

}  // namespace gateway::egress
