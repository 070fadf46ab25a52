#pragma once
#include <set>
#include <string>
#include <string_view>

#include "cloud/function_mark.hpp"
#include "cloud/wanted.hpp"

namespace gateway::cloud {

// The functions that the wanted one took over from, and those that they took over from in turn.
class Lineage {
 public:
  explicit Lineage(const Wanted& wanted) : identities_{identity_of(wanted.space, wanted.name)} {}

  // Adds a function if it is one of them. Returns whether that is news.
  bool add(std::string_view space, std::string_view name, std::string_view description);
  [[nodiscard]] bool has(std::string_view space, std::string_view name) const {
    return identities_.contains(identity_of(space, name));
  }

 private:
  std::set<std::string> identities_;
};

}  // namespace gateway::cloud
