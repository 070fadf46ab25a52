#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::events {

// RFC 9562 UUID, held as two words so that a queue slot can carry it without a string.
class Uuid {
 public:
  static constexpr std::size_t kTextSize = 36;

  constexpr Uuid() = default;
  constexpr Uuid(std::uint64_t high, std::uint64_t low) noexcept : high_(high), low_(low) {}

  // This product's namespace for version 5 ids. Changing it changes every stable id.
  static constexpr std::string_view kNamespace{
      "\xfd\x08\x18\xfd\x0b\xfd\x49\xfe\x87\x10\xa2\x81\xfa\xd7\x08\xaa", 16};

  // Version 5 (SHA-1) of a namespace's bytes with a name behind them: the same name gives the same
  // id on every replica and in every release.
  [[nodiscard]] static Uuid from_name_in(std::string_view namespace_and_name);

  // What write() makes, and nothing else: no upper case, no braces.
  [[nodiscard]] static std::optional<Uuid> read(std::string_view text) noexcept;

  // Writes exactly kTextSize characters, lower-case hex.
  void write(char* out) const noexcept;
  [[nodiscard]] std::string text() const;

  [[nodiscard]] constexpr std::uint64_t high() const noexcept { return high_; }
  [[nodiscard]] constexpr std::uint64_t low() const noexcept { return low_; }

  friend constexpr bool operator==(const Uuid&, const Uuid&) = default;

 private:
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

// Version 4 ids from the generator xoshiro256** (Blackman and Vigna, 2018), seeded by the kernel:
// about 2 ns each. Not for secrets.
// Not thread-safe: one per shard.
class RandomUuids {
 public:
  RandomUuids();  // throws std::system_error if the kernel gives no randomness
  [[nodiscard]] Uuid next() noexcept;

 private:
  std::uint64_t next_word() noexcept;

  std::array<std::uint64_t, 4> state_;
};

}  // namespace gateway::events
