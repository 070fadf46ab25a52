#pragma once
#include <algorithm>
#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "events/malformed.hpp"

namespace gateway::events {

class JsonIndex;

// A CloudEvent 1.0 that somebody else made and that is passed on: attributes and data are kept.
// (A COS record never becomes one of these: encoder.hpp writes it straight to the wire.)
class CloudEvent {
 public:
  struct Attribute {
    std::string name;   // lower-case letters and digits, at most 255
    std::string value;  // decoded text, without control characters
    // JSON spelling of a boolean or integer extension in structured mode is kept.
    bool json_literal = false;
  };
  enum class DataKind {
    none,
    json,  // `data` is the JSON text
    text,  // `data` is UTF-8 text that is not JSON
    bytes  // anything
  };

  CloudEvent() = default;

  // All but datacontenttype, specversion first; id, source and type are always there.
  std::vector<Attribute> attributes;
  std::string content_type;  // datacontenttype; empty when the event says none
  std::string data;
  DataKind data_kind = DataKind::none;

  [[nodiscard]] std::string_view attribute(std::string_view name) const noexcept {
    const auto found = std::ranges::find(attributes, name, &Attribute::name);
    return found == attributes.end() ? std::string_view{} : std::string_view(found->value);
  }
};

// A `ce-` header as received, the name in lower case. Other names are passed over.
struct HeaderField {
  std::string_view name;
  std::string_view value;
};

// Whose writing an event is, which decides what is asked of it.
enum class EventFrom {
  sender,  // somebody out there: what CloudEvents 1.0 does not allow is refused
  // This gateway, which took it in once, perhaps in an earlier release: what was taken in must be
  // delivered. A character that no attribute may have becomes U+FFFD; what a value says is not
  // looked at.
  store
};

// Of a sender all three refuse what CloudEvents 1.0.2 does not allow: another specversion; id,
// source or type missing or empty; an attribute name that is not of [a-z0-9] or that comes twice; a
// value with a control character, noncharacter or lone surrogate; an empty subject or dataschema;
// an integer beyond 32 bits; a content type that is none; a time that is not RFC 3339. (One of
// digits is milliseconds since 1970, as Tencent's EventBridge writes it, and becomes RFC 3339.) And
// more than 256 attributes, and data that is nested more deeply than JsonDepth::kData.

// Reads binary content mode: attributes from `ce-*` headers (percent-decoded as the HTTP binding
// 3.1.3.2 says), data from the body. An error's offset is 0 when it speaks of a header. The data is
// json if the content type says so and it is, text if it is any other text/* in UTF-8, else bytes.
[[nodiscard]] boost::system::result<CloudEvent, Malformed> read_binary_event(
    const std::vector<HeaderField>& headers, std::string_view content_type, std::string_view body);
// Reads structured content mode, application/cloudevents+json. An attribute that is null is absent,
// as JSON format 2.2 says.
[[nodiscard]] boost::system::result<CloudEvent, Malformed> read_structured_event(
    std::string_view body, EventFrom from = EventFrom::sender);
// Likewise, for many stored events one after the other: makes `event` anew in the memory it has, so
// that events like those before cost no allocation. After an error it holds no event.
[[nodiscard]] boost::system::result<void, Malformed> read_stored_event(std::string_view json,
                                                                       JsonIndex& index,
                                                                       CloudEvent& event);
// Reads batched content mode, application/cloudevents-batch+json; all events or none.
[[nodiscard]] boost::system::result<std::vector<CloudEvent>, Malformed> read_event_batch(
    std::string_view body);
// Returns whether `body` is an object with the members that make it an event in structured mode and
// without `Records`. Tencent's EventBridge sends such under application/json.
[[nodiscard]] bool looks_like_event(std::string_view body);

}  // namespace gateway::events
