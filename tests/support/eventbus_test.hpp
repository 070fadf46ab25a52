#pragma once
#include <gtest/gtest.h>

#include "gateway/config/settings.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"

namespace gateway::test {

// A test that plays the eventbus, with the settings of a gateway in front of it.
class EventbusTest : public testing::Test {
 public:
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
};

}  // namespace gateway::test
