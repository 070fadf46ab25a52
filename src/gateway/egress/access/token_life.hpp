#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

#include "runtime/clock.hpp"

namespace gateway::egress {

// When a token is to be fetched.
//
// An eventbus refuses events whose token has expired, and the token's server may be away at just
// that time. So a token is replaced when about four fifths of its life are over, a failure is
// followed by another attempt soon, and the old token is used while it is valid. One that the
// eventbus refuses is replaced at once, but where refusals go on, as of events it takes from
// nobody, ever more rarely. Sans-I/O.
class TokenLife {
 public:
  static constexpr std::chrono::milliseconds kFirstPause{500};
  static constexpr std::chrono::milliseconds kMostPause{30'000};
  // Between tokens that are fetched since one was refused.
  static constexpr std::chrono::milliseconds kFirstSpacing{1000};
  static constexpr std::chrono::milliseconds kMostSpacing{60'000};

  explicit TokenLife(std::uint64_t seed) : random_(seed) {}

  // Returns when the next token is to be fetched; max: not before one is refused.
  [[nodiscard]] Instant fetch_at() const noexcept { return fetch_at_; }
  // A token was fetched; asked for at `asked`. `lifetime`: nothing if it is not known.
  void fetched(std::optional<std::chrono::seconds> lifetime, Instant asked);
  void failed(Instant now);
  // The eventbus has refused the token with this number.
  void rejected(unsigned number, Instant now);

  // Returns the number of the token in force, counted from 1; 0: there was none yet.
  [[nodiscard]] unsigned number() const noexcept { return number_; }
  [[nodiscard]] Instant valid_until() const noexcept { return valid_until_; }

 private:
  std::mt19937_64 random_;
  Instant fetch_at_{};  // at once
  Instant valid_until_{};
  unsigned number_ = 0;
  unsigned failures_ = 0;  // since the last token
  std::optional<Instant> rejected_at_;
  std::chrono::milliseconds spacing_{0};
};

}  // namespace gateway::egress
