#pragma once
#include <optional>

#include "gateway/egress/store/store_writer.hpp"

namespace gateway::observe {

// The current status of the stores; empty where none is configured.
struct StoreStatuses {
  std::optional<egress::StoreStatus> spool;
  std::optional<egress::StoreStatus> dead_letters;
};

}  // namespace gateway::observe
