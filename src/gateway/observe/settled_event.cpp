#include "gateway/observe/settled_event.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "events/json_object.hpp"
#include "events/terminal_text.hpp"
#include "events/utf8.hpp"
#include "gateway/egress/rows/row_text.hpp"

namespace gateway::observe {

std::string tap_json(const SettledEvent& event) {
  events::JsonObject line;
  line.text("time", egress::time_text(event.time));
  line.text("type", event.type);
  line.text("key", event.key);
  line.number("bytes", event.bytes);
  line.text("outcome", label(event.outcome));
  line.number("status", event.status);
  const std::chrono::duration<double> took = event.took;
  line.literal("seconds", fmt::format("{:.6f}", took.count()));
  line.text("id", event.id);
  if (!event.client.empty()) line.text("client", event.client);
  return std::move(line).finish();
}

std::string failure_json(const SettledEvent& event) {
  events::JsonObject line;
  line.text("time", egress::time_text(event.time));
  line.text("outcome", label(event.outcome));
  line.number("status", event.status);
  line.text("key", event.key);
  line.text("reason", event.reason);
  return std::move(line).finish();
}

std::string shortened(std::string_view text, std::size_t most) {
  constexpr std::string_view kMore = "...";
  const bool cut = text.size() > most;
  if (cut) text = events::utf8_front(text, most - std::min(most, kMore.size()));
  std::string result = events::terminal_text(text);
  if (cut) result += kMore;
  return result;
}

}  // namespace gateway::observe
