#include "events/cos_record.hpp"

#include <cmath>
#include <cstdint>

#include "events/json_text.hpp"
#include "events/number_text.hpp"
#include "events/record_walk.hpp"
#include "events/rfc3339.hpp"

namespace gateway::events {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::sys_time<milliseconds>;

// Numbers from here on are milliseconds: as seconds they would be past the year 33000.
constexpr std::int64_t kFirstMilliseconds = 1'000'000'000'000;

std::optional<Time> checked(Time time) {
  if (time < Time{} || !has_rfc3339_form(time)) return std::nullopt;
  return time;
}

std::optional<Time> time_from_integer(std::int64_t number) {
  if (number >= kFirstMilliseconds) return checked(Time{milliseconds{number}});
  if (number < 0) return std::nullopt;
  return checked(Time{milliseconds{number * 1000}});
}

std::optional<Time> time_from_float(double number) {
  if (!(number >= 0) || number >= 1e15) return std::nullopt;
  const bool is_milliseconds = number >= static_cast<double>(kFirstMilliseconds);
  return checked(Time{milliseconds{std::llround(is_milliseconds ? number : number * 1000)}});
}

// The region in https://<bucket>-<appid>.cos.<region>.myqcloud.com/...; empty in any other text,
// such as old hosts (cosbj.myqcloud.com) and the region-less cos.accelerate.myqcloud.com.
std::string_view region_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  constexpr std::string_view kService = ".cos.";
  const auto service = host.find(kService);
  if (service == std::string_view::npos) return {};
  host.remove_prefix(service + kService.size());
  const auto dot = host.find('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view region = host.substr(0, dot);
  return region.find('-') == std::string_view::npos ? std::string_view{} : region;
}

// Appends what `raw` means to `out`, which has room for it. Returns what was appended.
[[gnu::noinline]] std::string_view append_unescaped(std::string& out, std::string_view raw) {
  const std::size_t begin = out.size();
  out.resize(begin + raw.size());
  out.resize(begin + unescape_json_exactly(raw, out.data() + begin));
  return std::string_view(out).substr(begin);
}

}  // namespace

std::string_view CosRecord::object_key() const noexcept {
  if (!key.starts_with('/')) return key;
  const std::size_t second = 1 + appid.size();
  const std::size_t third = second + 1 + bucket.size();
  const bool full = !appid.empty() && !bucket.empty() && third < key.size() && key[second] == '/' &&
                    key[third] == '/' && key.substr(1, appid.size()) == appid &&
                    key.substr(second + 1, bucket.size()) == bucket;
  return key.substr(full ? third + 1 : 1);
}

std::optional<Time> CosRecord::time() const {
  if (const auto integer = read_number<std::int64_t>(event_time)) {
    return time_from_integer(*integer);
  }
  if (const auto number = read_number<double>(event_time)) return time_from_float(*number);
  return read_rfc3339(event_time);
}

std::string_view CosRecord::region() const noexcept {
  if (!long_region.empty()) return long_region;
  const std::string_view of_url = region_of(url);
  return of_url.empty() ? short_region : of_url;
}

CosRecord CosRecordReader::read(std::string_view record) {
  auto json = index_.read(record.data(), record.size());
  if (!json || json->peek() != '{') return {};
  const std::size_t begin = json->offset();  // behind white space; members count from there
  RecordMembers members;
  static_cast<void>(RecordWalk(*json).pass(members));
  return read(record.substr(begin), members);
}

CosRecord CosRecordReader::read(std::string_view record, const RecordMembers& members,
                                MemberSet wanted) {
  unescaped_.clear();
  const auto text = [&](Member member) -> std::string_view {
    if (!wanted.contains(member)) return {};
    const MemberText& at = members[member];
    const std::string_view raw = at.in(record.data());
    if (at.escaped == 0) [[likely]]
      return raw;
    // Text never grows by unescaping, so what has been handed out is never moved.
    if (unescaped_.empty()) unescaped_.reserve(record.size());
    return append_unescaped(unescaped_, raw);
  };
  CosRecord fields;
  fields.appid = text(Member::appid);
  fields.bucket = text(Member::bucket);
  fields.long_region = text(Member::long_region);
  fields.short_region = text(Member::region);
  fields.key = text(Member::key);
  fields.url = text(Member::url);
  fields.size = text(Member::size);
  fields.event_name = text(Member::event_name);
  fields.event_time = text(Member::event_time);
  fields.request_id = text(Member::request_id);
  fields.version = text(Member::version);
  fields.etag = text(Member::etag);
  fields.event_reqid = text(Member::event_reqid);
  return fields;
}

}  // namespace gateway::events
