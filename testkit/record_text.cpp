#include "testkit/record_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <iterator>
#include <utility>

#include "events/base64.hpp"

namespace gateway::test {
namespace {

template <class... Args>
void write(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

void append_json_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      write(out, "\\u{:04x}", static_cast<unsigned>(c));
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
}

void append_percent_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view kSafe =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    if (kSafe.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
}

}  // namespace

std::string bucket_host(std::string_view bucket) {
  return fmt::format("{}-{}.cos.{}.myqcloud.com", bucket, kRecordAppid, kRecordRegion);
}

void RecordMaker::append(std::string& out, const RecordText& record) {
  const std::uint64_t size = random_.below(std::uint64_t{1} << (1 + random_.below(30)));
  const std::int64_t time = first_time_ + static_cast<std::int64_t>(made_ / 100);
  const auto a = static_cast<std::uint32_t>(random_.next());
  const auto b = static_cast<std::uint16_t>(random_.next());
  const std::uint64_t etag_high = random_.next();
  const std::uint64_t etag_low = random_.next();
  const std::uint64_t address = 1 + random_.below(254);
  const std::uint64_t signature = random_.next();
  // As in captures: Base64 of four hexadecimal numbers, the first of which is the time.
  std::array<char, 64> request_id{};
  const auto end = fmt::format_to_n(request_id.data(), request_id.size(), "{:08x}_{:x}_{:x}_{:x}",
                                    time, a, b, made_++);
  write(
      out,
      R"({{"cos":{{"cosSchemaVersion":"1.0","cosObject":{{"url":"http://{}-{}.cos.{}.myqcloud.com/)",
      record.bucket, kRecordAppid, kRecordRegion);
  append_percent_encoded(out, record.key);
  out += R"(","meta":{"x-cos-request-id":")";
  events::append_base64(out, std::string_view(request_id.data(), end.size));
  write(out, R"(","Content-Type":"{}","ETag":"\"{:016x}{:016x}\"")", record.content_type, etag_high,
        etag_low);
  write(out, R"(,"x-cos-storage-class":"STANDARD"{}}},"vid":"","key":"/{}/{}/)", record.metadata,
        kRecordAppid, record.bucket);
  append_json_escaped(out, record.key);
  write(out,
        R"(","size":{}}},"cosBucket":{{"region":"cd","name":"{}","appid":"{}","cosRegion":"{}",)"
        R"("s3Region":"{}"}},"cosNotificationId":"unkown"}},)",
        size, record.bucket, kRecordAppid, kRecordRegion, kRecordRegion);
  write(
      out,
      R"("event":{{"eventName":"{}","eventVersion":"1.0","eventTime":{},"eventSource":"qcs::cos",)",
      record.event_name, time);
  write(
      out,
      R"("requestParameters":{{"requestSourceIP":"203.0.113.{}","requestHeaders":{{"Authorization":)"
      R"("q-sign-algorithm=sha1&q-ak=EXAMPLE&q-sign-time={};{}&q-header-list=host&q-signature={:016x}"}}}},)",
      address, time, time + 900, signature);
  write(
      out,
      R"("eventQueue":"qcs:0:scf:{}:appid/{}:default.cos-events.$DEFAULT","reservedInfo":"","reqid":0}}}})",
      kRecordRegion, kRecordAppid);
}

}  // namespace gateway::test
