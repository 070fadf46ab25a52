#pragma once
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "events/cos_record.hpp"
#include "events/identity.hpp"
#include "events/record_splitter.hpp"
#include "events/uuid.hpp"
#include "gateway/config/settings.hpp"

namespace gateway {

// What the settings want to know of each record, noted on the walk that finds it: its stable id,
// and where the members lie that attributes are made of. One per shard; reused from post to post.
class RecordNotes final : public events::RecordVisitor {
 public:
  explicit RecordNotes(const config::Event& settings);

  // Returns whether the settings want anything.
  [[nodiscard]] bool wanted() const noexcept { return stable_ids_ || keeps_members_; }
  // Is called before the first record of a body of `size` bytes.
  void begin(std::size_t size);
  void on_record(std::string_view record, const events::RecordMembers& members) override;

  // Returns the ids by index; none if ids are random.
  [[nodiscard]] const std::vector<events::Uuid>& ids() const noexcept { return ids_; }
  // Puts the members, by index, into `into`, whose memory is used for the next post. None where
  // they would take more memory than the body: the encoder then reads each record.
  void take_members(std::vector<events::RecordMembers>& into) noexcept;

 private:
  const bool keeps_members_;
  std::optional<events::StableIds> stable_ids_;
  events::CosRecordReader reader_;
  std::vector<events::Uuid> ids_;
  std::vector<events::RecordMembers> members_;
  std::size_t most_members_ = 0;
  bool too_many_ = false;
};

}  // namespace gateway
