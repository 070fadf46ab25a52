#pragma once
#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <span>

#include "runtime/clock.hpp"

namespace gateway::tls {

// The keys of session tickets (RFC 5077 section 4): all a server needs to know of the sessions it
// lets resume. Made anew every kLifetime and kept for as long again, so that who steals one cannot
// read older TLS 1.2 sessions, and never written anywhere. May be used by any thread.
class TicketKeys {
 public:
  static constexpr std::chrono::hours kLifetime{12};

  struct Key {
    Key() = default;
    ~Key();
    Key(const Key&) = default;
    Key& operator=(const Key&) = default;

    std::array<unsigned char, 16> name{};
    std::array<unsigned char, 32> cipher{};
    std::array<unsigned char, 32> mac{};
    bool current = true;  // else a ticket made with it should be replaced
  };

  explicit TicketKeys(Instant now);

  // Returns the key to make tickets with. Throws std::runtime_error without randomness.
  [[nodiscard]] Key current(Instant now);
  // Returns the key of that name to read a ticket with, or nullopt if it is unknown or too old.
  [[nodiscard]] std::optional<Key> find(std::span<const unsigned char> name, Instant now);

 private:
  void rotate(Instant now);

  std::mutex mutex_;
  Key current_;
  std::optional<Key> previous_;
  Instant since_;
};

}  // namespace gateway::tls
