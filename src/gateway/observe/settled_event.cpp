#include "gateway/observe/settled_event.hpp"

#include <fmt/format.h>

#include "events/json_text.hpp"
#include "events/rfc3339.hpp"
#include "events/terminal_text.hpp"

namespace gateway::observe {
namespace {

class JsonLine {
 public:
  void text(std::string_view name, std::string_view value) {
    begin(name);
    events::append_json_string(line_, value);
  }
  void number(std::string_view name, std::uint64_t value) {
    begin(name);
    line_ += std::to_string(value);
  }
  void seconds(std::string_view name, std::chrono::nanoseconds value) {
    begin(name);
    line_ += fmt::format("{:.6f}", std::chrono::duration<double>(value).count());
  }
  void time(std::string_view name, WallInstant value) {
    std::string rfc3339(events::kRfc3339Size, '\0');
    events::write_rfc3339(value, rfc3339.data());
    text(name, rfc3339);
  }
  [[nodiscard]] std::string finish() && { return std::move(line_) + '}'; }

 private:
  void begin(std::string_view name) {
    line_ += line_.empty() ? "{\"" : ",\"";
    line_ += name;
    line_ += "\":";
  }

  std::string line_;
};

}  // namespace

std::string tap_json(const SettledEvent& event) {
  JsonLine line;
  line.time("time", event.time);
  line.text("type", event.type);
  line.text("key", event.key);
  line.number("bytes", event.bytes);
  line.text("outcome", label(event.outcome));
  line.number("status", event.status);
  line.seconds("seconds", event.took);
  line.text("id", event.id);
  if (!event.client.empty()) line.text("client", event.client);
  return std::move(line).finish();
}

std::string failure_json(const SettledEvent& event) {
  JsonLine line;
  line.time("time", event.time);
  line.text("outcome", label(event.outcome));
  line.number("status", event.status);
  line.text("key", event.key);
  line.text("reason", event.reason);
  return std::move(line).finish();
}

std::string shortened(std::string_view text, std::size_t most) {
  constexpr std::string_view kMore = "...";
  const bool cut = text.size() > most;
  if (cut) {
    std::size_t end = most > kMore.size() ? most - kMore.size() : 0;
    // Bytes 10xxxxxx continue a character of UTF-8.
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    text = text.substr(0, end);
  }
  std::string result = events::terminal_text(text);
  if (cut) result += kMore;
  return result;
}

}  // namespace gateway::observe
