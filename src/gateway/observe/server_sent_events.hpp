#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace gateway::observe {

// Returns one event of a text/event-stream (HTML standard, section 9.2): its name, its data, a
// blank line. Line breaks in the data are preserved.
[[nodiscard]] std::string server_sent_event(std::string_view name, std::string_view data);

// A comment, which receivers ignore. It shows both sides that the connection works.
inline constexpr std::string_view kHeartbeat = ":\n\n";

// Splits a text/event-stream into events (HTML standard, section 9.2.6). Comments, ids and retry
// times are skipped. Lines end with LF or CR LF, as those of the gateway do.
class EventStreamReader {
 public:
  using OnEvent = std::function<void(std::string_view name, std::string_view data)>;
  // Takes further bytes and calls `on_event` for each event that they complete.
  void feed(std::string_view bytes, const OnEvent& on_event);

 private:
  void line(std::string_view text, const OnEvent& on_event);

  std::string rest_;  // of a line that has not ended
  std::string name_;
  std::string data_;
  bool has_data_ = false;
};

}  // namespace gateway::observe
