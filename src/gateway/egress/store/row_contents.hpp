#pragma once
#include <cstdint>

#include "events/cloud_event.hpp"
#include "events/cos_record.hpp"
#include "events/json_index.hpp"
#include "gateway/egress/store/event_store.hpp"

namespace gateway::egress {

// Extracts from a record what operators want to know of an event, and tells whether a filter
// selects it.
class RowContents {
 public:
  enum class Verdict : std::uint8_t {
    wanted,  // `row` is complete
    unwanted,
    damaged,  // it is not what was written, or no CloudEvent
  };

  [[nodiscard]] Verdict read(const RecordReader::Record& record, std::uint32_t mark,
                             const StoreFilter& filter, StoredRow& row);

 private:
  [[nodiscard]] bool describe(StoredRow& row);

  events::JsonIndex index_;
  events::CloudEvent event_;
  events::CosRecordReader cos_;
};

}  // namespace gateway::egress
