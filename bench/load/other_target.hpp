#pragma once
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "load/prepared_posts.hpp"
#include "load/sink.hpp"
#include "testkit/load.hpp"
#include "testkit/record_text.hpp"

namespace gateway::load {

// What ails one of the two targets of a gateway.
enum class Trouble : std::uint8_t {
  none,
  dead,  // it refuses connections
  slow,  // it answers after two seconds
  full   // it takes nothing any more, so that what it may have waiting is soon used up
};
inline constexpr std::array kTroubles = {
    std::pair{Trouble::none, "none"}, std::pair{Trouble::dead, "dead"},
    std::pair{Trouble::slow, "slow"}, std::pair{Trouble::full, "full"}};

struct OtherSettings {
  Trouble trouble = Trouble::none;
  double rate = 0;  // posts a second for it, an open loop; 0: there is no such target
};

// A target that a gateway has besides the one that is measured: an eventbus, and a load for it, of
// a bucket of its own.
class OtherTarget {
 public:
  // `poller` must outlive it.
  OtherTarget(test::Poller& poller, const OtherSettings& settings)
      : poller_(poller),
        rate_(settings.rate),
        sink_(poller, settings.trouble == Trouble::slow ? SinkSettings{.latency = {kSlow, kSlow}}
                                                        : SinkSettings()) {
    if (settings.trouble == Trouble::dead) sink_.bus().go_down();
    if (settings.trouble == Trouble::full) sink_.bus().hold();
  }

  // Returns the sections of the configuration of a gateway with both targets.
  [[nodiscard]] std::string sections() const {
    return fmt::format(
        "delivery: {{ deadline: {}s, queue: {{ events: {} }} }}\n"
        "buckets:\n  - {{ endpoint: {} }}\n"
        "  - {{ endpoint: {}, target: 'http://127.0.0.1:{}' }}\n",
        kDeadline.count(), kQueue, test::bucket_host(), test::bucket_host(kBucket), sink_.port());
  }
  // Prepares the load, with what it has in common with that of the measured target.
  void prepare(test::LoadSettings load, PostForm form) {
    // So many of its posts may wait for their answers at once.
    load.connections =
        static_cast<unsigned>(rate_ * std::chrono::duration<double>(kDeadline + kSlow).count());
    load.rate = rate_;
    if (!form.bucket.empty()) form.bucket = hint(kBucket);
    test::PayloadSettings payloads;
    payloads.bucket = kBucket;
    posts_ = std::make_unique<PreparedPosts>(payloads, form);
    load_ = std::make_unique<test::Load>(poller_, load, *posts_);
  }
  // Returns the load, once it is prepared, and the eventbus.
  [[nodiscard]] test::Load& load() noexcept { return *load_; }
  [[nodiscard]] test::Bus& bus() noexcept { return sink_.bus(); }

  // Returns what X-Cos-Bucket says of a bucket.
  [[nodiscard]] static std::string hint(std::string_view bucket) {
    return fmt::format("{}-{}", bucket, test::kRecordAppid);
  }

 private:
  static constexpr std::string_view kBucket = "testlog";
  static constexpr std::chrono::seconds kSlow{2};
  // Of a post; until then one for a target in trouble keeps its connection.
  static constexpr std::chrono::seconds kDeadline{5};
  static constexpr unsigned kQueue = 2000;  // events; half of them for each target

  test::Poller& poller_;
  const double rate_;
  Sink sink_;
  std::unique_ptr<PreparedPosts> posts_;
  std::unique_ptr<test::Load> load_;
};

}  // namespace gateway::load
