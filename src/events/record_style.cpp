#include "events/record_style.hpp"

#include "events/header_text.hpp"
#include "events/json_text.hpp"
#include "events/rfc3339.hpp"
#include "events/uuid.hpp"

namespace gateway::events {
namespace {

constexpr std::string_view kRecordsPrefix = R"({"Records":[)";
constexpr std::string_view kRecordsSuffix = "]}";
constexpr std::string_view kRecordsJsonSuffix = "]}}";

EventTemplate binary_head(std::string_view request_head, std::string_view type,
                          std::string_view source) {
  EventTemplate head;
  std::string& text = head.text;
  text = request_head;
  text += "Content-Type: application/json\r\nce-specversion: 1.0\r\nce-id: ";
  head.id_at = text.size();
  text.append(Uuid::kTextSize, '0');
  text += "\r\nce-source: ";
  append_header_value(text, source);
  text += "\r\nce-type: ";
  append_header_value(text, type);
  text += "\r\nce-time: ";
  head.time_at = text.size();
  text.append(kRfc3339Size, '0');
  text += "\r\n";
  return head;
}

EventTemplate json_head(std::string_view type, std::string_view source) {
  EventTemplate head;
  std::string& text = head.text;
  text = R"({"specversion":"1.0","id":")";
  head.id_at = text.size();
  text.append(Uuid::kTextSize, '0');
  text += '"';
  append_json_member(text, "source", source);
  append_json_member(text, "type", type);
  text += R"(,"time":")";
  head.time_at = text.size();
  text.append(kRfc3339Size, '0');
  text += R"(","datacontenttype":"application/json")";
  return head;
}

}  // namespace

PreparedStyle::PreparedStyle(const RecordStyle& style, std::string_view request_head)
    : json_suffix(kJsonSuffix), attributes(style.attributes) {
  for (const RecordAttribute attribute : attributes) members |= members_for(attribute);
  if (style.data == DataShape::records) {
    data_prefix = kRecordsPrefix;
    data_suffix = kRecordsSuffix;
    json_suffix = kRecordsJsonSuffix;
  }
  for (std::size_t kind = 0; kind < binary_heads.size(); ++kind) {
    const std::string_view type = type_of(static_cast<RecordKind>(kind));
    binary_heads[kind] = binary_head(request_head, type, style.source);
    json_heads[kind] = json_head(type, style.source);
  }
}

}  // namespace gateway::events
