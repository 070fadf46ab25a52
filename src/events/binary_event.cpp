#include <utility>

#include "events/cloud_event.hpp"
#include "events/event_attributes.hpp"
#include "events/header_text.hpp"
#include "events/json_index.hpp"
#include "events/media_type.hpp"
#include "events/utf8.hpp"

namespace gateway::events {
namespace {

constexpr std::string_view kPrefix = "ce-";

bool is_json(std::string_view text) {
  JsonIndex index;
  auto json = index.read(text.data(), text.size());
  return json && json->value() && json->finish();
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

CloudEvent::DataKind kind_of(std::string_view body, std::string_view content_type) {
  if (body.empty()) return CloudEvent::DataKind::none;
  if (is_json_media_type(content_type)) {
    return is_json(body) ? CloudEvent::DataKind::json : CloudEvent::DataKind::bytes;
  }
  if (is_text_media_type(content_type) && is_utf8(body)) return CloudEvent::DataKind::text;
  return CloudEvent::DataKind::bytes;
}

}  // namespace

boost::system::result<CloudEvent, Malformed> read_binary_event(
    const std::vector<HeaderField>& headers, std::string_view content_type, std::string_view body) {
  CloudEvent event;
  for (const auto& [name, value] : headers) {
    if (!name.starts_with(kPrefix)) continue;
    CloudEvent::Attribute attribute;
    attribute.name = name.substr(kPrefix.size());
    attribute.value = decode_header_value(value);
    // HTTP binding 3.1.1: Content-Type is where that one goes.
    if (attribute.name == "datacontenttype")
      return Malformed("datacontenttype belongs in Content-Type", 0);
    const auto wrong = check_attribute(event.attributes, attribute);
    if (!wrong.empty()) return Malformed(wrong, 0);
    event.attributes.push_back(std::move(attribute));
  }
  const auto wrong = finish_attributes(event);
  if (!wrong.empty()) return Malformed(wrong, 0);
  if (!is_attribute_text(content_type)) return Malformed("control character in Content-Type", 0);
  event.content_type = content_type;
  event.data_kind = kind_of(body, content_type);
  event.data = body;
  return event;
}

}  // namespace gateway::events
