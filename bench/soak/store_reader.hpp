#pragma once
#include <string>

#include "gateway/egress/store/event_store.hpp"
#include "testkit/oracle.hpp"

namespace gateway::soak {

// Reads the records that a store of a gateway that has ended holds. Throws std::runtime_error when
// the store is there and cannot be read, or holds a damaged row; a store that was never made is
// empty.
[[nodiscard]] test::ReadStore read_store(std::string path, egress::StoreKind kind);

}  // namespace gateway::soak
