#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "events/record_attribute.hpp"
#include "events/record_members.hpp"

namespace gateway::events {

enum class DataShape { record, records };  // the record itself, or {"Records":[record]}

// What may differ from record to record.
struct RecordStyle {
  DataShape data = DataShape::record;
  std::string source;
  std::vector<RecordAttribute> attributes;
};

// Stands between an event's attributes and its data, and behind the last of its members.
inline constexpr std::string_view kDataMember = R"(,"data":)";
inline constexpr std::string_view kJsonSuffix = "}";

// Bytes that are the same for every record but for id and time, which are filled in.
struct EventTemplate {
  std::string text;
  std::size_t id_at = 0;
  std::size_t time_at = 0;
};

// What records of one style are written with.
struct PreparedStyle {
  // `request_head` is the request line and the headers that every request has.
  PreparedStyle(const RecordStyle& style, std::string_view request_head);

  using Templates = std::array<EventTemplate, static_cast<std::size_t>(RecordKind::count_)>;
  // By the kind of record:
  Templates binary_heads;  // all of a binary request's head but attributes and length
  Templates json_heads;    // an event's JSON up to its attributes
  std::string_view data_prefix;
  std::string_view data_suffix;
  std::string_view json_suffix;  // with the end of the event
  std::vector<RecordAttribute> attributes;
  MemberSet members;  // that attributes are made of
};

}  // namespace gateway::events
