#pragma once
#include <boost/json/value.hpp>
#include <string>

namespace gateway::report {

// One page with everything in it: plots as inline SVG, the figures behind each in tables, and, if
// there is a `previous` result, what has changed since. No network, no library; follows the
// reader's choice of light or dark.
[[nodiscard]] std::string render_html(const boost::json::value& results,
                                      const boost::json::value* previous);

}  // namespace gateway::report
