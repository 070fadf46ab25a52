#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/clock.hpp"
#include "runtime/secret.hpp"

namespace gateway::egress {

// What events are sent with: a token, or why there is none.
struct Authorization {
  Authorization() = default;
  Secret value;         // of the field Authorization; empty: there is no token
  unsigned number = 0;  // of the token
  Instant valid_until{};
  std::string problem;  // why there is no other, or no newer one; empty: all is well
};

// What one shard knows of the token it sends events with, and what an answer 401 means for an
// event: the token was refused, or else the event, as it was with an earlier token. Sans-I/O.
class TokenUse {
 public:
  // `needed`: events are not sent without a token.
  explicit TokenUse(bool needed) noexcept : needed_(needed) {}

  [[nodiscard]] bool needed() const noexcept { return needed_; }
  // Takes a new one. Returns whether events are sent with another value from now on.
  bool take(const Authorization& authorization, Instant now);
  // Whether events may be sent.
  [[nodiscard]] bool usable(Instant now) const noexcept {
    return !needed_ || (number_ != 0 && now < valid_until_);
  }
  // The first token is still on its way.
  [[nodiscard]] bool awaited() const noexcept {
    return needed_ && number_ == 0 && problem_.empty();
  }
  // Returns why events may not be sent.
  [[nodiscard]] std::string problem() const;
  [[nodiscard]] unsigned number() const noexcept { return number_; }

  // `resend`: with the token there is now. `renew`: another token is needed first. `refused`: the
  // event was refused with two tokens.
  enum class Meaning : std::uint8_t { resend, renew, refused };
  // The event `name` was answered 401, sent at `staged`.
  [[nodiscard]] Meaning rejected(std::uint64_t name, Instant staged, Instant now);

 private:
  struct Refusal {
    std::uint64_t event = 0;
    Instant at{};
  };
  // An event that is forgotten is tried once more.
  std::array<Refusal, 1024> refusals_{};
  std::size_t next_ = 0;
  const bool needed_;
  unsigned number_ = 0;
  Instant since_{};
  Instant valid_until_{};
  std::string problem_;
};

}  // namespace gateway::egress
