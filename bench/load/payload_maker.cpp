#include "load/payload_maker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "events/number_text.hpp"

namespace gateway::load {
namespace {

using namespace std::string_view_literals;

// A COS request may have 2 KiB of metadata headers in total; a single one is seldom longer than
// this.
constexpr unsigned kMetadataMember = 64;

constexpr std::array kContentTypes{"image/jpeg"sv,       "application/octet-stream"sv,
                                   "application/json"sv, "video/mp4"sv,
                                   "text/plain"sv,       ""sv};

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
    case KeyCharacters::ascii: break;
    case KeyCharacters::percent: return {kEncoded, 4};
    case KeyCharacters::utf8: return {kWide, 1};
    case KeyCharacters::escapes: return {kEscaped, 8};
  }
  return {{}, 1};
}

}  // namespace

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

std::string_view EventMix::choose(test::Random& random) const {
  std::uint64_t at = random.below(total_);
  for (const Share& share : shares_) {
    if (at < share.weight) return share.event;
    at -= share.weight;
  }
  return shares_.back().event;
}

PayloadMaker::PayloadMaker(PayloadSettings settings)
    : settings_(std::move(settings)), maker_(settings_.seed) {}

void PayloadMaker::choose_key() {
  const std::size_t length = std::max(1U, settings_.key_length.sample(random()));
  const auto [specials, one_of] = special(settings_.characters);
  key_.clear();
  while (key_.size() < length) {
    const std::uint64_t draw = random().next();
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

void PayloadMaker::choose_metadata() {
  metadata_.clear();
  const std::size_t length = settings_.metadata.sample(random());
  for (unsigned i = 0; metadata_.size() < length; ++i) {
    fmt::format_to(std::back_inserter(metadata_), R"(,"x-cos-meta-{}":")", i);
    const std::size_t end = std::min(length, metadata_.size() + kMetadataMember);
    while (metadata_.size() + 1 < end) metadata_ += kPlain[random().below(kPlain.size())];
    metadata_ += '"';
  }
}

void PayloadMaker::append_record(std::string& out) {
  choose_key();
  choose_metadata();
  test::RecordText record;
  record.bucket = settings_.bucket;
  record.event_name = settings_.events.choose(random());
  record.key = key_;
  record.content_type = kContentTypes[random().below(kContentTypes.size())];
  record.metadata = metadata_;
  maker_.append(out, record);
}

Payload PayloadMaker::next() {
  Payload payload;
  payload.records = std::max(1U, settings_.records.sample(random()));
  payload.body = R"({"Records":[)";
  for (unsigned i = 0; i < payload.records; ++i) {
    if (i != 0) payload.body += ',';
    append_record(payload.body);
  }
  payload.body += "]}";
  return payload;
}

}  // namespace gateway::load
