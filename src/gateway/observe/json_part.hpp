#pragma once
#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace gateway::observe {

// Returns the value of a JSON text; null for what is none.
[[nodiscard]] inline boost::json::value parsed_json(std::string_view text) {
  boost::system::error_code error;
  return boost::json::parse(text, error);
}

// A JSON value that may be missing: then its members are missing and its figures are 0 or empty.
class JsonPart {
 public:
  explicit JsonPart(const boost::json::value* value) noexcept : value_(value) {}

  [[nodiscard]] JsonPart operator[](std::string_view name) const {
    const boost::json::object* object = value_ == nullptr ? nullptr : value_->if_object();
    return JsonPart(object == nullptr ? nullptr : object->if_contains(name));
  }
  [[nodiscard]] bool is_object() const noexcept { return value_ != nullptr && value_->is_object(); }
  [[nodiscard]] bool is_array() const noexcept { return value_ != nullptr && value_->is_array(); }
  [[nodiscard]] bool there() const noexcept { return value_ != nullptr && !value_->is_null(); }
  [[nodiscard]] std::string text() const {
    const boost::json::string* text = value_ == nullptr ? nullptr : value_->if_string();
    return text == nullptr ? std::string() : std::string(text->data(), text->size());
  }
  [[nodiscard]] double number() const {
    boost::system::error_code error;
    const double number = value_ == nullptr ? 0 : value_->to_number<double>(error);
    return error ? 0 : number;
  }
  [[nodiscard]] std::uint64_t count() const {
    return static_cast<std::uint64_t>(std::max(number(), 0.0));
  }
  // Returns the sum of an object's numbers.
  [[nodiscard]] std::uint64_t sum() const {
    std::uint64_t sum = 0;
    each_member([&](std::string_view /*name*/, JsonPart value) { sum += value.count(); });
    return sum;
  }
  template <class Use>
  void each_member(Use use) const {
    const boost::json::object* object = value_ == nullptr ? nullptr : value_->if_object();
    if (object == nullptr) return;
    for (const auto& member : *object)
      use(std::string_view(member.key()), JsonPart(&member.value()));
  }
  template <class Use>
  void each(Use use) const {
    const boost::json::array* array = value_ == nullptr ? nullptr : value_->if_array();
    if (array == nullptr) return;
    for (const auto& element : *array) use(JsonPart(&element));
  }

 private:
  const boost::json::value* value_;
};

}  // namespace gateway::observe
