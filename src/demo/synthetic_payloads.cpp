#include "demo/synthetic_payloads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <utility>

namespace gateway::demo {
namespace {

struct Share {
  std::string_view text;
  unsigned percent;
};

// What a busy bucket with a mix of uploads reports; shares add up to 100.
constexpr std::array kEventNames{
    Share{"cos:ObjectCreated:Put", 64},
    Share{"cos:ObjectCreated:Post", 8},
    Share{"cos:ObjectCreated:CompleteMultipartUpload", 9},
    Share{"cos:ObjectCreated:Copy", 5},
    Share{"cos:ObjectRemove:Delete", 12},
    Share{"cos:ObjectRemove:DeleteMarkerCreated", 2},
};

constexpr std::array kContentTypes{
    Share{"image/jpeg", 40},       Share{"application/octet-stream", 20},
    Share{"application/json", 10}, Share{"video/mp4", 10},
    Share{"text/plain", 10},       Share{"", 10},
};

constexpr std::array<std::string_view, 12> kFolders{"photos", "2024", "07",          "thumbnails",
                                                    "upload", "logs", "tenant-0042", "video",
                                                    "export", "raw",  "backup",      "a"};
constexpr std::array<std::string_view, 6> kExtensions{".jpg",    ".json", ".mp4",
                                                      ".log.gz", ".bin",  ""};
// Names of the kind that break careless code: blanks, UTF-8, a quote, a backslash, a percent sign.
constexpr std::array<std::string_view, 6> kAwkward{
    "holiday photo (1)", "\xe5\x9b\xbe\xe7\x89\x87-\xe4\xb8\x80",
    "100% done+really",  "say \"cheese\"",
    "back\\slash",       "caf\xc3\xa9 & cr\xc3\xa8me"};

constexpr std::string_view kAppId = "1253970026";
constexpr std::string_view kBucket = "testpic";
constexpr std::string_view kRegion = "ap-chengdu";

template <std::size_t n>
std::string_view pick(const std::array<Share, n>& shares, std::uint64_t percent) {
  for (const Share& share : shares) {
    if (percent < share.percent) return share.text;
    percent -= share.percent;
  }
  return shares.front().text;
}

void append_json_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
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

void append_base64(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t at = 0; at < text.size(); at += 3) {
    const std::string_view part = text.substr(at, 3);
    unsigned bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8U | (i < part.size() ? static_cast<unsigned char>(part[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= part.size() ? kDigits[bits >> (18U - 6U * i) & 63U] : '=';
    }
  }
}

template <class... Args>
void append(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

}  // namespace

SyntheticPayloads::SyntheticPayloads(PayloadMix mix) : mix_(mix), state_(mix.seed) {
  mix_.max_records = std::max(1U, mix_.max_records);
}

// SplitMix64 rather than <random>, whose distributions differ between standard libraries.
std::uint64_t SyntheticPayloads::random() noexcept {
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
  z = (z ^ z >> 30U) * 0xbf58476d1ce4e5b9U;
  z = (z ^ z >> 27U) * 0x94d049bb133111ebU;
  return z ^ z >> 31U;
}

// Four posts of five carry one record, most others a few, one of twenty up to the maximum.
unsigned SyntheticPayloads::record_count() noexcept {
  const std::uint64_t percent = below(100);
  if (percent < 80) return 1;
  const unsigned most = percent < 95 ? std::min(4U, mix_.max_records) : mix_.max_records;
  return 1 + static_cast<unsigned>(below(most));
}

void SyntheticPayloads::choose_key() {
  key_.clear();
  const std::uint64_t depth = below(5);
  for (std::uint64_t i = 0; i < depth; ++i) {
    key_ += kFolders[below(kFolders.size())];
    key_ += '/';
  }
  const std::uint64_t kind = below(100);
  if (kind < 5) {
    key_ += kAwkward[below(kAwkward.size())];
  } else if (kind < 8) {
    // COS allows 850 bytes.
    key_.append(200 + below(500), static_cast<char>('a' + below(26)));
  } else {
    append(key_, "{:08x}-{:04x}", random() & 0xffffffffU, random() & 0xffffU);
  }
  key_ += kExtensions[below(kExtensions.size())];
}

void SyntheticPayloads::happen_at(std::int64_t unix_seconds) noexcept {
  mix_.first_event_time = unix_seconds - static_cast<std::int64_t>(made_ / 100);
}

// As in captures: Base64 of four hexadecimal numbers, the first of which is the time.
void SyntheticPayloads::append_request_id(std::string& out, std::int64_t time) {
  std::array<char, 64> text{};
  const auto end = fmt::format_to_n(text.data(), text.size(), "{:08x}_{:x}_{:x}_{:x}", time,
                                    random() & 0xffffffffU, random() & 0xffffU, made_);
  append_base64(out, std::string_view(text.data(), end.size));
}

void SyntheticPayloads::append_record(std::string& out) {
  choose_key();
  const std::string_view event_name = pick(kEventNames, below(100));
  const std::string_view content_type = pick(kContentTypes, below(100));
  // Sizes spread evenly over magnitudes, from bytes to 1 GiB.
  const std::uint64_t size = below(std::uint64_t{1} << (1 + below(30)));
  const std::int64_t time = mix_.first_event_time + static_cast<std::int64_t>(made_ / 100);

  append(
      out,
      R"({{"cos":{{"cosSchemaVersion":"1.0","cosObject":{{"url":"http://{}-{}.cos.{}.myqcloud.com/)",
      kBucket, kAppId, kRegion);
  append_percent_encoded(out, key_);
  out += R"(","meta":{"x-cos-request-id":")";
  append_request_id(out, time);
  append(out,
         R"(","Content-Type":"{}","ETag":"\"{:016x}{:016x}\"","x-cos-storage-class":"STANDARD"}},)",
         content_type, random(), random());
  append(out, R"("vid":"","key":"/{}/{}/)", kAppId, kBucket);
  append_json_escaped(out, key_);
  append(out,
         R"(","size":{}}},"cosBucket":{{"region":"cd","name":"{}","appid":"{}","cosRegion":"{}",)"
         R"("s3Region":"{}"}},"cosNotificationId":"unkown"}},)",
         size, kBucket, kAppId, kRegion, kRegion);
  append(
      out,
      R"("event":{{"eventName":"{}","eventVersion":"1.0","eventTime":{},"eventSource":"qcs::cos",)",
      event_name, time);
  append(
      out,
      R"("requestParameters":{{"requestSourceIP":"203.0.113.{}","requestHeaders":{{"Authorization":)"
      R"("q-sign-algorithm=sha1&q-ak=EXAMPLE&q-sign-time={};{}&q-header-list=host&q-signature={:016x}"}}}},)",
      1 + below(254), time, time + 900, random());
  append(
      out,
      R"("eventQueue":"qcs:0:scf:{}:appid/{}:default.cos-events.$DEFAULT","reservedInfo":"","reqid":0}}}})",
      kRegion, kAppId);
  ++made_;
}

void SyntheticPayloads::next(SyntheticPost& post) {
  post.body.assign(R"({"Records":[)");
  post.records.clear();
  const unsigned count = record_count();
  for (unsigned i = 0; i < count; ++i) {
    if (i != 0) post.body += ',';
    const std::size_t begin = post.body.size();
    append_record(post.body);
    post.records.push_back(
        {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(post.body.size() - begin)});
  }
  post.body += "]}";
}

}  // namespace gateway::demo
