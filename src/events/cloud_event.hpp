#pragma once
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

  [[nodiscard]] std::string_view attribute(std::string_view name) const noexcept;
};

// A `ce-` header as received, the name in lower case. Other names are passed over.
struct HeaderField {
  std::string_view name;
  std::string_view value;
};

// All three refuse what CloudEvents 1.0 does not allow: another specversion; id, source or type
// missing or empty; an attribute name that is not of [a-z0-9] or that comes twice; control
// characters in a value. And more than 256 attributes.

// Binary content mode: attributes from `ce-*` headers (percent-decoded as the HTTP binding 3.1.3.2
// says), data from the body. An error's offset is 0 when it speaks of a header. The data is json if
// the content type says so and it is, text if it is any other text/* and UTF-8, else bytes.
[[nodiscard]] boost::system::result<CloudEvent, Malformed> read_binary_event(
    const std::vector<HeaderField>& headers, std::string_view content_type, std::string_view body);
// Structured content mode, application/cloudevents+json. An attribute that is null is absent, as
// JSON format 2.2 says.
[[nodiscard]] boost::system::result<CloudEvent, Malformed> read_structured_event(
    std::string_view body);
// Likewise, for many events one after the other: makes `event` anew in the memory it has, so that
// events like those before cost no allocation. After an error it holds no event.
[[nodiscard]] boost::system::result<void, Malformed> read_structured_event(std::string_view body,
                                                                           JsonIndex& index,
                                                                           CloudEvent& event);
// Batched content mode, application/cloudevents-batch+json; all events or none.
[[nodiscard]] boost::system::result<std::vector<CloudEvent>, Malformed> read_event_batch(
    std::string_view body);

}  // namespace gateway::events
