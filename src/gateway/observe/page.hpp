#pragma once
#include <string>
#include <string_view>

namespace gateway::observe {

// The status page: src/gateway/observe/page/index.html, embedded by the build.
[[nodiscard]] std::string_view page_html() noexcept;

// The Content-Security-Policy it is served with: its own style and script, told by their hashes,
// and the gateway's own answers; nothing else is loaded or run.
[[nodiscard]] const std::string& page_policy();

// The policy of a page with at most one <style> and one <script>, both without attributes.
[[nodiscard]] std::string policy_of(std::string_view html);

}  // namespace gateway::observe
