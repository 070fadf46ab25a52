#include "events/identity.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <iterator>

namespace gateway::events {
namespace {

// Each part with its length before it, so that no two lists of parts make the same name.
void append_part(std::string& name, std::string_view part) {
  fmt::format_to(std::back_inserter(name), "{}:{}", part.size(), part);
}

}  // namespace

void StableIds::begin_post() {
  seen_.clear();
}

Uuid StableIds::next(const CosRecord& fields, std::string_view record) {
  name_.clear();
  if (fields.key.empty() && fields.request_id.empty()) {
    append_part(name_, "bytes");
    append_part(name_, record);
  } else {
    append_part(name_, "fields");
    for (const auto part : {fields.appid, fields.bucket, fields.key, fields.event_name,
                            fields.request_id, fields.event_time}) {
      append_part(name_, part);
    }
  }
  const Uuid id = Uuid::from_name(name_);
  const unsigned position = ++seen_[id];
  if (position == 1) return id;
  append_part(name_, fmt::format_int(position).str());
  return Uuid::from_name(name_);
}

}  // namespace gateway::events
