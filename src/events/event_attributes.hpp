#pragma once
#include <span>
#include <string_view>

#include "events/cloud_event.hpp"

namespace gateway::events {

// The rules for context attributes that both content modes share (CloudEvents 1.0.2 sections 3, 3.1
// and 4). Each gives the reason why not, a string literal; empty if all is well.

// Whether an event that has `before` may have this one as well.
[[nodiscard]] std::string_view check_attribute(std::span<const CloudEvent::Attribute> before,
                                               const CloudEvent::Attribute& attribute) noexcept;
// After the last one: what must be there is, and specversion comes first.
[[nodiscard]] std::string_view finish_attributes(CloudEvent& event);
// UTF-8 without control characters: what an attribute's value must be.
[[nodiscard]] bool is_attribute_text(std::string_view text) noexcept;

}  // namespace gateway::events
