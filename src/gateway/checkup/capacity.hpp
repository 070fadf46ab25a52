#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/checkup/finding.hpp"
#include "gateway/config/settings.hpp"

// What the bounds of a configuration add up to. Pure functions.
namespace gateway::checkup {

// A part of the memory the process may take.
struct MemoryPart {
  std::string what;
  std::uint64_t bytes = 0;
};

// Returns the memory that is used when all bounds are reached at once, largest part first. That
// takes an eventbus that does not answer and clients that fill every buffer. `tls`: the eventbus is
// reached over TLS.
[[nodiscard]] std::vector<MemoryPart> worst_memory(const config::Settings& settings,
                                                   unsigned threads, bool tls);

// Returns what posts take beside that while they are read, and batches of CloudEvents as long as
// they are open: simdjson's index and the events that are made of the text.
[[nodiscard]] std::uint64_t most_while_read(const config::Settings& settings, unsigned threads);

// The bytes that an event takes in a store beside its record: CloudEvents attributes, row head and
// mark, with object keys of the usual length. A test compares it with a store.
inline constexpr std::uint64_t kStoredBesideRecord = 512;

// Returns how long a spool of that size can store all events while the eventbus takes none.
[[nodiscard]] std::chrono::seconds outage_carried(std::uint64_t spool_bytes, std::uint64_t rate,
                                                  std::uint64_t record_bytes);

// Returns how long the relay function and its platform try to send one event: the relay within an
// invocation, the platform with `function.retries` repetitions a minute apart.
[[nodiscard]] std::chrono::seconds outage_retried(const config::Function& function);

struct ExpectedLoad {
  ExpectedLoad() = default;
  std::optional<std::uint64_t> rate;  // records a second; nullopt: a few usual rates are shown
  std::uint64_t record_bytes = 1024;
};

// Returns whether the memory is enough. `available` is what the process may have; 0: not known.
[[nodiscard]] Finding memory_finding(const config::Settings& settings, unsigned threads, bool tls,
                                     std::uint64_t available);
// Returns what an outage of the eventbus means. `spool_room` is how many bytes the spool can really
// grow to; nullopt: its device was not examined.
[[nodiscard]] Finding outage_finding(const config::Settings& settings, const ExpectedLoad& load,
                                     std::optional<std::uint64_t> spool_room);

}  // namespace gateway::checkup
