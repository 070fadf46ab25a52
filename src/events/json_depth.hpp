#pragma once
#include <cstddef>

namespace gateway::events {

// How deeply JSON may be nested. An event gains levels on its way: a record becomes the data of an
// event, at most as {"Records":[record]}, and the event becomes part of a batch. Whatever is taken
// in must be readable after that, by this gateway's stores and by the next gateway, so that what
// comes in may have fewer levels than what can be read.
struct JsonDepth {
  // Of the data of an event, and of a payload of records, whose own two levels are the most that a
  // record gains as data.
  static constexpr std::size_t kData = 1024;
  static constexpr std::size_t kEvent = kData + 1;
  static constexpr std::size_t kBatch = kEvent + 1;
  // Of any text: with room for what earlier releases took in and stored.
  static constexpr std::size_t kRead = 1032;
};
static_assert(JsonDepth::kBatch < JsonDepth::kRead);

}  // namespace gateway::events
