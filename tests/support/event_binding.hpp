#pragma once
#include <string>

#include "testkit/http_text.hpp"

namespace gateway::test {

// What is wrong with a request as a carrier of CloudEvents 1.0 (HTTP protocol binding, all three
// content modes); empty when nothing is.
[[nodiscard]] std::string binding_violation(const RequestMessage& request);

// The text of a ce- header value (binding 3.1.3.2).
[[nodiscard]] std::string percent_decoded(std::string_view value);

}  // namespace gateway::test
