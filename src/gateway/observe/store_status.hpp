#pragma once
#include <optional>

#include "gateway/egress/store/store_writer.hpp"

namespace gateway::observe {

// The stores as they are now; empty where none is configured.
struct StoreStatuses {
  std::optional<egress::StoreStatus> spool;
  std::optional<egress::StoreStatus> dead_letters;
};

}  // namespace gateway::observe
