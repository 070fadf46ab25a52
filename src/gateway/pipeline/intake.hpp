#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "events/record_splitter.hpp"
#include "events/uuid.hpp"
#include "gateway/http/request.hpp"
#include "gateway/metrics/shard_metrics.hpp"
#include "gateway/pipeline/bucket_watch.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "gateway/pipeline/record_notes.hpp"
#include "gateway/pipeline/route_plan.hpp"
#include "gateway/pipeline/style_redaction.hpp"
#include "gateway/pipeline/target_room.hpp"
#include "runtime/turn_end.hpp"

namespace gateway {

// The way of a post from request to delivery queue: split or parse, give each event its id, hand
// over. Everything that can be wrong with a body is found before its first event is handed over.
// One per shard.
class Intake {
 public:
  // What it uses of its shard; all outlive it.
  struct Context {
    Ledger& ledger;
    const TargetRoom& room;
    TurnEnd& turn_end;  // sends what was queued
    ShardMetrics& metrics;
    const RoutePlan& plan;
  };

  explicit Intake(Context context);

  // Takes the request's bytes into `post`; the post is answered at once if it is refused or empty,
  // else when its events are settled.
  void accept(http::Request&& request, Post& post);

 private:
  enum class Holder : std::uint8_t { nobody, queue, spool };
  // What a post has for one target.
  struct Part {
    std::size_t target = 0;
    std::size_t events = 0;
    std::size_t bytes = 0;
    Holder holder = Holder::queue;
    std::vector<EventSlot> overflow;  // goes to the spool; empty between posts
  };
  using Records = boost::system::result<std::span<const events::RecordSpan>, events::Malformed>;
  using Events = boost::system::result<std::vector<events::CloudEvent>, events::Malformed>;

  void accept_records(http::Request&& request, Post& post);
  void accept_events(http::Request&& request, Post& post);
  // Finds the records, notes what the settings want to know of them, and redacts.
  [[nodiscard]] Records split(http::Request& request, Signer signer);
  // Answers a post that holds a record of a bucket that is refused, or one that cannot be redacted.
  // Returns whether it did.
  [[nodiscard]] bool refuses(http::Request& request, std::span<const events::RecordSpan> records,
                             Post& post);
  [[nodiscard]] static Events read_events(const http::Request& request);
  void note_routes(std::string_view body, std::span<const events::RecordSpan> records, Post& post);
  // Begins what a post has for one target alone.
  void begin_part(Post& post, std::size_t target, std::size_t events, std::size_t bytes);
  // Likewise of a post whose records say where they go; `bytes` of its body.
  void begin_parts(Post& post, std::span<const events::RecordSpan> records, std::size_t bytes);
  // Decides where each part goes now, and makes room for it before the post has any events. Returns
  // false if the post is refused instead.
  [[nodiscard, gnu::always_inline]] bool admit(Post& post);
  [[nodiscard]] bool admit_parts(Post& post);
  [[nodiscard]] Holder holder_of(const Part& part) const;
  // Moves the post's bytes to the share of its target, or of posts to several. Returns false, and
  // refuses the post, if that is taken.
  [[nodiscard]] bool charge(Post& post) const;
  void refuse(Post& post, const Part& part) const;
  void hand_over(const EventSlot& slot) noexcept;
  void finish(Post& post);
  void hand_to_spool(Post& post);

  Context context_;
  events::RecordSplitter splitter_;
  StyleRedaction redaction_;
  RecordNotes notes_;
  const bool looks_at_records_;  // beyond where they lie
  BucketWatch bucket_watch_;
  events::RandomUuids random_ids_;
  std::vector<Part> parts_;        // by target
  std::vector<std::size_t> used_;  // of these, by the post that is being taken
  bool spools_ = false;            // some of it
};

}  // namespace gateway
