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

constexpr std::array kEventNames{
    std::pair{"put"sv, "cos:ObjectCreated:Put"sv},
    std::pair{"post"sv, "cos:ObjectCreated:Post"sv},
    std::pair{"copy"sv, "cos:ObjectCreated:Copy"sv},
    std::pair{"multipart"sv, "cos:ObjectCreated:CompleteMultipartUpload"sv},
    std::pair{"delete"sv, "cos:ObjectRemove:Delete"sv},
    std::pair{"marker"sv, "cos:ObjectRemove:DeleteMarkerCreated"sv},
};

constexpr std::array kContentTypes{"image/jpeg"sv,       "application/octet-stream"sv,
                                   "application/json"sv, "video/mp4"sv,
                                   "text/plain"sv,       ""sv};

constexpr std::array kCharacterSets{
    std::pair{"ascii"sv, KeyCharacters::ascii}, std::pair{"percent"sv, KeyCharacters::percent},
    std::pair{"utf8"sv, KeyCharacters::utf8}, std::pair{"escapes"sv, KeyCharacters::escapes}};

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

boost::system::result<KeyCharacters, std::string> parse_characters(std::string_view text) {
  for (const auto& [name, characters] : kCharacterSets) {
    if (name == text) return characters;
  }
  return fmt::format("'{}': expected ascii, percent, utf8 or escapes", text);
}

EventMix::EventMix() {
  for (const auto& [name, weight] :
       {std::pair{"put"sv, 64U}, std::pair{"post"sv, 8U}, std::pair{"copy"sv, 5U},
        std::pair{"multipart"sv, 9U}, std::pair{"delete"sv, 12U}, std::pair{"marker"sv, 2U}}) {
    add(name, weight);
  }
}

bool EventMix::add(std::string_view name, unsigned weight) {
  const auto* const found =
      std::ranges::find(kEventNames, name, [](const auto& row) { return row.first; });
  if (found == kEventNames.end()) return false;
  shares_.push_back({found->second, weight});
  total_ += weight;
  return true;
}

boost::system::result<EventMix, std::string> EventMix::parse(std::string_view text) {
  EventMix mix;
  mix.shares_.clear();
  mix.total_ = 0;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const std::size_t colon = std::min(item.find(':'), item.size());
    const std::string_view name = item.substr(0, colon);
    const std::string_view count = item.substr(std::min(colon + 1, item.size()));
    const auto weight = count.empty() ? 1U : read_number<unsigned>(count);
    if (!weight || *weight > 1'000'000) return fmt::format("'{}': expected NAME:WEIGHT", item);
    if (!mix.add(name, *weight)) {
      return fmt::format("'{}': expected put, post, copy, multipart, delete or marker", name);
    }
  }
  if (mix.total_ == 0) return std::string("no event with a weight above 0");
  return mix;
}

std::string_view EventMix::choose(test::Random& random) const {
  std::uint64_t at = random.below(total_);
  for (const Share& share : shares_) {
    if (at < share.weight) return share.name;
    at -= share.weight;
  }
  return shares_.back().name;
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
