#pragma once
#include <string>

#include "gateway/egress/store/event_store.hpp"
#include "testkit/oracle.hpp"

namespace gateway::soak {

// Reads the records of a store whose gateway has ended. Throws std::runtime_error if the store
// exists and cannot be read, or if it contains a damaged row. A store that was never created is
// empty.
[[nodiscard]] test::ReadStore read_store(std::string path, egress::StoreKind kind);

}  // namespace gateway::soak
