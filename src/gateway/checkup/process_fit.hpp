#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/config/settings.hpp"

namespace gateway::checkup {

// The program at work, beside posts, with its libraries and its threads' stacks: 15 MiB at rest, 22
// MiB measured with 64 connections.
inline constexpr std::uint64_t kProgramMemory = std::uint64_t{24} << 20;

// What the system allows this process; 0: not known.
struct ProcessLimits {
  std::uint64_t memory = 0;     // bytes
  std::size_t descriptors = 0;  // RLIMIT_NOFILE
};

// The settings as they fit the system's limits. Problem: the kernel kills a process that exceeds
// its memory limit, and clients that use the last descriptor leave none for the admin port and the
// eventbus. Solution: gateway.max_in_flight, delivery.queue.events, the memory of the stores and
// gateway.max_connections are lowered to what fits.
struct ProcessFit {
  config::Settings settings;
  std::vector<std::string> notes;  // a sentence for each bound that was lowered, with its remedy
  std::string problem;             // why the process cannot run, with the remedy; empty: it can
};

// Returns `settings` with bounds that fit `limits` on that many threads. Pure.
[[nodiscard]] ProcessFit fit(const config::Settings& settings, unsigned threads,
                             const ProcessLimits& limits);

// Returns how many stores a configuration has.
[[nodiscard]] std::size_t stores_of(const config::Settings& settings) noexcept;
// Returns how many descriptors the process may need, so that fit() lowers nothing.
[[nodiscard]] std::size_t wanted_descriptors(const config::Settings& settings, unsigned threads);
// Returns how many of them are not for clients.
[[nodiscard]] std::size_t other_descriptors(const config::Settings& settings, unsigned threads);

}  // namespace gateway::checkup
