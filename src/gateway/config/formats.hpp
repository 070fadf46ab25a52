#pragma once
#include <boost/system/result.hpp>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/settings.hpp"

// How the text of one value becomes a typed one, and back. A format has
//   expected()     what it takes, as it stands after "expected ..." in a message
//   allowed()      the same for the reference: type and bounds, as Markdown
//   parse(scalar)  the value, or Refused
//   print(value)   YAML that parses to the value again
namespace gateway::config {

struct Scalar {
  std::string_view text;
  bool quoted = false;
};

// A value the format does not take; `hint` is what to say beyond what was expected.
class Refused {
 public:
  Refused() = default;
  // Not a constructor: boost::system::result<std::string, Refused> could not tell them apart.
  [[nodiscard]] static Refused because(std::string_view hint) {
    Refused refused;
    refused.hint_ = hint;
    return refused;
  }
  // The value may hold a password: messages do not show it.
  [[nodiscard]] Refused hidden() && {
    hidden_ = true;
    return std::move(*this);
  }

  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  [[nodiscard]] bool is_hidden() const noexcept { return hidden_; }

 private:
  std::string hint_;
  bool hidden_ = false;
};

template <class T>
using Parsed = boost::system::result<T, Refused>;

// The hint for a number or boolean that was written as text.
inline constexpr std::string_view kWithoutQuotes = "write it without quotes";

// `"..."`, escaped as YAML wants it.
[[nodiscard]] std::string quote(std::string_view text);

// "`a`, `b`".
[[nodiscard]] std::string as_code(const std::vector<std::string_view>& words);

// Any UTF-8 text without control characters.
struct Text {
  [[nodiscard]] std::string expected() const { return "text"; }
  [[nodiscard]] std::string allowed() const { return "text"; }
  [[nodiscard]] Parsed<std::string> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(const std::string& value) const { return quote(value); }
};

// As Text, but not empty, for keys whose default is not.
struct NonEmptyText {
  [[nodiscard]] std::string expected() const { return "text that is not empty"; }
  [[nodiscard]] std::string allowed() const { return "text, not empty"; }
  [[nodiscard]] Parsed<std::string> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(const std::string& value) const { return quote(value); }
};

// Text that is never shown.
struct SecretText {
  [[nodiscard]] std::string expected() const { return "text"; }
  [[nodiscard]] std::string allowed() const { return "text, secret"; }
  [[nodiscard]] Parsed<Secret> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(const Secret& value) const;
};

// What print() writes for a secret that is set; a key with this value counts as not given.
inline constexpr std::string_view kRedacted = "(redacted)";

// Where events go. The values in its query, which may be secrets, are not shown, and what print()
// writes for them is not taken.
struct TargetText {
  [[nodiscard]] std::string expected() const { return "text"; }
  [[nodiscard]] std::string allowed() const { return "text"; }
  [[nodiscard]] Parsed<std::string> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(const std::string& value) const;
};

struct Boolean {
  [[nodiscard]] std::string expected() const { return "true or false"; }
  [[nodiscard]] std::string allowed() const { return "`true`, `false`"; }
  [[nodiscard]] Parsed<bool> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(bool value) const { return value ? "true" : "false"; }
};

// As Boolean, for a key of the original connector, whose YAML reader takes the words of YAML 1.1
// too: yes and no, on and off. They bring a warning.
struct OriginalBoolean : Boolean {
  [[nodiscard]] Parsed<bool> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string_view warning(const Scalar& scalar) const;
};

// For unsigned and std::size_t alike.
template <class T>
class Integer {
 public:
  constexpr Integer(T min, T max) : min_(min), max_(max) {}
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string allowed() const;
  [[nodiscard]] Parsed<T> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(T value) const { return std::to_string(value); }

 private:
  T min_;
  T max_;
};
using Count = Integer<unsigned>;
using LargeCount = Integer<std::size_t>;

class Number {
 public:
  constexpr Number(double min, double max) : min_(min), max_(max) {}
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string allowed() const;
  [[nodiscard]] Parsed<double> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(double value) const;

 private:
  double min_;
  double max_;
};

class Bytes {
 public:
  constexpr Bytes(std::size_t min, std::size_t max) : min_(min), max_(max) {}
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string allowed() const;
  [[nodiscard]] Parsed<std::size_t> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(std::size_t value) const;

 private:
  std::size_t min_;
  std::size_t max_;
};

class Time {
 public:
  // Only multiples of `step`: what the cloud counts in seconds has no half of one.
  constexpr Time(Duration min, Duration max, Duration step = Duration(1))
      : min_(min), max_(max), step_(step) {}
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string allowed() const;
  [[nodiscard]] Parsed<Duration> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(Duration value) const;

 private:
  Duration min_;
  Duration max_;
  Duration step_;
};

// `binary | structured | batch`. An empty name is taken, but not offered.
template <class Enum>
class Choice {
 public:
  Choice(std::initializer_list<std::pair<std::string_view, Enum>> names) : names_(names) {}
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string allowed() const;
  [[nodiscard]] Parsed<Enum> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(Enum value) const;

 private:
  std::vector<std::pair<std::string_view, Enum>> names_;
};

// Text that must be one of these.
class OneOf {
 public:
  OneOf(std::initializer_list<std::string_view> words) : words_(words) {}
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string allowed() const;
  [[nodiscard]] Parsed<std::string> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(const std::string& value) const { return quote(value); }

 private:
  std::vector<std::string_view> words_;
};

// `auto`, which is 0, or a number from 1.
class AutoOrCount {
 public:
  constexpr explicit AutoOrCount(unsigned max) : max_(max) {}
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string allowed() const;
  [[nodiscard]] Parsed<unsigned> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(unsigned value) const;

 private:
  unsigned max_;
};

// An address to listen on: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` (which is 127.0.0.1),
// `:8080` for all addresses of both families, which is `[::]:8080`. Port 0: the system chooses.
struct ListenAddress {
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string allowed() const { return "address"; }
  [[nodiscard]] Parsed<HostPort> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(const HostPort& value) const;
};

// An http or https URL; `Optional` takes "" as well, `Base` wants neither path nor query.
class Url {
 public:
  enum Traits : unsigned { kNone = 0, kOptional = 1, kBase = 2 };
  constexpr explicit Url(unsigned traits) : traits_(traits) {}
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string allowed() const;
  [[nodiscard]] Parsed<std::string> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(const std::string& value) const { return quote(value); }

 private:
  unsigned traits_;
};

// RFC 9110 section 5.1: a token.
struct HeaderName {
  [[nodiscard]] std::string expected() const { return "the name of a header"; }
  [[nodiscard]] std::string allowed() const { return "header names"; }
  [[nodiscard]] Parsed<std::string> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(const std::string& value) const { return quote(value); }
};

// The events that COS documents ("Event notification"), families of them included.
[[nodiscard]] const std::vector<std::string_view>& known_events();
[[nodiscard]] bool is_known_event(std::string_view event);

// A COS event such as cos:ObjectCreated:Put, or a family of them: cos:ObjectRemove:*.
struct BucketEvent {
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string allowed() const;
  [[nodiscard]] Parsed<std::string> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(const std::string& value) const { return quote(value); }
};

// MB of an SCF function: 64, or a multiple of 128 up to 3072.
struct FunctionMemory {
  [[nodiscard]] std::string expected() const { return "64, or a multiple of 128 up to 3072"; }
  [[nodiscard]] std::string allowed() const { return "integer, " + expected(); }
  [[nodiscard]] Parsed<unsigned> parse(const Scalar& scalar) const;
  [[nodiscard]] std::string print(unsigned value) const { return std::to_string(value); }
};

// ------------------------------------------------------------------------------------------------

template <class Enum>
std::string Choice<Enum>::expected() const {
  std::string text;
  for (const auto& [name, value] : names_) {
    if (name.empty()) continue;
    if (!text.empty()) text += " | ";
    text += name;
  }
  return text;
}

template <class Enum>
std::string Choice<Enum>::allowed() const {
  std::vector<std::string_view> words;
  for (const auto& [name, value] : names_) {
    if (!name.empty()) words.push_back(name);
  }
  return as_code(words);
}

template <class Enum>
Parsed<Enum> Choice<Enum>::parse(const Scalar& scalar) const {
  for (const auto& [name, value] : names_) {
    if (name == scalar.text) return value;
  }
  return Refused{};
}

template <class Enum>
std::string Choice<Enum>::print(Enum value) const {
  for (const auto& [name, candidate] : names_) {
    if (candidate == value && !name.empty()) return std::string(name);
  }
  return "\"\"";
}

}  // namespace gateway::config
