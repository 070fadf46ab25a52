#include "simulation/world.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/config/endpoint.hpp"
#include "gateway/observe/event_feed.hpp"
#include "gateway/shard.hpp"
#include "runtime/random_seed.hpp"
#include "runtime/virtual_time.hpp"
#include "simulation/client.hpp"
#include "simulation/device.hpp"
#include "simulation/eventbus.hpp"
#include "simulation/network.hpp"
#include "simulation/oracle.hpp"
#include "simulation/random.hpp"
#include "simulation/schedule.hpp"
#include "support/allocation_counter.hpp"
#include "support/payloads.hpp"

namespace gateway::simulation {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr Instant kStart = Instant(std::chrono::hours(1000));
constexpr milliseconds kBadTimes{8000};
// When the world is well everything ends within this: the longest backoff of an eventbus, a retry
// and a deadline, several times over.
constexpr milliseconds kRecovery{180'000};
constexpr milliseconds kGrace{4000};
// Beyond what it may take by the configuration: a tick, and a turn of the world.
constexpr milliseconds kSlack{1500};
// Clients are looked at at least so often.
constexpr milliseconds kMostQuiet{100};
constexpr std::uint32_t kFirstHost = 0x0A000001;

class World {
 public:
  explicit World(std::uint64_t seed)
      : random_(seed),
        time_(schedule_.time()),
        seeded_(seed),
        hosts_(draw_hosts()),
        settings_(draw_settings()),
        spool_(Oracle::Device::spool, schedule_, random_, oracle_),
        dead_letters_(Oracle::Device::dead_letters, schedule_, random_, oracle_) {}

  WorldResult run() {
    const std::string_view host = hosts_.size() == 1 ? "10.0.0.1" : "eventbus.simulated";
    settings_.target = fmt::format("{}:{}", host, Eventbus::kPort);
    settings_.eventbus = "simulated";
    network_.hosts = hosts_;
    network_.on_connection([this] { return draw_way(); });
    endpoint_.emplace(
        *config::parse_endpoint(settings_.target, settings_.eventbus, settings_.delivery.profile));
    tell(fmt::format("deadline {} timeout {} pipeline {} connections {} spool {} dead letters {}",
                     settings_.delivery.deadline.count(), settings_.delivery.timeout.count(),
                     settings_.delivery.pipeline, settings_.delivery.connections, has_spool_,
                     has_dead_letters_));
    begin_gateway();
    plan_clients();
    plan_faults();
    live_until(kStart + kBadTimes, [] { return false; });
    if (crashes_) crash();
    become_well();
    expect_end_of_posts();
    if (has_spool_) {
      const bool drained =
          live_until(schedule_.now() + kRecovery, [this] { return spool_.deliverable() == 0; });
      if (!drained)
        oracle_.violation(
            fmt::format("{} rows are left in the spool; {}", spool_.deliverable(), described()));
    }
    stop_gateway();
    oracle_.check_end();
    return result();
  }

 private:
  // ---- what there is
  std::vector<std::uint32_t> draw_hosts() {
    constexpr std::size_t kHosts[] = {1, 1, 1, 2, 3};
    std::vector<std::uint32_t> hosts;
    for (std::size_t i = random_.of(kHosts); i != 0; --i) {
      hosts.push_back(kFirstHost + static_cast<std::uint32_t>(hosts.size()));
    }
    return hosts;
  }

  // Most connections are as on loopback: all arrives at once.
  Way draw_way() {
    Way way;
    if (random_.in_thousand(200)) {
      constexpr std::size_t kSegments[] = {1, 7, 100, 536, 1460};
      way.segment = random_.of(kSegments);
      way.delay = way.segment < 100 ? 0ms : milliseconds(random_.between(0, 20));
    }
    constexpr std::size_t kCapacities[] = {1'000, 4'000, 64'000};
    if (random_.in_thousand(100)) way.capacity = random_.of(kCapacities);
    return way;
  }

  config::Settings draw_settings() {
    config::Settings settings;
    settings.ingress.threads = 1;
    settings.ingress.auth = config::Auth::none;
    settings.ingress.request_timeout = 3s;
    settings.ingress.idle_timeout = 20s;
    settings.ingress.grace = kGrace;
    constexpr milliseconds kTimes[] = {300ms, 1000ms, 2500ms};
    settings.delivery.deadline = random_.of(kTimes);
    settings.delivery.timeout = random_.of(kTimes);
    constexpr unsigned kPipelines[] = {0, 1, 3, 16};
    settings.delivery.pipeline = random_.of(kPipelines);
    settings.delivery.connections = static_cast<unsigned>(random_.between(1, 3));
    settings.delivery.retry.initial = 50ms;
    settings.delivery.retry.max = 2s;
    constexpr config::Mode kModes[] = {config::Mode::binary, config::Mode::binary,
                                       config::Mode::structured, config::Mode::batch};
    settings.delivery.mode = random_.of(kModes);
    if (random_.in_thousand(200)) settings.delivery.queue.events = random_.between(4, 40);
    if (random_.in_thousand(200)) settings.ingress.max_in_flight = 64 << 10;
    settings.ingress.max_body = 32 << 10;
    has_spool_ = random_.in_thousand(600);
    has_dead_letters_ = random_.in_thousand(500);
    crashes_ = random_.in_thousand(250);
    refuses_memory_ = random_.in_thousand(250);
    settings.function.provision = false;
    return settings;
  }

  void begin_gateway() {
    shard_ = std::make_unique<Shard>(
        Shard::Shared{.settings = settings_,
                      .endpoints = {&*endpoint_, 1},
                      .budget = budget_,
                      .connections = connections_,
                      .shards = 1,
                      .stores = {has_spool_ ? &spool_ : nullptr,
                                 has_dead_letters_ ? &dead_letters_ : nullptr},
                      .feed = feed_,
                      .loops = loops_,
                      .supervisor = supervisor_},
        tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    shard_->begin();
  }

  void plan_clients() {
    const std::uint64_t posts = random_.between(1, 25);
    for (std::uint64_t i = 0; i < posts; ++i) {
      schedule_.after(milliseconds(random_.between(0, 7000)), [this] { begin_post(); });
    }
  }

  void begin_post() {
    if (!shard_) return;
    const std::uint64_t count = random_.in_thousand(50) ? 0 : random_.between(1, 8);
    std::vector<Oracle::Record> records;
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < count; ++i) {
      records.push_back(++last_record_);
      texts.push_back(test::cos_record(Oracle::mark(last_record_)));
    }
    Client::Manners manners;
    if (random_.in_thousand(300)) manners.most_written = random_.between(1, 700);
    manners.leaves = random_.in_thousand(150);
    manners.leaves_after = milliseconds(random_.between(0, 3000));
    manners.sends_half = random_.in_thousand(50);
    manners.half_closes = random_.in_thousand(150);
    ++result_.posts;
    result_.records += count;
    tell(fmt::format("post of {} records from {}{}{}{}", count,
                     records.empty() ? 0 : records.front(), manners.leaves ? ", leaves" : "",
                     manners.sends_half ? ", half" : "",
                     manners.half_closes ? ", half-closes" : ""));
    clients_.emplace_back(schedule_, random_, oracle_, shard_->port(), std::move(records),
                          test::cos_payload(texts), manners);
  }

  void plan_faults() {
    for (std::uint64_t i = random_.between(1, 6); i != 0; --i) {
      schedule_.after(milliseconds(random_.between(0, 6000)), [this] { change_eventbus(); });
    }
    for (std::uint64_t i = random_.between(0, 3); i != 0; --i) {
      schedule_.after(milliseconds(random_.between(0, 6000)), [this] { change_device(); });
    }
    if (!refuses_memory_) return;
    for (std::uint64_t i = random_.between(1, 6); i != 0; --i) {
      schedule_.after(milliseconds(random_.between(0, 7000)), [this] {
        const std::uint64_t times = random_.between(1, 4);
        const std::uint64_t after = random_.between(0, 60);
        tell(fmt::format("{} allocations are refused after {}", times, after));
        test::AllocationCounter::refuse(after, times);
        result_.refused_allocations += times;
      });
    }
  }

  void change_eventbus() {
    Eventbus::Manners manners;
    constexpr unsigned kShares[] = {0, 0, 100, 400, 1000};
    manners.refuses = random_.of(kShares) / 2;
    manners.fails = random_.of(kShares);
    manners.cuts_unread = random_.of(kShares) / 2;
    manners.cuts_taken = random_.of(kShares) / 2;
    manners.stays_silent = random_.of(kShares) / 4;
    manners.answers_oddly = random_.of(kShares) / 10;
    manners.ends_after = random_.of(kShares) / 4;
    constexpr milliseconds kSlowest[] = {0ms, 0ms, 30ms, 700ms, 4000ms};
    manners.slowest = random_.of(kSlowest);
    if (random_.in_thousand(300)) manners.most_written = random_.between(1, 40);
    tell(fmt::format("eventbus: refuses {} fails {} cuts {}/{} silent {} odd {} ends {} slow {}",
                     manners.refuses, manners.fails, manners.cuts_unread, manners.cuts_taken,
                     manners.stays_silent, manners.answers_oddly, manners.ends_after,
                     manners.slowest.count()));
    if (random_.in_thousand(200)) manners.fails_early = 300;
    if (random_.in_thousand(200)) manners.most_body = random_.between(1'000, 8'000);
    bus_.behave(manners);
    if (random_.in_thousand(250)) change_host();
    if (random_.in_thousand(150)) {
      tell("connections are forgotten on the way");
      const unsigned share = random_.in_thousand(500) ? 1000 : 400;
      network_.forget_if(
          [&](Address to) { return to.port == Eventbus::kPort && random_.in_thousand(share); });
    }
    if (random_.in_thousand(300)) {
      tell("eventbus down");
      bus_.go_down();
      schedule_.after(milliseconds(random_.between(10, 4000)), [this] {
        tell("eventbus up");
        bus_.come_up();
      });
    }
  }

  // One host is dead, refuses connections or has come back.
  void change_host() {
    const std::size_t host = random_.between(0, hosts_.size() - 1);
    const bool silent = random_.in_thousand(500);
    tell(fmt::format("host {} {}", host, silent ? "is silent" : "refuses"));
    if (silent) {
      network_.silence(hosts_[host], true);
    } else {
      bus_.refuse(host);
    }
    schedule_.after(milliseconds(random_.between(10, 6000)), [this, host, silent] {
      tell(fmt::format("host {} is back", host));
      if (silent) network_.silence(hosts_[host], false);
      if (!silent) bus_.listen(host);
    });
  }

  void change_device() {
    Device& device = random_.in_thousand(500) ? spool_ : dead_letters_;
    constexpr milliseconds kSlowest[] = {0ms, 20ms, 500ms, 3000ms, 15'000ms};
    constexpr unsigned kFailing[] = {0, 0, 300, 1000};
    const milliseconds slowest = random_.of(kSlowest);
    const unsigned failing = random_.of(kFailing);
    device.behave(slowest, failing);
    const bool breaks = random_.in_thousand(200);
    tell(fmt::format("{}: slow {} failing {}{}", &device == &spool_ ? "spool" : "dead letters",
                     slowest.count(), failing, breaks ? " broken" : ""));
    if (!breaks) return;
    device.breaks(random_.in_thousand(500) ? egress::StoreState::full
                                           : egress::StoreState::failing);
    schedule_.after(milliseconds(random_.between(10, 4000)), [&device] { device.mends(); });
  }

  void become_well() {
    tell("the world is well");
    test::AllocationCounter::refuse_no_more();
    bus_.behave({});
    bus_.come_up();
    for (const std::uint32_t host : hosts_) network_.silence(host, false);
    for (Device* const device : {&spool_, &dead_letters_}) {
      device->behave(5ms, 0);
      device->mends();
    }
  }

  // ---- how it lives
  // Everything that can happen now happens. Returns whether anything did.
  bool turn() {
    bool any = schedule_.run_due();
    any = poll_gateway() || any;
    any = bus_.step() || any;
    for (auto it = clients_.begin(); it != clients_.end();) {
      any = it->step() || any;
      check_patience(*it);
      it = it->done() ? clients_.erase(it) : std::next(it);
    }
    return any;
  }

  bool poll_gateway() {
    if (!shard_) return false;
    const test::AllocationCounter::IncludeThread the_gateway;
    return shard_->poll() != 0;
  }

  // Lives until `reached` or that time. Returns whether it was reached.
  template <class Reached>
  bool live_until(Instant end, Reached reached) {
    while (oracle_.finding().empty()) {
      while (turn()) {
      }
      check_balance();
      if (reached()) return true;
      if (schedule_.now() >= end) return false;
      const Instant soon = schedule_.now() + kMostQuiet;
      schedule_.advance_to(std::min({end, soon, schedule_.next(), network_.next_timer()}));
      network_.run_timers();
    }
    return true;
  }

  void check_balance() {
    if (!shard_) return;
    const auto& metrics = shard_->metrics();
    if (metrics.unaccounted_records.value() != 0) oracle_.violation("the balance does not hold");
    if (supervisor_.gave_up()) oracle_.violation("the supervisor gave up");
  }

  // Nothing waits past its deadline: with stores a post waits for them as well.
  void check_patience(const Client& client) {
    if (!client.waits()) return;
    const milliseconds stores = has_spool_ ? milliseconds(Ledger::kStorePatience) : 0ms;
    const auto waited = schedule_.now() - client.sent_at();
    if (waited > settings_.delivery.deadline + stores + kSlack) {
      oracle_.violation("a client is not answered within its deadline; " + described());
    }
  }

  // What the shard says of itself, for a finding.
  [[nodiscard]] std::string described() {
    std::string text;
    shard_->ask_status([&](const observe::ShardStatus& status) {
      text = fmt::format("posts {} events {} waiting {} eventbus {}", status.posts, status.events,
                         status.waiting, status.eventbus);
      for (const auto& connection : status.connections) {
        text += fmt::format("; {} {} {}", connection.state, connection.in_flight,
                            connection.last_error);
      }
    });
    poll_gateway();
    return text;
  }

  // What the gateway was about is lost: its clients, what the devices had not done yet, its leases.
  void crash() {
    tell("crash and restart");
    result_.crashed = true;
    clients_.clear();
    for (Device* const device : {&spool_, &dead_letters_}) {
      device->forget_owner();
      device->breaks(egress::StoreState::failing);
    }
    end_shard(schedule_.now());
    for (Device* const device : {&spool_, &dead_letters_}) {
      device->forget_owner();
      device->mends();
    }
    begin_gateway();
  }

  void expect_end_of_posts() {
    const auto over = [this] {
      return clients_.empty() && shard_->metrics().in_flight_bytes.value() == 0 &&
             posts_in_flight() == 0;
    };
    if (!live_until(schedule_.now() + kRecovery, over)) {
      oracle_.violation(
          fmt::format("{} clients wait and {} bytes are in flight though the world is well",
                      clients_.size(), shard_->metrics().in_flight_bytes.value()));
    }
  }
  [[nodiscard]] std::uint64_t posts_in_flight() const {
    const auto& metrics = shard_->metrics();
    return metrics.records_received.value() - settled();
  }
  [[nodiscard]] std::uint64_t settled() const {
    const auto& metrics = shard_->metrics();
    std::uint64_t sum = metrics.events_delivered.value() + metrics.events_spooled.value() +
                        metrics.events_dead_lettered.value();
    for (std::size_t i = 0; i < metrics.events_failed.size(); ++i) {
      sum += metrics.events_failed[static_cast<FailReason>(i)].value();
    }
    return sum;
  }

  void stop_gateway() {
    tell("stop");
    end_shard(schedule_.now() + kGrace);
  }

  void end_shard(Instant deadline) {
    shard_->stop(deadline);
    if (!live_until(deadline + kSlack, [this] { return shard_->has_ended(); })) {
      oracle_.violation("the shard does not end within its grace; " + described());
    }
    // What is left in its loop belongs to what is about to go.
    for (int i = 0; i < 10 && poll_gateway(); ++i) {
    }
    shard_.reset();
  }

  void tell(std::string what) {
    const auto at = std::chrono::duration_cast<milliseconds>(schedule_.now() - kStart);
    result_.trace.push_back(fmt::format("{:>7} ms  {}", at.count(), what));
  }

  WorldResult result() {
    result_.finding = oracle_.finding();
    result_.lived = std::chrono::duration_cast<milliseconds>(schedule_.now() - kStart);
    result_.acknowledged = oracle_.acknowledged;
    result_.requests = bus_.requests;
    result_.oddities = bus_.oddities;
    result_.part_failures = supervisor_.failures();
    result_.device_failures = spool_.failures() + dead_letters_.failures();
    return std::move(result_);
  }

  const test::AllocationCounter::ExcludeThread not_the_gateway_;
  Random random_;
  Schedule schedule_{kStart};
  Network network_{schedule_};
  const VirtualTime time_;
  const SeededRandom seeded_;
  Oracle oracle_;
  WorldResult result_;
  bool has_spool_ = false;
  bool has_dead_letters_ = false;
  bool crashes_ = false;
  bool refuses_memory_ = false;
  const std::vector<std::uint32_t> hosts_;
  config::Settings settings_;
  std::optional<config::Endpoint> endpoint_;
  Device spool_;
  Device dead_letters_;
  Eventbus bus_{schedule_, random_, oracle_, hosts_};
  ByteBudget budget_{settings_.ingress.max_in_flight};
  ingress::ConnectionCount connections_{settings_.ingress.max_connections,
                                        settings_.ingress.max_per_source};
  asio::io_context control_{1};
  observe::EventFeed feed_{control_};
  Supervisor supervisor_;
  LoopHealth loops_{supervisor_};
  std::unique_ptr<Shard> shard_;
  std::list<Client> clients_;
  Oracle::Record last_record_ = 0;
};

}  // namespace

WorldResult run_world(std::uint64_t seed) {
  World world(seed);
  return world.run();
}

}  // namespace gateway::simulation
