#include "cloud/lineage.hpp"

namespace gateway::cloud {

bool Lineage::add(std::string_view space, std::string_view name, std::string_view description) {
  const auto mark = parse_mark(description);
  if (!mark) return false;
  const auto& succession = mark->succession();
  if (!succession || !identities_.contains(succession->heir)) return false;
  return identities_.insert(identity_of(space, name)).second;
}

}  // namespace gateway::cloud
