#include "gateway/pipeline/record_notes.hpp"

#include <fmt/format.h>

#include <utility>

namespace gateway {

using events::IdRecipe;
using events::Member;

RecordNotes::RecordNotes(const RoutePlan& plan)
    : plan_(plan),
      routed_by_(plan.table.decides_by_event() ? events::RoutedBy::key_and_event
                                               : events::RoutedBy::key),
      stable_ids_{events::StableIds(IdRecipe::v1), events::StableIds(IdRecipe::v2)} {
  for (const EventStyle& style : plan.styles) {
    keeps_members_ = keeps_members_ || !style.event.attributes.empty();
    makes_ids_ = makes_ids_ || style.event.id != config::EventId::random;
  }
}

void RecordNotes::begin(std::size_t size, Signer signer) {
  ids_.clear();
  members_.clear();
  most_members_ = size / sizeof(events::RecordMembers);
  without_members_ = false;
  decisions_.clear();
  routes_.clear();
  counts_.fill(0);
  signer_ = signer;
  if (!makes_ids_) return;
  for (events::StableIds& ids : stable_ids_) ids.begin_post();
}

void RecordNotes::on_record(std::string_view record, const events::RecordMembers& members) {
  const std::size_t style = plan_.table.empty() ? 0 : decide(record, members);
  if (makes_ids_) make_id(style, record, members);
  if (!keeps_members_ || without_members_) return;
  without_members_ = members_.size() == most_members_;
  if (without_members_) {
    members_.clear();
  } else {
    members_.push_back(members);
  }
}

void RecordNotes::on_redacted() noexcept {
  without_members_ = true;
  members_.clear();
}

void RecordNotes::make_id(std::size_t style, std::string_view record,
                          const events::RecordMembers& members) {
  switch (plan_.styles[style].event.id) {
    case config::EventId::random: ids_.push_back(random_ids_.next()); break;
    case config::EventId::stable_v1:
      ids_.push_back(stable_ids_[0].next(reader_.read(record, members), record));
      break;
    case config::EventId::stable:
      ids_.push_back(stable_ids_[1].next(reader_.read(record, members), record));
      break;
  }
}

bool LastBucket::find(const routing::RouteTable& table, std::string_view name,
                      std::string_view appid) {
  const std::size_t first = table.first_of_record(name, appid);
  if (first == routing::RouteTable::kMostRoutes) return false;
  LastBucket found;  // whole or not at all, if memory is refused
  found.name_ = name;
  found.appid_ = appid;
  found.folder_ = name.empty() || appid.empty() ? "/" : fmt::format("/{}/{}/", appid, name);
  found.first_ = first;
  *this = std::move(found);
  return true;
}

std::string_view LastBucket::object_key(std::string_view key) const noexcept {
  if (key.starts_with(folder_)) return key.substr(folder_.size());
  return key.substr(key.starts_with('/') ? 1 : 0);
}

// Nearly always nothing is escaped, and the texts stand in the record as they read.
inline routing::Decision RecordNotes::decision_on(std::string_view record,
                                                  const events::RecordMembers& members) {
  const events::MemberText& bucket = members[Member::bucket];
  const events::MemberText& appid = members[Member::appid];
  const events::MemberText& key = members[Member::key];
  const events::MemberText& event_name = members[Member::event_name];
  const bool escaped = (bucket.escaped | appid.escaped | key.escaped | event_name.escaped) != 0;
  if (!escaped) {
    const char* const text = record.data();
    routing::RecordFacts facts{bucket.in(text), appid.in(text), {}, event_name.in(text)};
    if (last_bucket_.is(facts.bucket, facts.appid) ||
        last_bucket_.find(plan_.table, facts.bucket, facts.appid)) {
      facts.key = last_bucket_.object_key(key.in(text));
      return plan_.table.decide_among(last_bucket_.first(), facts, signer_);
    }
    return plan_.table.decide_among(routing::RouteTable::kMostRoutes, facts, signer_);
  }
  const events::CosRecord fields = reader_.read(record, members);
  return plan_.table.decide({fields.bucket, fields.appid, fields.object_key(), fields.event_name},
                            signer_);
}

// Returns the style of the record's event.
std::size_t RecordNotes::decide(std::string_view record, const events::RecordMembers& members) {
  const auto decision = decision_on(record, members);
  const bool unnamed = decision.kind == routing::Decision::Kind::unknown;
  decisions_.push_back(decision);
  routes_.push_back(unnamed ? 0 : static_cast<std::uint16_t>(decision.route + 1));
  ++counts_[static_cast<std::size_t>(decision.kind)];
  const bool taken = decision.kind == routing::Decision::Kind::entry;
  return taken ? plan_.table.routes()[decision.route].style : 0;
}

}  // namespace gateway
