#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "events/cloud_event.hpp"
#include "events/encoder.hpp"
#include "events/json_index.hpp"
#include "gateway/domain/post.hpp"
#include "gateway/egress/store/spooled_events.hpp"

namespace gateway::egress {

// Makes the events of a post of rows that were read from a store.
//
// To parse each row and write it anew would take a replay most of its time. So rows that the
// encoder would write as they stand, which nearly all are, are sent directly from the text that was
// read; only a chunk with another row in it is parsed. Memory is kept to be used again. Lives on
// the shard's thread.
class RowReader {
 public:
  struct Events {
    std::vector<SpooledEvents::Entry> rows;  // by the index of their events
    Post::Stored stored;
    std::vector<events::CloudEvent> passed_on;
    std::vector<std::uint16_t> routes;
  };

  // Keeps the memory of so many chunks, of each at most `bytes`.
  RowReader(std::size_t chunks, std::size_t bytes);

  // Returns memory for the rows of another chunk.
  [[nodiscard]] SpooledEvents spare();
  // Returns the events of rows, and makes slots() of them. Rows that cannot be read are logged and
  // left out.
  [[nodiscard]] Events read(SpooledEvents rows, events::Encoder& encoder);
  // Returns the slots of the events that were read last. Their post is not set.
  [[nodiscard]] std::span<EventSlot> slots() noexcept { return slots_; }
  // Takes the memory of a post's events, to which nothing refers any more.
  void keep_memory_of(Post& post);

 private:
  // Makes slots_ of all rows, and what is to stand in the post but for the text. Returns false if
  // not all are events of records.
  [[nodiscard]] bool recognise(const SpooledEvents& rows, events::Encoder& encoder, Events& events);
  void parse(const SpooledEvents& rows, Events& events);
  void keep(SpooledEvents rows);

  const std::size_t chunks_;
  const std::size_t bytes_;
  events::JsonIndex index_;
  std::vector<EventSlot> slots_;
  std::vector<SpooledEvents> spare_rows_;
  std::vector<std::vector<events::CloudEvent>> spare_events_;
};

}  // namespace gateway::egress
