#pragma once
#include <string_view>

namespace gateway::events {

// RFC 3986, which CloudEvents 1.0.2 ("Type System") refers to for `source` and `dataschema`.

// Returns whether the text is a URI or a relative reference (section 4.1).
[[nodiscard]] bool is_uri_reference(std::string_view text) noexcept;
// Returns whether the text is a URI with a scheme. A fragment is allowed, though section 4.3 has
// none: schemas are often named by one (`schema.json#/definitions/order`).
[[nodiscard]] bool is_uri(std::string_view text) noexcept;

}  // namespace gateway::events
