#include "gateway/egress/store/row_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "events/cloud_event.hpp"
#include "events/json_text.hpp"
#include "events/rfc3339.hpp"
#include "events/utf8.hpp"

namespace gateway::egress {
namespace {

constexpr std::string_view kRowAttribute = "storedrow";

// U+0080 to U+009F in UTF-8: a terminal may take them for commands.
bool is_c1_control(std::string_view sequence) noexcept {
  return sequence.size() == 2 && static_cast<unsigned char>(sequence[0]) == 0xC2 &&
         static_cast<unsigned char>(sequence[1]) < 0xA0;
}

bool is_control(std::string_view sequence) noexcept {
  const auto first = static_cast<unsigned char>(sequence.front());
  return first < 0x20 || first == 0x7F || is_c1_control(sequence);
}

// The same JSON on one line: line ends are white space in it, the other controls stand in strings.
std::string one_line(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const std::string_view sequence =
        json.substr(0, std::max<std::size_t>(events::utf8_sequence_length(json), 1));
    if (!is_control(sequence)) {
      out += sequence;
    } else if (static_cast<unsigned char>(sequence.front()) < 0x20) {
      out += ' ';
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}",
                     static_cast<unsigned char>(sequence.back()));
    }
    json.remove_prefix(sequence.size());
  }
  out.erase(std::find_if(out.rbegin(), out.rend(), [](char c) { return c != ' '; }).base(),
            out.end());
  return out;
}

// A JSON object, written member by member.
class JsonObject {
 public:
  void text(std::string_view name, std::string_view value) {
    events::append_json_string(begin(name), value);
  }
  void number(std::string_view name, std::int64_t value) {
    fmt::format_to(std::back_inserter(begin(name)), "{}", value);
  }
  void time(std::string_view name, WallInstant value) { text(name, time_text(value)); }
  [[nodiscard]] std::string finish() { return one_line(text_ + '}'); }

 private:
  std::string& begin(std::string_view name) {
    text_ += text_.size() > 1 ? "," : "";
    events::append_json_string(text_, name);
    return text_ += ':';
  }
  std::string text_ = "{";
};

std::string row_json(const StoredRow& row, StoreKind kind) {
  JsonObject json;
  json.text("store", name_of(kind));
  json.number("seq", row.seq);
  json.time("added", row.added);
  if (!row.bucket.empty()) json.text("bucket", row.bucket);
  if (!row.key.empty()) json.text("key", row.key);
  if (row.event.details) {
    const DeadLetterDetails& details = *row.event.details;
    json.text("reason", details.reason);
    json.number("status", details.status);
    json.number("attempts", details.attempts);
    json.text("endpoint", details.endpoint);
    json.time("first", details.first);
    json.time("last", details.last);
    json.text("body", details.body);
  }
  if (row.replayed) json.time("replayed", *row.replayed);
  return json.finish();
}

// A name no attribute of the event has.
std::string free_name(std::string_view event_json) {
  const auto event = events::read_structured_event(event_json);
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
  return text.empty() ? "-" : printable(text);
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

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = events::utf8_sequence_length(text);
    const bool shown = length != 0 && !is_control(text.substr(0, length));
    out += shown ? text.substr(0, length) : "?";
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string list_line(const StoredRow& row) {
  std::string why = "-";
  std::string attempts = "-";
  if (row.event.details) {
    why = fmt::format("{}/{}", column(row.event.details->reason), row.event.details->status);
    attempts = fmt::to_string(row.event.details->attempts);
  }
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}", row.seq, time_text(row.added),
                     column(row.id), column(row.bucket), column(row.key), why, attempts,
                     row.replayed ? time_text(*row.replayed) : "-");
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
    line("body", one_line(body));
    line("replayed", row.replayed ? time_text(*row.replayed) : "-");
  }
  return text + one_line(row.event.json) + '\n';
}

std::string export_line(const StoredRow& row, StoreKind kind) {
  std::string line = one_line(row.event.json);
  line.pop_back();  // the brace at the end of what is known to be an object with members
  fmt::format_to(std::back_inserter(line), ",\"{}\":", free_name(row.event.json));
  events::append_json_string(line, row_json(row, kind));
  line += '}';
  return line;
}

}  // namespace gateway::egress
