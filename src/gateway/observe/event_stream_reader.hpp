#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace gateway::observe {

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
