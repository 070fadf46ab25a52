#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/domain/signer.hpp"
#include "gateway/routing/pattern.hpp"

namespace gateway::routing {

// What a record says of itself, as far as its way depends on it. Texts as they read, without
// escapes.
struct RecordFacts {
  std::string_view bucket;  // name without appid
  std::string_view appid;
  std::string_view key;         // of the object
  std::string_view event_name;  // as received, blanks included
};

// Which records of a bucket go which way: one entry of `buckets:`.
struct Route {
  std::string bucket;  // name-appid
  std::vector<std::string> events;
  std::string prefix;
  std::string suffix;
  std::vector<Pattern> include;  // none: every key
  std::vector<Pattern> exclude;  // wins over include
  std::uint16_t target = 0;      // where its events go; 0: where the top level says
  Signer function = 0;           // whose key vouches for the bucket
  std::uint16_t style = 0;       // how its events are made; 0: as the top level says
};

// Why an entry does not take a record of its bucket.
enum class Mismatch : std::uint8_t { none, event, prefix, suffix, not_included, excluded };
// Whether an entry takes a record, and what decided it.
struct Judgement {
  Mismatch mismatch = Mismatch::none;
  std::size_t pattern = 0;  // of `exclude`, the one that matched; of `include` likewise

  [[nodiscard]] bool takes() const noexcept { return mismatch == Mismatch::none; }
};
[[nodiscard]] Judgement judge(const Route& route, std::string_view key,
                              std::string_view event_name) noexcept;

// What becomes of records of buckets that no entry names.
enum class UnknownBucket : std::uint8_t { accept, refuse };

struct Decision {
  enum class Kind : std::uint8_t {
    entry,     // the entry takes it
    filtered,  // no entry of its bucket does
    unknown,   // no entry names its bucket; it goes where the top level says
    refused_unknown,
    refused_signer,  // signed with the key of a function that is not of its bucket
    count_
  };
  Kind kind = Kind::unknown;
  std::uint16_t route = 0;  // number of the entry; of a filtered record, the first of its bucket
};

// The entries of `buckets:`, and what is decided by them: where each record goes. Reading it
// allocates nothing; any thread.
class RouteTable {
 public:
  static constexpr std::size_t kMostRoutes = 4096;

  // No entries: there is no `buckets:`, and nobody asks.
  RouteTable() = default;
  RouteTable(std::vector<Route> routes, UnknownBucket unknown);

  [[nodiscard]] bool empty() const noexcept { return routes_.empty(); }
  [[nodiscard]] std::span<const Route> routes() const noexcept { return routes_; }
  [[nodiscard]] UnknownBucket unknown() const noexcept { return unknown_; }

  // Returns whether the name of a record's event decides between entries of its bucket.
  [[nodiscard]] bool decides_by_event() const noexcept;
  [[nodiscard]] Decision decide(const RecordFacts& facts,
                                Signer signer = kAnySigner) const noexcept {
    return decide_among(first_of_record(facts.bucket, facts.appid), facts, signer);
  }
  // Decides likewise on a record whose bucket has been looked up with first_of_record().
  [[nodiscard]] Decision decide_among(std::size_t first, const RecordFacts& facts,
                                      Signer signer) const noexcept;

  // Returns the number of the first entry of a bucket, by name and appid; kMostRoutes if no entry
  // names it.
  [[nodiscard]] std::size_t first_of(std::string_view name, std::string_view appid) const noexcept;
  // Returns likewise the first entry of the bucket that a record names: some give its full name,
  // with or without the appid beside it.
  [[nodiscard]] std::size_t first_of_record(std::string_view bucket,
                                            std::string_view appid) const noexcept;

 private:
  static constexpr std::uint16_t kNoRoute = 0xFFFF;

  std::vector<Route> routes_;
  UnknownBucket unknown_ = UnknownBucket::accept;
  // An open hash table: the first entry of each bucket. A power of two, at most half full.
  std::vector<std::uint16_t> slots_;
  std::vector<std::uint16_t> next_of_bucket_;  // by number of an entry
};

}  // namespace gateway::routing
