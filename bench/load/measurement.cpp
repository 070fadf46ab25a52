#include "load/measurement.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "load/placement.hpp"
#include "load/process_usage.hpp"
#include "testkit/load.hpp"
#include "testkit/poller.hpp"

namespace gateway::load {
namespace {

using std::chrono::steady_clock;
using TimePoint = steady_clock::time_point;
using Seconds = std::chrono::duration<double>;

constexpr std::chrono::seconds kConnectLimit{30};
constexpr std::chrono::seconds kDrainLimit{40};  // above a gateway's own deadline of 25 s
constexpr std::chrono::milliseconds kTold{50};
// An address has 28,000 ephemeral ports, and a port is not free again at once.
constexpr unsigned kConnectionsPerSource = 20'000;
constexpr unsigned kSourcesOfShortConnections = 16;
// Load and eventbus take turns. Neither waits longer than until this much was sent.
constexpr double kBytesPerTurn = 1 << 20;
constexpr int kFewestEvents = 8;

double microseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

double own_cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

unsigned sources_for(const Scenario& scenario, const std::string& host) {
  if (!host.starts_with("127.")) return 1;
  const unsigned needed = 1 + (scenario.connections - 1) / kConnectionsPerSource;
  return scenario.new_connection_per_post ? std::max(needed, kSourcesOfShortConnections) : needed;
}

// The counters at one moment of a run.
struct Moment {
  TimePoint time;
  test::LoadTotals load;
  ProcessUsage gateway;
  double own_cpu_us = 0;
  std::chrono::nanoseconds own_wait{0};
};

class Run {
 public:
  Run(const Scenario& scenario, const GatewaySpec& spec, const OnProgress& on_progress)
      : scenario_(scenario),
        on_progress_(on_progress),
        placement_(scenario.pin),
        outside_(spec.program.empty() && spec.command.empty()),
        form_(spec.direct ? GatewayForm() : spec.form.value_or(scenario.gateway.form)),
        sink_(poller_, sink_settings()),
        gateway_(spec, settings(), sink_.port(), placement_.for_gateway()),
        posts_(scenario.payloads, form()),
        load_(poller_, load_settings(), posts_),
        awake_(scenario.rate > 0 && placement_.pinned()),
        events_per_turn_(events_per_turn()) {}

  RunResult measure();

 private:
  [[nodiscard]] GatewaySettings settings() const {
    GatewaySettings settings = scenario_.gateway;
    settings.max_connections = std::max(settings.max_connections, scenario_.connections + 100);
    settings.form = form_;
    if (signing() != Signing::none) settings.token = scenario_.token;
    return settings;
  }
  [[nodiscard]] SinkSettings sink_settings() const {
    SinkSettings settings = scenario_.sink;
    settings.tls = form_.eventbus_tls;
    settings.batches = form_.batch;
    return settings;
  }
  [[nodiscard]] Signing signing() const {
    return form_.signed_posts ? Signing::hmac : scenario_.signing;
  }
  [[nodiscard]] PostForm form() const;
  [[nodiscard]] test::LoadSettings load_settings() const;
  [[nodiscard]] int events_per_turn() const;
  void turn(TimePoint until);
  void play(TimePoint from, TimePoint to);
  void connect();
  void drain();
  [[nodiscard]] Moment look() const;
  [[nodiscard]] RunResult describe() const;
  void fill_in(RunResult& result, const Moment& begin, const Moment& stopped, const Moment& end);

  const Scenario& scenario_;
  const OnProgress& on_progress_;
  Placement placement_;
  bool outside_;  // the gateway runs elsewhere, so its events do not come here
  GatewayForm form_;
  test::Poller poller_;
  Sink sink_;
  GatewayUnderTest gateway_;
  PreparedPosts posts_;
  test::Load load_;
  bool awake_;
  int events_per_turn_;
  TimePoint told_;
};

PostForm Run::form() const {
  PostForm form;
  form.host = gateway_.host() + ":" + std::to_string(gateway_.port());
  form.path = scenario_.path;
  form.close = scenario_.new_connection_per_post;
  form.only_ask = scenario_.only_ask;
  form.signing = signing();
  form.token = scenario_.token;
  form.time = std::chrono::duration_cast<std::chrono::seconds>(
                  std::chrono::system_clock::now().time_since_epoch())
                  .count();
  return form;
}

test::LoadSettings Run::load_settings() const {
  test::LoadSettings settings;
  settings.target = test::address_of(gateway_.host(), gateway_.port());
  settings.connections = scenario_.connections;
  settings.depth = scenario_.depth;
  if (scenario_.rate > 0) settings.rate = scenario_.rate;
  settings.arrivals = scenario_.arrivals;
  settings.new_connection_per_post = scenario_.new_connection_per_post;
  settings.tls = form_.tls;
  settings.resume = scenario_.resume;
  settings.sources = sources_for(scenario_, gateway_.host());
  settings.seed = scenario_.payloads.seed;
  return settings;
}

int Run::events_per_turn() const {
  if (scenario_.rate > 0) return kOpenLoopEvents;
  const double count = kBytesPerTurn / std::max(1.0, posts_.mean_body_bytes());
  return static_cast<int>(std::clamp<double>(count, kFewestEvents, test::Poller::kEvents));
}

void Run::turn(TimePoint until) {
  const TimePoint before = steady_clock::now();
  TimePoint limit = std::min({until, load_.next_due(before), sink_.bus().next_due(before)});
  if (awake_) limit = std::max(before, limit - kAwake);
  poller_.turn(limit, events_per_turn_);
  const TimePoint now = steady_clock::now();
  load_.advance(now);
  sink_.bus().advance(now);
}

void Run::play(TimePoint from, TimePoint to) {
  const Seconds whole(scenario_.warmup_s + scenario_.duration_s);
  const TimePoint start = to - std::chrono::duration_cast<steady_clock::duration>(whole);
  for (TimePoint now = from; now < to; now = steady_clock::now()) {
    if (now >= told_ + kTold) {
      told_ = now;
      gateway_.check();
      on_progress_(std::clamp(Seconds(now - start) / whole, 0.0, 1.0));
    }
    turn(std::min(to, now + kTold));
  }
}

void Run::connect() {
  const TimePoint limit = steady_clock::now() + kConnectLimit;
  load_.advance(steady_clock::now());
  while (!load_.connected()) {
    const TimePoint now = steady_clock::now();
    if (now >= limit)
      throw Unreachable("not all connections to the gateway could be made (ulimit -n?)");
    on_progress_(0);
    turn(now + kTold);
  }
}

void Run::drain() {
  load_.stop();
  const TimePoint limit = steady_clock::now() + kDrainLimit;
  while (!load_.idle()) {
    const TimePoint now = steady_clock::now();
    if (now >= limit) break;
    on_progress_(1);
    turn(now + kTold);
  }
  load_.give_up();
}

Moment Run::look() const {
  Moment moment;
  moment.time = steady_clock::now();
  moment.load = load_.totals();
  if (gateway_.pid() != 0) moment.gateway = usage_of_tree(gateway_.pid());
  moment.own_cpu_us = own_cpu_us();
  moment.own_wait = own_wait();
  return moment;
}

RunResult Run::measure() {
  const Moment idle = look();
  connect();
  const TimePoint start = steady_clock::now();
  const TimePoint warm =
      start + std::chrono::duration_cast<steady_clock::duration>(Seconds(scenario_.warmup_s));
  const TimePoint last =
      warm + std::chrono::duration_cast<steady_clock::duration>(Seconds(scenario_.duration_s));
  load_.measure_from(warm);
  load_.start(start);
  play(start, warm);
  const Moment begin = look();
  play(begin.time, last);
  const Moment stopped = look();
  drain();
  const Moment end = look();
  RunResult result = describe();
  fill_in(result, begin, stopped, end);
  if (result.usage) result.usage->idle_bytes = idle.gateway.resident;
  return result;
}

RunResult Run::describe() const {
  RunResult result;
  result.name = scenario_.name;
  result.gateway.command = gateway_.command();
  result.gateway.threads = scenario_.gateway.threads;
  result.gateway.pipeline = scenario_.gateway.pipeline;
  result.gateway.pinned = placement_.pinned();
  result.load.open = scenario_.rate > 0;
  result.load.connections = scenario_.connections;
  result.load.depth = scenario_.depth;
  if (scenario_.rate > 0) result.load.rate = scenario_.rate;
  result.load.arrivals =
      scenario_.arrivals == test::ArrivalSchedule::Kind::poisson ? "poisson" : "constant";
  result.load.records_per_post = scenario_.payloads.records.text();
  result.load.body_bytes = posts_.mean_body_bytes();
  result.load.new_connection_per_post = scenario_.new_connection_per_post;
  result.load.tls = scenario_.gateway.form.tls;
  result.load.is_signed = scenario_.signing != Signing::none;
  result.load.duration_s = scenario_.duration_s;
  result.load.warmup_s = scenario_.warmup_s;
  result.load.seed = scenario_.payloads.seed;
  const auto latency = (scenario_.sink.least_latency + scenario_.sink.most_latency) / 2;
  result.sink_latency_us = std::chrono::duration<double, std::micro>(latency).count();
  result.sink_fail_share = scenario_.sink.fail_share;
  return result;
}

void Run::fill_in(RunResult& result, const Moment& begin, const Moment& stopped,
                  const Moment& end) {
  result.posts = end.load.posts - begin.load.posts;
  result.records = end.load.records - begin.load.records;
  result.errors = end.load.errors;
  for (const auto& [code, count] : begin.load.errors) result.errors[code] -= count;
  std::erase_if(result.errors, [](const auto& error) { return error.second == 0; });

  const double seconds = Seconds(stopped.time - begin.time).count();
  result.posts_per_s = static_cast<double>(stopped.load.posts - begin.load.posts) / seconds;
  result.records_per_s = static_cast<double>(stopped.load.records - begin.load.records) / seconds;
  result.mb_per_s = static_cast<double>(stopped.load.bytes - begin.load.bytes) / seconds / 1e6;
  result.latencies = load_.latencies();

  const double window_us = Seconds(end.time - begin.time).count() * 1e6;
  result.generator_cores = (end.own_cpu_us - begin.own_cpu_us) / window_us;
  result.generator_waited = microseconds(end.own_wait - begin.own_wait) / window_us;
  if (gateway_.pid() != 0) {
    const CpuTime cpu = cpu_between(begin.gateway, end.gateway);
    RunUsage usage;
    usage.user_us = cpu.user_us;
    usage.system_us = cpu.system_us;
    usage.window_us = window_us;
    usage.waited_us = microseconds(end.gateway.waited - begin.gateway.waited);
    usage.voluntary = end.gateway.voluntary_switches - begin.gateway.voluntary_switches;
    usage.involuntary = end.gateway.involuntary_switches - begin.gateway.involuntary_switches;
    usage.peak_bytes = end.gateway.peak_resident;
    result.usage = usage;
  }
  result.acknowledged = end.load.records;
  if (!outside_) {
    const std::uint64_t arrived = sink_.distinct();
    result.arrived = arrived;
    result.missing = result.acknowledged > arrived ? result.acknowledged - arrived : 0;
  }
}

}  // namespace

RunResult measure(const Scenario& scenario, const GatewaySpec& gateway,
                  const OnProgress& on_progress) {
  RunResult result = Run(scenario, gateway, on_progress).measure();
  result.gateway.kind = gateway.name;
  if (gateway.program.empty()) {
    result.gateway.threads.reset();
    result.gateway.pipeline.clear();
  }
  return result;
}

}  // namespace gateway::load
