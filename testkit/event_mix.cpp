#include "testkit/event_mix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "events/number_text.hpp"

namespace gateway::test {

EventMix::EventMix()
    : shares_{{"put", "cos:ObjectCreated:Put", 64},
              {"post", "cos:ObjectCreated:Post", 8},
              {"copy", "cos:ObjectCreated:Copy", 5},
              {"multipart", "cos:ObjectCreated:CompleteMultipartUpload", 9},
              {"delete", "cos:ObjectRemove:Delete", 12},
              {"marker", "cos:ObjectRemove:DeleteMarkerCreated", 2}},
      total_(100) {}

boost::system::result<EventMix, std::string> EventMix::parse(std::string_view text) {
  EventMix mix;
  mix.total_ = 0;
  for (Share& share : mix.shares_) share.weight = 0;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const std::size_t colon = std::min(item.find(':'), item.size());
    const std::string_view name = item.substr(0, colon);
    const std::string_view count = item.substr(std::min(colon + 1, item.size()));
    const auto weight = count.empty() ? 1U : read_number<unsigned>(count);
    if (!weight || *weight > 1'000'000) return fmt::format("'{}': expected NAME:WEIGHT", item);
    const auto found = std::ranges::find(mix.shares_, name, &Share::name);
    if (found == mix.shares_.end()) {
      return fmt::format("'{}': expected put, post, copy, multipart, delete or marker", name);
    }
    found->weight += *weight;
    mix.total_ += *weight;
  }
  if (mix.total_ == 0) return std::string("no event with a weight above 0");
  return mix;
}

std::string_view EventMix::choose(Random& random) const {
  std::uint64_t at = random.below(total_);
  for (const Share& share : shares_) {
    if (at < share.weight) return share.event;
    at -= share.weight;
  }
  return shares_.back().event;
}

}  // namespace gateway::test
