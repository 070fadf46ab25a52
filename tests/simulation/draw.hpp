#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/settings.hpp"
#include "simulation/client.hpp"
#include "simulation/eventbus.hpp"
#include "simulation/random.hpp"
#include "simulation/stream.hpp"

namespace gateway::simulation {

// What worlds are made of, by chance: mostly usual values, with the extremes often enough.

// A target, whose events are those of a bucket of its own.
struct Target {
  std::string name;  // of the host
  std::vector<std::uint32_t> hosts;
};

// What the pattern of the keys that are left out finds.
inline constexpr std::string_view kLeftOut = "left-out";
// What is blanked in records, in worlds where something is.
inline constexpr std::string_view kRedacted = "Authorization";
// What clients show, in worlds where they have to.
inline constexpr std::string_view kToken = "a token of a simulated relay";
[[nodiscard]] std::string bucket_of(std::size_t target);

[[nodiscard]] std::vector<Target> draw_targets(Random& random);
[[nodiscard]] config::Settings draw_settings(Random& random);
// Has `settings` name the targets, each but a single one in an entry of `buckets`.
void name_targets(config::Settings& settings, std::span<const Target> targets);
// Most connections are as on loopback: all arrives at once.
[[nodiscard]] Way draw_way(Random& random);
[[nodiscard]] Client::Manners draw_client(Random& random);
[[nodiscard]] Eventbus::Manners draw_eventbus(Random& random);

}  // namespace gateway::simulation
