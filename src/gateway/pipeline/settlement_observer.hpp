#pragma once
#include <string_view>

#include "gateway/observe/settled_event.hpp"
#include "gateway/pipeline/event_slot.hpp"

namespace gateway {

// Who is shown some events as they are settled: Ledger::show().
class SettlementObserver {
 public:
  // Called on the shard's thread, before the event's post can be reused.
  virtual void settled(const EventSlot& slot, observe::Outcome outcome, unsigned status,
                       std::string_view reason) = 0;

 protected:
  ~SettlementObserver() = default;
};

}  // namespace gateway
