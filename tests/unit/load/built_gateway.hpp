#pragma once
#include "load/gateway_under_test.hpp"

namespace gateway::load {

// Returns how to start the gateway of this build.
inline GatewaySpec built_gateway() {
  return {.name = "cos-gateway", .program = COS_GATEWAY_PROGRAM};
}

}  // namespace gateway::load
