#include "soak/scenarios.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <thread>

#include "gateway/egress/segments/file_system.hpp"
#include "soak/gateway_process.hpp"
#include "soak/load_pump.hpp"
#include "testkit/bus_thread.hpp"
#include "testkit/eventually.hpp"
#include "testkit/process_usage.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::soak {
namespace {

using egress::FileSystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::array kPosts{1U, 10U, 100U};  // records of a post
// Loads for spooling. While a commit runs, its posts wait and the next commit collects the others:
// the number of waiting posts decides how many of them one fsync serves.
struct Load {
  unsigned records;  // of a post
  unsigned connections;
};
constexpr std::array kLoads{Load{1, 64},   Load{1, 256},  Load{1, 1024}, Load{10, 64},
                            Load{10, 256}, Load{100, 64}, Load{100, 256}};
// New posts that come during a replay: that share of what is delivered without one.
constexpr double kFreshShare = 0.25;
constexpr double kPercentile = 0.99;
// The time until a load is steady: posts that came before the eventbus was known to be down wait
// for a second.
constexpr milliseconds kSettle{1500};
constexpr milliseconds kPoll{5};
constexpr milliseconds kPatience{120'000};

// Returns whether that came true in time.
template <class Condition>
bool wait_until(const Condition& holds) {
  return test::eventually(holds, kPatience, kPoll);
}

// One part of a measurement: a gateway with one shard and an empty spool, an eventbus that can be
// started and stopped, and the numbers of the part.
class Stage {
 public:
  Stage(const Options& options, Outcome& outcome, std::string part)
      : outcome_(outcome),
        part_(std::move(part)),
        store_(options.directory),
        bus_({.listening = false}),
        gateway_(options.gateway, options.directory, bus_.port(),
                 {"gateway.threads=1", "spool.path=" + store_.file("spool.db")}) {
    gateway_.start();
  }
  ~Stage() { static_cast<void>(gateway_.stop(milliseconds(20'000))); }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  [[nodiscard]] test::BusThread& bus() noexcept { return bus_; }
  [[nodiscard]] GatewayProcess& gateway() noexcept { return gateway_; }
  [[nodiscard]] LoadPump::Settings load(unsigned records) const {
    return {.port = gateway_.port(), .records = records};
  }
  // Returns the CPU seconds of the threads of the gateway, and of those that make the load.
  [[nodiscard]] std::map<std::string, double> cpu() const {
    auto all = test::thread_cpu(gateway_.pid());
    for (const auto& [name, seconds] : test::thread_cpu(::getpid())) {
      if (name == "load" || name == "bus") all[name] = seconds;
    }
    return all;
  }
  // Returns the bytes that the store takes on the device, reserved ones included.
  [[nodiscard]] std::uint64_t store_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(store_.path())) {
      // One that is deleted meanwhile takes nothing.
      const auto status = egress::native_file_system().status(entry.path().string());
      if (status) bytes += status->allocated;
    }
    return bytes;
  }

  void number(std::string_view name, double value) {
    outcome_.number(fmt::format("{}: {}", part_, name), value);
  }
  // Adds for each thread which share of a core it has used for `what` since, and its time per
  // event.
  void cpu_numbers(std::string_view what, const std::map<std::string, double>& before,
                   const Growth& events) {
    const double seconds = events.seconds();
    const double count = events.count();
    for (const auto& [name, used] : cpu()) {
      const auto earlier = before.find(name);
      const double cpu = used - (earlier == before.end() ? 0 : earlier->second);
      if (cpu / seconds < 0.01) continue;
      number(fmt::format("{}, {} cores", what, name), cpu / seconds);
      number(fmt::format("{}, {} us/record", what, name), cpu * 1e6 / count);
    }
  }
  // Ends a load, of which no post may have been refused.
  void end(LoadPump& pump) {
    pump.stop();
    outcome_.balance.records_acknowledged += pump.acknowledged();
    if (pump.refused() != 0) outcome_.problem("{} posts were refused", pump.refused());
  }

 private:
  Outcome& outcome_;
  const std::string part_;
  const test::TemporaryFolder store_;
  test::BusThread bus_;
  GatewayProcess gateway_;
};

// Measures how long it takes a drained store to give its space back.
void give_back(Stage& stage, Outcome& outcome) {
  constexpr std::uint64_t kNearlyNothing = std::uint64_t{1} << 20;
  constexpr double kMostSeconds = 10;
  const auto begin = steady_clock::now();
  wait_until([&] { return stage.store_bytes() < kNearlyNothing; });
  const double took = seconds_since(begin);
  stage.number("s until the drained space is back", took);
  if (took > kMostSeconds) {
    outcome.problem("a drained spool did not give its space back within 10 s");
  }
}

// Returns the bytes per second of the device when it is given `piece` bytes at a time and synced
// after each.
double device_rate(const std::string& directory, std::size_t piece, milliseconds time) {
  constexpr std::uint64_t kSize = std::uint64_t{16} << 20;
  const test::TemporaryFolder folder(directory);
  const auto file =
      egress::native_file_system().open(folder.file("device"), FileSystem::Mode::create).value();
  const std::string bytes(piece, 'x');
  std::uint64_t at = 0;
  double written = 0;
  const auto begin = steady_clock::now();
  while (steady_clock::now() - begin < time) {
    if (at == 0) {  // with its space reserved, as segments are written
      file->truncate(0).value();
      file->reserve(kSize).value();
      file->truncate(kSize).value();
    }
    file->write(at, bytes).value();
    file->sync().value();
    at += piece;
    if (at + piece > kSize) at = 0;
    written += static_cast<double>(piece);
  }
  return written / seconds_since(begin);
}

// Measures one load over `time`, after it has become steady. `what` is done with its records.
double measure(Stage& stage, const LoadPump& pump, std::string_view what, milliseconds time) {
  std::this_thread::sleep_for(kSettle);
  const auto cpu = stage.cpu();
  const Growth acknowledged([&] { return pump.acknowledged(); });
  std::this_thread::sleep_for(time);
  const double rate = acknowledged.a_second();
  stage.number(fmt::format("{} records/s", what), rate);
  stage.cpu_numbers(what, cpu, acknowledged);
  return rate;
}

// Brings the eventbus back and measures the first half of what it is sent then. The other half is
// left to be replayed beside new posts.
void replay(Stage& stage, double backlog, double normal) {
  const auto cpu = stage.cpu();
  const Growth since_the_start([&] { return stage.bus().answered(); });
  stage.bus().come_up();
  wait_until([&] { return since_the_start.count() != 0; });
  const Growth taken([&] { return stage.bus().answered(); });
  wait_until([&] { return since_the_start.count() >= backlog / 2; });
  const double rate = taken.a_second();
  stage.number("replayed records/s", rate);
  stage.number("share of delivery", rate / normal);
  stage.cpu_numbers("replayed", cpu, taken);
}

}  // namespace

Outcome spool_rate(const Options& options) {
  Outcome outcome("spool-rate");
  const milliseconds time = options.time / kLoads.size();
  for (const Load& load : kLoads) {
    Stage stage(options, outcome,
                fmt::format("posts of {}, {} connections", load.records, load.connections));
    LoadPump::Settings settings = stage.load(load.records);
    settings.connections = load.connections;
    LoadPump pump(settings);
    GatewayProcess& gateway = stage.gateway();
    const auto all_commits = [&] { return gateway.metric("cos_gateway_spool_commits_total"); };
    const Growth written([&] { return test::device_bytes(gateway.pid()); });
    const double commits_before = all_commits();
    const Growth acknowledged([&] { return pump.acknowledged(); });
    const double rate = measure(stage, pump, "spooled", time);
    const double commits = std::max(all_commits() - commits_before, 1.0);
    const double bytes = written.count();
    const double events = acknowledged.count();
    stage.end(pump);
    static_cast<void>(gateway.stop(milliseconds(20'000)));
    const double piece = std::max(bytes / commits, 4096.0);
    const double device = device_rate(options.directory, static_cast<std::size_t>(piece), time / 4);
    const double bound = device / (bytes / events);
    stage.number("records/commit", events / commits);
    stage.number("bytes written/record", bytes / events);
    stage.number("device MB/s, same pieces", device / 1e6);
    stage.number("device fsyncs/s, same pieces", device / piece);
    stage.number("device records/s", bound);
    stage.number("share of the device", rate / bound);
  }
  return outcome;
}

Outcome replay_rate(const Options& options) {
  Outcome outcome("replay-rate");
  for (const unsigned records : kPosts) {
    Stage stage(options, outcome, fmt::format("posts of {}", records));
    stage.bus().come_up();
    LoadPump::Settings fresh = stage.load(records);
    const milliseconds time = options.time / 12;
    double normal = 0;
    {
      LoadPump pump(stage.load(records));
      normal = measure(stage, pump, "delivery", time);
      stage.end(pump);
      fresh.rate = normal / records * kFreshShare;
    }
    {
      LoadPump pump(fresh);
      std::this_thread::sleep_for(time);
      stage.number("new posts alone, p99 ms", pump.latency_ms(kPercentile));
      stage.end(pump);
    }
    stage.bus().go_down();
    {
      LoadPump pump(stage.load(records));
      wait_until([&] { return pump.acknowledged() >= options.backlog; });
      stage.end(pump);
    }
    const auto spooled = [&] { return stage.gateway().metric("cos_gateway_spool_events"); };
    const double backlog = spooled();
    stage.number("backlog", backlog);
    stage.number("MB of it on the device", static_cast<double>(stage.store_bytes()) / 1e6);
    replay(stage, backlog, normal);
    {
      LoadPump pump(fresh);
      const bool done = wait_until([&] { return spooled() == 0; });
      stage.number("new posts during replay, p99 ms", pump.latency_ms(kPercentile));
      stage.end(pump);
      if (!done) outcome.problem("the backlog was not delivered");
    }
    give_back(stage, outcome);
  }
  return outcome;
}

}  // namespace gateway::soak
