#include "events/record_attribute.hpp"

#include "events/rfc3339.hpp"

namespace gateway::events {
namespace {

constexpr std::string_view kHeaderPrefix = "ce-";
constexpr std::string_view kHeaderColon = ": ";

}  // namespace

std::string_view header_of(RecordAttribute attribute) noexcept {
  switch (attribute) {
    case RecordAttribute::subject: return "ce-subject: ";
    case RecordAttribute::cosbucket: return "ce-cosbucket: ";
    case RecordAttribute::cosregion: return "ce-cosregion: ";
    case RecordAttribute::coseventname: return "ce-coseventname: ";
    case RecordAttribute::coseventtime: return "ce-coseventtime: ";
  }
  return {};
}

std::string_view name_of(RecordAttribute attribute) noexcept {
  std::string_view name = header_of(attribute);
  name.remove_prefix(kHeaderPrefix.size());
  name.remove_suffix(kHeaderColon.size());
  return name;
}

MemberSet members_for(RecordAttribute attribute) noexcept {
  switch (attribute) {
    case RecordAttribute::subject: return {Member::key, Member::appid, Member::bucket};
    case RecordAttribute::cosbucket: return {Member::appid, Member::bucket};
    case RecordAttribute::cosregion: return {Member::long_region, Member::region, Member::url};
    case RecordAttribute::coseventname: return {Member::event_name};
    case RecordAttribute::coseventtime: return {Member::event_time};
  }
  return {};
}

std::string_view value_of(RecordAttribute attribute, const CosRecord& fields, std::string& buffer) {
  switch (attribute) {
    case RecordAttribute::subject: return fields.object_key();
    case RecordAttribute::cosbucket:
      if (fields.bucket.empty() || fields.appid.empty()) return fields.bucket;
      buffer = fields.bucket;
      buffer += '-';
      buffer += fields.appid;
      return buffer;
    case RecordAttribute::cosregion: return fields.region();
    case RecordAttribute::coseventname: return fields.event_name;
    case RecordAttribute::coseventtime: {
      const auto time = fields.time();
      if (!time) return {};
      buffer.resize(kRfc3339Size);
      write_rfc3339(*time, buffer.data());
      return buffer;
    }
  }
  return {};
}

}  // namespace gateway::events
