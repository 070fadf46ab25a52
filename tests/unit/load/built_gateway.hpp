#pragma once
#include "load/gateway_under_test.hpp"

namespace gateway::load {

// Returns how to start the gateway of this build.
inline GatewaySpec built_gateway() {
  GatewaySpec spec;
  spec.name = "cos-gateway";
  spec.program = COS_GATEWAY_PROGRAM;
  return spec;
}

}  // namespace gateway::load
