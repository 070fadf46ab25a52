#include "gateway/egress/store/store_status.hpp"

namespace gateway::egress {

StoreState state_of(StoreError::Kind kind) noexcept {
  switch (kind) {
    case StoreError::Kind::full:
      return StoreState::full;
    case StoreError::Kind::damaged:
      return StoreState::damaged;
    case StoreError::Kind::failing:
    case StoreError::Kind::in_use:
    case StoreError::Kind::unusable:
      return StoreState::failing;
  }
  return StoreState::failing;
}

std::string_view name_of(StoreState state) noexcept {
  switch (state) {
    case StoreState::ok:
      return "ok";
    case StoreState::full:
      return "full";
    case StoreState::failing:
      return "failing";
    case StoreState::damaged:
      return "damaged";
  }
  return {};
}

}  // namespace gateway::egress
