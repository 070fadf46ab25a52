#include "load/measurement.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cmath>
#include <memory>
#include <vector>

#include "process/placement.hpp"
#include "testkit/load.hpp"
#include "testkit/poller.hpp"
#include "testkit/process_usage.hpp"
#include "testkit/turns.hpp"

namespace gateway::load {
namespace {

namespace json = boost::json;
using std::chrono::steady_clock;
using TimePoint = steady_clock::time_point;
using Seconds = std::chrono::duration<double>;

constexpr std::chrono::seconds kConnectLimit{30};
constexpr std::chrono::seconds kDrainLimit{40};  // above a gateway's own deadline of 25 s
// An address has 28,000 ephemeral ports, and a port is not free again at once.
constexpr unsigned kConnectionsPerSource = 20'000;
constexpr unsigned kSourcesOfShortConnections = 16;
// Load and eventbus take turns. Neither waits longer than until this much was sent.
constexpr double kBytesPerTurn = 1 << 20;
constexpr int kFewestEvents = 8;
// The next posts of an open loop wait at most until this many descriptors were served.
constexpr int kOpenLoopEvents = 16;

// Returns the time so many seconds later.
TimePoint after(TimePoint time, double seconds) {
  return time + std::chrono::duration_cast<steady_clock::duration>(Seconds(seconds));
}

double microseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

// Rounds a figure; more digits are noise to readers of the file.
double rounded(double value) {
  return std::round(value * 1e4) / 1e4;
}

double over(double value, std::uint64_t count) {
  return count == 0 ? 0 : rounded(value / static_cast<double>(count));
}

unsigned sources_for(const test::LoadSettings& load, const std::string& host) {
  if (!host.starts_with("127.")) return 1;
  const unsigned needed = 1 + (load.connections - 1) / kConnectionsPerSource;
  return load.new_connection_per_post ? std::max(needed, kSourcesOfShortConnections) : needed;
}

// The counters at one moment of a run.
struct Moment {
  TimePoint time;
  test::LoadTotals load;
  test::ProcessUsage gateway;
  test::CoreTime own;  // of load and eventbus, which share this thread
};

json::object latencies_json(const test::Histogram& latencies) {
  const auto at = [&](double share) { return microseconds(latencies.quantile(share)); };
  return {{"p50", at(0.5)},
          {"p90", at(0.9)},
          {"p99", at(0.99)},
          {"p999", at(0.999)},
          {"max", microseconds(latencies.max())},
          {"mean", microseconds(latencies.mean())}};
}

json::array histogram_json(const test::Histogram& latencies) {
  json::array buckets;
  for (const test::Histogram::Bucket& bucket : latencies.buckets()) {
    buckets.push_back(json::array{microseconds(bucket.upper), bucket.count});
  }
  return buckets;
}

json::object errors_json(const test::LoadTotals& begin, const test::LoadTotals& end) {
  json::object errors;
  for (const auto& [code, count] : end.errors) {
    const auto before = begin.errors.find(code);
    const std::uint64_t within = count - (before == begin.errors.end() ? 0 : before->second);
    if (within != 0) errors[code] = within;
  }
  return errors;
}

// Returns what became of all posts of a load.
json::object whole_json(const test::Load& load) {
  return {{"posts", load.totals().posts}, {"errors", errors_json({}, load.totals())}};
}

// Adds what the gateway has used.
void add_usage(json::object& result, const Moment& begin, const Moment& end, double window_us) {
  const std::uint64_t posts = end.load.posts - begin.load.posts;
  const std::uint64_t records = end.load.records - begin.load.records;
  const auto [user_us, system_us] = test::cpu_between(begin.gateway, end.gateway);
  const double total_us = user_us + system_us;
  const auto waited = end.gateway.cores.waited - begin.gateway.cores.waited;
  result["cpu"] = {{"user_us_per_post", over(user_us, posts)},
                   {"system_us_per_post", over(system_us, posts)},
                   {"us_per_post", over(total_us, posts)},
                   {"user_us_per_record", over(user_us, records)},
                   {"system_us_per_record", over(system_us, records)},
                   {"us_per_record", over(total_us, records)},
                   {"waited_us_per_post", over(microseconds(waited), posts)},
                   {"cores", window_us > 0 ? rounded(total_us / window_us) : 0}};
  const auto voluntary = end.gateway.voluntary_switches - begin.gateway.voluntary_switches;
  const auto involuntary = end.gateway.involuntary_switches - begin.gateway.involuntary_switches;
  result["context_switches"] = {
      {"voluntary", voluntary},
      {"involuntary", involuntary},
      {"per_post", over(static_cast<double>(voluntary + involuntary), posts)}};
}

// Puts load on a gateway, and takes the counters before, meanwhile and after.
class Run {
 public:
  Run(const Scenario& scenario, const GatewaySpec& spec, const OnProgress& on_progress)
      : scenario_(scenario),
        on_progress_(on_progress),
        placement_(scenario.pin),
        spec_(spec),
        form_(spec.direct ? GatewayForm() : spec.form.value_or(scenario.gateway.form)),
        sink_(poller_, sink_settings()),
        other_(scenario.other.rate > 0 ? std::make_unique<OtherTarget>(poller_, scenario.other)
                                       : nullptr),
        gateway_(spec, settings(), sink_.port(), placement_.for_gateway()),
        posts_(scenario.payloads, form()),
        load_(poller_, load_settings(), posts_),
        turns_(poller_, parts(), scenario.load.rate && placement_.pinned(), events_per_turn()) {}

  RunResult measure() {
    const Moment idle = look();
    connect();
    const TimePoint start = steady_clock::now();
    const TimePoint warm = after(start, scenario_.warmup_s);
    load_.measure_from(warm);
    load_.start(start);
    if (other_) other_->load().start(start);
    play(start, warm);
    const Moment begin = look();
    play(start, after(warm, scenario_.duration_s));
    const Moment stopped = look();
    drain();
    const SinkSettings& sink = scenario_.sink;
    const double latency_us = microseconds((sink.latency.least + sink.latency.most) / 2);
    return json::object{{"name", scenario_.name},
                        {"gateway", gateway_json()},
                        {"load", load_json()},
                        {"sink", {{"latency_us", latency_us}, {"fail_share", sink.fail_share}}},
                        {"result", result_json(idle, begin, stopped, look())}};
  }

 private:
  [[nodiscard]] GatewaySettings settings() const {
    GatewaySettings settings = scenario_.gateway;
    settings.max_connections = std::max(settings.max_connections, scenario_.load.connections + 100);
    settings.form = form_;
    if (signing() != Signing::none) settings.token = scenario_.form.token;
    if (other_) settings.more = other_->sections();
    return settings;
  }
  [[nodiscard]] SinkSettings sink_settings() const {
    SinkSettings settings = scenario_.sink;
    settings.tls = form_.eventbus_tls;
    settings.batches = form_.batch;
    return settings;
  }
  [[nodiscard]] Signing signing() const {
    return form_.signed_posts ? Signing::hmac : scenario_.form.signing;
  }
  [[nodiscard]] PostForm form() const {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    PostForm form = scenario_.form;
    form.host = gateway_.host_and_port();
    form.close = scenario_.load.new_connection_per_post;
    form.signing = signing();
    form.time = now.time_since_epoch().count();
    return form;
  }
  [[nodiscard]] test::LoadSettings load_settings() const {
    test::LoadSettings load = scenario_.load;
    load.target = gateway_.address();
    load.tls = form_.tls;
    load.sources = sources_for(load, gateway_.host());
    load.seed = scenario_.payloads.seed;
    return load;
  }
  [[nodiscard]] std::vector<test::Driven*> parts() {
    if (!other_) return {&load_, &sink_.bus()};
    other_->prepare(load_settings(), form());
    return {&load_, &sink_.bus(), &other_->load(), &other_->bus()};
  }
  [[nodiscard]] int events_per_turn() const {
    if (scenario_.load.rate) return kOpenLoopEvents;
    const double count = kBytesPerTurn / std::max(1.0, posts_.mean_body_bytes());
    return static_cast<int>(std::clamp<double>(count, kFewestEvents, test::Poller::kEvents));
  }

  void connect() {
    const TimePoint now = steady_clock::now();
    load_.advance(now);
    const auto connected = [this] {
      return load_.connected() && (!other_ || other_->load().connected());
    };
    if (!turns_.wait(now + kConnectLimit, connected, [this] { on_progress_(0); })) {
      throw Unreachable("not all connections to the gateway could be made (ulimit -n?)");
    }
  }
  void play(TimePoint start, TimePoint end) {
    const Seconds whole(scenario_.warmup_s + scenario_.duration_s);
    turns_.play(end, [&] {
      gateway_.check();
      on_progress_(std::clamp(Seconds(steady_clock::now() - start) / whole, 0.0, 1.0));
    });
  }
  void drain() {
    load_.stop();
    turns_.wait(
        steady_clock::now() + kDrainLimit, [this] { return load_.idle(); },
        [this] { on_progress_(1); });
    load_.give_up();
    if (other_) other_->load().give_up();
  }
  [[nodiscard]] Moment look() const {
    Moment moment;
    moment.time = steady_clock::now();
    moment.load = load_.totals();
    if (gateway_.pid() != 0) moment.gateway = test::usage_of_tree(gateway_.pid());
    moment.own = test::own_core_time();
    return moment;
  }

  [[nodiscard]] json::object gateway_json() const {
    json::object gateway{{"kind", spec_.name}, {"command", gateway_.command()}};
    if (!spec_.program.empty()) {
      gateway["threads"] = scenario_.gateway.threads;
      if (!scenario_.gateway.pipeline.empty()) gateway["pipeline"] = scenario_.gateway.pipeline;
    }
    gateway["pinned"] = placement_.pinned();
    return gateway;
  }
  [[nodiscard]] json::object load_json() const {
    const test::LoadSettings& settings = scenario_.load;
    json::object load{{"loop", settings.rate ? "open" : "closed"},
                      {"connections", settings.connections},
                      {"depth", settings.depth}};
    if (settings.rate) {
      const bool poisson = settings.arrivals == test::ArrivalSchedule::Kind::poisson;
      load.insert(
          {{"rate", rounded(*settings.rate)}, {"arrivals", poisson ? "poisson" : "constant"}});
    }
    load.insert({{"records_per_post", scenario_.payloads.records.text()},
                 {"body_bytes", std::round(posts_.mean_body_bytes())},
                 {"new_connection_per_post", settings.new_connection_per_post},
                 {"tls", scenario_.gateway.form.tls},
                 {"signed", scenario_.form.signing != Signing::none},
                 {"duration_s", scenario_.duration_s},
                 {"warmup_s", scenario_.warmup_s},
                 {"seed", scenario_.payloads.seed}});
    return load;
  }
  [[nodiscard]] json::object result_json(const Moment& idle, const Moment& begin,
                                         const Moment& stopped, const Moment& end) {
    const double seconds = Seconds(stopped.time - begin.time).count();
    const double window_us = Seconds(end.time - begin.time).count() * 1e6;
    const auto a_second = [&](std::uint64_t test::LoadTotals::* count) {
      return static_cast<double>(stopped.load.*count - begin.load.*count) / seconds;
    };
    json::object result{
        {"posts", end.load.posts - begin.load.posts},
        {"records", end.load.records - begin.load.records},
        {"errors", errors_json(begin.load, end.load)},
        {"posts_per_s", rounded(a_second(&test::LoadTotals::posts))},
        {"records_per_s", rounded(a_second(&test::LoadTotals::records))},
        {"mb_per_s", rounded(a_second(&test::LoadTotals::bytes) / 1e6)},
        {"latency_us", latencies_json(load_.latencies())},
        {"histogram", histogram_json(load_.latencies())},
        {"generator_cores", rounded(microseconds(end.own.used - begin.own.used) / window_us)},
        {"generator_waited", rounded(microseconds(end.own.waited - begin.own.waited) / window_us)},
        {"acknowledged", end.load.records}};
    if (gateway_.pid() != 0) {
      add_usage(result, begin, end, window_us);
      result["resident_bytes"] = {{"idle", idle.gateway.resident},
                                  {"peak", end.gateway.peak_resident}};
    }
    if (other_) {
      result["targets"] = {{"healthy", whole_json(load_)}, {"other", whole_json(other_->load())}};
    } else if (!spec_.program.empty() || !spec_.command.empty()) {
      // The events of a gateway that runs elsewhere do not come here.
      const std::uint64_t arrived = sink_.taken();
      result["arrived"] = arrived;
      result["missing"] = end.load.records > arrived ? end.load.records - arrived : 0;
    }
    return result;
  }

  const Scenario& scenario_;
  const OnProgress& on_progress_;
  bench::Placement placement_;
  const GatewaySpec& spec_;
  GatewayForm form_;
  test::Poller poller_;
  Sink sink_;
  const std::unique_ptr<OtherTarget> other_;
  GatewayUnderTest gateway_;
  PreparedPosts posts_;
  test::Load load_;
  test::Turns turns_;
};

}  // namespace

RunResult measure(const Scenario& scenario, const GatewaySpec& gateway,
                  const OnProgress& on_progress) {
  return Run(scenario, gateway, on_progress).measure();
}

}  // namespace gateway::load
