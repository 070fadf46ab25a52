#include "cloud/function_mark.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <system_error>
#include <variant>

#include "cloud/digest.hpp"

namespace gateway::cloud {
namespace {

constexpr std::string_view kOwner = "Managed by cos gateway.";
constexpr std::string_view kCode = " Code ";
constexpr std::string_view kSettings = ", settings ";
constexpr std::string_view kBucket = ", bucket ";
constexpr std::string_view kDeployment = ", deployment ";
constexpr std::string_view kGeneration = ", generation ";
constexpr std::string_view kSuccession = ". Superseded by ";
constexpr std::string_view kSince = " since ";
// The last section, so that releases that do not know it read all the others.
constexpr std::string_view kLocations = ". Locations ";
constexpr std::size_t kDigits = 16;
// SCF "Limits": the longest description.
constexpr std::size_t kMostCharacters = 1'000;
// Ten buckets have a trigger at a time; the others had one before.
constexpr std::size_t kMostBuckets = 40;

// Joins parts, each with its length, so that no two lists of parts give the same text.
class Parts {
 public:
  void add(std::string_view part) { text_ += fmt::format("{}:{},", part.size(), part); }
  void add(std::size_t number) { text_ += fmt::format("{},", number); }
  [[nodiscard]] std::string digest() const { return digest_of(text_); }

 private:
  std::string text_;
};

std::string code_mark(const Wanted& wanted) {
  Parts parts;
  if (const auto* zip = std::get_if<InlineCode>(&wanted.code)) {
    parts.add("zip");
    parts.add(zip->zip);
  } else {
    const auto& object = std::get<CosCode>(wanted.code);
    for (const std::string_view part :
         {std::string_view("cos"), std::string_view(object.bucket), std::string_view(object.region),
          std::string_view(object.path)}) {
      parts.add(part);
    }
  }
  return parts.digest();
}

std::string settings_mark(const Wanted& wanted) {
  Parts parts;
  for (const WantedBucket& bucket : wanted.buckets) {
    parts.add(bucket.endpoint.host());
    parts.add(bucket.events.size());
    for (const auto& event : bucket.events) parts.add(event);
    parts.add(bucket.prefix);
    parts.add(bucket.suffix);
  }
  parts.add(wanted.runtime);
  parts.add(wanted.handler);
  parts.add(std::size_t{wanted.memory_mb});
  parts.add(static_cast<std::size_t>(wanted.timeout.count()));
  auto environment = wanted.environment;
  std::ranges::sort(environment);
  parts.add(environment.size());
  for (const auto& [key, value] : environment) {
    parts.add(key);
    parts.add(value);
  }
  parts.add(std::size_t{wanted.retries});
  parts.add(static_cast<std::size_t>(wanted.max_age.count()));
  return parts.digest();
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

std::string_view take_digits(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789abcdef"), text.size());
  const auto digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits.size() == kDigits ? digits : std::string_view();
}

// Takes a decimal number of at most 18 digits; 0 if there is none.
std::int64_t take_number(std::string_view& text) {
  std::int64_t number = 0;
  const char* const last = text.data() + std::min<std::size_t>(text.size(), 18);
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || number < 0) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<Succession> take_succession(std::string_view& text) {
  if (!take(text, kSuccession)) return std::nullopt;
  Succession succession;
  succession.heir = take_digits(text);
  if (take(text, kGeneration)) succession.generation = take_number(text);
  if (take(text, kSince)) {
    succession.since = std::chrono::sys_seconds(std::chrono::seconds(take_number(text)));
  }
  return succession;
}

// Names of regions and namespaces are letters, digits, '-' and '_', of which a description takes
// the first two.
std::string written(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '-') {
      text += ".d";
    } else if (c == '_') {
      text += ".u";
    } else {
      text += c;
    }
  }
  return text;
}

// Takes a name that written() wrote; empty if there is none.
std::string take_name(std::string_view& text) {
  std::string name;
  while (!text.empty()) {
    if (take(text, ".d")) {
      name += '-';
    } else if (take(text, ".u")) {
      name += '_';
    } else if (text.front() == '.' || text.front() == ' ') {
      break;
    } else {
      name += text.front();
      text.remove_prefix(1);
    }
  }
  return name;
}

std::set<Location> take_locations(std::string_view& text) {
  std::set<Location> locations;
  if (!take(text, kLocations)) return locations;
  do {
    std::string region = take_name(text);
    std::string space = take(text, " ") ? take_name(text) : std::string();
    if (!region.empty() && !space.empty()) locations.emplace(std::move(region), std::move(space));
  } while (take(text, " "));
  return locations;
}

}  // namespace

bool FunctionMark::names_bucket(std::string_view host) const {
  return std::ranges::find(buckets, digest_of(host)) != buckets.end();
}

void FunctionMark::add_bucket(std::string_view host) {
  if (!names_bucket(host)) add_digest(digest_of(host));
}

void FunctionMark::add_digest(std::string digest) {
  if (buckets.size() < kMostBuckets) buckets.push_back(std::move(digest));
}

std::string FunctionMark::description() const {
  std::string text = fmt::format("{}{}{}{}{}", kOwner, kCode, code, kSettings, settings);
  if (!buckets.empty()) text += fmt::format("{}{}", kBucket, fmt::join(buckets, " "));
  if (!deployment.empty()) text += fmt::format("{}{}", kDeployment, deployment);
  if (!list.empty()) text += fmt::format(" {}", list);
  if (generation != 0) text += fmt::format("{}{}", kGeneration, generation);
  if (succession) {
    text +=
        fmt::format("{}{}{}{}{}{}", kSuccession, succession->heir, kGeneration,
                    succession->generation, kSince, succession->since.time_since_epoch().count());
  }
  std::string_view before = kLocations;
  for (const Location& location : locations) {
    const std::string more =
        fmt::format("{}{} {}", before, written(location.region), written(location.space));
    if (text.size() + more.size() + 1 > kMostCharacters) break;
    text += more;
    before = " ";
  }
  return text += '.';
}

FunctionMark mark_of(const Wanted& wanted, Generation generation) {
  FunctionMark mark(code_mark(wanted), settings_mark(wanted));
  for (const WantedBucket& bucket : wanted.buckets) mark.add_bucket(bucket.endpoint.host());
  if (!wanted.deployment.empty()) {
    mark.deployment = digest_of(wanted.deployment);
    mark.list = wanted.list;
  }
  mark.generation = generation;
  return mark;
}

std::optional<FunctionMark> parse_mark(std::string_view description) {
  if (!take(description, kOwner)) return std::nullopt;
  if (!take(description, kCode)) return FunctionMark();
  const std::string code(take_digits(description));
  if (!take(description, kSettings)) return FunctionMark(code, {});
  FunctionMark mark(code, std::string(take_digits(description)));
  if (take(description, kBucket)) {
    do {
      const auto digest = take_digits(description);
      if (!digest.empty()) mark.add_digest(std::string(digest));
    } while (take(description, " "));
  }
  if (take(description, kDeployment)) {
    mark.deployment = take_digits(description);
    if (take(description, " ")) mark.list = take_digits(description);
  }
  if (take(description, kGeneration)) mark.generation = take_number(description);
  mark.succession = take_succession(description);
  mark.locations = take_locations(description);
  return mark;
}

FunctionMark mark_in(std::string_view description) {
  return parse_mark(description).value_or(FunctionMark());
}

std::string digest_of_list(const std::vector<Wanted>& functions) {
  Parts parts;
  for (const Wanted& function : functions) {
    parts.add(function.region);
    parts.add(function.space);
    parts.add(function.name);
    parts.add(settings_mark(function));
  }
  return parts.digest();
}

std::string digest_of(std::string_view text) {
  const Digest digest = sha256(text);
  return hex(std::span(digest).first(kDigits / 2));
}

std::string identity_of(std::string_view space, std::string_view name) {
  return digest_of(fmt::format("{}:{},{}:{},", space.size(), space, name.size(), name));
}

}  // namespace gateway::cloud
