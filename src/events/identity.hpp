#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "events/cos_record.hpp"
#include "events/uuid.hpp"

namespace gateway::events {

// `event.id: stable`: a name-based id from what the record says of itself, so that a repeated post
// gives the same ids whichever replica receives it. One per shard; not thread-safe.
class StableIds {
 public:
  // Before the first record of each post: the position among equal records counts per post.
  void begin_post();
  // Name: appid, bucket, key, event name, x-cos-request-id, eventTime, and from the second equal
  // one of a post on its position among them. A record that has neither key nor request id is
  // named by its bytes.
  [[nodiscard]] Uuid next(const CosRecord& fields, std::string_view record);

 private:
  struct Hash {
    // A name-based id is a hash already.
    std::size_t operator()(const Uuid& id) const noexcept { return id.low(); }
  };

  std::unordered_map<Uuid, unsigned, Hash> seen_;  // how often in this post
  std::string name_;
};

}  // namespace gateway::events
