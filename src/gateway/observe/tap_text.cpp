#include "gateway/observe/tap_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "gateway/observe/settled_event.hpp"

namespace gateway::observe {
namespace {

namespace json = boost::json;

// The least width at which size and type fit beside a key of usual length.
constexpr std::size_t kWide = 120;

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

Colour outcome_colour(std::string_view outcome) {
  if (outcome == "delivered") return Colour::green;
  return outcome == "failed" || outcome == "dead_lettered" ? Colour::red : Colour::yellow;
}

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

std::optional<Line> tap_line(std::string_view json, const TapFilter& filter, std::size_t columns) {
  const auto event = parse(json);
  if (!event || !admitted(*event, filter)) return std::nullopt;
  const std::string_view kind = text_of(*event, "outcome");
  const auto status = static_cast<unsigned>(number_of(*event, "status"));
  const std::string outcome = status == 0 ? std::string(kind) : fmt::format("{} {}", kind, status);
  const std::string took = fmt::format("  {:>9.1f} ms", number_of(*event, "seconds") * 1e3);
  std::string_view time = text_of(*event, "time");
  Line line;
  const bool wide = columns == 0 || columns >= kWide;
  if (!wide) {  // the time of day to the second
    time.remove_prefix(std::min(time.find('T') + 1, time.size()));
    time = time.substr(0, 8);
  }
  line.add(time, Colour::dim).add(fmt::format("  {:<17}", outcome), outcome_colour(kind)).add(took);
  if (wide) {
    line.add(
        fmt::format("  {:>8.0f}  {:<26}", number_of(*event, "bytes"), text_of(*event, "type")));
  }
  line.add("  ").add(text_of(*event, "key"));
  return line;
}

}  // namespace gateway::observe
