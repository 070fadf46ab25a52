#include "gateway/pipeline/record_notes.hpp"

namespace gateway {

RecordNotes::RecordNotes(const config::Event& settings)
    : keeps_members_(!settings.attributes.empty()) {
  if (settings.id == config::EventId::stable) stable_ids_.emplace(events::IdRecipe::v2);
  if (settings.id == config::EventId::stable_v1) stable_ids_.emplace(events::IdRecipe::v1);
}

void RecordNotes::begin(std::size_t size) {
  ids_.clear();
  members_.clear();
  most_members_ = size / sizeof(events::RecordMembers);
  too_many_ = false;
  if (stable_ids_) stable_ids_->begin_post();
}

void RecordNotes::on_record(std::string_view record, const events::RecordMembers& members) {
  if (stable_ids_) ids_.push_back(stable_ids_->next(reader_.read(record, members), record));
  if (!keeps_members_ || too_many_) return;
  too_many_ = members_.size() == most_members_;
  if (too_many_) {
    members_.clear();
  } else {
    members_.push_back(members);
  }
}

void RecordNotes::take_members(std::vector<events::RecordMembers>& into) noexcept {
  into.swap(members_);
}

}  // namespace gateway
