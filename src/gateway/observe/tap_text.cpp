#include "gateway/observe/tap_text.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdint>

#include "events/terminal_text.hpp"
#include "gateway/observe/settled_event.hpp"

namespace gateway::observe {
namespace {

namespace json = boost::json;

std::string_view text_of(const json::object& event, std::string_view name) {
  const json::value* value = event.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

double number_of(const json::object& event, std::string_view name) {
  const json::value* value = event.if_contains(name);
  boost::system::error_code error;
  const double number = value == nullptr ? 0 : value->to_number<double>(error);
  return error ? 0 : number;
}

std::optional<json::object> parse(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

bool admitted(const json::object& event, const TapFilter& filter) {
  return filter.admits(text_of(event, "outcome"), text_of(event, "key"));
}

}  // namespace

TapFilter::TapFilter(std::string text) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Outcome::count_); ++i) {
    if (text == label(static_cast<Outcome>(i))) {
      outcome_ = std::move(text);
      return;
    }
  }
  prefix_ = std::move(text);
}

bool TapFilter::admits(std::string_view outcome, std::string_view key) const {
  return (outcome_.empty() || outcome == outcome_) && key.starts_with(prefix_);
}

bool tap_admits(std::string_view json, const TapFilter& filter) {
  const auto event = parse(json);
  return event && admitted(*event, filter);
}

std::optional<std::string> tap_line(std::string_view json, const TapFilter& filter) {
  const auto event = parse(json);
  if (!event || !admitted(*event, filter)) return std::nullopt;
  const auto status = static_cast<unsigned>(number_of(*event, "status"));
  const std::string outcome = status == 0
                                  ? std::string(text_of(*event, "outcome"))
                                  : fmt::format("{} {}", text_of(*event, "outcome"), status);
  return events::terminal_text(
      fmt::format("{}  {:<17}  {:>9.1f} ms  {:>8.0f}  {:<26}  {}", text_of(*event, "time"), outcome,
                  number_of(*event, "seconds") * 1e3, number_of(*event, "bytes"),
                  text_of(*event, "type"), text_of(*event, "key")));
}

}  // namespace gateway::observe
