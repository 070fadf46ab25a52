#include "events/cloud_event.hpp"

#include <algorithm>

namespace gateway::events {

std::string_view CloudEvent::attribute(std::string_view name) const noexcept {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const Attribute& it) { return it.name == name; });
  return found == attributes.end() ? std::string_view{} : std::string_view(found->value);
}

}  // namespace gateway::events
