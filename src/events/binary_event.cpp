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
  auto json = index.read(text.data(), text.size(), JsonDepth::kData);
  return json && json->value() && json->finish();
}

// Text in another charset is bytes: written as a JSON string it would say something else (JSON
// format 3.1). JSON is UTF-8 whatever a charset says (RFC 8259 section 8.1), but who says another
// one may have meant it.
CloudEvent::DataKind kind_of(std::string_view body, std::string_view content_type) {
  if (body.empty()) return CloudEvent::DataKind::none;
  const Charset charset = charset_of(content_type);
  const bool readable = charset == Charset::utf8 ? is_utf8(body) : is_ascii(body);
  if (!readable) return CloudEvent::DataKind::bytes;
  if (is_json_media_type(content_type)) {
    return is_json(body) ? CloudEvent::DataKind::json : CloudEvent::DataKind::bytes;
  }
  const bool text = is_text_media_type(content_type) && charset != Charset::other;
  return text ? CloudEvent::DataKind::text : CloudEvent::DataKind::bytes;
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
    auto wrong = accept_attribute(event.attributes, attribute, EventFrom::sender);
    if (wrong.empty() && !check_uri(attribute.name, attribute.value).empty()) {
      // Several SDKs send a URI without the encoding of headers: "/a%20b" is then what they mean.
      wrong = check_uri(attribute.name, value);
      attribute.value = value;
    }
    if (!wrong.empty()) return Malformed(wrong, 0);
    event.attributes.push_back(std::move(attribute));
  }
  if (const auto wrong = finish_attributes(event); !wrong.empty()) return Malformed(wrong, 0);
  if (!content_type.empty()) {
    const auto wrong = accept_content_type(event, content_type, EventFrom::sender);
    if (!wrong.empty()) return Malformed(wrong, 0);
  }
  event.data_kind = kind_of(body, content_type);
  event.data = body;
  return event;
}

}  // namespace gateway::events
