#include "gateway/pipeline/record_notes.hpp"

#include <algorithm>

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
  counts_.fill(0);
  signer_ = signer;
  last_bucket_ = {};
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
    case config::EventId::random:
      ids_.push_back(random_ids_.next());
      break;
    case config::EventId::stable_v1:
      ids_.push_back(stable_ids_[0].next(reader_.read(record, members), record));
      break;
    case config::EventId::stable:
      ids_.push_back(stable_ids_[1].next(reader_.read(record, members), record));
      break;
  }
}

// Nearly always nothing is escaped, and the texts stand in the record as they read.
routing::Decision RecordNotes::decision_on(std::string_view record,
                                           const events::RecordMembers& members) {
  const auto raw = [&](Member member) { return members[member].in(record.data()); };
  constexpr std::array kNeeded = {Member::bucket, Member::appid, Member::key, Member::event_name};
  const bool escaped = std::any_of(kNeeded.begin(), kNeeded.end(),
                                   [&](Member member) { return members[member].escaped != 0; });
  const auto facts_of = [](const events::CosRecord& fields) -> routing::RecordFacts {
    return {fields.bucket, fields.appid, fields.object_key(), fields.event_name};
  };
  // Text without escapes outlives the reading of the next record, which the last bucket needs.
  if (escaped) return plan_.table.decide(facts_of(reader_.read(record, members)), signer_);
  events::CosRecord fields;
  fields.bucket = raw(Member::bucket);
  fields.appid = raw(Member::appid);
  fields.key = raw(Member::key);
  fields.event_name = raw(Member::event_name);
  if (last_bucket_.name.data() == nullptr || last_bucket_.name != fields.bucket ||
      last_bucket_.appid != fields.appid) {
    last_bucket_ = {fields.bucket, fields.appid,
                    plan_.table.first_of_record(fields.bucket, fields.appid)};
  }
  return plan_.table.decide_among(last_bucket_.first, facts_of(fields), signer_);
}

// Returns the style of the record's event.
std::size_t RecordNotes::decide(std::string_view record, const events::RecordMembers& members) {
  const auto decision = decision_on(record, members);
  decisions_.push_back(decision);
  ++counts_[static_cast<std::size_t>(decision.kind)];
  const bool taken = decision.kind == routing::Decision::Kind::entry;
  return taken ? plan_.table.routes()[decision.route].style : 0;
}

void RecordNotes::write_routes(std::vector<std::uint16_t>& routes) const {
  routes.reserve(decisions_.size());
  for (const routing::Decision& decision : decisions_) {
    const bool unnamed = decision.kind == routing::Decision::Kind::unknown;
    routes.push_back(unnamed ? 0 : static_cast<std::uint16_t>(decision.route + 1));
  }
}

void RecordNotes::take_members(std::vector<events::RecordMembers>& into) noexcept {
  into.swap(members_);
}

}  // namespace gateway
