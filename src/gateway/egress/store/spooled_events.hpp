#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/egress/segments/stored_event.hpp"
#include "runtime/kept_memory.hpp"

namespace gateway::egress {

// Events of a spool that are to be sent again: the identity of each and its JSON, all in one block
// of memory. One thread reads them and another sends them; a string for each event would make both
// threads wait for the allocator.
class SpooledEvents {
 public:
  struct Entry {
    Sequence seq = 0;
    WallInstant added{};
    std::size_t begin = 0;
    std::size_t size = 0;
  };

  SpooledEvents() = default;
  // Reuses the memory of `memory`.
  explicit SpooledEvents(std::string memory) noexcept : text_(std::move(memory)) { text_.clear(); }

  void add(Sequence seq, WallInstant added, std::string_view json) {
    entries_.push_back({seq, added, text_.size(), json.size()});
    text_ += json;
  }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return text_.size(); }
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  // Returns the CloudEvent as application/cloudevents+json, valid until the next change.
  [[nodiscard]] std::string_view json(const Entry& entry) const noexcept {
    return std::string_view(text_).substr(entry.begin, entry.size);
  }

  // Returns all of the JSON, in which that of an entry begins at `begin`, and leaves this empty.
  [[nodiscard]] std::string take_text() {
    entries_.clear();
    return std::exchange(text_, {});
  }

  // Empties this and keeps the memory for the next events, at most `most_kept` bytes of text.
  void clear(std::size_t most_kept) {
    entries_.clear();
    clear_keeping(text_, most_kept);
  }

 private:
  std::vector<Entry> entries_;
  std::string text_;
};

}  // namespace gateway::egress
