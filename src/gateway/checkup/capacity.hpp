#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/checkup/finding.hpp"
#include "gateway/config/settings.hpp"

// What the bounds of a configuration come to. Pure.
namespace gateway::checkup {

// A part of the memory the process may take.
class MemoryPart {
 public:
  MemoryPart(std::string what, std::uint64_t bytes) : what_(std::move(what)), bytes_(bytes) {}
  [[nodiscard]] const std::string& what() const noexcept { return what_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  std::string what_;
  std::uint64_t bytes_;
};

// All bounds reached at once, which takes an eventbus that stands still and clients that do their
// worst; `tls` says whether the eventbus is spoken to over TLS. Largest part first.
[[nodiscard]] std::vector<MemoryPart> worst_memory(const config::Settings& settings,
                                                   unsigned threads, bool tls);

// What an event takes in a store beside its record: CloudEvents attributes, its head and its mark.
// Object keys of the usual length; a test compares it with a store.
inline constexpr std::uint64_t kStoredBesideRecord = 512;

// How long a spool of that size takes all events of an eventbus that takes none.
[[nodiscard]] std::chrono::seconds outage_carried(std::uint64_t spool_bytes, std::uint64_t rate,
                                                  std::uint64_t record_bytes);

// How long the relay function and its platform keep trying with one event, the relay's attempts
// within an invocation and `function.retries` repetitions a minute apart.
[[nodiscard]] std::chrono::seconds outage_retried(const config::Function& function);

struct Load {
  Load() = default;
  std::optional<std::uint64_t> rate;  // records a second; none: a few usual ones
  std::uint64_t record_bytes = 1024;
};

// `available`: memory the process may have, 0 if that is not known.
[[nodiscard]] Finding memory_finding(const config::Settings& settings, unsigned threads, bool tls,
                                     std::uint64_t available);
// What an outage of the eventbus means; `spool_room`: bytes the spool may really grow to, if its
// device was looked at.
[[nodiscard]] Finding outage_finding(const config::Settings& settings, const Load& load,
                                     std::optional<std::uint64_t> spool_room);

}  // namespace gateway::checkup
