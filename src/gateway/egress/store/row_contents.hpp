#pragma once
#include <cstdint>

#include "events/cloud_event.hpp"
#include "events/cos_record.hpp"
#include "events/json_index.hpp"
#include "gateway/egress/store/event_store.hpp"

namespace gateway::egress {

// Reads out of a record what people want to know of an event, and tells whether a filter wants it.
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
