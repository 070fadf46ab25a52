#pragma once
#include <string_view>

#include "gateway/domain/event_slot.hpp"
#include "gateway/domain/outcome.hpp"

namespace gateway {

// Who is shown some events as they are settled: Ledger::show().
class SettlementObserver {
 public:
  // Called on the shard's thread, before the event's post can be reused.
  virtual void settled(const EventSlot& slot, Outcome outcome, unsigned status,
                       std::string_view reason) = 0;

 protected:
  ~SettlementObserver() = default;
};

}  // namespace gateway
