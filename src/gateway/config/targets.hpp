#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::config {

// The targets that a configuration names, each once: the top-level one is number 0, the others
// follow in the order in which they are named.
class Targets {
 public:
  static constexpr std::size_t kMost = 60;  // each takes memory and connections in every thread

  // Throws std::invalid_argument, naming the key, for a target that is no URL.
  explicit Targets(const Settings& settings);

  [[nodiscard]] const std::vector<Endpoint>& endpoints() const& noexcept { return endpoints_; }
  // Returns them by value where the Targets are gone at the end of the expression.
  [[nodiscard]] std::vector<Endpoint> endpoints() && noexcept { return std::move(endpoints_); }
  // Returns the number of the target that these keys of an entry name, and adds it if it is new. An
  // empty text stands for the top level's.
  std::size_t number_of(const std::string& target, const std::string& eventbus);

 private:
  const std::string target_;
  const std::string eventbus_;
  const Profile profile_;
  const ProxyRules proxies_;
  std::vector<Endpoint> endpoints_;
};

// Returns how many targets a configuration names.
[[nodiscard]] std::size_t target_count(const Settings& settings);

}  // namespace gateway::config
