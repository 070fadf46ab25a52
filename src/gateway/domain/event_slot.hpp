#pragma once
#include <cstdint>
#include <type_traits>

#include "events/record_members.hpp"
#include "events/uuid.hpp"

namespace gateway {

class Post;

// One event on its way: which bytes of which post, and who it is. A plain value that moves from the
// delivery queue to a connection and back; the post it points to lives until its last slot is
// settled with the Ledger.
struct EventSlot {
  Post* post = nullptr;
  std::uint32_t offset = 0;  // of the record in the post's bytes
  std::uint32_t length = 0;
  std::uint32_t index = 0;  // of the event in its post
  std::uint16_t attempts = 0;
  events::RecordKind kind = events::RecordKind::cos;
  events::Uuid id;
};
static_assert(std::is_trivially_copyable_v<EventSlot>);

}  // namespace gateway
