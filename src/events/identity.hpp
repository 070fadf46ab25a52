#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/cos_record.hpp"
#include "events/uuid.hpp"

namespace gateway::events {

// What a stable id is made of. Each is a list of texts, each with its length in decimal and a colon
// before it, hashed in this product's namespace (Uuid::from_name_in).
enum class IdRecipe {
  // "fields", appid, bucket, key, event name, x-cos-request-id, event time.
  v1,
  // "v2", appid, bucket, long region, short region, key, size, vid, ETag, event name, event time,
  // reqid, x-cos-request-id: all that tells two events of one object apart.
  v2
};

// `event.id: stable`: a name-based id from what the record says of itself, so that a repeated post
// gives the same ids whichever replica receives it. One per shard; not thread-safe; no allocation
// once it has seen the longest post.
class StableIds {
 public:
  explicit StableIds(IdRecipe recipe = IdRecipe::v2) : recipe_(recipe) {}

  // Is called before the first record of each post: the position among equal records counts per
  // post.
  void begin_post();
  // Returns the id by the recipe. From the second equal record of a post on, its position among
  // them is one text more. A record that has neither key nor request id is named by "bytes" and its
  // bytes.
  [[nodiscard]] Uuid next(const CosRecord& fields, std::string_view record);

 private:
  // How often each id came in this post: open addressing, as most posts are small and nearly all
  // ids differ. An entry of an earlier post counts as free.
  struct Seen {
    Uuid id;
    std::uint32_t post = 0;
    std::uint32_t times = 0;
  };

  // Begins the name with the namespace it is of.
  void begin_name();
  // Returns where so many bytes can be added to the name.
  [[nodiscard]] char* room(std::size_t bytes);
  void append(std::span<const std::string_view> texts);
  void append(std::string_view text) { append({&text, 1}); }
  void append_v1(std::string_view text);
  [[nodiscard]] Uuid id_of_name() const { return Uuid::from_name_in({name_.data(), size_}); }
  [[nodiscard]] std::uint32_t count(const Uuid& id);
  [[nodiscard]] Seen& place_of(const Uuid& id);
  void grow();

  const IdRecipe recipe_;
  std::string name_;  // what an id is made of: its first size_ bytes
  std::size_t size_ = 0;
  std::vector<Seen> seen_ = std::vector<Seen>(64);  // a power of two
  std::size_t used_ = 0;                            // by this post
  std::uint32_t post_ = 0;
};

}  // namespace gateway::events
