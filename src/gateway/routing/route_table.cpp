#include "gateway/routing/route_table.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

namespace gateway::routing {
namespace {

template <class Number>
std::uint64_t load(const char* bytes) noexcept {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

// Returns a number made of all bytes of a short text, or of the first eight of a longer one.
std::uint64_t number_of(std::string_view bytes) noexcept {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  if (bytes.size() >= 8) return load<std::uint64_t>(begin);
  if (bytes.size() >= 4) return load<std::uint32_t>(begin) | load<std::uint32_t>(end - 4) << 32U;
  std::uint64_t number = 0;
  for (const char c : bytes) number = number << 8U | static_cast<unsigned char>(c);
  return number;
}

// The names of one account's buckets often begin or end alike, so both ends and the length count.
std::size_t hash_of(std::string_view name, std::string_view appid) noexcept {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
  std::uint64_t hash = name.size();
  while (name.size() > 8) {
    hash = (hash ^ number_of(name)) * kOdd;
    hash ^= hash >> 32U;
    name.remove_prefix(8);
  }
  hash = (hash ^ number_of(name)) * kOdd;
  hash = (hash ^ (hash >> 32U) ^ number_of(appid)) * kOdd;
  return hash ^ (hash >> 32U);
}

// Returns name and appid of `name-appid`.
std::pair<std::string_view, std::string_view> parts_of(std::string_view bucket) noexcept {
  const std::size_t hyphen = bucket.rfind('-');
  if (hyphen == std::string_view::npos) return {bucket, {}};
  return {bucket.substr(0, hyphen), bucket.substr(hyphen + 1)};
}

bool is_named(const Route& route, std::string_view name, std::string_view appid) noexcept {
  const std::string_view bucket = route.bucket;
  return bucket.size() == name.size() + 1 + appid.size() && bucket.starts_with(name) &&
         bucket[name.size()] == '-' && bucket.ends_with(appid);
}

// Passes both texts together, without the blanks that some payloads have within the names of
// events. `*` at the end of either stands for all of a family.
bool is_event(std::string_view wanted, std::string_view name) noexcept {
  const auto skip_blanks = [](std::string_view& text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
  };
  while (true) {
    skip_blanks(wanted);
    skip_blanks(name);
    if (wanted == "*" || name == "*") return true;
    if (wanted.empty() || name.empty()) return wanted.empty() && name.empty();
    if (wanted.front() != name.front()) return false;
    wanted.remove_prefix(1);
    name.remove_prefix(1);
  }
}

// Nearly always both are spelled alike.
bool is_event_as_spelled(std::string_view wanted, std::string_view name) noexcept {
  if (!wanted.ends_with('*')) return name == wanted;
  wanted.remove_suffix(1);
  return name.starts_with(wanted);
}

bool has_event(const Route& route, std::string_view name) noexcept {
  return name.empty() ||
         std::any_of(route.events.begin(), route.events.end(), [&](std::string_view wanted) {
           return is_event_as_spelled(wanted, name) || is_event(wanted, name);
         });
}

// Returns whether the platform tells this entry's function of such an event.
Mismatch mismatch_of_rule(const Route& route, std::string_view key,
                          std::string_view event_name) noexcept {
  if (!key.starts_with(route.prefix)) return Mismatch::prefix;
  if (!key.ends_with(route.suffix)) return Mismatch::suffix;
  return has_event(route, event_name) ? Mismatch::none : Mismatch::event;
}

// Likewise, by the entry's own patterns.
Judgement judge_patterns(const Route& route, std::string_view key) noexcept {
  const auto first_match = [&](const std::vector<Pattern>& patterns) {
    std::size_t number = 0;
    for (const Pattern& pattern : patterns) {
      if (pattern.matches(key)) break;
      ++number;
    }
    return number;
  };
  const std::size_t excluding = first_match(route.exclude);
  if (excluding != route.exclude.size()) return {Mismatch::excluded, excluding};
  if (route.include.empty()) return {};
  const std::size_t including = first_match(route.include);
  if (including == route.include.size()) return {Mismatch::not_included, 0};
  return {Mismatch::none, including};
}

}  // namespace

Judgement judge(const Route& route, std::string_view key, std::string_view event_name) noexcept {
  const Mismatch rule = mismatch_of_rule(route, key, event_name);
  if (rule != Mismatch::none) return {rule, 0};
  return judge_patterns(route, key);
}

RouteTable::RouteTable(std::vector<Route> routes, UnknownBucket unknown)
    : routes_(std::move(routes)), unknown_(unknown) {
  assert(routes_.size() <= kMostRoutes);
  slots_.assign(std::bit_ceil(2 * routes_.size() + 1), kNoRoute);
  next_of_bucket_.assign(routes_.size(), kNoRoute);
  for (const Route& route : routes_) {
    const auto i = static_cast<std::uint16_t>(&route - routes_.data());
    const auto [name, appid] = parts_of(route.bucket);
    const std::size_t first = first_of(name, appid);
    if (first == kMostRoutes) {
      std::size_t slot = hash_of(name, appid) & (slots_.size() - 1);
      while (slots_[slot] != kNoRoute) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = i;
      continue;
    }
    auto last = static_cast<std::uint16_t>(first);
    while (next_of_bucket_[last] != kNoRoute) last = next_of_bucket_[last];
    next_of_bucket_[last] = i;
  }
}

std::size_t RouteTable::first_of(std::string_view name, std::string_view appid) const noexcept {
  if (slots_.empty()) return kMostRoutes;
  std::size_t slot = hash_of(name, appid) & (slots_.size() - 1);
  while (slots_[slot] != kNoRoute) {
    if (is_named(routes_[slots_[slot]], name, appid)) return slots_[slot];
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return kMostRoutes;
}

std::size_t RouteTable::first_of_record(std::string_view bucket,
                                        std::string_view appid) const noexcept {
  const std::size_t first = first_of(bucket, appid);
  if (first != kMostRoutes) return first;
  const auto [name, own_appid] = parts_of(bucket);
  const bool full_name = !own_appid.empty() && (appid.empty() || appid == own_appid);
  return full_name ? first_of(name, own_appid) : kMostRoutes;
}

bool RouteTable::decides_by_event() const noexcept {
  return std::ranges::any_of(next_of_bucket_, [](std::uint16_t next) { return next != kNoRoute; });
}

Decision RouteTable::decide_among(std::size_t first, const RecordFacts& facts,
                                  Signer signer) const noexcept {
  if (first == kMostRoutes) {
    const bool refuses = unknown_ == UnknownBucket::refuse;
    return {refuses ? Decision::Kind::refused_unknown : Decision::Kind::unknown, 0};
  }
  const auto vouches = [&](const Route& route) {
    return unknown_ == UnknownBucket::accept || signer == kAnySigner || signer == route.function;
  };
  // The event decides only between entries: what the platform sends for the only one is its.
  const bool alone = next_of_bucket_[first] == kNoRoute;
  const std::string_view event_name = alone ? std::string_view() : facts.event_name;
  bool vouched = false;
  for (auto i = static_cast<std::uint16_t>(first); i != kNoRoute; i = next_of_bucket_[i]) {
    const Route& route = routes_[i];
    if (judge(route, facts.key, event_name).takes()) {
      return {vouches(route) ? Decision::Kind::entry : Decision::Kind::refused_signer, i};
    }
    vouched = vouched || vouches(route);
  }
  return {vouched ? Decision::Kind::filtered : Decision::Kind::refused_signer,
          static_cast<std::uint16_t>(first)};
}

}  // namespace gateway::routing
