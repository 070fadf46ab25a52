#pragma once
#include <optional>

#include "gateway/egress/store/store_writer.hpp"

namespace gateway::observe {

// The present status of the stores; nullopt where none is configured.
struct StoreStatuses {
  std::optional<egress::StoreStatus> spool;
  std::optional<egress::StoreStatus> dead_letters;
};

}  // namespace gateway::observe
