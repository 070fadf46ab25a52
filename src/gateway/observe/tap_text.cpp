#include "gateway/observe/tap_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/observe/json_part.hpp"
#include "gateway/observe/settled_event.hpp"

namespace gateway::observe {
namespace {

// The least width at which size and type fit beside a key of usual length.
constexpr std::size_t kWide = 120;

bool admitted(JsonPart event, const TapFilter& filter) {
  return event.is_object() && filter.admits(event["outcome"].text(), event["key"].text());
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
  const auto document = parsed_json(json);
  return admitted(JsonPart(&document), filter);
}

std::optional<Line> tap_line(std::string_view json, const TapFilter& filter, std::size_t columns) {
  const auto document = parsed_json(json);
  const JsonPart event(&document);
  if (!admitted(event, filter)) return std::nullopt;
  const std::string kind = event["outcome"].text();
  const auto status = static_cast<unsigned>(event["status"].number());
  const std::string outcome = status == 0 ? kind : fmt::format("{} {}", kind, status);
  const std::string took = fmt::format("  {:>9.1f} ms", event["seconds"].number() * 1e3);
  const std::string stamp = event["time"].text();
  std::string_view time = stamp;
  Line line;
  const bool wide = columns == 0 || columns >= kWide;
  if (!wide) {  // the time of day to the second
    time.remove_prefix(std::min(time.find('T') + 1, time.size()));
    time = time.substr(0, 8);
  }
  line.add(time, Colour::dim).add(fmt::format("  {:<17}", outcome), outcome_colour(kind)).add(took);
  if (wide) {
    line.add(fmt::format("  {:>8.0f}  {:<26}", event["bytes"].number(), event["type"].text()));
  }
  line.add("  ").add(event["key"].text());
  return line;
}

}  // namespace gateway::observe
