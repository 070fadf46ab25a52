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
#include "gateway/pipeline/delivery.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "gateway/pipeline/record_notes.hpp"
#include "gateway/pipeline/route_plan.hpp"
#include "gateway/pipeline/style_redaction.hpp"
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
    Deliveries deliveries;
    TurnEnd& turn_end;  // sends what was queued
    ShardMetrics& metrics;
    const RoutePlan& plan;
  };

  explicit Intake(Context context);

  // Takes the request's bytes into `post`; the post is answered at once if it is refused or empty,
  // else when its events are settled.
  void accept(http::Request&& request, Post& post);

 private:
  enum class Way : std::uint8_t { nowhere, queue, spool };
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
  // Where so much can go now; nowhere: the post is answered.
  [[nodiscard]] Way admit(Post& post, std::size_t events, std::size_t bytes);
  // Makes room for the events of one post. Called before the post has any, so that a post for which
  // there is no memory can still be refused whole.
  void make_room(Post& post, std::size_t events, Way way);
  void hand_over(const EventSlot& slot, Way way) noexcept;
  void finish(Post& post, Way way);
  [[nodiscard]] Delivery& delivery_of(const Post& post) noexcept {
    return *context_.deliveries[post.target];
  }

  Context context_;
  events::RecordSplitter splitter_;
  StyleRedaction redaction_;
  RecordNotes notes_;
  BucketWatch bucket_watch_;
  events::RandomUuids random_ids_;
  std::vector<EventSlot> overflow_;
};

}  // namespace gateway
