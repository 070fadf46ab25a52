#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/egress/store/stored_event.hpp"

namespace gateway::egress {

// Events of a spool as they are sent again: what names each and its JSON, all of them in one piece
// of memory. They are read on one thread and sent by another, where strings of their own would have
// both threads wait for the allocator.
class SpooledEvents {
 public:
  struct Entry {
    Sequence seq = 0;
    WallInstant added{};
    std::size_t begin = 0;
    std::size_t size = 0;
  };

  SpooledEvents() = default;
  // With the memory of such a text.
  explicit SpooledEvents(std::string memory) noexcept : text_(std::move(memory)) { text_.clear(); }

  void add(Sequence seq, WallInstant added, std::string_view json) {
    entries_.push_back({seq, added, text_.size(), json.size()});
    text_ += json;
  }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return text_.size(); }
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  // The CloudEvent, application/cloudevents+json. Lasts until the next change.
  [[nodiscard]] std::string_view json(const Entry& entry) const noexcept {
    return std::string_view(text_).substr(entry.begin, entry.size);
  }

  // All of the JSON, where an entry's begins at `begin`. Nothing is left.
  [[nodiscard]] std::string take_text() {
    entries_.clear();
    return std::exchange(text_, {});
  }

  // Makes it empty; it keeps its memory, up to so many bytes of text, for those to come.
  void clear(std::size_t most_kept) {
    entries_.clear();
    if (text_.capacity() > most_kept) {
      text_ = std::string();
    } else {
      text_.clear();
    }
  }

 private:
  std::vector<Entry> entries_;
  std::string text_;
};

}  // namespace gateway::egress
