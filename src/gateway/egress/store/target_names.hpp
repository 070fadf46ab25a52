#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/ascii.hpp"
#include "gateway/config/http_url.hpp"

namespace gateway::egress {

// How the targets of a process are told apart in its stores: by their URLs, which stay the same
// when entries of the configuration are added, removed and moved. Rows of the top-level target have
// no name, as all rows of earlier versions, and follow the configuration when it names another.
// Earlier versions kept a host as the configuration spelled it (LOCALHOST, [0:0::1]); such a name
// is that of the target with the same host. Pure.
class TargetNames {
 public:
  // One target, the top-level one, that takes every row without a name.
  TargetNames() : TargetNames(std::vector<std::string>{std::string()}) {}
  // `urls`: of the targets, the top-level one first, as Endpoint::url() has them.
  explicit TargetNames(std::vector<std::string> urls) : urls_(std::move(urls)) {}

  [[nodiscard]] std::size_t size() const noexcept { return urls_.size(); }
  [[nodiscard]] const std::string& url(std::size_t target) const { return urls_[target]; }
  // Returns what a row of `target` is kept with.
  [[nodiscard]] std::string_view name(std::size_t target) const noexcept {
    return target == 0 ? std::string_view() : std::string_view(urls_[target]);
  }
  // Returns the names of rows that go to `target`.
  [[nodiscard]] std::vector<std::string> names(std::size_t target) const {
    if (target != 0) return {urls_[target]};
    return {std::string(), urls_.front()};
  }
  // Returns whether a row kept with `name` goes to `target`.
  [[nodiscard]] bool is_of(std::string_view name, std::size_t target) const {
    return name == urls_[target] || (target == 0 && name.empty()) ||
           (may_have_another_spelling(name) && config::with_normal_host(name) == urls_[target]);
  }
  // Returns whether a row kept with `name` goes to any of them.
  [[nodiscard]] bool knows(std::string_view name) const {
    for (std::size_t target = 0; target < urls_.size(); ++target) {
      if (is_of(name, target)) return true;
    }
    return false;
  }

 private:
  // Every row of other targets is asked for, so that few are to be parsed. A URL was always kept
  // without a default port, and its scheme in lower case.
  static bool may_have_another_spelling(std::string_view name) noexcept {
    const auto scheme = name.find("://");
    if (scheme == std::string_view::npos) return false;
    const std::string_view rest = name.substr(scheme + 3);
    const std::string_view authority = rest.substr(0, rest.find('/'));
    return authority.starts_with('[') ||
           std::ranges::any_of(authority, [](char c) { return c != to_lower(c); });
  }

  std::vector<std::string> urls_;
};

}  // namespace gateway::egress
