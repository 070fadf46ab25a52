#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "floor/bare_gateway.hpp"

int main(int argc, char** argv) {
  gateway::floor::Settings settings;
  CLI::App app("A bare gateway: what the measured ones cannot go below");
  app.add_option("--port", settings.port, "Listen on 127.0.0.1 at this port")->required();
  app.add_option("--eventbus", settings.eventbus_port, "The eventbus' port of 127.0.0.1")
      ->required();
  app.add_option("--target", settings.target, "Request target of the events")
      ->capture_default_str();
  app.add_option("--connections", settings.connections, "To the eventbus")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    gateway::floor::BareGateway(settings).run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "bare-gateway: {}\n", error.what());
    return 70;
  }
}
