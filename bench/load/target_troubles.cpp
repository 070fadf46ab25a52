#include "load/target_troubles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "load/prepared_posts.hpp"
#include "load/progress.hpp"
#include "load/results_table.hpp"
#include "load/turns.hpp"
#include "process/placement.hpp"
#include "testkit/bus.hpp"
#include "testkit/load.hpp"
#include "testkit/poller.hpp"
#include "testkit/record_text.hpp"

namespace gateway::load {
namespace {

using std::chrono::steady_clock;
using TimePoint = steady_clock::time_point;
using Seconds = std::chrono::duration<double>;

constexpr double kMost = 1.2;
constexpr std::string_view kOtherBucket = "testlog";
constexpr std::chrono::seconds kSlow{2};
// Of a post; until then one for a target in trouble keeps its connection.
constexpr std::chrono::seconds kDeadline{5};
constexpr unsigned kQueue = 2000;  // events; half of them for each target
constexpr std::chrono::seconds kConnectLimit{30};

// Answers every request, but late.
class SlowAnswers final : public test::BusScript {
  test::Action request(const test::MessageView& /*request*/,
                       const test::Place& /*place*/) override {
    test::Action action = test::reply(200);
    action.delay = kSlow;
    return action;
  }
  test::Action malformed(const test::ProtocolError& /*error*/) override {
    return test::reset_unanswered();
  }
};

class Run {
 public:
  Run(Trouble trouble, const TargetLoads& loads, const GatewaySpec& gateway,
      const OnProgress& on_progress)
      : loads_(loads),
        on_progress_(on_progress),
        placement_(loads.pin),
        bus_(poller_, {}, nullptr),
        other_bus_(poller_, {}, trouble == Trouble::slow ? &slow_ : nullptr),
        gateway_(gateway, settings(), bus_.port(), placement_.for_gateway()),
        posts_(of(test::kRecordBucket), form(test::kRecordBucket)),
        other_posts_(of(kOtherBucket), form(kOtherBucket)),
        load_(poller_, load_settings(loads.rate, loads.connections), posts_),
        other_load_(poller_, load_settings(loads.other_rate, most_waiting()), other_posts_),
        turns_(poller_, {&load_, &other_load_, &bus_, &other_bus_}, placement_.pinned(),
               Turns::kOpenLoopEvents) {
    if (trouble == Trouble::dead) other_bus_.go_down();
    if (trouble == Trouble::full) other_bus_.hold();
  }

  TroubleResult measure();

 private:
  [[nodiscard]] static PayloadSettings of(std::string_view bucket) {
    PayloadSettings payloads;
    payloads.bucket = bucket;
    return payloads;
  }
  // Returns how many posts for the other target may wait for their answers at once.
  [[nodiscard]] unsigned most_waiting() const {
    return static_cast<unsigned>(loads_.other_rate * Seconds(kDeadline + kSlow).count());
  }
  [[nodiscard]] GatewaySettings settings() const;
  [[nodiscard]] PostForm form(std::string_view bucket) const;
  [[nodiscard]] test::LoadSettings load_settings(double rate, unsigned connections) const;

  const TargetLoads& loads_;
  const OnProgress& on_progress_;
  bench::Placement placement_;
  test::Poller poller_;
  SlowAnswers slow_;
  test::Bus bus_;
  test::Bus other_bus_;
  GatewayUnderTest gateway_;
  PreparedPosts posts_;
  PreparedPosts other_posts_;
  test::Load load_;
  test::Load other_load_;
  Turns turns_;
};

GatewaySettings Run::settings() const {
  GatewaySettings settings;
  settings.form.stores = loads_.stores;
  settings.more = fmt::format(
      "delivery: {{ deadline: {}s, queue: {{ events: {} }} }}\n"
      "buckets:\n  - {{ endpoint: {} }}\n"
      "  - {{ endpoint: {}, target: 'http://127.0.0.1:{}' }}\n",
      kDeadline.count(), kQueue, test::bucket_host(), test::bucket_host(kOtherBucket),
      other_bus_.port());
  return settings;
}

PostForm Run::form(std::string_view bucket) const {
  return {.host = gateway_.host_and_port(),
          .bucket = loads_.hints ? fmt::format("{}-{}", bucket, test::kRecordAppid) : ""};
}

test::LoadSettings Run::load_settings(double rate, unsigned connections) const {
  return {.target = gateway_.address(),
          .connections = connections,
          .rate = rate,
          .arrivals = test::ArrivalSchedule::Kind::poisson};
}

TroubleResult Run::measure() {
  const auto connected = [this] { return load_.connected() && other_load_.connected(); };
  if (!turns_.wait(steady_clock::now() + kConnectLimit, connected)) {
    throw Unreachable("not all connections to the gateway could be made (ulimit -n?)");
  }
  const TimePoint start = steady_clock::now();
  const TimePoint warm = Turns::after(start, loads_.warmup_s);
  const TimePoint end = Turns::after(warm, loads_.duration_s);
  load_.measure_from(warm);
  load_.start(start);
  other_load_.start(start);
  turns_.play(end, [&] {
    gateway_.check();
    on_progress_(Seconds(steady_clock::now() - start) / Seconds(end - start));
  });
  load_.stop();
  turns_.wait(steady_clock::now() + kDeadline, [this] { return load_.idle(); });
  load_.give_up();
  other_load_.give_up();
  return {load_.totals(), other_load_.totals(), load_.latencies()};
}

double quantile_us(const TroubleResult& result, double share) {
  return std::chrono::duration<double, std::micro>(result.latencies.quantile(share)).count();
}

// Returns "120 good, 3 503", all results added up.
std::string outcome_text(std::span<const TroubleResult> results,
                         test::LoadTotals TroubleResult::* target) {
  std::uint64_t good = 0;
  std::map<std::string, std::uint64_t> errors;
  for (const TroubleResult& result : results) {
    good += (result.*target).posts;
    for (const auto& [what, count] : (result.*target).errors) errors[what] += count;
  }
  std::string text = fmt::format("{} good", good);
  for (const auto& [what, count] : errors) text += fmt::format(", {} {}", count, what);
  return text;
}

// Prints the line of a trouble, whose results stand beside those without trouble. Returns whether
// the healthy target was left alone.
bool print_row(const char* name, std::span<const TroubleResult> results,
               std::span<const TroubleResult> without) {
  const auto middle = [&](auto figure) {
    std::vector<double> values;
    values.reserve(results.size());
    for (std::size_t i = 0; i < results.size(); ++i) values.push_back(figure(i));
    return median(values);
  };
  const auto quantile = [&](double share) {
    return middle([&](std::size_t i) { return quantile_us(results[i], share); });
  };
  const double ratio = middle(
      [&](std::size_t i) { return quantile_us(results[i], 0.99) / quantile_us(without[i], 0.99); });
  fmt::print("{:<8} {:>8.0f} {:>8.0f} {:>8.0f} {:>8.2f}  {}; other target {}\n", name,
             quantile(0.5), quantile(0.99), quantile(0.999), ratio,
             outcome_text(results, &TroubleResult::healthy),
             outcome_text(results, &TroubleResult::other));
  return ratio <= kMost && std::ranges::all_of(results, [](const TroubleResult& each) {
           return each.healthy.errors.empty();
         });
}

}  // namespace

TroubleResult measure_beside(Trouble trouble, const TargetLoads& loads, const GatewaySpec& gateway,
                             const OnProgress& on_progress) {
  return Run(trouble, loads, gateway, on_progress).measure();
}

bool compare_troubles(const TargetLoads& loads, const GatewaySpec& gateway, unsigned repetitions) {
  std::array<std::vector<TroubleResult>, kTroubles.size()> results;
  Progress progress;
  const double runs = repetitions * static_cast<double>(kTroubles.size());
  double done = 0;
  for (unsigned repetition = 0; repetition < repetitions; ++repetition) {
    for (std::size_t i = 0; i < kTroubles.size(); ++i) {
      const auto& [trouble, name] = kTroubles[i];
      results[i].push_back(measure_beside(trouble, loads, gateway, [&, label = name](double share) {
        progress.show((done + share) / runs, label);
      }));
      ++done;
    }
  }
  progress.clear();
  fmt::print("{:<8} {:>8} {:>8} {:>8} {:>8}  posts\n{:<8} {:>8} {:>8} {:>8} {:>8}\n", "other",
             "p50", "p99", "p99.9", "p99", "target", "us", "us", "us", "ratio");
  bool good = true;
  for (std::size_t i = 0; i < kTroubles.size(); ++i) {
    good = print_row(kTroubles[i].second, results[i], results[0]) && good;
  }
  fmt::print("{}: at most {} times the p99, and every post answered 200\n", good ? "good" : "BAD",
             kMost);
  std::fflush(stdout);
  return good;
}

}  // namespace gateway::load
