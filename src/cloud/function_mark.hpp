#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cloud/wanted.hpp"

namespace gateway::cloud {

// Which code and which settings a function was given. It is written into the function's
// description, which is the one place that GetFunction gives back and that nothing else needs:
// there is no hash of the code in the answer. A function without it was not made by this program.
class FunctionMark {
 public:
  FunctionMark() = default;
  // 16 lower-case hexadecimal digits each, or empty: unknown, so equal to no wanted one.
  FunctionMark(std::string code, std::string settings)
      : code_(std::move(code)), settings_(std::move(settings)) {}

  [[nodiscard]] const std::string& code() const noexcept { return code_; }
  [[nodiscard]] const std::string& settings() const noexcept { return settings_; }
  // Letters, digits, blanks, commas and full stops: all that SCF allows in a description.
  [[nodiscard]] std::string description() const;

 private:
  std::string code_;
  std::string settings_;
};

// Of what is wanted: for code, the first 64 bits of SHA-256 of the zip, or of where it lies; for
// settings, those of all the rest.
[[nodiscard]] FunctionMark mark_of(const Wanted& wanted);

// Of a function as it is described; none if the description does not begin as ours do.
[[nodiscard]] std::optional<FunctionMark> parse_mark(std::string_view description);

}  // namespace gateway::cloud
