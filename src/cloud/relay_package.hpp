#pragma once
#include <string_view>

namespace gateway::cloud {

// Returns the built-in relay function (src/cloud/relay/index.js) as the zip that SCF accepts: one
// file, index.js, at its root. It is made at build time; the same source gives the same bytes.
[[nodiscard]] std::string_view relay_zip() noexcept;

}  // namespace gateway::cloud
