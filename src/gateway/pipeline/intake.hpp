#pragma once
#include <cstdint>
#include <vector>

#include "events/cos_record.hpp"
#include "events/identity.hpp"
#include "events/record_splitter.hpp"
#include "events/uuid.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/egress/eventbus.hpp"
#include "gateway/ingress/request_reader.hpp"
#include "gateway/pipeline/ledger.hpp"

namespace gateway {

// The way of a post from request to delivery queue: split or parse, give each event its id, hand
// over. Everything that can be wrong with a body is found before its first event is handed over.
// One per shard.
class Intake {
 public:
  Intake(const config::Event& settings, Ledger& ledger, egress::Eventbus& eventbus);

  // Takes the request's bytes into `post`; the post is answered at once if it is refused or empty,
  // else when its events are settled.
  void accept(ingress::Request&& request, Post& post);

 private:
  void accept_records(ingress::Request&& request, Post& post);
  void accept_events(ingress::Request&& request, Post& post);
  enum class Way : std::uint8_t { nowhere, queue, spool };

  // Where so much can go now; nowhere: the post is answered.
  [[nodiscard]] Way admit(Post& post, std::size_t events, std::size_t bytes);
  void hand_over(const EventSlot& slot, Way way);
  void finish(Post& post, Way way);

  const config::Event settings_;
  Ledger& ledger_;
  egress::Eventbus& eventbus_;
  events::RecordSplitter splitter_;
  events::Redactor redactor_;
  events::CosRecordReader record_reader_;
  events::StableIds stable_ids_;
  events::RandomUuids random_ids_;
  std::vector<EventSlot> overflow_;
};

}  // namespace gateway
