#include "testkit/synthetic_payloads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "testkit/record_text.hpp"

namespace gateway::test {
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

template <std::size_t n>
std::string_view pick(const std::array<Share, n>& shares, std::uint64_t percent) {
  for (const Share& share : shares) {
    if (percent < share.percent) return share.text;
    percent -= share.percent;
  }
  return shares.front().text;
}

}  // namespace

SyntheticPayloads::SyntheticPayloads(PayloadMix mix)
    : max_records_(std::max(1U, mix.max_records)), maker_(mix.seed) {}

// Four posts of five carry one record, most others a few, one of twenty up to the maximum.
unsigned SyntheticPayloads::record_count() noexcept {
  const std::uint64_t percent = below(100);
  if (percent < 80) return 1;
  const unsigned most = percent < 95 ? std::min(4U, max_records_) : max_records_;
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
    const std::uint64_t high = maker_.random().next() & 0xffffffffU;
    const std::uint64_t low = maker_.random().next() & 0xffffU;
    fmt::format_to(std::back_inserter(key_), "{:08x}-{:04x}", high, low);
  }
  key_ += kExtensions[below(kExtensions.size())];
}

void SyntheticPayloads::append_record(std::string& out) {
  choose_key();
  RecordText record;
  record.event_name = pick(kEventNames, below(100));
  record.key = key_;
  record.content_type = pick(kContentTypes, below(100));
  maker_.append(out, record);
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

}  // namespace gateway::test
