#include <algorithm>

#include "events/encoder.hpp"

// What Encoder::json() has written, read back.

namespace gateway::events {
namespace {

// Takes off the front of `json` those of `attributes` that are there.
void skip_attributes(const std::vector<RecordAttribute>& attributes,
                     std::string_view& json) noexcept {
  for (const auto attribute : attributes) {
    const std::string_view name = name_of(attribute);
    // ,"name":"text"
    if (!json.starts_with(",\"") || !json.substr(2).starts_with(name) ||
        !json.substr(2 + name.size()).starts_with("\":\"")) {
      continue;
    }
    std::size_t at = name.size() + 5;
    while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
    json.remove_prefix(std::min(at + 1, json.size()));
  }
}

}  // namespace

std::optional<OutgoingEvent> Encoder::recognise(std::string_view json) {
  for (std::size_t i = 0; i < styles_.size(); ++i) {
    const std::size_t style = (last_recognised_ + i) % styles_.size();
    if (style != 0 && route_of_style_[style] == 0) continue;  // no route has it
    for (std::size_t kind = 0; kind < styles_[style].json_heads.size(); ++kind) {
      auto event = recognise(json, style, static_cast<RecordKind>(kind));
      if (!event) continue;
      last_recognised_ = style;
      return event;
    }
  }
  return std::nullopt;
}

std::optional<OutgoingEvent> Encoder::recognise(std::string_view json, std::size_t style,
                                                RecordKind kind) {
  const PreparedStyle& prepared = styles_[style];
  const EventTemplate& known = prepared.json_heads[static_cast<std::size_t>(kind)];
  const std::string_view head = known.text;
  const std::size_t behind_id = known.id_at + Uuid::kTextSize;
  const std::size_t behind_time = known.time_at + kRfc3339Size;
  const auto stands = [&](std::size_t begin, std::size_t end) {
    return json.substr(begin, end - begin) == head.substr(begin, end - begin);
  };
  if (json.size() < head.size() || !stands(0, known.id_at) || !stands(behind_id, known.time_at) ||
      !stands(behind_time, head.size())) {
    return std::nullopt;
  }
  std::string_view rest = json.substr(head.size());
  skip_attributes(prepared.attributes, rest);
  for (const std::string_view text : {kDataMember, prepared.data_prefix}) {
    if (!rest.starts_with(text)) return std::nullopt;
    rest.remove_prefix(text.size());
  }
  if (!rest.ends_with(prepared.json_suffix)) return std::nullopt;
  const auto id = Uuid::read(json.substr(known.id_at, Uuid::kTextSize));
  const auto time = time_of(json.substr(known.time_at, kRfc3339Size));
  if (!id || !time) return std::nullopt;
  OutgoingEvent event{*id, *time, rest.substr(0, rest.size() - prepared.json_suffix.size()), kind,
                      route_of_style_[style]};
  if (!prepared.attributes.empty()) {
    // Are they those of the record?
    json_.clear();
    const std::size_t before_record = append_record_json(event).own_end;
    if (!json.starts_with(std::string_view(json_).substr(0, before_record))) return std::nullopt;
  }
  return event;
}

std::optional<WallTime> Encoder::time_of(std::string_view text) noexcept {
  const std::string_view known(time_text_.data(), time_text_.size());
  if (text != known) {
    const auto time = read_rfc3339(text);
    if (!time || !has_rfc3339_form(*time)) return std::nullopt;
    time_ = *time;
    write_rfc3339(time_, time_text_.data());
    if (text != known) return std::nullopt;  // another spelling
  }
  return time_;
}

}  // namespace gateway::events
