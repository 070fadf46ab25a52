#pragma once
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "events/json_text.hpp"

namespace gateway::events {

// A JSON object on one line, written member by member.
class JsonObject {
 public:
  void text(std::string_view name, std::string_view value) {
    append_json_string(begin(name), value);
  }
  void number(std::string_view name, std::integral auto value) {
    literal(name, std::to_string(value));
  }
  // Adds a value that is JSON already.
  void literal(std::string_view name, std::string_view json) { begin(name) += json; }
  [[nodiscard]] std::string finish() && { return std::move(text_) + '}'; }

 private:
  std::string& begin(std::string_view name) {
    text_ += text_.size() > 1 ? "," : "";
    append_json_string(text_, name);
    return text_ += ':';
  }

  std::string text_ = "{";
};

}  // namespace gateway::events
