#pragma once
#include <string>
#include <utility>

namespace gateway {

// A string that must never reach a log, an answer or a status page: formatting it is a compile
// error, and whoever needs the text has to say so.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] const std::string& reveal() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

 private:
  std::string text_;
};

}  // namespace gateway
