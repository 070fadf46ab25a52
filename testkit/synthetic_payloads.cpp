#include "testkit/synthetic_payloads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <span>
#include <utility>

namespace gateway::test {
namespace {

using namespace std::string_view_literals;

// A COS request may have 2 KiB of metadata headers in total; a single one is seldom longer than
// this.
constexpr unsigned kMetadataMember = 64;

// Each stands for a tenth of the objects.
constexpr std::array kContentTypes{"image/jpeg"sv,
                                   "image/jpeg"sv,
                                   "image/jpeg"sv,
                                   "image/jpeg"sv,
                                   "application/octet-stream"sv,
                                   "application/octet-stream"sv,
                                   "application/json"sv,
                                   "video/mp4"sv,
                                   "text/plain"sv,
                                   ""sv};

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

constexpr std::string_view kPlain =
    "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ";

constexpr std::array kEncoded{" "sv, "%"sv, "+"sv, "&"sv, "#"sv, "?"sv, "("sv, ")"sv};
constexpr std::array kEscaped{"\""sv, "\\"sv, "\n"sv, "\t"sv, "\x01"sv};
constexpr std::array kWide{"\xc3\xa9"sv,         "\xc3\xbc"sv,     "\xe5\x9b\xbe"sv,
                           "\xe7\x89\x87"sv,     "\xe4\xb8\x80"sv, "\xe5\xad\x98"sv,
                           "\xe5\x82\xa8"sv,     "\xe6\xa1\xb6"sv, "\xf0\x9f\x93\xb7"sv,
                           "\xf0\x9f\x8e\x89"sv, "\xe6\x96\x87"sv, "\xe4\xbb\xb6"sv};

// Returns the special characters, and the reciprocal of their share among all characters.
std::pair<std::span<const std::string_view>, unsigned> special(KeyCharacters characters) {
  switch (characters) {
    case KeyCharacters::usual:
    case KeyCharacters::ascii: break;
    case KeyCharacters::percent: return {kEncoded, 4};
    case KeyCharacters::utf8: return {kWide, 1};
    case KeyCharacters::escapes: return {kEscaped, 8};
  }
  return {{}, 1};
}

}  // namespace

PayloadSettings usual_payloads(unsigned most_records, std::uint64_t seed) {
  return {.records = Distribution::mostly_one(std::max(1U, most_records)),
          .characters = KeyCharacters::usual,
          .seed = seed};
}

SyntheticPayloads::SyntheticPayloads(PayloadSettings settings)
    : settings_(std::move(settings)), maker_(settings_.seed) {}

void SyntheticPayloads::choose_usual_key() {
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

void SyntheticPayloads::choose_key() {
  const std::size_t length = std::max(1U, settings_.key_length.sample(maker_.random()));
  const auto [specials, one_of] = special(settings_.characters);
  key_.clear();
  while (key_.size() < length) {
    const std::uint64_t draw = maker_.random().next();
    if (!specials.empty() && draw % one_of == 0) {
      const std::string_view character = specials[(draw >> 32U) % specials.size()];
      if (key_.size() + character.size() <= length) {
        key_ += character;
        continue;
      }
    }
    // A slash about every dozen characters, but neither first nor last.
    const bool inside = !key_.empty() && key_.size() + 1 < length && key_.back() != '/';
    key_ += inside && (draw >> 16U) % 12 == 0 ? '/' : kPlain[(draw >> 32U) % kPlain.size()];
  }
}

void SyntheticPayloads::choose_metadata() {
  metadata_.clear();
  const std::size_t length = settings_.metadata.sample(maker_.random());
  for (unsigned i = 0; metadata_.size() < length; ++i) {
    fmt::format_to(std::back_inserter(metadata_), R"(,"x-cos-meta-{}":")", i);
    const std::size_t end = std::min(length, metadata_.size() + kMetadataMember);
    while (metadata_.size() + 1 < end) metadata_ += kPlain[maker_.random().below(kPlain.size())];
    metadata_ += '"';
  }
}

void SyntheticPayloads::append_record(std::string& out) {
  if (settings_.characters == KeyCharacters::usual) {
    choose_usual_key();
  } else {
    choose_key();
  }
  choose_metadata();
  RecordText record;
  record.bucket = settings_.bucket;
  record.event_name = settings_.events.choose(maker_.random());
  record.key = key_;
  record.content_type = kContentTypes[below(kContentTypes.size())];
  record.metadata = metadata_;
  maker_.append(out, record);
}

void SyntheticPayloads::next(SyntheticPost& post) {
  post.body.assign(R"({"Records":[)");
  post.records.clear();
  const unsigned count = std::max(1U, settings_.records.sample(maker_.random()));
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
