#pragma once
#include <stdexcept>

namespace gateway::load {

// The gateway to be measured cannot be reached, so there is no run.
class Unreachable : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace gateway::load
