#include "events/cos_record.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "events/json_text.hpp"
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

template <class Number>
std::optional<Number> whole_text_as(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || last != end) return std::nullopt;
  return number;
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

bool strip_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::string_view CosRecord::object_key() const noexcept {
  std::string_view rest = key;
  if (!appid.empty() && !bucket.empty() && strip_prefix(rest, "/") && strip_prefix(rest, appid) &&
      strip_prefix(rest, "/") && strip_prefix(rest, bucket) && strip_prefix(rest, "/")) {
    return rest;
  }
  rest = key;
  strip_prefix(rest, "/");
  return rest;
}

std::optional<Time> CosRecord::time() const {
  if (const auto integer = whole_text_as<std::int64_t>(event_time)) {
    return time_from_integer(*integer);
  }
  if (const auto number = whole_text_as<double>(event_time)) return time_from_float(*number);
  return read_rfc3339(event_time);
}

CosRecord CosRecordReader::read(std::string_view record) {
  CosRecord fields;
  auto indexed = index_.read(record.data(), record.size());
  if (!indexed) return fields;
  JsonCursor& json = *indexed;
  // Text never grows by unescaping, so what has been handed out is never moved.
  unescaped_.clear();
  unescaped_.reserve(record.size());

  const auto text_into = [&](std::string_view& field) {
    if (json.peek() != '"') {
      const char first = json.peek();
      const std::size_t begin = json.offset();
      if (!json.value()) return false;
      const bool number = first == '-' || (first >= '0' && first <= '9');
      field = number ? record.substr(begin, json.end() - begin) : std::string_view{};
      return true;
    }
    JsonString string;
    if (!json.string(string)) return false;
    field = string.raw();
    if (!string.has_escapes()) return true;
    const std::size_t begin = unescaped_.size();
    unescaped_.resize(begin + field.size());
    const std::size_t length = unescape_json_string(field, unescaped_.data() + begin);
    unescaped_.resize(begin + length);
    field = std::string_view(unescaped_).substr(begin);
    return true;
  };
  const auto object = [&](auto&& on_member) {
    return json.peek() == '{' ? json.object(on_member) : json.value();
  };

  std::string_view long_region;
  std::string_view short_region;
  const auto meta_member = [&](const JsonString& name) {
    if (name.is("x-cos-request-id")) return text_into(fields.request_id);
    return json.value();
  };
  const auto object_member = [&](const JsonString& name) {
    if (name.is("key")) return text_into(fields.key);
    if (name.is("url")) return text_into(fields.url);
    if (name.is("size")) return text_into(fields.size);
    if (name.is("meta")) return object(meta_member);
    return json.value();
  };
  const auto bucket_member = [&](const JsonString& name) {
    if (name.is("name")) return text_into(fields.bucket);
    if (name.is("appid")) return text_into(fields.appid);
    if (name.is("cosRegion")) return text_into(long_region);
    if (name.is("region")) return text_into(short_region);
    return json.value();
  };
  const auto cos_member = [&](const JsonString& name) {
    if (name.is("cosObject")) return object(object_member);
    if (name.is("cosBucket")) return object(bucket_member);
    return json.value();
  };
  const auto event_member = [&](const JsonString& name) {
    if (name.is("eventName")) return text_into(fields.event_name);
    if (name.is("eventTime")) return text_into(fields.event_time);
    return json.value();
  };
  const auto record_member = [&](const JsonString& name) {
    if (name.is("cos")) return object(cos_member);
    if (name.is("event")) return object(event_member);
    return json.value();
  };
  static_cast<void>(object(record_member));  // what was found before an error stands

  fields.region = long_region;
  if (fields.region.empty()) fields.region = region_of(fields.url);
  if (fields.region.empty()) fields.region = short_region;
  return fields;
}

}  // namespace gateway::events
