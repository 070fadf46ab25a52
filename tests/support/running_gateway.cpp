#include "support/running_gateway.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <exception>
#include <utility>

#include "testkit/eventually.hpp"

namespace gateway::test {

using namespace std::chrono_literals;

config::Settings loopback_settings(std::uint16_t eventbus_port) {
  config::Settings settings;
  settings.target = fmt::format("http://127.0.0.1:{}", eventbus_port);
  settings.eventbus = "test";
  settings.function.provision = false;
  settings.function.name = "relay";
  settings.ingress.listen = {"127.0.0.1", 0};
  settings.ingress.admin = {"127.0.0.1", 0};
  settings.ingress.threads = 1;
  settings.ingress.auth = config::Auth::none;
  settings.ingress.drain_delay = 0s;
  settings.ingress.grace = 3s;
  settings.delivery.connections = 1;
  settings.delivery.pipeline = 1;
  settings.delivery.timeout = 5s;
  settings.delivery.deadline = 8s;
  settings.delivery.retry.initial = 5ms;
  settings.delivery.retry.max = 100ms;
  return settings;
}

RunningGateway::RunningGateway(config::Settings settings, const DeploymentOptions& deployment)
    : gateway_(std::make_unique<Gateway>(std::move(settings), deployment)) {
  gateway_->start();
}

RunningGateway::~RunningGateway() {
  try {
    finish();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "the gateway did not stop: " << error.what();
  }
}

bool RunningGateway::wait_for(const std::function<bool(const observe::Snapshot&)>& ready) const {
  return eventually([&] { return ready(snapshot()); });
}

void RunningGateway::finish() {
  if (std::exchange(finished_, true)) return;
  gateway_->stop();
  gateway_->wait();
  const observe::Snapshot end = snapshot();
  EXPECT_EQ(end.in_flight(), 0u) << "records are unaccounted for";
  EXPECT_EQ(end.unaccounted, 0u);
  EXPECT_EQ(end.queue_events, 0u);
  EXPECT_EQ(end.queue_bytes, 0u);
  EXPECT_EQ(end.in_flight_bytes, 0u);
  EXPECT_EQ(end.connections, 0u);
}

}  // namespace gateway::test
