#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/cos_record.hpp"
#include "events/identity.hpp"
#include "events/record_splitter.hpp"
#include "events/uuid.hpp"
#include "gateway/pipeline/route_plan.hpp"

namespace gateway {

// The bucket of the record before, of those that `buckets` names. Nearly always the next record is
// of the same one: then two comparisons stand for the lookup, and one for what its key begins with.
class LastBucket {
 public:
  [[nodiscard]] bool is(std::string_view name, std::string_view appid) const noexcept {
    return name_ == name && appid_ == appid;
  }
  // Looks the bucket of a record up and keeps it; keeps what it has if no entry names the bucket.
  // Returns whether one does.
  [[nodiscard]] bool find(const routing::RouteTable& table, std::string_view name,
                          std::string_view appid);
  // Returns the number of the bucket's first entry.
  [[nodiscard]] std::size_t first() const noexcept { return first_; }
  // Returns what events::CosRecord::object_key() returns of its records.
  [[nodiscard]] std::string_view object_key(std::string_view key) const noexcept;

 private:
  std::string name_;  // as records give it
  std::string appid_;
  std::string folder_;  // "/<appid>/<name>/", or "/" where records do not give both
  std::size_t first_ = routing::RouteTable::kMostRoutes;  // until a bucket was found
};

// What the settings want to know of each record, noted on the walk that finds it: its stable id,
// where the members lie that attributes are made of, and where it goes. One per shard; reused from
// post to post.
class RecordNotes final : public events::RecordVisitor {
 public:
  // `plan` outlives it.
  explicit RecordNotes(const RoutePlan& plan);

  // Returns whether the settings want anything.
  [[nodiscard]] bool wanted() const noexcept {
    return makes_ids_ || keeps_members_ || !plan_.table.empty();
  }
  // Returns whether they want nothing but where records go.
  [[nodiscard]] bool wants_routes_alone() const noexcept { return !makes_ids_ && !keeps_members_; }
  // Returns what they need to know of a record for where it goes.
  [[nodiscard]] events::RoutedBy routed_by() const noexcept { return routed_by_; }
  // Is called before the first record of a body of `size` bytes.
  void begin(std::size_t size, Signer signer);
  void on_record(std::string_view record, const events::RecordMembers& members) override;
  // Forgets where members lie: the encoder then reads each record.
  void on_redacted() noexcept override;

  // Returns the ids by index; none if all ids are random.
  [[nodiscard]] const std::vector<events::Uuid>& ids() const noexcept { return ids_; }
  // Puts the members, by index, into `into`, whose memory is used for the next post. None where
  // they would take more memory than the body: the encoder then reads each record.
  void take_members(std::vector<events::RecordMembers>& into) noexcept { into.swap(members_); }

  // Puts what Post::routes is to be into `into`, whose memory is used for the next post; nothing
  // without `buckets`.
  void take_routes(std::vector<std::uint16_t>& into) noexcept { into.swap(routes_); }
  // Returns where each record goes, by index; nothing without `buckets`.
  [[nodiscard]] std::span<const routing::Decision> decisions() const noexcept { return decisions_; }
  // Returns how many records were decided so.
  [[nodiscard]] std::size_t count(routing::Decision::Kind kind) const noexcept {
    return counts_[static_cast<std::size_t>(kind)];
  }
  // Returns whether a record is refused, and with it the post.
  [[nodiscard]] bool refused() const noexcept {
    return count(routing::Decision::Kind::refused_unknown) != 0 ||
           count(routing::Decision::Kind::refused_signer) != 0;
  }

 private:
  [[nodiscard]] routing::Decision decision_on(std::string_view record,
                                              const events::RecordMembers& members);
  [[nodiscard]] std::size_t decide(std::string_view record, const events::RecordMembers& members);
  void make_id(std::size_t style, std::string_view record, const events::RecordMembers& members);

  const RoutePlan& plan_;
  bool keeps_members_ = false;
  bool makes_ids_ = false;
  const events::RoutedBy routed_by_;
  std::array<events::StableIds, 2> stable_ids_;  // by recipe
  events::RandomUuids random_ids_;               // where some ids are stable and some are not
  events::CosRecordReader reader_;
  std::vector<events::Uuid> ids_;
  std::vector<events::RecordMembers> members_;
  std::size_t most_members_ = 0;
  bool without_members_ = false;
  Signer signer_ = kAnySigner;
  LastBucket last_bucket_;
  std::vector<routing::Decision> decisions_;
  std::vector<std::uint16_t> routes_;
  std::array<std::size_t, static_cast<std::size_t>(routing::Decision::Kind::count_)> counts_{};
};

}  // namespace gateway
