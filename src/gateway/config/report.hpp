#pragma once
#include <fmt/core.h>

#include <compare>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::config {

// A position in a text. Both numbers count from 1; 0 means unknown.
struct Position {
  unsigned line = 0;
  unsigned column = 0;

  friend constexpr auto operator<=>(const Position&, const Position&) = default;
};

// One error in the configuration, or one warning.
struct Problem {
  // The name of a file as given, `environment CONNECTOR_PORT` or `--set gateway.listen`.
  std::string source;
  Position position;
  std::string key;      // dotted path; empty: the whole source
  std::string message;  // what is wrong and what is allowed; never a secret

  // Returns a line such as `config.yml:7:3: delivery.pipline: unknown key; did you mean
  // 'pipeline'?`.
  [[nodiscard]] std::string text() const;
};

// Collects the problems and warnings of all sources, and remembers where each key was given. A
// message is a text, or a format of libfmt with its arguments.
class Report {
 public:
  // A broken file must not produce thousands of lines.
  static constexpr std::size_t kMaxProblems = 100;

  struct Where {
    std::string source;
    Position position;
  };

  // Sets the source of the problems and values that follow.
  void enter(std::string source) { source_ = std::move(source); }

  void problem(const Position& position, std::string key, std::string message) {
    add({source_, position, std::move(key), std::move(message)});
  }
  void warning(const Position& position, std::string key, std::string message);
  template <class... T>
    requires(sizeof...(T) > 0)
  void problem(const Position& position, std::string key, fmt::format_string<T...> message,
               T&&... values) {
    problem(position, std::move(key), fmt::format(message, std::forward<T>(values)...));
  }

  // Report a problem with, or a warning about, the effective value of a key, whichever source it
  // comes from.
  void problem_with(const std::string& key, std::string message);
  void warning_about(const std::string& key, std::string message);
  template <class... T>
    requires(sizeof...(T) > 0)
  void problem_with(const std::string& key, fmt::format_string<T...> message, T&&... values) {
    problem_with(key, fmt::format(message, std::forward<T>(values)...));
  }
  template <class... T>
    requires(sizeof...(T) > 0)
  void warning_about(const std::string& key, fmt::format_string<T...> message, T&&... values) {
    warning_about(key, fmt::format(message, std::forward<T>(values)...));
  }
  // Reports that a required key has no value.
  void missing(const std::string& key, std::string message);
  // Reports the key as missing unless it is `present` or was refused already.
  void require(bool present, const std::string& key, std::string_view why) {
    if (!present && !bad(key)) missing(key, std::string(why));
  }

  // Record that the current source has a value of the key at this position, a good or a bad one.
  void gave(const std::string& key, const Position& position);
  void gave_bad(const std::string& key, const Position& position);

  [[nodiscard]] bool given(const std::string& key) const { return given_.contains(key); }
  [[nodiscard]] bool bad(const std::string& key) const { return bad_.contains(key); }

  [[nodiscard]] bool misses_keys() const noexcept { return misses_keys_; }

  // Sets the name of the configuration file, which is reported as the source of missing keys.
  void set_main_source(std::string source) { main_source_ = std::move(source); }

  [[nodiscard]] const std::vector<Problem>& problems() const noexcept { return problems_; }
  // Returns the problems and ends the collection. If some were left out, the last one says how
  // many.
  [[nodiscard]] std::vector<Problem> take_problems();
  [[nodiscard]] std::vector<Problem> take_warnings() { return std::move(warnings_); }

 private:
  [[nodiscard]] Where where(const std::string& key) const;
  void add(Problem problem);

  std::string source_;
  std::string main_source_;
  std::map<std::string, Where, std::less<>> given_;
  std::set<std::string, std::less<>> bad_;
  std::vector<Problem> problems_;
  std::vector<Problem> warnings_;
  std::size_t left_out_ = 0;
  bool misses_keys_ = false;
};

}  // namespace gateway::config
