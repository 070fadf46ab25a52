#pragma once
#include <span>
#include <string_view>

#include "events/cloud_event.hpp"

namespace gateway::events {

// The rules for context attributes that all content modes share (CloudEvents 1.0.2 sections 3, 3.1
// and 4). Each gives the reason why not, a string literal; empty if all is well.

// Returns why an event that has `before` cannot have this attribute as well. A time that is written
// in digits becomes what it says. Of a stored event a value that no attribute may have is mended:
// see EventFrom.
[[nodiscard]] std::string_view accept_attribute(std::span<const CloudEvent::Attribute> before,
                                                CloudEvent::Attribute& attribute, EventFrom from);
// Returns why `value` cannot be that of the attribute `name`, if that one is a URI: source or
// dataschema.
[[nodiscard]] std::string_view check_uri(std::string_view name, std::string_view value) noexcept;
// Is called after the last attribute: checks that what must be there is, and puts specversion
// first.
[[nodiscard]] std::string_view finish_attributes(CloudEvent& event);
// Accepts datacontenttype or Content-Type, in which a tab becomes a blank.
[[nodiscard]] std::string_view accept_content_type(CloudEvent& event, std::string_view value,
                                                   EventFrom from);

// Returns whether `text` is a String of the type system: UTF-8 without control characters (U+0000
// to U+001F, U+007F to U+009F), noncharacters and surrogates.
[[nodiscard]] bool is_attribute_text(std::string_view text) noexcept;

// RFC 3986, which CloudEvents 1.0.2 ("Type System") refers to for `source` and `dataschema`.

// Returns whether the text is a URI or a relative reference (section 4.1).
[[nodiscard]] bool is_uri_reference(std::string_view text) noexcept;
// Returns whether the text is a URI with a scheme. A fragment is allowed, though section 4.3 has
// none: schemas are often named by one (`schema.json#/definitions/order`).
[[nodiscard]] bool is_uri(std::string_view text) noexcept;

}  // namespace gateway::events
