#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/terminal.hpp"

namespace gateway::observe {

// What became of the events of one post, for whoever posted it. The answer of the gateway says only
// which events failed: what is answered 200 was delivered or stored. The live view of events
// (/stream) says where each event ended, but only of so many events a second. This class puts both
// together.
class PostedEvents {
 public:
  // `body` is what is posted. One that the gateway would refuse has no events.
  explicit PostedEvents(std::string_view body);

  // Returns the Content-Type that says what the body is.
  [[nodiscard]] std::string_view content_type() const noexcept { return content_type_; }
  [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }

  // Takes an event of the live view, tap_json().
  void settled(std::string_view json);
  // Returns whether the live view has shown where each event ended.
  [[nodiscard]] bool all_seen() const { return std::ranges::all_of(events_, &Event::seen); }
  // Takes the gateway's answer. Status 0: there was none, and `text` says why.
  void answered(unsigned status, std::string_view text);

  // Returns a line an event: its index, where it ended, its key or id, and why it failed.
  [[nodiscard]] std::vector<Line> lines() const;

 private:
  struct Event {
    std::string name;     // what the live view calls it: of a record the key, else the id
    std::string shown;    // what people call it
    std::string outcome;  // empty while it is not known
    std::string reason;
    unsigned status = 0;
    bool seen = false;  // in the live view
  };

  void read_records(std::string_view body);
  void add_event(std::string_view id, std::string_view subject);
  void take_failures(std::string_view text);

  std::string_view content_type_;
  bool records_ = false;
  std::vector<Event> events_;
};

}  // namespace gateway::observe
