#pragma once
#include <boost/system/result.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/egress/store/event_store.hpp"

namespace gateway::egress {

// A filter as people write it; what is empty does not matter.
struct FilterText {
  FilterText() = default;

  std::string since;
  std::string until;
  std::string bucket;  // name-appid
  std::string prefix;  // of the object key
  std::string reason;
  std::string target;  // its URL; "-" for the top-level one
};

// A point in time: RFC 3339 ("2026-01-02T03:04:05Z"), a date alone (its first moment in UTC), or
// how long before `now` ("90s", "2h", "7d"). Empty if it is none of them.
[[nodiscard]] std::optional<WallInstant> parse_moment(std::string_view text, WallInstant now);

// The error names the option.
[[nodiscard]] boost::system::result<StoreFilter, std::string> parse_filter(const FilterText& text,
                                                                           WallInstant now);

}  // namespace gateway::egress
