#include "events/uri.hpp"

#include <boost/url/parse.hpp>

namespace gateway::events {

bool is_uri_reference(std::string_view text) noexcept {
  return boost::urls::parse_uri_reference({text.data(), text.size()}).has_value();
}

bool is_uri(std::string_view text) noexcept {
  return boost::urls::parse_uri({text.data(), text.size()}).has_value();
}

}  // namespace gateway::events
