#pragma once
#include <string>
#include <string_view>

namespace gateway::observe {

// Returns the status page: src/gateway/observe/page/index.html, embedded by the build.
[[nodiscard]] std::string_view page_html() noexcept;

// Returns the Content-Security-Policy of the page: it may load and run its own style and script,
// which are identified by their hashes, and read the answers of the gateway; nothing else.
[[nodiscard]] const std::string& page_policy();

// Returns the policy of a page with at most one <style> and one <script>, both without attributes.
[[nodiscard]] std::string policy_of(std::string_view html);

}  // namespace gateway::observe
