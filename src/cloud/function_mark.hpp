#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloud/wanted.hpp"

namespace gateway::cloud {

// When a configuration came to be: milliseconds since 1970. Of two configurations that claim the
// same function or the same events, the newer one wins. 0 is older than all others.
using Generation = std::int64_t;

// Which deployment took over the events of a function, and when.
class Succession {
 public:
  Succession() = default;

  std::string heir;  // identity_of() the function that took over
  Generation generation = 0;
  std::chrono::sys_seconds since{};

  [[nodiscard]] bool operator==(const Succession&) const = default;
};

// Which code and which settings a function was given, for which buckets, by which generation of
// which configuration, what took over from it, and where else the configuration has functions. It
// is written into the function's description, which is the one place that GetFunction and
// ListFunctions give back and that nothing else needs: there is no hash of the code in the answer.
// A function without it was not made by this program.
class FunctionMark {
 public:
  FunctionMark() = default;
  FunctionMark(std::string of_code, std::string of_settings)
      : code(std::move(of_code)), settings(std::move(of_settings)) {}

  // Returns whether the function has, or had, triggers on a bucket by this mark.
  [[nodiscard]] bool names_bucket(std::string_view host) const;
  // Adds a bucket unless it is there. More than a description has room for are left out.
  void add_bucket(std::string_view host);
  void add_digest(std::string digest);
  // Whether both name the same code and the same settings.
  [[nodiscard]] bool has_content_of(const FunctionMark& other) const noexcept {
    return code == other.code && settings == other.settings;
  }
  // Letters, digits, blanks, commas and full stops: all that SCF allows in a description.
  [[nodiscard]] std::string description() const;

  // 16 lower-case hexadecimal digits each, or empty: unknown, so equal to no wanted one.
  std::string code;
  std::string settings;
  // digest_of() each bucket's host; empty where an older release wrote the mark.
  std::vector<std::string> buckets;
  std::string deployment;  // digest_of() the wanted function's `deployment`, or empty
  // Of the function that keeps house: digest_of_list() the list that is in force; or empty.
  std::string list;
  // Of the function that keeps house: where the deployment has, or had, functions. Those that a
  // description has no room for are left out of it.
  std::set<Location> locations;
  Generation generation = 0;
  std::optional<Succession> succession;
};

// Returns the mark of what is wanted: for code, the first 64 bits of SHA-256 of the zip, or of
// where it lies; for settings, those of all the rest.
[[nodiscard]] FunctionMark mark_of(const Wanted& wanted, Generation generation = 0);

// Returns the digest of a list of functions: what they are, not what code they run.
[[nodiscard]] std::string digest_of_list(const std::vector<Wanted>& functions);

// Returns the mark in a function's description, or nullopt if it does not begin as ours do.
[[nodiscard]] std::optional<FunctionMark> parse_mark(std::string_view description);
// The same, but an empty mark where there is none.
[[nodiscard]] FunctionMark mark_in(std::string_view description);

// Returns 16 hexadecimal digits that stand for a text in a description, which has no room for '-'
// and '/'.
[[nodiscard]] std::string digest_of(std::string_view text);
// Returns the same for a function, by its namespace and name.
[[nodiscard]] std::string identity_of(std::string_view space, std::string_view name);

}  // namespace gateway::cloud
