#pragma once
#include <cstdint>
#include <vector>

#include "gateway/config/settings.hpp"
#include "simulation/client.hpp"
#include "simulation/eventbus.hpp"
#include "simulation/random.hpp"
#include "simulation/stream.hpp"

namespace gateway::simulation {

// What worlds are made of, by chance: mostly usual values, with the extremes often enough.

constexpr std::uint32_t kFirstHost = 0x0A000001;  // of the eventbus

[[nodiscard]] std::vector<std::uint32_t> draw_hosts(Random& random);
[[nodiscard]] config::Settings draw_settings(Random& random);
// Most connections are as on loopback: all arrives at once.
[[nodiscard]] Way draw_way(Random& random);
[[nodiscard]] Client::Manners draw_client(Random& random);
[[nodiscard]] Eventbus::Manners draw_eventbus(Random& random);

}  // namespace gateway::simulation
